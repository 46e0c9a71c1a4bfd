"""Figures of the good rows of an interval by column, and their digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.digests import rows_digest
from sluss.interval import FORMAT, Unit
from sluss.storage.lake import INTERVAL
from sluss.storage.point_in_time import ARRIVED, SUPERSEDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from sluss.config.data import Column

ColumnFigures = dict[str, dict[str, float | str]]


def column_figures(rows: pa.Table, columns: Mapping[str, Column]) -> ColumnFigures:
    """Compute figures by column: missing values, and those of its kind.

    Numbers have min, mean and max; texts their mean length in characters; times the first and the last; categories the
    rows of each.
    """
    return {name: _figures(rows[name], column) for name, column in columns.items()}


def _figures(values: pa.ChunkedArray, column: Column) -> dict[str, float | str]:
    import pyarrow.compute as pc

    found: dict[str, float | str | None] = {"missing": values.null_count}
    if column.kind == "number":
        found |= {"min": pc.min(values).as_py(), "mean": pc.mean(values).as_py(), "max": pc.max(values).as_py()}
    elif column.kind == "text":
        found["mean_length"] = pc.mean(pc.utf8_length(values)).as_py()
    elif column.kind == "category":
        found |= {str(each["values"]): each["counts"] for each in pc.value_counts(values.drop_null()).to_pylist()}
    elif len(values) > values.null_count:
        found |= {"first": pc.min(values).as_py().isoformat(), "last": pc.max(values).as_py().isoformat()}
    return {name: figure for name, figure in found.items() if figure is not None}


def arrivals(curated: pa.Table, unit: Unit) -> dict[str, float]:
    """Count the rows that arrived after the end of their interval, and those that a correction superseded."""
    import pyarrow.compute as pc

    late = pc.greater(pc.strftime(curated[ARRIVED], format=FORMAT[unit]), curated[INTERVAL])
    corrected = len(curated) - curated[SUPERSEDED].null_count
    return {"late_rows": pc.sum(late).as_py() or 0, "corrected_rows": corrected}


def digest(rows: pa.Table) -> str:
    """Return the digest of the rows, computed on Arrow arrays."""
    import pandas as pd

    return rows_digest(rows.to_pandas(types_mapper=pd.ArrowDtype))
