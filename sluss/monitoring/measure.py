"""Measure one interval (scores, drift, and the labels known at its end), and judge the measurements."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sluss.errors import DataError
from sluss.interval import Interval, parse_interval, partition
from sluss.monitoring import sample
from sluss.monitoring.conditions import data_drift
from sluss.monitoring.drift import Before, Measured, measure_drift
from sluss.monitoring.estimate import expected_metric, sampled
from sluss.monitoring.labelled import newest_labelled, window
from sluss.monitoring.profile import independent
from sluss.monitoring.quality_drop import quality_drop
from sluss.monitoring.seasons import NONE, phase_at
from sluss.monitoring.tables import Last, Point, read_groups, read_predictions, read_series
from sluss.monitoring.watch import from_json
from sluss.problems import problem_of
from sluss.problems.condition import FigureHistory
from sluss.statistics.figures import BINS, GROUPS, SCORE, Summary

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sluss.arrays import Floats
    from sluss.config.use_case import UseCase
    from sluss.monitoring.labelled import Labelled
    from sluss.monitoring.profile import Profile
    from sluss.monitoring.quality_history import QualityHistory
    from sluss.problems.condition import Condition
    from sluss.statistics.figures import Estimate, Expected
    from sluss.storage.lake import Lake


@dataclass(frozen=True)
class Known:
    """Point-in-time data at an interval's end: its raw rows, and the newest scored rows with a label."""

    raw: pd.DataFrame
    labelled: Labelled
    scored: int  # rows with a prediction, of which a sample was read if they are very many


def scored_rows(lake: Lake, use_case: UseCase, interval: Interval) -> tuple[pd.DataFrame, int]:
    """Read the interval's predictions, of very many a sample, and count them.

    Raises:
        DataError: the interval was not scored.
    """
    name = partition(interval.start, use_case.unit)
    rows, count = sample.scored(lake, [*_columns(use_case), "model_version", "run_id"], interval, use_case.unit)
    if rows.empty:
        raise DataError(
            f"The interval {interval} of {use_case.name} has no predictions, so there is nothing to monitor. "
            f"Score it first: python tasks/batch_predict.py --use-case {use_case.name} --interval {name}."
        )
    return rows, count


def version_of(rows: pd.DataFrame) -> tuple[str, str]:
    """Return version and run that scored the rows; of several, the most frequent."""
    (version, run_id), _ = Counter(zip(rows.model_version, rows.run_id, strict=True)).most_common(1)[0]
    return version, run_id


def known_at_end(
    lake: Lake,
    use_case: UseCase,
    interval: Interval,
    scored: tuple[str, int],
    seen: tuple[datetime, str] | None = None,
) -> Known:
    """Read the data known at the end of an interval, of which a version scored so many rows, and their labels.

    `Labelled` explains `seen`.
    """
    version, count = scored
    columns = dict.fromkeys(["id", *use_case.features, *([use_case.group] if use_case.group else [])])
    raw = sample.raw(lake, list(columns), interval, use_case.unit)
    return Known(raw, newest_labelled(lake, use_case, interval, version, seen), count)


def drift_of(
    use_case: UseCase, interval: Interval, seen: tuple[pd.DataFrame, Known], profile: Profile, last: Last
) -> Measured:
    """Measure the interval's drift, going on from the state that the last interval of the same version left."""
    (rows, known), version = seen, version_of(seen[0])[0]
    own = last if last.model_version == version else Last()
    active = "data_drift" in own.alerts and own.alerts["data_drift"].active
    before = Before(
        from_json(own.state.watch), active, phase_at(profile.past.get("season", NONE), interval, use_case.unit)
    )
    alone, scores = independent(use_case, known.raw), problem_of(use_case).scoring.read(rows)
    return measure_drift(use_case, profile, known.raw[alone], _alone(scores, rows, known.raw, alone), before)


def summarise(
    use_case: UseCase, interval: Interval, seen: tuple[pd.DataFrame, Known], profile: Profile, drift: Measured
) -> Summary:
    """Compute all statistics of the interval, from its scored rows and the data known at its end."""
    rows, known = seen
    problem = problem_of(use_case)
    found, alone = problem.scoring.read(rows), independent(use_case, known.raw)
    (version, run_id), labelled = version_of(rows), known.labelled.newest
    scalars = problem.scoring.scalar(found)
    return Summary(
        interval=partition(interval.start, use_case.unit),
        model_version=version,
        run_id=run_id,
        rows=known.scored,
        figures=problem.reporting.figures(found) | ({GROUPS: float(alone.sum())} if use_case.group else {}),
        histogram=histogram(scalars, problem.reporting.score_range(profile.scores[SCORE]["values"]), known.scored),
        drift=drift.drifts,
        quality=estimate_of(use_case, labelled) if len(labelled) else None,
        quality_intervals=tuple(sorted(set(labelled.interval))),
        promise=profile.holdout,
    )


