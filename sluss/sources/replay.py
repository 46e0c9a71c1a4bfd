"""A data set, played back as if its rows arrived day by day: a pure function of the config and the data set."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, Protocol, Self, cast

from pydantic import Field, SerializeAsAny, model_validator

from sluss.config.base import Frozen
from sluss.config.source_section import SourceSection
from sluss.counted import counted
from sluss.errors import ConfigError, DataError
from sluss.interval import Interval, midnight
from sluss.sources.kept import kept_table, within
from sluss.sources.source import Section, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from sluss.config.settings import Settings
    from sluss.context import Context
    from sluss.sources.archive import Archive

_KEY = "key"  # a row's id within its part
_LABEL = ["id", "label", "label_time"]
_LAYOUT = 1  # of the cached table; a new number leaves old files alone
_DAY = 86_400_000_000  # microseconds
_HOUR = 3_600_000_000


class DataSet(Protocol):
    """A module of this package that holds a data set which a replay can play."""

    ARCHIVE: Archive

    def parts(self, settings: Settings, label: str) -> Mapping[str, pa.Table]:
        """Columns of the rows by part: `key`, `label` and those of the data set's own."""


class Phase(Frozen):
    """Some days of a replay that draw their rows from one part of the data set."""

    source: str = Field(description="Part of the data set, see [data.md](data.md#the-data-set)")
    days: int = Field(ge=1, description="How many days it lasts; the next phase follows at once")
    rows_per_day: int = Field(ge=1, description="Rows on each of these days")


class ReplaySource(Section):
    """A real data set, played back interval by interval."""

    kind: Literal["replay"] = Field(description="A data set, or another source, that is played back")
    start: date = Field(description="First day of the replay, and of the history")
    of: SerializeAsAny[SourceSection] | None = Field(
        None, exclude_if=lambda of: of is None,
        description="The source to play back, of any kind with times: its first day becomes `start`, and all of its "
        "times move with it. Without it, the other keys say which data set is played",
    )  # fmt: skip
    dataset: Literal["vader_reviews"] | None = Field(None, description="The data set to play back")
    seed: int = Field(0, description="Decides the order of the rows, their times and their labels' delays")
    phases: tuple[Phase, ...] = Field((), description="What arrives when, one phase after the other")
    label_delay_hours: tuple[float, float] = Field(
        (0, 0), description="Shortest and longest time after which a row's label becomes known"
    )
    # Left out where it is the default, so that the replay of a config without it keeps the name of its cached file.
    label: Literal["sign", "mean"] = Field(
        "sign", exclude_if=lambda label: label == "sign",
        description="Of a text's ratings: the `sign` of their mean (0 or 1), or the `mean` itself (−4 to 4)",
    )  # fmt: skip

    @property
    def connections(self) -> tuple[str, ...]:
        """Airflow connections whose addresses it needs."""
        return () if self.of is None else self.of.connections

    @property
    def not_classes(self) -> str | None:
        """Why the labels are not classes: they are means."""
        if self.label == "sign":
            return None
        return "source.label: mean gives numbers, which are no classes; leave it out, or give a target"

    @model_validator(mode="after")
    def _plays_one_thing(self) -> Self:
        if (self.of is None) == (self.dataset is None):
            raise ValueError("give of, a source to play back, or dataset, one of them")
        if self.dataset is not None and not self.phases:
            raise ValueError("a data set is played back in phases; give at least one")
        if self.of is not None and not self.of.has_times:
            raise ValueError("of is played back by its times; give of.time the column that has them")
        return self

    def check(self, settings: Settings) -> None:
        """Refuse a setting that names the data set's archive but another file."""
        if self.of is None:
            _data_set(self).ARCHIVE.check(settings)

    def source(self, context: Context) -> Source:
        """The replay that these keys describe."""
        if self.of is None:
            return Replay(context, self)
        assert isinstance(self.of, Section)
        return Shifted(self.of.source(context), timedelta(days=(self.start - self.of.start).days), self.start)


SECTION = ReplaySource


