"""Train a model on curated rows, judge it on the holdout, log and register it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sluss.curation.load_history import load_history as bring_history
from sluss.interval import given_interval
from sluss.step import main, step_command
from sluss.training.train import TrainedModel, train

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase
    from sluss.context import Context

run = train


@step_command(opens_model=True)
@click.option("--until", help="Use only what was known at the end of this interval, for example 2026-01-05.")
@click.option("--load-history", is_flag=True, help="Load the history first where nothing was curated.")
@click.option("--force", is_flag=True, help="Train even if the same inputs were trained before.")
def command(context: Context, until: str | None, *, load_history: bool, force: bool) -> None:
    """Train a model on curated rows, judge it on the holdout, log and register it."""
    if load_history:
        bring_history(context)
    end = given_interval(until, context.use_case.unit).end if until else None
    _print(context.use_case, run(context, end, force=force))


def _print(use_case: UseCase, model: TrainedModel) -> None:
    from rich.console import Console
    from rich.table import Table

    metric = use_case.training.metric
    table = Table("metric", "value", title=f"{model.name} version {model.version}", title_justify="left")
    for name, value in sorted(model.metrics.items()):
        table.add_row(name, f"{value:.0f}" if name.endswith("rows") else f"{value:.3f}")
    console = Console()
    console.print(table)
    if model.reused:
        console.print(
            "The same data, config and code were trained before, so that version stands (FORCE=1 trains anew)."
        )
    console.print(
        f"Registered. On the holdout its {metric} is {model.metrics.get(f'holdout_{metric}', float('nan')):.3f}. "
        f"Next: make deploy USE_CASE={use_case.name}"
    )


if __name__ == "__main__":
    main(command)
