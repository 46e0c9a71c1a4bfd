"""Sources of somebody's own columns, in the layout of the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from sluss.conversion.ids import joined_ids, row_ids
from sluss.conversion.names import found_name
from sluss.conversion.numbers import with_decimal_point
from sluss.conversion.storable import storable
from sluss.conversion.texts import Texts
from sluss.conversion.times import as_times
from sluss.counted import counted
from sluss.errors import ConfigError, DataError
from sluss.sources.source import Section
from sluss.sources.timeless import Timeless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date, datetime

    import pyarrow as pa

    from sluss.context import Context
    from sluss.interval import Interval
    from sluss.sources.keys import MappedKeys

RESERVED = ("interval", "superseded_at", "label", "label_time")  # columns of Sluss' own tables
_TWO = 2  # classes


@dataclass(frozen=True)
class Bounds:
    """A span of a column's values that is wanted. A reader may pass over other rows, and need not."""

    column: str
    start: datetime
    end: datetime
    zone: str | None  # of times without a zone
    date_format: str | None = None
    missing: tuple[str, ...] = ()  # texts that mean a missing value


class Reader(Protocol):
    """Reads rows as they are."""

    def batches(self, bounds: Bounds | None) -> Iterator[pa.RecordBatch]:
        """Stream the rows, at least those within the bounds."""

    def __str__(self) -> str:
        """Name of the data in errors."""


