"""The entry point `sluss`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import click

from commands.catalogue import ENTRIES, SECTIONS
from sluss.step import main as run_to_the_end

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Commands(click.Group):
    """The group of all subcommands. To list or to complete their names imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the list."""
        return list(ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """One subcommand."""
        # Imported only now: the modules of all subcommands together take seconds.
        return ENTRIES[cmd_name].load() if cmd_name in ENTRIES else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """List the subcommands by section."""
        for title, entries in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(entry.name, entry.words) for entry in entries])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a subcommand's name, or an option of the group."""
        from click.shell_completion import CompletionItem

        names = [CompletionItem(name, help=each.words) for name, each in ENTRIES.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def sluss(ctx: click.Context) -> None:
    """Take a model from a notebook to production, and keep it there.

    Every option can be given as a variable of its name as well: VERSION=2 sluss deploy.
    """
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


def main() -> NoReturn:
    """Run a subcommand to the end of this process."""
    run_to_the_end(sluss, name="sluss")
