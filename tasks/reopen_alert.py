"""Open an alert again: without owner and silence, or after its end. Or close one that was opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sluss.alerting.change import close, reopen
from sluss.step import main, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = reopen


@step_command()
@click.option("--alert", required=True, help="Id of the alert, or its first characters.")
@click.option("--reason", default="", help="Why, for its history.")
@click.option("--close", "closes", is_flag=True, help="Close an alert that a person opened again.")
@click.option("--by", default="", help="Who; by default this user.")
def command(context: Context, alert: str, reason: str, *, closes: bool, by: str) -> None:
    """Open an alert again: without owner and silence, or after its end. Or close one that was opened again."""
    print((close if closes else run)(context, alert, reason, by).sentence)


if __name__ == "__main__":
    main(command)