@dataclass(frozen=True)
class Replay:
    """A replay as a source."""

    context: Context
    config: ReplaySource

    @property
    def first_day(self) -> date:
        """The replay's first day."""
        return self.config.start

    def rows(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows that arrive in the interval.

        Raises:
            DataError: the interval has none, or the data set is damaged or cannot be fetched.
        """
        found = within(load_replay(self.context.settings, self.config), "arrived_at", interval)
        if found.num_rows == 0:
            raise DataError(
                f"The use case {self.context.use_case.name} has no rows for {interval}. Choose an interval within "
                f"{days_with_rows(self.config)}, or lengthen source.phases in its config."
            )
        yield from found.drop_columns(_LABEL[1:]).to_batches()

    def labels(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the labels that become known in the interval."""
        found = within(load_replay(self.context.settings, self.config), "label_time", interval).select(_LABEL)
        yield from found.to_batches() or found.schema.empty_table().to_batches()


@dataclass(frozen=True)
class Shifted:
    """Another source whose times are moved by some days."""

    of: Source
    by: timedelta
    first_day: date

    def rows(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows that arrive in the interval."""
        for batch in self.of.rows(self._then(interval)):
            yield self._now(batch)

    def labels(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the labels that become known in the interval."""
        for batch in self.of.labels(self._then(interval)):
            yield self._now(batch)

    def _then(self, interval: Interval) -> Interval:
        return Interval(interval.start - self.by, interval.end - self.by)

    def _now(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        import pyarrow as pa
        import pyarrow.compute as pc

        by = pa.scalar(self.by, pa.duration("us"))
        columns = [pc.add(column, by) if pa.types.is_timestamp(column.type) else column for column in batch.columns]
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _data_set(source: ReplaySource) -> DataSet:
    return cast(DataSet, importlib.import_module(f"sluss.sources.{source.dataset}"))


def load_replay(settings: Settings, source: ReplaySource) -> pa.Table:
    """The whole replay, parsed once and kept under `home` as an Arrow file."""

    dataset = _data_set(source)
    dataset.ARCHIVE.check(settings)
    key = f"{_LAYOUT} {dataset.ARCHIVE.sha256} {source.model_dump_json()}"
    return kept_table(settings.home, "replay", key, lambda: replay(source, dataset.parts(settings, source.label)))


def replay(source: ReplaySource, parts: Mapping[str, pa.Table]) -> pa.Table:
    """Give every row an event time and the time at which its label becomes known.

    Each part is shuffled once; its phases draw from it one after the other, no row twice. A row's event time is
    uniform within its day, and its label follows after a delay that is uniform too.

    Args:
        source: phases, seed and delays.
        parts: key, label and other columns of the rows, by part of the data set.

    Returns:
        id, event_time, arrived_at, the data set's own columns, label, label_time; sorted by event time.

    Raises:
        ConfigError: a phase names an unknown source, or wants more rows than there are.
    """
    import pyarrow as pa

    _check(source.phases, parts)
    used = dict.fromkeys(parts, 0)
    day = source.start
    played = []
    for number, phase in enumerate(source.phases):
        first, size = used[phase.source], phase.days * phase.rows_per_day
        order = _shuffle(source.seed, sorted(parts).index(phase.source), parts[phase.source].num_rows)
        drawn = parts[phase.source].take(pa.array(order[first : first + size]))
        played.append(_timed(drawn, phase, day, _uniform(source.seed, 1000 + number, 2 * size), source))
        used[phase.source] += size
        day += timedelta(days=phase.days)
    return pa.concat_tables(played).sort_by([("event_time", "ascending"), ("id", "ascending")]).combine_chunks()


def days_with_rows(source: ReplaySource) -> Interval:
    """From the replay's first day to the day after its last one."""
    days = sum(phase.days for phase in source.phases)
    return Interval(midnight(source.start), midnight(source.start + timedelta(days=days)))


def _check(phases: tuple[Phase, ...], parts: Mapping[str, pa.Table]) -> None:
    wanted: dict[str, int] = {}
    for phase in phases:
        if phase.source not in parts:
            raise ConfigError(f"The replay has no source '{phase.source}'. Choose one of {', '.join(sorted(parts))}.")
        wanted[phase.source] = wanted.get(phase.source, 0) + phase.days * phase.rows_per_day
    for name, rows in wanted.items():
        there = parts[name].num_rows
        if rows > there:
            raise ConfigError(
                f"The phases draw {counted(rows, 'row')} from the source '{name}', which has {there}. Lower days or "
                "rows_per_day under source.phases."
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
            "id": pc.binary_join_element_wise(phase.source, rows[_KEY], "-"),
            "event_time": pa.array(event).cast(time),
            "arrived_at": pa.array(event).cast(time),
            **{name: rows[name] for name in rows.column_names if name not in (_KEY, "label")},
            "label": rows["label"],
            "label_time": pa.array(label).cast(time),
        }
    )