def expected(
    lake: Lake, use_case: UseCase, interval: Interval, seen: tuple[pd.DataFrame, pd.DataFrame | None], profile: Profile
) -> Expected | None:
    """Estimate the interval's metric before its labels come, from its raw rows and the rows kept with the model."""
    (raw, known), name = seen, partition(interval.start, use_case.unit)
    if known is None:
        return None
    some = sampled(raw)
    columns = ["id", *problem_of(use_case).scoring.stored]
    # Only the sample's scores: an interval may have millions.
    scored = read_predictions(lake, columns, name, list(some["id"]))
    rows = some.merge(scored, on="id")
    return expected_metric(use_case, known, (rows, problem_of(use_case).scoring.read(rows)), profile.vocabularies)


def _columns(use_case: UseCase) -> list[str]:
    return [*problem_of(use_case).scoring.stored, *(["id"] if use_case.group else [])]


def _alone(scores: Floats, rows: pd.DataFrame, raw: pd.DataFrame, alone: NDArray[np.bool_]) -> Floats:
    """Select the scores of independent rows."""
    return scores if alone.all() else scores[rows.id.isin(raw.id[alone]).to_numpy()]


def estimate_of(use_case: UseCase, labelled: pd.DataFrame) -> Estimate | None:
    """Estimate the metric on scored rows with labels, as `labelled_rows` reads them."""
    problem = problem_of(use_case)
    groups = labelled[use_case.group].to_numpy() if use_case.group else None
    return problem.judging.estimate(labelled.label.to_numpy(), problem.scoring.read(labelled), groups)


def histogram(scores: Floats, within: tuple[float, float], rows: int | None = None) -> tuple[int, ...]:
    """Count rows by score in equal bins over `within`; scores outside count in the first or last bin.

    The scores may be those of a sample of so many rows.
    """
    import numpy as np

    counts, _ = np.histogram(np.clip(scores, *within), bins=BINS, range=within)
    return tuple(np.rint(counts * ((rows or len(scores)) / max(len(scores), 1))).astype(int).tolist())


def judge(
    lake: Lake, use_case: UseCase, measured: tuple[Summary, Measured], history: QualityHistory | None, profile: Profile
) -> list[Condition]:
    """Return the condition of every type of alert; `history` is the labelled record of the version."""
    summary, drift = measured
    rules, reporting = use_case.monitoring, problem_of(use_case).reporting
    interval = parse_interval(summary.interval, use_case.unit)
    figures = _history(lake, use_case, interval, summary, reporting.trend) if reporting.trend else FigureHistory()
    return [
        *reporting.conditions(summary, profile.own, replace(figures, worth=drift.worth * _read_share(summary))),
        data_drift(
            drift.drifts,
            round(summary.figures.get(GROUPS, summary.rows)),
            rules,
            use_case.chance("data_drift"),
            changed_again=drift.changed_again,
        ),
        quality_drop(use_case, summary, profile.holdout, history),
    ]


def _read_share(summary: Summary) -> float:
    """Return the share of the interval's rows that were read."""
    return min(1.0, sample.MOST_ROWS / max(summary.rows, 1))


def _history(lake: Lake, use_case: UseCase, interval: Interval, now: Summary, figure: str) -> FigureHistory:
    """Return a figure's values in the window's intervals that the present version scored, in order.

    The result also has whether another version scored an earlier interval of the window.
    """
    earlier = [each for each in read_series(lake, figure, window(use_case, interval)) if each.interval < now.interval]
    version, enough = now.model_version, use_case.monitoring.min_rows
    present = Point(now.interval, version, now.rows, now.figures[figure])
    # Rows of one group count once.
    groups = read_groups(lake, [each.interval for each in earlier]) if use_case.group else {}
    sizes = groups | {now.interval: now.figures.get(GROUPS, now.rows)}
    # Each version has a level of its own, so a change of the version would look like a trend.
    values = [
        each.value
        for each in (*earlier, present)
        if each.model_version == version and sizes.get(each.interval, each.rows) >= enough
    ]
    return FigureHistory(tuple(values), any(each.model_version != version for each in earlier))
