"""`python3 -m sluss.stack`: the stack's commands for a machine that has Python and no environment yet.

Each option can be given as a variable of its name too, as `make` passes it on: no text of a person reaches a shell.
"""

from __future__ import annotations

import argparse
import os
import sys

from sluss.stack import commands
from sluss.stack.error import StackError
from sluss.terminal import command_line


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sluss.stack", description=__doc__)
    parsers = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    every = (
        commands.up,
        commands.build,
        commands.bill,
        commands.down,
        commands.destroy,
        commands.ps,
        commands.logs,
        commands.login,
    )
    made = {
        each.__name__: parsers.add_parser(each.__name__, help=each.__doc__)
        for each in (*every, commands.run, commands.backfill)
    }
    made["destroy"].add_argument("--yes", action="store_true", default=_is_set("YES"), help="do not ask")
    made["logs"].add_argument("--follow", action="store_true", default=_is_set("FOLLOW"), help="go on as lines come")
    made["logs"].add_argument("services", nargs="*", help="only these services")
    made["run"].add_argument("arguments", nargs=argparse.REMAINDER, help="a command; a shell by default")
    for name, default in (("--use-case", "sentiment"), ("--from", ""), ("--to", "")):
        variable = name.removeprefix("--").replace("-", "_").upper()
        made["backfill"].add_argument(name, default=os.environ.get(variable) or default, dest=variable)
    return parser


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "") not in {"", "0"}


def _run(given: argparse.Namespace) -> None:
    match given.command:
        case "destroy":
            commands.destroy(yes=given.yes)
        case "logs":
            commands.logs(given.services or os.environ.get("SERVICE", "").split(), follow=given.follow)
        case "run":
            commands.run(given.arguments[given.arguments[:1] == ["--"] :])
        case "backfill":
            commands.backfill(given.USE_CASE, given.FROM, given.TO)
        case other:
            getattr(commands, other)()


def main() -> None:
    """Run one command; an error that a person can mend is one sentence and exit code 2."""
    with command_line():
        try:
            _run(_parser().parse_args())
        except StackError as error:
            print(error, file=sys.stderr)
            sys.exit(2)


if __name__ == "__main__":
    main()
