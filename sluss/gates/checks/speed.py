"""The gate `speed`: the model scores a batch fast enough."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.gates.result import GateResult

if TYPE_CHECKING:
    import pandas as pd

    from sluss.gates.evidence import Evidence

_BATCH = 4_096  # rows
_BYTES = 16 << 20  # of a batch: with long texts, 4,096 rows would take minutes and gigabytes
_RUNS = 3


def speed(evidence: Evidence) -> GateResult:
    """Pass if the median time of a few batches is within the budget."""
    pipeline, limit = evidence.pipeline, evidence.use_case.gates.max_ms_per_1000_rows
    batch = batch_of(evidence.raw)
    seconds = []
    for _ in range(_RUNS):
        started = time.perf_counter()
        evidence.problem.scoring.scores(pipeline, batch)
        seconds.append(time.perf_counter() - started)
    # The first run fills caches and any run may be disturbed by another process; the median ignores one such run.
    took = median(seconds) * 1_000 / (len(batch) / 1_000)
    words = f"{took:.3g} ms for 1,000 rows of a batch of {counted(len(batch), 'row')}"
    if len(batch) < _BATCH:
        words += f" ({_BYTES >> 20} MB, the most that is tried)"
    figures = {"ms_per_1000_rows": took, "limit": limit, "rows_per_second": 1e6 / took, "batch": float(len(batch))}
    if took > limit:
        sentence = f"It takes {words}; gates.max_ms_per_1000_rows allows {limit:g} ms."
        return GateResult("speed", sentence, passed=False, figures=figures)
    return GateResult("speed", f"It takes {words}; {limit:g} ms are allowed.", passed=True, figures=figures)


def batch_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows to score: as many as a usual batch has, and fewer where they are long.

    A small holdout is repeated: in a short batch, the fixed cost of a call would count as time per row.
    """
    length = max(float(rows.memory_usage(index=False, deep=True).sum()) / len(rows), 1.0)
    size = min(_BATCH, max(int(_BYTES / length), 1))
    return rows.iloc[[index % len(rows) for index in range(size)]]