@dataclass(frozen=True)
class MappedSource:
    """A source whose columns are somebody's own."""

    context: Context
    config: MappedKeys
    reader: Reader

    @property
    def first_day(self) -> date:
        """The first day that has rows."""
        return self.config.start

    def rows(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows that arrive in the interval; without a time, in the first one that finds them."""
        return self._rows(interval, self.config.arrived_at or self.config.time, Timeless(self.context, interval).new)

    def events(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows whose event lies in the interval, whenever they arrived."""
        return self._rows(interval, self.config.time, Timeless(self.context, interval, in_place=True).new)

    def labels(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the labels that become known in the interval."""
        if self.config.labels is not None:
            assert isinstance(self.config.labels, Section)
            yield from self.config.labels.source(self.context).labels(interval)
            return
        if self.config.label is None:
            return
        for batch in self.reader.batches(self._label_bounds(interval)):
            yield self.labels_of(batch, interval)

    def _rows(
        self, interval: Interval, column: str | None, of_the_timeless: Callable[[pa.RecordBatch], pa.RecordBatch]
    ) -> Iterator[pa.RecordBatch]:
        if column is None:
            raise ConfigError(
                f"{self.reader} has source.label_time but no source.time, so labels would come before their rows. Give "
                f"source.time, or leave label_time out, in config/{self.context.use_case.name}.yaml."
            )
        found, guessed = 0, 0
        for batch in self.reader.batches(self._bounds(column, interval)):
            columns = self._columns(batch)
            times = self._row_times(columns)
            if times[column].null_count:  # a row without an arrival arrives with its event
                times[column], lacking = _with_the_event(times[column], times[str(self.config.time)], interval)
                guessed += lacking
            # Before anything else is converted: of a long file, an interval has few rows.
            rows = self._row_batch(*_inside(times[column], interval, columns, times))
            found += rows.num_rows
            yield rows
            if times[column].null_count:
                lost = times[column].is_null()
                yield of_the_timeless(self._row_batch(*_filtered(lost, columns, times)))
        self._limit_guessed(guessed, found, interval)

    def _limit_guessed(self, guessed: int, found: int, interval: Interval) -> None:
        """Refuse a live interval in which too many rows do not show when they arrived: late ones would look early."""
        use_case = self.context.use_case
        if interval.start >= use_case.first_live and guessed > use_case.curation.max_bad_share * found:
            raise DataError(
                f"{guessed:,} of {counted(found, 'row')} for {interval} have no {self.config.arrived_at}, so it is not "
                "known when they arrived. Mend the source, raise curation.max_bad_share, or, if rows arrive with their "
                f"event, leave source.arrived_at out of config/{use_case.name}.yaml."
            )

    def _bounds(self, column: str, interval: Interval) -> Bounds:
        return self._within(column, interval.start, interval.end)

    def _label_bounds(self, interval: Interval) -> Bounds | None:
        if self.config.label_time is not None:
            return self._bounds(self.config.label_time, interval)
        if self.config.time is None:
            return None
        delay = self.config.label_delay or timedelta()
        return self._within(self.config.time, interval.start - delay, interval.end - delay)

    def _within(self, column: str, start: datetime, end: datetime) -> Bounds:
        config = self.config
        return Bounds(column, start, end, config.time_zone, config.date_format, config.missing)

    def rows_of(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a batch."""
        columns = self._columns(batch)
        return self._row_batch(columns, self._row_times(columns))

    def _row_batch(self, columns: Mapping[str, pa.Array], times: Mapping[str, pa.Array]) -> pa.RecordBatch:
        import pyarrow as pa

        config, columns = self.config, self._given(columns)
        assert config.time is not None
        event = times[config.time]
        arrived = times[config.arrived_at or config.time]
        meant = self._meant()
        kept = {
            config.rename.get(name, name): times.get(name, each) for name, each in columns.items() if name not in meant
        }
        wanted = set(self.context.use_case.curation.columns)
        # A column that is the id, or the time, under a name of its own may be a feature too.
        for name in wanted & {name for name in (config.time, config.arrived_at) if name in columns}:
            kept[name] = event if name == config.time else arrived
        found = {"id": self._ids(columns), "event_time": event, "arrived_at": arrived}
        for name, values in kept.items():
            if name not in found and (stored := self._stored(name, values)) is not None:
                found[name] = stored
        self._check(found)
        return pa.RecordBatch.from_pydict(found)

    def _meant(self) -> set[str | None]:
        """Columns with a meaning of their own, and those that are left out."""
        config = self.config
        return {config.time, config.arrived_at, config.label, config.label_time, *config.exclude}

    def _row_times(self, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """The times of a batch, by the names that they have: of the event, of the arrival, and those of the curation.

        Of the whole batch, because few rows would not show that times are written in another way.
        """
        config, curated, meant = self.config, self.context.use_case.curation.columns, self._meant()
        names = [name for name in (config.time, config.arrived_at) if name is not None]
        for name in columns:
            column = curated.get(config.rename.get(name, name))
            if name not in meant and column is not None and column.kind == "time":
                names.append(name)
        return {name: self._times(columns, name) for name in names}

    def labels_of(self, batch: pa.RecordBatch, interval: Interval | None = None) -> pa.RecordBatch:
        """The labels of a batch, of those that become known in the interval."""
        import pyarrow as pa
        import pyarrow.compute as pc

        config, columns = self.config, self._columns(batch)
        assert config.label is not None
        if config.label_time is not None:
            known = self._times(columns, config.label_time)
        else:
            known = pc.add(
                self._times(columns, config.time), pa.scalar(config.label_delay or timedelta(), pa.duration("us"))
            )
        if interval is not None:
            columns, times = _inside(known, interval, columns, {"known": known})
            known = times["known"]
        columns = self._given(columns)
        labels = self._labelled(columns[found_name(config.label, columns, str(self.reader))])
        found = pa.RecordBatch.from_pydict({"id": self._ids(columns), "label": labels, "label_time": known})
        return found.filter(labels.is_valid())

    def _columns(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        import pyarrow as pa

        names = batch.schema.names
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled is not None:
            raise ConfigError(f"{self.reader} has two columns of the name '{doubled}'. Give one of them another name.")
        plain = (column.storage if isinstance(column, pa.ExtensionArray) else column for column in batch.columns)
        return dict(zip(names, plain, strict=True))

    def _given(self, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """The columns, with null where a text means that there is no value."""
        texts = Texts(self.config.missing)
        return {name: texts.without_missing(column) for name, column in columns.items()}

    def _times(self, columns: Mapping[str, pa.Array], name: str | None) -> pa.Array:
        assert name is not None
        found = found_name(name, columns, str(self.reader))
        values = Texts(self.config.missing).without_missing(columns[found])
        return as_times(values, found, self.config.time_zone, self.config.date_format)

    def _ids(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        config = self.config
        if config.id is None:
            left_out = {config.label, config.label_time, config.arrived_at, *config.exclude}
            return row_ids({name: values for name, values in columns.items() if name not in left_out})
        names = (config.id,) if isinstance(config.id, str) else config.id
        return joined_ids([columns[found_name(name, columns, str(self.reader))] for name in names])

    def _stored(self, name: str, values: pa.Array) -> pa.Array | None:
        """The values in a type that the warehouse has, or None for a column that is left out."""
        column = self.context.use_case.curation.columns.get(name)
        if name in RESERVED:
            if column is None:
                return None
            raise ConfigError(
                f"'{name}' is a column of Sluss' own tables. Give yours another name under source.rename."
            )
        if column is not None and column.kind == "time":
            return as_times(values, name, self.config.time_zone, self.config.date_format)
        if column is not None and column.kind == "number":
            values = with_decimal_point(values, self.config.decimal)
        return storable(values, name, wanted=column is not None)

    def _labelled(self, values: pa.Array) -> pa.Array:
        """Labels as the curation checks them: names or numbers of classes, or numbers."""
        classes = tuple(getattr(self.context.use_case, "classes", ()))
        if not classes:
            stored = storable(with_decimal_point(values, self.config.decimal), "label", wanted=True)
            assert stored is not None
            return stored
        return Texts(()).replaced(values, self._class_names(classes))

    def _class_names(self, classes: tuple[str, ...]) -> dict[str, str]:
        """The class of each value: by the mapping, or of true and false; other values are classes already."""
        if not self.config.mapping:
            is_plain = len(classes) == _TWO and not {"true", "false"} & set(classes)
            return {"false": classes[0], "true": classes[1]} if is_plain else {}
        names = {str(number): name for number, name in enumerate(classes)} | {name: name for name in classes}
        for value, name in self.config.mapping.items():
            if str(name) not in names:
                raise ConfigError(
                    f"source.mapping gives '{value}' the class '{name}', which is not among the classes "
                    f"{', '.join(classes)}. Correct it in config/{self.context.use_case.name}.yaml."
                )
        return {value: names[str(name)] for value, name in self.config.mapping.items()}

    def _check(self, found: Mapping[str, pa.Array]) -> None:
        """Every column of the curation must be there, unless a query of its own computes it."""
        use_case, settings = self.context.use_case, self.context.settings
        if not (settings.config_dir / f"{use_case.name}.sql").is_file():
            for name in use_case.curation.columns:
                found_name(name, found, str(self.reader))


def _with_the_event(arrivals: pa.Array, events: pa.Array, interval: Interval) -> tuple[pa.Array, int]:
    """The arrivals, with the event where there is none, and how many of those lie in the interval."""
    import pyarrow.compute as pc

    guessed = within(events.filter(arrivals.is_null()), interval)
    lacking = arrivals.null_count if guessed is None else guessed.true_count
    return pc.coalesce(arrivals, events), lacking


def _inside(
    moments: pa.Array, interval: Interval, columns: dict[str, pa.Array], times: dict[str, pa.Array]
) -> tuple[dict[str, pa.Array], dict[str, pa.Array]]:
    """The rows of some columns, and of their times, whose moment lies in the interval."""
    inside = within(moments, interval)
    return (columns, times) if inside is None else _filtered(inside, columns, times)


def _filtered(
    chosen: pa.Array, columns: dict[str, pa.Array], times: dict[str, pa.Array]
) -> tuple[dict[str, pa.Array], dict[str, pa.Array]]:
    kept, when = ({name: values.filter(chosen) for name, values in each.items()} for each in (columns, times))
    return kept, when


def within(times: pa.Array, interval: Interval) -> pa.Array | None:
    """Whether each time lies in the interval; None where all do."""
    import pyarrow.compute as pc

    found = pc.and_(pc.greater_equal(times, interval.start), pc.less(times, interval.end))
    return None if found.null_count == 0 and found.true_count == len(found) else found
