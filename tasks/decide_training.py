"""Decide whether a new model is worth training, from the data known at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sluss.interval import given_interval
from sluss.step import main, step_command
from sluss.training.decision import decide_training

if TYPE_CHECKING:
    from sluss.context import Context

run = decide_training


@step_command()
@click.option("--until", help="Judge as of the end of this interval, for example 2026-01-05.")
def command(context: Context, until: str | None) -> None:
    """Decide whether a new model is worth training, from the data known at a moment."""
    decision = run(context, given_interval(until, context.use_case.unit).end if until else None)
    print(f"{'Train' if decision.train else 'Wait'}: {decision.reason}")


if __name__ == "__main__":
    main(command)
