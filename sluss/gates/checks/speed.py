"""The gate `speed`: the model scores a batch fast enough."""

from __future__ import annotations

import time
from statistics import mean, median
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.gates.result import GateResult

if TYPE_CHECKING:
    import pandas as pd

    from sluss.gates.evidence import Evidence

_BATCH = 4_096  # rows
_BYTES = 16 << 20  # of a batch: with long texts, 4,096 rows would take minutes and gigabytes
_RUNS = 3
_ROUNDS = 3  # another process may disturb one
# Seconds that the work of `_work` takes on a server core of 2026 with nothing else to do. The limit is meant for one.
_USUAL = 0.0142
_SHARE = 0.3  # of a batch's time that the work is repeated for, so that both meet the same load


def speed(evidence: Evidence) -> GateResult:
    """Pass if a few batches are within the budget, measured by the pace of this machine at the same time."""
    limit, batch = evidence.use_case.gates.max_ms_per_1000_rows, batch_of(evidence.raw)
    rounds: list[tuple[float, float]] = []
    while len(rounds) < _ROUNDS and (not rounds or _least(rounds) * 1e6 / len(batch) > limit):
        rounds.append(_measure(evidence, batch))
    took = _least(rounds) * 1e6 / len(batch)
    pace = min(rounds, key=lambda each: at_usual_pace(*each))[1] / _USUAL
    words = f"{took:.3g} ms for 1,000 rows of a batch of {counted(len(batch), 'row')}"
    if len(batch) < _BATCH:
        words += f" ({_BYTES >> 20} MB, the most that is tried)"
    words += f", at the pace of a usual machine (this one takes {counted(round(pace, 1), 'time')} as long now)"
    figures = {
        "ms_per_1000_rows": took,
        "limit": limit,
        "rows_per_second": 1e6 / took,
        "batch": float(len(batch)),
        "pace": pace,
    }
    if took > limit:
        sentence = f"It takes {words}; gates.max_ms_per_1000_rows allows {limit:g} ms."
        return GateResult("speed", sentence, passed=False, figures=figures)
    return GateResult("speed", f"It takes {words}; {limit:g} ms are allowed.", passed=True, figures=figures)


def at_usual_pace(seconds: float, work: float) -> float:
    """Return the seconds that a batch would take on a usual machine, given the seconds that `_work` takes here."""
    return seconds * _USUAL / work


def _least(rounds: list[tuple[float, float]]) -> float:
    return min(at_usual_pace(*each) for each in rounds)


def _measure(evidence: Evidence, batch: pd.DataFrame) -> tuple[float, float]:
    """Return the median time of a batch, and the mean time of the work that was done between the batches."""
    seconds, works = [], []
    for _ in range(_RUNS):
        started = time.perf_counter()
        evidence.problem.scoring.scores(evidence.pipeline, batch)
        seconds.append(time.perf_counter() - started)
        until = time.perf_counter() + _SHARE * seconds[-1]
        while True:
            started = time.perf_counter()
            _work()
            works.append(time.perf_counter() - started)
            if time.perf_counter() > until:
                break
    # The first run fills caches and any run may be disturbed by another process; the median ignores one such run.
    return median(seconds), mean(works)


def _work() -> None:
    """Work like that of a model: loops of Python, arithmetic with arrays, a sort."""
    import numpy as np

    counts: dict[int, int] = {}
    for number in range(60_000):
        counts[number % 997] = counts.get(number % 997, 0) + number
    table = np.arange(200_000, dtype=float)
    for _ in range(10):
        table = np.sqrt(table * 1.0001 + 1)
    np.argsort(table[:50_000] * 7919.0 % 1.0)


def batch_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows to score: as many as a usual batch has, and fewer where they are long.

    A small holdout is repeated: in a short batch, the fixed cost of a call would count as time per row.
    """
    length = max(float(rows.memory_usage(index=False, deep=True).sum()) / len(rows), 1.0)
    size = min(_BATCH, max(int(_BYTES / length), 1))
    return rows.iloc[[index % len(rows) for index in range(size)]]
