"""Restore the version that was in production before, and record the reason in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sluss.deployment.rollback import roll_back
from sluss.step import main, step_command, version_option

if TYPE_CHECKING:
    from sluss.context import Context

run = roll_back


@step_command()
@version_option(words="Number of the version to take out; by default the one in production.")
@click.option("--reason", default="", help="Why, for the ledger.")
@click.option("--by", default="", help="Who, for the ledger; by default this user.")
def command(context: Context, version: str | None, reason: str, by: str) -> None:
    """Restore the version that was in production before, and record the reason in the ledger."""
    done = run(context, version, reason=reason, by=by)
    print(f"{context.use_case.model} {done}")


if __name__ == "__main__":
    main(command)
