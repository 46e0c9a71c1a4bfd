"""Make a version the champion if every gate passes it and its smoke prediction succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sluss.deployment.deploy import check, deploy
from sluss.step import main, step_command, version_option

if TYPE_CHECKING:
    from sluss.context import Context

__all__ = ["check", "command", "run"]

run = deploy


@step_command(opens_model=True)
@version_option()
@click.option("--by", default="", help="Who deploys, for the ledger; by default this user.")
@click.option("--reason", default="", help="Why no comparison is needed with a champion whose model is lost.")
def command(context: Context, version: str | None, by: str, reason: str) -> None:
    """Make a version the champion if every gate passes it and its smoke prediction succeeds."""
    print(f"{context.use_case.model} {run(context, version, by=by, reason=reason)}")


if __name__ == "__main__":
    main(command)
