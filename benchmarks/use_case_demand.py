"""The figures of the demand use case, each with its target: `python benchmarks/use_case_demand.py`.

Protocol: each noon, the half-hours of the next day are forecast from what is known then. A model is trained anew each
week on all days before, and forecasts the seven days after. The last twelve weeks are judged; settings were chosen on
weeks before them. With the temperature that came as a stand-in for a forecast, and with what was observed until noon.
Intervals of 95 % come from a bootstrap of whole weeks, of the model and the naive forecast together.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before NumPy is imported: waiting threads must not spin on a machine that others use, too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import pyarrow as pa
from measuring import ROOT
from rich.console import Console
from rich.progress import track
from rich.table import Table

from sluss.config.settings import Settings
from sluss.context import Context
from sluss.interval import Interval
from sluss.problems import problem_of
from sluss.problems.naive_forecast import naive_quantiles
from sluss.sources.source import source_of
from sluss.training.fit import unfitted
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.config.use_case import UseCase

_ALL = Interval(datetime(2013, 12, 1, tzinfo=UTC), datetime(2015, 2, 1, tzinfo=UTC))
_FIRST = date(2014, 1, 15)  # of the targets that are learned from: the lags of two weeks are there
_WEEKS, _DRAWS, _SEED = 12, 4_000, 1
_WEATHER = "forecast"  # beginning of the names of the columns that stand in for a forecast of the weather
# Error relative to the weekly naive one, and interval scores relative to its conformal intervals, at most.
_TARGETS = {"with": (0.50, 0.5), "without": (0.80, 0.7)}
_NEAR = 0.03  # of the coverage


@dataclass(frozen=True)
class Variant:
    """A use case, and its forecasts of the judged weeks: labels, its quantiles, those of the weekly naive forecast."""

    name: str
    use_case: UseCase
    rows: pd.DataFrame
    scores: np.ndarray[Any, Any]
    naive: np.ndarray[Any, Any]


def main() -> None:
    """Forecast the judged weeks with both variants and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=ROOT / "config")
    parser.add_argument("--weeks", type=int, default=_WEEKS, help="weeks that are judged, the last ones of the year")
    asked = parser.parse_args()
    use_case = of_the_whole_year(load_use_case("demand", asked.config))
    rows = features_of(use_case, asked.config)
    found = [judged(name, each, rows, asked.weeks) for name, each in variants(use_case).items()]
    show(found)


def of_the_whole_year(use_case: UseCase) -> UseCase:
    """Return the use case without the changes that are ours, from New Year on."""
    source = type(use_case.source)(kind=use_case.source.kind, start=date(2014, 1, 1))
    return use_case.model_copy(update={"source": source})


def variants(use_case: UseCase) -> dict[str, UseCase]:
    """Return the use case with the stand-in for a forecast of the weather, and without."""
    observed = tuple(name for name in use_case.features if not name.startswith(_WEATHER))
    return {"with": use_case, "without": use_case.model_copy(update={"features": observed})}


