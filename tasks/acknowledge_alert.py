"""Make a person the owner of an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sluss.alerting.change import acknowledge
from sluss.step import main, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = acknowledge


@step_command()
@click.option("--alert", required=True, help="Id of the alert, or its first characters.")
@click.option("--by", default="", help="Who takes it; by default this user.")
@click.option("--comment", default="", help="A sentence for its history.")
def command(context: Context, alert: str, by: str, comment: str) -> None:
    """Make a person the owner of an alert."""
    print(run(context, alert, by, comment).sentence)


if __name__ == "__main__":
    main(command)
