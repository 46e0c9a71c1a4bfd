"""Score stored predictions again, with the model that made them and the rows that it read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.interval import parse_interval
from sluss.scoring.score import ROUNDING, score
from sluss.storage import table_log
from sluss.storage.lake import INTERVAL, Lake
from sluss.storage.point_in_time import known

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from sluss.arrays import Bools
    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase
    from sluss.registry.artifacts import LoadedModel

    Load = Callable[[str, str], LoadedModel]  # by version and run

_INTERVALS = 20  # that the sample is spread over
_NOT_SCORES = (INTERVAL, "id", "event_time", "model_version", "run_id")


@dataclass
class Rescored:
    """How many predictions were scored again, how many were equal, and faults, a sentence each."""

    rows: int = 0
    equal: int = 0
    faults: list[str] = field(default_factory=list)


def rescore(settings: Settings, use_case: UseCase, load: Load, rows: int) -> Rescored:
    """Score about so many predictions again, spread over all intervals and versions.

    Args:
        settings: of the place.
        use_case: as its config is there.
        load: loads a version, its digest checked.
        rows: how many.
    """
    lake, found = Lake(settings, use_case.name), Rescored()
    counts = table_log.rows_by_partition(lake, "predictions")
    if not counts:
        return found
    chosen = _spread(sorted(counts), _INTERVALS)
    share = -(-rows // len(chosen))
    for interval in chosen:
        _interval(lake, use_case, load, (interval, share), found)
    return found


def _spread(names: Sequence[str], number: int) -> list[str]:
    """At most so many, evenly spaced, with the first and the last."""
    if len(names) <= number:
        return list(names)
    return [names[round(place * (len(names) - 1) / (number - 1))] for place in range(number)]


def _interval(lake: Lake, use_case: UseCase, load: Load, what: tuple[str, int], found: Rescored) -> None:
    interval, share = what
    stored = _read(lake, "predictions", interval)
    stored = stored.take(list(range(0, stored.num_rows, max(1, stored.num_rows // share)))[:share])
    rows = _rows_read(lake, use_case, interval)
    made_by = set(zip(stored["model_version"].to_pylist(), stored["run_id"].to_pylist(), strict=True))
    for version, run_id in sorted(made_by):
        of_version = stored.filter(_is(stored, "run_id", run_id))
        found.rows += of_version.num_rows
        model = load(version, run_id)
        there, again = _scored_again(model, use_case, of_version, rows)
        equal = _equal_rows(there, again)
        found.equal += equal
        if equal < of_version.num_rows:
            wrong = counted(of_version.num_rows - equal, "prediction", "is", "are")
            found.faults.append(
                f"In {interval}, {wrong} not what version {version} of {use_case.name} gives for the row: of "
                f"{of_version.num_rows:,} that were scored again."
            )


def _is(table: pa.Table, column: str, value: str) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    return pc.equal(table[column], value)


def _read(lake: Lake, table: str, interval: str) -> pa.Table:
    dataset = lake.dataset(table, first=interval, last=interval)
    assert dataset is not None
    with lake.reachable():
        return dataset.to_table()


def _rows_read(lake: Lake, use_case: UseCase, interval: str) -> pa.Table:
    """The interval's rows of the version of `curated` that its scoring read."""
    written = table_log.written(lake, "predictions", interval)
    noted = written.notes.get(table_log.SCORED_FROM) if written else None
    then = Lake(lake.settings, lake.use_case, {"curated": int(noted)} if noted else {})
    end = parse_interval(interval, use_case.unit).end
    return _read(then, "curated", interval).filter(known(end))


def _scored_again(
    model: LoadedModel, use_case: UseCase, stored: pa.Table, rows: pa.Table
) -> tuple[pa.Table, pa.RecordBatch | None]:
    """The predictions whose row is there, and their rows' new scores in the same order."""
    place = {row_id: number for number, row_id in enumerate(rows["id"].to_pylist())}
    ids = stored["id"].to_pylist()
    there = [number for number, row_id in enumerate(ids) if row_id in place]
    if not there:
        return stored.slice(0, 0), None
    again = rows.take([place[ids[number]] for number in there]).combine_chunks().to_batches()[0]
    return stored.take(there), score(model, model.as_trained(use_case), again)


def _equal_rows(stored: pa.Table, again: pa.RecordBatch | None) -> int:
    """The number of rows whose every score is equal but for rounding."""
    import numpy as np

    if again is None:
        return 0
    equal = np.ones(again.num_rows, dtype=bool)
    for name in again.schema.names:
        if name not in _NOT_SCORES:
            equal &= _equal_values(stored[name].to_pylist(), again.column(name).to_pylist())
    return int(equal.sum())


def _equal_values(stored: list[object], again: list[object]) -> Bools:
    import numpy as np

    return np.array([_is_equal(one, other) for one, other in zip(stored, again, strict=True)], dtype=bool)


def _is_equal(one: object, other: object) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_is_equal, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING) or (math.isnan(one) and math.isnan(other))
    return one == other
