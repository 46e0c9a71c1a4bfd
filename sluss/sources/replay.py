"""Plays a real data set back as if its rows arrived day by day: a pure function of the config and the texts."""

from __future__ import annotations

import hashlib
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.errors import ConfigError
from sluss.interval import Interval, midnight
from sluss.sources.vader_archive import SHA256, find_archive
from sluss.sources.vader_reviews import read_reviews

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from sluss.config.data import Phase, ReplaySource
    from sluss.config.settings import Settings

_LAYOUT = 1  # of the cached table; a new number leaves old files alone
_DAY = 86_400_000_000  # microseconds
_HOUR = 3_600_000_000


def load_replay(settings: Settings, source: ReplaySource) -> pa.Table:
    """The whole replay, parsed once and kept under `home` as an Arrow file."""
    import pyarrow as pa

    archive = find_archive(settings) if settings.data else None
    key = hashlib.sha256(f"{_LAYOUT} {SHA256} {source.model_dump_json()}".encode()).hexdigest()[:16]
    cached = settings.home / "cache" / f"replay-{key}.arrow"
    if not cached.is_file():
        _write(replay(source, read_reviews(archive or find_archive(settings), source.label)), cached)
    with pa.memory_map(str(cached)) as file:
        return pa.ipc.open_file(file).read_all()


def replay(source: ReplaySource, texts: Mapping[str, pa.Table]) -> pa.Table:
    """Give every row an event time and the time at which its label becomes known.

    Each source is shuffled once; its phases draw from it one after the other, no row twice. A row's event time is
    uniform within its day, and its label follows after a delay that is uniform too.

    Args:
        source: phases, seed and delays.
        texts: key, text and label by source.

    Returns:
        id, event_time, arrived_at, source, text, label, label_time; sorted by event time.

    Raises:
        ConfigError: a phase names an unknown source, or wants more rows than there are.
    """
    import pyarrow as pa

    _check(source.phases, texts)
    used = dict.fromkeys(texts, 0)
    day = source.start
    parts = []
    for number, phase in enumerate(source.phases):
        first, size = used[phase.source], phase.days * phase.rows_per_day
        order = _shuffle(source.seed, sorted(texts).index(phase.source), texts[phase.source].num_rows)
        drawn = texts[phase.source].take(pa.array(order[first : first + size]))
        parts.append(_timed(drawn, phase, day, _uniform(source.seed, 1000 + number, 2 * size), source))
        used[phase.source] += size
        day += timedelta(days=phase.days)
    return pa.concat_tables(parts).sort_by([("event_time", "ascending"), ("id", "ascending")]).combine_chunks()


def days_with_rows(source: ReplaySource) -> Interval:
    """From the replay's first day to the day after its last one."""
    days = sum(phase.days for phase in source.phases)
    return Interval(midnight(source.start), midnight(source.start + timedelta(days=days)))


def _check(phases: tuple[Phase, ...], texts: Mapping[str, pa.Table]) -> None:
    wanted: dict[str, int] = {}
    for phase in phases:
        if phase.source not in texts:
            raise ConfigError(f"The replay has no source '{phase.source}'. Choose one of {', '.join(sorted(texts))}.")
        wanted[phase.source] = wanted.get(phase.source, 0) + phase.days * phase.rows_per_day
    for name, rows in wanted.items():
        there = texts[name].num_rows
        if rows > there:
            raise ConfigError(
                f"The phases draw {rows} rows from the source '{name}', which has {there}. "
                "Lower days or rows_per_day under source.phases."
            )


def _uniform(seed: int, stream: int, size: int) -> npt.NDArray[np.float64]:
    """Uniform numbers in [0, 1): the plainest method of the generator, the same in every release of numpy."""
    from numpy.random import PCG64, Generator

    return Generator(PCG64([seed, stream])).random(size)


def _shuffle(seed: int, stream: int, size: int) -> npt.NDArray[np.intp]:
    return _uniform(seed, stream, size).argsort(kind="stable")


def _timed(
    rows: pa.Table, phase: Phase, first_day: date, numbers: npt.NDArray[np.float64], source: ReplaySource
) -> pa.Table:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    moments, delays = np.split(numbers, 2)
    start = int(midnight(first_day).timestamp()) * 1_000_000
    day = np.repeat(np.arange(phase.days), phase.rows_per_day)
    event = start + day * _DAY + (moments * _DAY).astype(np.int64)
    low, high = source.label_delay_hours
    label = event + ((low + delays * (high - low)) * _HOUR).astype(np.int64)
    time = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "id": pc.binary_join_element_wise(phase.source, rows["key"], "-"),
            "event_time": pa.array(event).cast(time),
            "arrived_at": pa.array(event).cast(time),
            "source": pa.repeat(phase.source, rows.num_rows),
            "text": rows["text"],
            "label": rows["label"],
            "label_time": pa.array(label).cast(time),
        }
    )


def _write(table: pa.Table, target: Path) -> None:
    import pyarrow as pa

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".replay-") as folder:
        written = Path(folder) / target.name
        with pa.OSFile(str(written), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        written.replace(target)
