"""The step from the state that the interval before carries to that of the present one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.interval import parse_interval
from sluss.monitoring.probation import Probation, condition, go_on, read_probation, start
from sluss.monitoring.quality_history import QualityHistory, begin, samples, sliced
from sluss.monitoring.tables import Last, read_known
from sluss.problems import problem_of
from sluss.problems.slicing import PREFIX, columns_of_slices, sliced_by
from sluss.registry.artifacts import BOUNDS_FILE, HOLDOUT_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.monitoring.labelled import Labelled
    from sluss.problems.condition import Condition
    from sluss.registry.entry import Entry
    from sluss.statistics.figures import Summary
    from sluss.statistics.sample import Sample


_FEWEST = 30  # units of a slice of the holdout


@dataclass(frozen=True)
class Judged:
    """The version that scored an interval: its use case and its artifacts, and the ledger, read once for a step."""

    use_case: UseCase
    folder: Path  # a local copy of the artifacts
    entries: Sequence[Entry]


def seen(use_case: UseCase, version: str, before: Last) -> tuple[datetime, str] | None:
    """Return the moment before which the history has all labels, and the version's first interval; see `Labelled`."""
    history = before.state.history
    if history is None or history.version != version:
        return None
    return parse_interval(before.interval, use_case.unit).end, history.first


def advance(
    context: Context, judged: Judged, summary: Summary, before: Last, labelled: Labelled
) -> tuple[QualityHistory | None, Probation | None]:
    """Return the history and the probation of the version, with the labels known at the interval's end.

    The history is None where the version records no holdout.

    Raises:
        ServiceError: MLflow does not answer.
    """
    use_case, entries = judged.use_case, judged.entries
    known, since = before.state.history, seen(use_case, summary.model_version, before)
    probation = (
        read_probation(before.state.probation) if since else start(context, entries, summary.model_version, known)
    )
    history = known if since else _begun(judged, summary, known, labelled)
    if probation and history and history.first >= labelled.window[0]:
        until = parse_interval(summary.interval, use_case.unit).end
        probation = go_on((context, entries), probation, labelled, since and since[0], until)
    if history:
        rows = _sliced_rows(context, use_case, summary, history, labelled)
        found = samples(problem_of(use_case), rows, use_case.group, _slices(rows))
        history = history.updated(found, labelled.first, labelled.window[0])
    return history, probation


def guarded(use_case: UseCase, probation: Probation | None) -> list[Condition]:
    """Return the condition of the guard's alert, if a version is on probation."""
    return [condition(use_case, probation)] if probation else []


def _begun(judged: Judged, summary: Summary, known: QualityHistory | None, labelled: Labelled) -> QualityHistory | None:
    promises = promised(judged.use_case, judged.folder)
    return begin(summary.model_version, labelled.first, promises, known, _bounds(judged.folder)) if promises else None


def promised(use_case: UseCase, folder: Path) -> dict[str, Sample] | None:
    """Return the samples of a version's holdout, by slice, from its artifacts; None if they do not have it.

    A slice of fewer units than decide anything promises nothing.
    """
    import pandas as pd

    path = folder / HOLDOUT_FILE
    if not path.is_file():
        return None
    judged = pd.read_parquet(path)
    found = sliced(problem_of(use_case), judged, use_case.group, _slices(judged) if _bounds(folder) is not None else [])
    return {name: sample for name, sample in found.items() if not name or sample.units >= _FEWEST}


def _slices(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows.columns if name.startswith(PREFIX)]


def _bounds(folder: Path) -> dict[str, list[float]] | None:
    """Return where the quarters of the slices end; None of a version that an older release trained."""
    path = folder / BOUNDS_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _sliced_rows(
    context: Context, use_case: UseCase, summary: Summary, history: QualityHistory, labelled: Labelled
) -> pd.DataFrame:
    """Return the labelled rows with the columns of their slices, as they were known at the interval's end."""
    rows = labelled.rows
    if history.bounds is None or not use_case.training.slices or rows.empty:
        return rows
    until = parse_interval(summary.interval, use_case.unit).end
    columns = ["id", *columns_of_slices(use_case)]
    raw = read_known(context.lake, columns, (labelled.first, labelled.window[1]), until, rows["id"].tolist())
    slices = sliced_by(use_case, history.bounds, raw).assign(id=raw["id"])
    return rows.merge(slices, on="id", how="left")
