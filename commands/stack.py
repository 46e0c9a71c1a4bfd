"""The stack's commands. `make` calls them by `python3 -m sluss.stack`, which needs no environment."""

from __future__ import annotations

import click

from sluss.stack import commands
from sluss.step import use_case_option


def _plain(name: str) -> click.Command:
    action = getattr(commands, name)
    return click.Command(name, callback=action, help=action.__doc__)


up, build, down, ps, login = (_plain(name) for name in ("up", "build", "down", "ps", "login"))


@click.command()
@click.option("--yes", is_flag=True, envvar="YES", show_envvar=True, help="Do not ask.")
def destroy(*, yes: bool) -> None:
    """Delete the stack and its data, after a question."""
    commands.destroy(yes=yes)


@click.command()
@click.option("--follow", is_flag=True, envvar="FOLLOW", show_envvar=True, help="Go on as lines come.")
@click.argument("service", nargs=-1, envvar="SERVICE")
def logs(service: tuple[str, ...], *, follow: bool) -> None:
    """Show the last lines of all services, or of those that are named."""
    commands.logs(service, follow=follow)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def shell(command: tuple[str, ...]) -> None:
    """Open a shell where the tasks run, or run a command there."""
    commands.run(command)


@click.command()
@use_case_option
@click.option("--from", "first", envvar="FROM", show_envvar=True, default="", help="First day, such as 2026-01-02.")
@click.option("--to", "last", envvar="TO", show_envvar=True, default="", help="Last day.")
def backfill(use_case: str, first: str, last: str) -> None:
    """Score past days in the stack, again if they were scored."""
    commands.backfill(use_case, first, last)
