"""Show the ledger: which version was in production from when to when, by whom, why; and check that it is whole."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tasks.hub import ledger
from tasks.hub.ledger import Entry
from tasks.shared.cli import parser, run_step
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase
from tasks.storage.lake import Lake


@dataclass(frozen=True)
class History:
    """All entries, the oldest first, and what is wrong with them, a sentence each."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]


def run(settings: Settings, use_case: UseCase) -> History:
    """Read the ledger, and compare it with itself and with the aliases in MLflow.

    Raises:
        ServiceError: the lake or MLflow does not answer.
    """
    from tasks.hub import aliases, registry

    entries = ledger.read(Lake(settings, use_case.name))
    problems = ledger.verify(entries)
    alias = aliases.of(settings, use_case).get(registry.CHAMPION)
    said = ledger.in_production(entries)
    if alias != said:
        problems.append(
            f"The ledger ends with {_named(said)} in production, but MLflow's alias champion names {_named(alias)}. "
            f"The next deployment sets the alias right: make deploy USE_CASE={use_case.name}."
        )
    return History(tuple(entries), tuple(problems))


def _named(version: str | None) -> str:
    return f"version {version}" if version else "no version"


def show(use_case: UseCase, history: History) -> None:
    """Print the entries as a table, and below it whether the chain is whole."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", "version", "from (UTC)", "to (UTC)", "by", "why", "gates", title_justify="left")
    table.title = f"What was in production of {use_case.title}"
    for entry, until in zip(history.entries, [*_ends(history.entries), "now"], strict=False):
        start = f"{entry.at:%Y-%m-%d %H:%M:%S}"
        why = f"{entry.action}: {entry.reason}"
        table.add_row(str(entry.number), entry.version or "none", start, until, entry.by, why, entry.passed)
    console = Console()
    console.print(table)
    for problem in history.problems:
        console.print(f"[red]{problem}")
    if not history.problems:
        console.print(f"{len(history.entries)} entries; every one is as it was written, and the aliases agree.")


def _ends(entries: Sequence[Entry]) -> list[str]:
    return [f"{entry.at:%Y-%m-%d %H:%M:%S}" for entry in entries[1:]]


def as_json(history: History) -> str:
    """The entries as JSON, each with the moment at which its version was replaced."""
    ends = [entry.at.isoformat() for entry in history.entries[1:]]
    entries = [
        asdict(entry) | {"at": entry.at.isoformat(), "until": until}
        for entry, until in zip(history.entries, [*ends, None], strict=False)
    ]
    return json.dumps({"entries": entries, "problems": history.problems}, indent=2, ensure_ascii=False)


def main() -> None:
    """Parse and print; exit code 1 when an entry was changed or the aliases disagree."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--json", action="store_true", help="print the entries as JSON")
    given = arguments.parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        history = run(settings, use_case)
        if given.json:
            print(as_json(history))
        else:
            show(use_case, history)
        sys.exit(1 if history.problems else 0)

    run_step(given, step)


if __name__ == "__main__":
    main()
