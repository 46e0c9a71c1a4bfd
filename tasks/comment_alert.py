"""Add a comment to the history of an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sluss.alerting.change import comment
from sluss.step import main, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = comment


@step_command()
@click.option("--alert", required=True, help="Id of the alert, or its first characters.")
@click.option("--comment", "text", required=True, help="The comment.")
@click.option("--by", default="", help="Who; by default this user.")
def command(context: Context, alert: str, text: str, by: str) -> None:
    """Add a comment to the history of an alert."""
    print(run(context, alert, text, by).sentence)


if __name__ == "__main__":
    main(command)
