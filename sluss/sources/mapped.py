"""Sources of somebody's own columns: which of them is the id, the time, the label, and how they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    SerializeAsAny,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from sluss.config.schedule import known_zone
from sluss.config.source_section import SourceSection
from sluss.errors import ConfigError
from sluss.sources.conversion import (
    Texts,
    as_times,
    found_name,
    joined_ids,
    row_ids,
    storable,
    with_decimal_point,
    within,
)
from sluss.sources.source import Section, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from sluss.context import Context
    from sluss.interval import Interval

RESERVED = ("interval", "superseded_at", "label", "label_time")  # columns of Sluss' own tables
_TWO = 2  # classes
_DELAY = re.compile(r"(\d+(?:\.\d+)?) (second|minute|hour|day|week)s?")


def _delay(value: object) -> object:
    found = _DELAY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        if isinstance(value, timedelta):
            return value
        raise ValueError(f"'{value}' is not a delay; write for example 3 hours or 30 days")
    return timedelta(**{f"{found[2]}s": float(found[1])})


def _written(delay: timedelta) -> str:
    return " ".join((f"{delay / timedelta(minutes=1):g}", "minutes"))


_LONGEST_SETTLING = timedelta(minutes=30)  # a task waits for it, and holds a worker

Delay = Annotated[
    timedelta,
    BeforeValidator(_delay),
    PlainSerializer(_written),
    WithJsonSchema({"type": "string", "examples": ["3 hours", "30 days"]}),
]


class MappedSection(Section):
    """Keys that say what the columns of a file, table or query mean."""

    id: str | tuple[str, ...] | None = Field(
        None, description="Column that identifies a row, or several; without it, a hash of the row's values"
    )
    time: str | None = Field(
        None, description="Column with the time of the event; without it, rows arrive with the file that brings them"
    )
    time_zone: str | None = Field(None, description="Time zone of times that are written without one")
    date_format: str | None = Field(
        None,
        description="How times are written as text, if not as in 2026-01-05T13:00: `%d.%m.%Y %H:%M`; `unix` and "
        "`unix_ms` for numbers",
    )
    arrived_at: str | None = Field(
        None, description="Column with the time at which the row arrived, if that is not the time of the event"
    )
    settle: Delay = Field(
        timedelta(),
        description="Longest time until a row can be seen after its arrival, as where a transaction commits late or a "
        "file is copied: an interval is read so long after its end, at most `30 minutes`",
    )
    label: str | None = Field(None, description="Column with the label; without it, `labels` says where labels are")
    mapping: dict[str, str | int] = Field(
        {}, description="Class, by name or number, of each value of the label; without it, values are class names"
    )
    label_time: str | None = Field(None, description="Column with the time at which the label became known")
    label_delay: Delay | None = Field(
        None, description="Time after the event at which the label is known, if there is no such column: `3 hours`"
    )
    labels: SerializeAsAny[SourceSection] | None = Field(
        None, description="A source of its own for the labels, of any kind, with `id`, `label` and `label_time`"
    )
    rename: dict[str, str] = Field({}, description="New names of columns, by the names that they have")
    exclude: tuple[str, ...] = Field((), description="Columns to leave out")
    decimal: str = Field(".", pattern="^[.,]$", description="Decimal sign of numbers that are written as text")
    missing: tuple[str, ...] = Field((), description="Texts that mean a missing value, such as `NA` or `n/a`")

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str | None) -> str | None:
        return None if name is None else known_zone(name)

    @field_validator("settle")
    @classmethod
    def _is_short(cls, settle: timedelta) -> timedelta:
        if settle > _LONGEST_SETTLING:
            raise ValueError(f"a task waits for it, so the longest is {_written(_LONGEST_SETTLING)}")
        return settle

    @field_validator("mapping", mode="before")
    @classmethod
    def _keys_are_texts(cls, mapping: Any) -> Any:  # noqa: ANN401 - unchecked yet
        if not isinstance(mapping, dict):
            return mapping
        return {str(key).lower() if isinstance(key, bool) else str(key): value for key, value in mapping.items()}

    @model_validator(mode="before")
    @classmethod
    def _labels_start_with_the_rows(cls, content: Any) -> Any:  # noqa: ANN401 - unchecked yet
        if isinstance(content, dict) and isinstance(content.get("labels"), dict) and "start" in content:
            return content | {"labels": {"start": content["start"]} | content["labels"]}
        return content

    @model_validator(mode="after")
    def _label_is_somewhere(self) -> MappedSection:
        if self.label is not None and self.labels is not None:
            raise ValueError("label names a column of the rows, labels a source of its own; give one of them")
        if self.label_time is not None and self.label_delay is not None:
            raise ValueError("give label_time or label_delay, not both")
        return self

    @property
    def has_times(self) -> bool:
        """Whether its rows have a time of their own."""
        return self.time is not None

    @property
    def settling(self) -> timedelta:
        """Longest time until a row can be seen after its arrival, of the labels too."""
        return max(self.settle, timedelta() if self.labels is None else self.labels.settling)

    @property
    def connections(self) -> tuple[str, ...]:
        """Airflow connections whose addresses it needs."""
        return () if self.labels is None else self.labels.connections

    def reader(self, context: Context) -> Reader:
        """What reads the data as it is."""
        raise NotImplementedError

    def source(self, context: Context) -> Source:
        """The source that these keys describe."""
        return MappedSource(context, self, self.reader(context))


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
    config: MappedSection
    reader: Reader

    @property
    def first_day(self) -> date:
        """The first day that has rows."""
        return self.config.start

    def rows(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows that arrive in the interval."""
        return self._rows(interval, self.config.arrived_at or self.config.time)

    def events(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows whose event lies in the interval, whenever they arrived."""
        return self._rows(interval, self.config.time)

    def labels(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the labels that become known in the interval."""
        if self.config.labels is not None:
            assert isinstance(self.config.labels, Section)
            yield from self.config.labels.source(self.context).labels(interval)
            return
        if self.config.label is None:
            return
        for batch in self.reader.batches(self._label_bounds(interval)):
            yield self._labels_of(batch, interval)

    def _rows(self, interval: Interval, column: str | None) -> Iterator[pa.RecordBatch]:
        if column is None:
            raise ConfigError(
                f"{self.reader} is read without a time, which only files can be. Give source.time the name of the "
                f"column with the time of the event in config/{self.context.use_case.name}.yaml."
            )
        for batch in self.reader.batches(self._bounds(column, interval)):
            yield self._rows_of(batch, column, interval)

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

    def _rows_of(
        self, batch: pa.RecordBatch, column: str | None = None, interval: Interval | None = None
    ) -> pa.RecordBatch:
        """The rows of a batch, of those whose time in the column lies in the interval."""
        import pyarrow as pa

        config, columns = self.config, self._columns(batch)
        times = self._row_times(columns)
        if interval is not None and column is not None:
            # Before anything else is converted: of a long file, an interval has few rows.
            columns, times = _inside(times[column], interval, columns, times)
        columns = self._given(columns)
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

    def _labels_of(self, batch: pa.RecordBatch, interval: Interval | None = None) -> pa.RecordBatch:
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
        if column is not None and column.kind == "number" and self.config.decimal == ",":
            values = with_decimal_point(values)
        return storable(values, name, wanted=column is not None)

    def _labelled(self, values: pa.Array) -> pa.Array:
        """Labels as the curation checks them: names or numbers of classes, or numbers."""
        classes = tuple(getattr(self.context.use_case, "classes", ()))
        if not classes:
            stored = storable(
                with_decimal_point(values) if self.config.decimal == "," else values, "label", wanted=True
            )
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


def _inside(
    moments: pa.Array, interval: Interval, columns: dict[str, pa.Array], times: dict[str, pa.Array]
) -> tuple[dict[str, pa.Array], dict[str, pa.Array]]:
    """The rows of some columns, and of their times, whose moment lies in the interval."""
    inside = within(moments, interval)
    if inside is None:
        return columns, times
    kept, when = ({name: values.filter(inside) for name, values in each.items()} for each in (columns, times))
    return kept, when
