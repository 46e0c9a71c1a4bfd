"""Make MLflow's registry agree with the ledger again, and restore a ledger whose end was cut off."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sluss.deployment.repair import repair
from sluss.registry.mismatch import waits_for_deploy
from sluss.step import main, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = repair


@step_command()
@click.option(
    "--accept", is_flag=True, help="Keep what is left of a ledger, and go on without tables that were deleted."
)
@click.option("--drop", is_flag=True, help="Drop the newest entries of the ledger, which MLflow does not know.")
@click.option("--by", default="", help="Who, for the ledger; by default this user.")
def command(context: Context, *, accept: bool, drop: bool, by: str) -> None:
    """Make MLflow's registry agree with the ledger again; exit code 1 if something is left for a person."""
    found = run(context, accept=accept, drop=drop, by=by)
    for sentence in (*found.done, *found.left):
        print(sentence)
    if not found.done and not found.left:
        print(f"Nothing to mend: the ledger of {context.use_case.name}, MLflow and the config agree.")
    # A ledger that was accepted as empty is what was asked for, although a deployment has to follow.
    sys.exit(1 if found.left and not (accept and found.done and waits_for_deploy(found.left)) else 0)


if __name__ == "__main__":
    main(command)
