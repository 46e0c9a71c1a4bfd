"""Scoring from the lake to the lake, beside bare `predict_proba` on the same rows in memory; and how much memory."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from statistics import median

import pyarrow as pa
import pyarrow.dataset as ds
from measuring import HERE, PYTHON, ROOT, Bench, BenchmarkError, Cost, Line, measured, middle

from tasks.shared.settings import Settings
from tasks.storage.lake import INTERVAL, Lake

_FEW, _ROWS, _MANY = 100_000, 300_000, 800_000
# Days with so many rows; the replay has none there.
_DAYS = {_FEW: "2026-02-01", _ROWS: "2026-02-02", _MANY: "2026-02-03"}
# A machine that others use as well changes its speed within seconds. So turns are short, and what is compared is the
# two contenders of a block, in an order in which a speed that rises or falls evenly meets both alike.
_BLOCK, _BLOCKS = ("ours", "bare", "bare", "ours"), 2


def measure(bench: Bench) -> list[Line]:
    """Rows per second of CPU, so that it is a figure per core; and the peaks of a small and of a large interval."""
    environment = bench.environment()
    for step in ("train_model", "deploy_model"):
        measured([ROOT / "tasks" / f"{step}.py"], environment)
    lake = Lake(Settings(home=bench.home), "sentiment")
    for rows, day in _DAYS.items():
        lake.replace("curated", partial(_many_reviews, lake, day, rows), day, day + "T")
    blocks = _in_turns(bench, environment)
    few, many = (_run(_DAYS[rows], ["ours"], environment)[0].memory for rows in (_FEW, _MANY))
    return [
        _line("rows per second of CPU", [(ours.cpu, bare.cpu) for ours, bare in blocks], limit=0.95),
        _line("rows per second", [(ours.wall, bare.wall) for ours, bare in blocks]),
        Line("batch_scoring", f"peak memory, {_MANY:,} rows beside {_FEW:,}", many, few, limit=1.25, unit="MB"),
    ]


def _in_turns(bench: Bench, environment: Mapping[str, str]) -> list[tuple[Cost, Cost]]:
    """Ours and bare, a pair for each block; blocks follow on each other in several processes."""
    pairs = []
    for _ in bench.progress.track(range(bench.rounds), description=f"Scoring {_ROWS:,} rows"):
        costs = _run(_DAYS[_ROWS], _BLOCK * _BLOCKS, environment)
        for first in range(0, len(costs), len(_BLOCK)):
            turns = list(zip(_BLOCK, costs[first:], strict=False))
            ours, bare = (middle([cost for who, cost in turns if who == name]) for name in ("ours", "bare"))
            pairs.append((ours, bare))
    return pairs


def _line(what: str, seconds: Sequence[tuple[float, float]], limit: float | None = None) -> Line:
    ours, bare = (_ROWS / median(each[place] for each in seconds) for place in (0, 1))
    ratio = median(bare / ours for ours, bare in seconds)
    return Line("batch_scoring", what, ours, bare, limit=limit, unit="/s", at_most=False, paired=ratio)


def _many_reviews(lake: Lake, day: str, rows: int) -> pa.RecordBatchReader:
    """Real reviews, again and again under new ids, in the partition of a day."""
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


def _run(day: str, contenders: Sequence[str], environment: Mapping[str, str]) -> list[Cost]:
    """What each turn cost, in a process of its own for all of them."""
    command = [str(PYTHON), str(HERE / "score_rows.py"), day, *contenders]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise BenchmarkError(f"scoring failed: {done.stderr.strip()[-500:]}")
    return [Cost(*figures) for figures in json.loads(done.stdout)]
