"""Train a model on curated rows, judge it on the days after, log and register it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.curation.history import load_history
from sluss.interval import parse_interval
from sluss.step import parser, run_step
from sluss.training.train import TrainedModel, train

if TYPE_CHECKING:
    import argparse

    from sluss.config.use_case import UseCase
    from sluss.context import Context
run = train


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__ or "")
    arguments.add_argument("--until", help="use only what was known at the end of this interval, e.g. 2026-01-05")
    arguments.add_argument(
        "--load-history", action="store_true", help="load the history first where nothing was curated"
    )
    arguments.add_argument("--force", action="store_true", help="train even if the same inputs were trained before")
    return arguments.parse_args()


def main() -> None:
    """Parse, train and print."""
    arguments = _arguments()

    def step(context: Context) -> None:
        if arguments.load_history:
            load_history(context)
        until = parse_interval(arguments.until, context.use_case.unit).end if arguments.until else None
        _print(context.use_case, run(context, until, force=arguments.force))

    run_step(arguments, step, opens_model=True)


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
            "The same data, config and code were trained before, so that version stands (--force trains anew)."
        )
    console.print(
        f"Registered. On the holdout its {metric} is {model.metrics.get(f'holdout_{metric}', float('nan')):.3f}. "
        f"Next: make deploy USE_CASE={use_case.name}"
    )


if __name__ == "__main__":
    main()
