"""Figures and digest of an interval's good rows, both batch by batch."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sluss.curation.keys import lengths_and_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from sluss.config.curation import Column

ColumnFigures = dict[str, dict[str, float | str]]


@dataclass
class _Column:
    """Missing values, and what a column's kind has.

    Numbers have min, mean and max; texts their mean length in characters; times the first and the last; categories the
    rows of each.
    """

    column: Column
    missing: int = 0
    count: int = 0
    total: float = 0
    low: float | str | None = None
    high: float | str | None = None
    categories: Counter[str] = field(default_factory=Counter)

    def add(self, values: pa.Array) -> None:
        """Count more values."""
        import pyarrow.compute as pc

        self.missing += values.null_count
        given = len(values) - values.null_count
        self.count += given
        if not given:
            return
        match self.column.kind:
            case "text":
                self.total += pc.sum(pc.utf8_length(values)).as_py()
            case "category":
                self.categories.update(
                    {str(x["values"]): x["counts"] for x in pc.value_counts(values.drop_null()).to_pylist()}
                )
            case "number":
                self.total += pc.sum(values).as_py()
                self._widen(pc.min_max(values).as_py())
            case _:
                self._widen({name: moment.isoformat() for name, moment in pc.min_max(values).as_py().items()})

    def _widen(self, bounds: dict[str, float | str]) -> None:
        low, high = bounds["min"], bounds["max"]
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)

    def figures(self) -> dict[str, float | str]:
        """The figures by name."""
        found: dict[str, float | str | None] = {"missing": self.missing}
        mean = self.total / self.count if self.count else None
        if self.column.kind == "number":
            found |= {"min": self.low, "mean": mean, "max": self.high}
        elif self.column.kind == "text":
            found["mean_length"] = mean
        elif self.column.kind == "category":
            found |= dict(self.categories)
        else:
            found |= {"first": self.low, "last": self.high}
        return {name: figure for name, figure in found.items() if figure is not None}


class Description:
    """Number, figures and digest of rows, counted on their way into a table."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self.rows = 0
        self.corrected = 0
        self.columns = dict(columns)
        self._figures = {name: _Column(column) for name, column in columns.items()}
        self._digests = {name: (hashlib.sha256(), hashlib.sha256(), hashlib.sha256()) for name in columns}

    def add(self, rows: pa.RecordBatch, in_force: pa.RecordBatch) -> None:
        """Count more rows. A row that was corrected since counts for the digest, not for the figures."""
        self.rows += in_force.num_rows
        self.corrected += rows.num_rows - in_force.num_rows
        for name, figures in self._figures.items():
            figures.add(in_force[name])
            _update(self._digests[name], rows[name])

    def figures(self) -> ColumnFigures:
        """Figures by column."""
        return {name: figures.figures() for name, figures in self._figures.items()}

    @property
    def empty_columns(self) -> tuple[str, ...]:
        """Columns that have no value in any row."""
        return tuple(name for name, figures in self._figures.items() if figures.missing and not figures.count)

    def digest(self) -> str:
        """SHA-256 over the values of each column, in their order, however they came in batches."""
        total = hashlib.sha256()
        for name, parts in self._digests.items():
            total.update(
                f"{name}\0{self.columns[name].kind}\0{' '.join(part.hexdigest() for part in parts)}\n".encode()
            )
        return total.hexdigest()


class _Digest(Protocol):
    """A running digest; hashlib has no public name for the type of its own."""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""


def _update(digests: tuple[_Digest, ...], values: pa.Array) -> None:
    """Take in which values are missing, the lengths of texts, and the values."""
    import numpy as np
    import pyarrow as pa

    missing, lengths, content = digests
    missing.update(np.ascontiguousarray(values.is_null().to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_string(values.type):
        sizes, data = lengths_and_bytes(values)
        lengths.update(sizes.tobytes())
        content.update(data.tobytes())
        return
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    filled = values.fill_null(0) if values.null_count else values
    content.update(np.ascontiguousarray(filled.to_numpy(zero_copy_only=False)).tobytes())
