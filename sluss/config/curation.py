"""Config of the rows: their columns, the limits of curation."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from sluss.config.base import Frozen

ColumnKind = Literal["text", "number", "category", "time"]


class Column(Frozen):
    """Type of one curated column and limits of its values."""

    kind: ColumnKind = Field(description="Type of the values")
    nullable: bool = Field(default=False, description="Whether a value may be missing")
    min_length: int | None = Field(None, ge=0, description="Fewest characters of a text")
    max_length: int | None = Field(None, ge=1, description="Most characters of a text")
    minimum: float | None = Field(None, description="Smallest number")
    maximum: float | None = Field(None, description="Largest number")
    categories: tuple[str, ...] | None = Field(None, description="The only values that a category may have")
    pattern: str | None = Field(None, description="Regular expression (RE2) that a whole text must match")
    unique: bool = Field(default=False, description="Whether each value belongs to one id of an interval only")

    @field_validator("pattern")
    @classmethod
    def _is_a_regular_expression(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return pattern


class Curation(Frozen):
    """Schema that a row must satisfy, and limits of an interval."""

    columns: dict[str, Column] = Field(
        min_length=1, description="Schema by column; `id` and `event_time` must be among them"
    )
    max_bad_share: float = Field(
        ge=0, le=1, description="Share of bad rows above which the interval fails and nothing is written"
    )
    min_rows: int | None = Field(
        None,
        ge=0,
        description="Fewest good rows of an interval; with fewer it fails too. 0 allows intervals without any",
    )
    max_rows: int | None = Field(None, ge=1, description="Most good rows of an interval")
    max_age_hours: float | None = Field(
        None, gt=0, description="Longest time between the newest event of an interval and the interval's end"
    )

    repeated_ids: Literal["count", "quarantine"] = Field(
        "count",
        description="Rows whose id was in an earlier interval of the training window: only `count` them, or put them "
        "into `quarantine` too",
    )

    @model_validator(mode="after")
    def _has_the_columns_every_row_needs(self) -> Curation:
        missing = {"id", "event_time"} - set(self.columns)
        if missing:
            raise ValueError(
                f"the columns {', '.join(sorted(missing))} are missing; every row has an id and an event time"
            )
        return self