def features_of(use_case: UseCase, config: Path) -> pd.DataFrame:
    """Return all rows with their features, from a warehouse by the query of the use case, and labels."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(os.environ.get("SLUSS_HOME", ROOT / "var"))
        settings = Settings(home=home, warehouse=f"duckdb:///{folder}/warehouse.duckdb", config_dir=config)
        context = Context(settings, use_case)
        source = source_of(context)
        with context.warehouse() as warehouse:
            warehouse.replace(f"{use_case.name}_rows", source.rows(_ALL), "arrived_at", _ALL)
            warehouse.replace(f"{use_case.name}_labels", source.labels(_ALL), "label_time", _ALL)
            table = pa.Table.from_batches(list(warehouse.read(config / f"{use_case.name}.sql", _ALL)))
        labels = pa.Table.from_batches(list(source.labels(_ALL)))
    rows = table.to_pandas().merge(labels.to_pandas(), on="id").sort_values(["event_time", "id"], ignore_index=True)
    days = rows.target_time.dt.tz_convert(use_case.schedule_zone).dt.date
    found: pd.DataFrame = rows.assign(day=days)[days >= _FIRST].reset_index(drop=True)
    return found


def judged(name: str, use_case: UseCase, rows: pd.DataFrame, weeks: int) -> Variant:
    """Return the forecasts of the last weeks, each by a model of what was known when its first day was forecast."""
    days = sorted(rows.day.unique())
    days = [day for day in days if day.year == _FIRST.year][-7 * weeks :]
    scored, scores, naive = [], [], []
    for week in track(np.array_split(np.array(days), weeks), f"{weeks} weeks, {name}", console=Console(stderr=True)):
        now = rows[rows.day.isin(week)]
        known = rows[rows.label_time <= now.event_time.min()]
        pipeline = unfitted(use_case)
        features = list(use_case.features)
        pipeline.fit(known[features], known["label"])
        scores.append(problem_of(use_case).scoring.scores(pipeline, now[features]))
        section, levels = use_case.forecast, use_case.quantiles  # type: ignore[attr-defined]
        naive.append(naive_quantiles(section, section.naive[0], levels, known, now))
        scored.append(now.assign(week=week[0]))
    return Variant(name, use_case, pd.concat(scored, ignore_index=True), np.concatenate(scores), np.concatenate(naive))


def show(found: Sequence[Variant]) -> None:
    """Print the figures of both variants with their targets."""
    table = Table("Temperature", "Figure", "Model", "Weekly naive", "Ratio [95 %]", "Target", "Met")
    for variant in found:
        for line in lines(variant):
            table.add_row(*line)
    Console(width=120).print(table)


def lines(variant: Variant) -> list[list[str]]:
    """Return the lines of the table for a variant, cell by cell."""
    relative, width = _TARGETS[variant.name]
    model, naive = absolute(variant.rows, variant.scores), absolute(variant.rows, variant.naive)
    found = [[variant.name, "mean absolute error", *in_words(variant, model, naive, relative)]]
    for share in (80, 95):
        model, naive = (interval_scores(variant, each, share) for each in (variant.scores, variant.naive))
        found.append([variant.name, f"interval score, {share} %", *in_words(variant, model, naive, width)])
    for share in (80, 95):
        inside, of_naive = (coverage(variant, each, share) for each in (variant.scores, variant.naive))
        met = "yes" if abs(inside - share / 100) <= _NEAR else "no"
        target = f"{share / 100:.2f} ± {_NEAR}"
        found.append([variant.name, f"coverage, {share} %", f"{inside:.3f}", f"{of_naive:.3f}", "", target, met])
    return found


def in_words(variant: Variant, model: pd.Series[float], naive: pd.Series[float], most: float) -> list[str]:
    """Return both means, their ratio with its interval, the target and whether it is met."""
    ratio = model.mean() / naive.mean()
    low, high = bootstrap(variant.rows.week, model, naive)
    shown = f"{ratio:.3f} [{low:.3f}, {high:.3f}]"
    return [f"{model.mean():.4f}", f"{naive.mean():.4f}", shown, f"≤ {most}", "yes" if ratio <= most else "no"]


def bootstrap(weeks: pd.Series[Any], model: pd.Series[float], naive: pd.Series[float]) -> tuple[float, float]:
    """Return the 95 % interval of the ratio of two means, whole weeks drawn with both figures."""
    sums = pd.DataFrame({"model": model, "naive": naive}).groupby(weeks.to_numpy()).sum().to_numpy()
    drawn = np.random.default_rng(_SEED).integers(0, len(sums), (_DRAWS, len(sums)))
    totals = sums[drawn].sum(axis=1)
    low, high = np.quantile(totals[:, 0] / totals[:, 1], [0.025, 0.975])
    return float(low), float(high)


def absolute(rows: pd.DataFrame, scores: np.ndarray[Any, Any]) -> pd.Series[float]:
    """Return the absolute errors of the medians."""
    found: pd.Series[float] = (rows.label - scores[:, scores.shape[1] // 2]).abs()
    return found


def interval_scores(variant: Variant, scores: np.ndarray[Any, Any], share: int) -> pd.Series[float]:
    """Return the interval scores of the middle share, with the formula of `sluss.problems.number_metrics`."""
    low, high = ends(variant, scores, share)
    missed = np.maximum(low - variant.rows.label, 0) + np.maximum(variant.rows.label - high, 0)
    found: pd.Series[float] = pd.Series(high - low) + missed * 2 / (1 - share / 100)
    return found


def coverage(variant: Variant, scores: np.ndarray[Any, Any], share: int) -> float:
    """Return the share of labels within the interval."""
    low, high = ends(variant, scores, share)
    return float(((variant.rows.label >= low) & (variant.rows.label <= high)).mean())


def ends(
    variant: Variant, scores: np.ndarray[Any, Any], share: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the ends of the interval that has the share around the median."""
    levels = list(variant.use_case.quantiles)  # type: ignore[attr-defined]
    outside = (1 - share / 100) / 2
    places = [int(np.argmin(np.abs(np.array(levels) - level))) for level in (outside, 1 - outside)]
    return scores[:, places[0]], scores[:, places[1]]


if __name__ == "__main__":
    main()
