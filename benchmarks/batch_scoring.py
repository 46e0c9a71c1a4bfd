"""Batch scoring from lake to lake, relative to bare `predict_proba` on the same rows in memory; and its memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds
from measuring import HERE, ROOT, Bench, Line, in_slices, measured

from sluss.config.settings import Settings
from sluss.storage.lake import INTERVAL, Lake

if TYPE_CHECKING:
    from collections.abc import Iterator

_FEW, _MANY = 100_000, 800_000
_DAYS = {_FEW: "2026-02-01", _MANY: "2026-02-02"}  # days outside the replay, by their number of rows
_SCRIPT = HERE / "score_rows.py"


def measure(bench: Bench) -> list[Line]:
    """Measure rows per second of CPU, a figure per core, and the memory peaks of a small and a large interval."""
    environment = bench.environment()
    for step in ("train_model", "deploy_model"):
        measured([ROOT / "tasks" / f"{step}.py"], environment)
    lake = Lake(Settings(home=bench.home), "sentiment")
    for rows, day in _DAYS.items():
        lake.replace("curated", partial(_many_reviews, lake, day, rows), day, day + "T")
    contenders = {name: (_SCRIPT, name, _DAYS[_MANY]) for name in ("ours", "bare")}
    turns = bench.progress.track(range(bench.rounds), description=f"Scoring {_MANY:,} rows")
    rounds = [in_slices(contenders, environment) for _ in turns]
    few = in_slices({"ours": (_SCRIPT, "ours", _DAYS[_FEW])}, environment)["ours"]
    # The median of the ratios, not of the times: both contenders of a round ran in the same seconds.
    middle = sorted(rounds, key=lambda found: found["bare"].cpu / found["ours"].cpu)[(len(rounds) - 1) // 2]
    ours, bare = (_MANY / middle[name].cpu for name in ("ours", "bare"))
    peak = f"peak memory, {_MANY:,} rows relative to {_FEW:,}"
    return [
        Line("batch_scoring", "rows per second of CPU", ours, bare, limit=0.95, unit="/s", at_most=False),
        Line("batch_scoring", peak, middle["ours"].memory, few.memory, limit=1.25, unit="MB"),
    ]


def _many_reviews(lake: Lake, day: str, rows: int) -> pa.RecordBatchReader:
    """Yield real reviews, repeated under new ids, in the partition of a day."""
    curated = lake.dataset("curated")
    assert curated is not None
    real = curated.to_table(filter=ds.field(INTERVAL) < "2026-01-01").combine_chunks()

    def batches() -> Iterator[pa.RecordBatch]:
        for first in range(0, rows, real.num_rows):
            part = real.slice(0, min(real.num_rows, rows - first))
            ids = pa.array([f"copy-{number}" for number in range(first, first + part.num_rows)])
            part = part.set_column(part.schema.get_field_index("id"), "id", ids)
            part = part.set_column(part.schema.get_field_index(INTERVAL), INTERVAL, pa.array([day] * part.num_rows))
            yield from part.to_batches()

    return pa.RecordBatchReader.from_batches(real.schema, batches())
