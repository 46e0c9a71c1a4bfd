"""Train a model on curated rows, judge it on the days after, log and register it."""

import argparse
import dataclasses
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tasks.shared.cli import parser, run_step
from tasks.shared.errors import DataError
from tasks.shared.interval import parse_interval
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase
from tasks.storage.lake import Lake

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from tasks.training.evaluation import Verdict
    from tasks.training.rows import TrainingRows


@dataclass(frozen=True)
class TrainedModel:
    """A registered version. `reused` says that the very same inputs had been trained before."""

    name: str
    version: str
    run_id: str
    metrics: dict[str, float]
    reused: bool


def run(settings: Settings, use_case: UseCase, until: datetime | None = None, *, force: bool = False) -> TrainedModel:
    """Train, judge and register a candidate from what was known at `until` (by default: all there is).

    The same data, config, code and packages give the version that they gave before, unless `force` is set.

    Raises:
        ConfigError: the pipeline in the config cannot be built.
        DataError: there are no curated rows, or too few.
        ServiceError: the lake or MLflow does not answer.
    """
    from tasks.hub import candidates
    from tasks.training.rows import training_rows
    from tasks.training.threads import one_blas_thread

    started = time.perf_counter()
    lake = Lake(settings, use_case.name)
    until = until or newest_end(lake, use_case)
    rows = training_rows(lake, use_case, until)
    inputs = candidates.inputs_digest(use_case, rows.digest)
    if not force and (known := candidates.find(settings, use_case, inputs)):
        return TrainedModel(use_case.model, known.version, known.run_id, known.metrics, reused=True)
    with one_blas_thread():
        pipeline, verdict = fit_and_judge(use_case, rows)
    candidate = candidates.Candidate(pipeline, verdict, rows, until, inputs, time.perf_counter() - started)
    registered = candidates.register(settings, use_case, candidate)
    return TrainedModel(use_case.model, registered.version, registered.run_id, verdict.metrics, reused=False)


def fit_and_judge(use_case: UseCase, rows: "TrainingRows") -> "tuple[Pipeline, Verdict]":
    """Search and cross-validate in the training window, fit on all of it, judge on the holdout."""
    from tasks.kinds import kind_of
    from tasks.training.evaluation import cross_validate, judge
    from tasks.training.pipeline import build_pipeline
    from tasks.training.search import search

    pipeline, wanted = build_pipeline(use_case.training), use_case.training.search
    kind_of(use_case).check(pipeline)
    trials = search(pipeline, use_case, wanted, rows.train) if wanted else []
    folds = cross_validate(pipeline, use_case, rows.train)
    pipeline.fit(rows.train[list(use_case.features)], rows.train["label"])
    verdict = judge(pipeline, use_case, rows.train, rows.holdout)
    verdict.metrics.update(folds)
    return pipeline, dataclasses.replace(verdict, trials=tuple(trials))


def newest_end(lake: Lake, use_case: UseCase) -> datetime:
    """The end of the newest curated interval.

    Raises:
        DataError: nothing was curated yet.
    """
    newest = lake.newest("curated")
    if newest is None:
        raise DataError(
            f"There is no curated data of {use_case.name} to learn from. "
            f"Load it first: make data USE_CASE={use_case.name}."
        )
    return parse_interval(newest, use_case.unit).end


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__ or "")
    arguments.add_argument("--until", help="use only what was known at the end of this interval, e.g. 2026-01-05")
    arguments.add_argument(
        "--load-history", action="store_true", help="load the history first where nothing was curated"
    )
    arguments.add_argument("--force", action="store_true", help="train even if the same inputs were trained before")
    return arguments.parse_args()


def _load_history(settings: Settings, use_case: UseCase) -> None:
    """Bring in the history unless something was curated already."""
    from tasks import curate_data, generate_data

    if Lake(settings, use_case.name).table("curated") is None:
        generate_data.run(settings, use_case, use_case.history)
        curate_data.run(settings, use_case, use_case.history)


def main() -> None:
    """Parse, train and print."""
    arguments = _arguments()

    def step(settings: Settings, use_case: UseCase) -> None:
        if arguments.load_history:
            _load_history(settings, use_case)
        until = parse_interval(arguments.until, use_case.unit).end if arguments.until else None
        _print(use_case, run(settings, use_case, until, force=arguments.force))

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
