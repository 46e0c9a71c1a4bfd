"""Send no more news of an alert until a time, unless it becomes more severe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sluss.alerting.change import silence
from sluss.step import main, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = silence


@step_command()
@click.option("--alert", required=True, help="Id of the alert, or its first characters.")
@click.option("--until", required=True, help="A day or time (2026-12-01, 2026-12-01T08:00), or a span from now (3d).")
@click.option("--reason", required=True, help="Why it may be silent, for its history.")
@click.option("--by", default="", help="Who; by default this user.")
def command(context: Context, alert: str, until: str, reason: str, by: str) -> None:
    """Send no more news of an alert until a time, unless it becomes more severe."""
    print(run(context, alert, until, reason, by).sentence)


if __name__ == "__main__":
    main(command)
