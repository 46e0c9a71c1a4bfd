"""Keys of the config for the columns of somebody's own table: the id, the time, the label, and how they are written."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Self

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
from sluss.sources.source import Section

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


class MappedKeys(Section):
    """Keys that say what the columns of a file, table or query mean."""

    id: str | tuple[str, ...] | None = Field(
        None, description="Column that identifies a row, or several; without it, a hash of the row's values"
    )
    time: str | None = Field(
        None, description="Column with the time of the event; without it, rows arrive when they are found first"
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
    def _label_is_somewhere(self) -> Self:
        if self.label is not None and self.labels is not None:
            raise ValueError("label names a column of the rows, labels a source of its own; give one of them")
        if self.label_time is not None and self.label_delay is not None:
            raise ValueError("give label_time or label_delay, not both")
        if self.time is None and self.label_delay is not None:
            raise ValueError("label_delay counts from time, which is not given; give time, or leave label_delay out")
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
