"""Good rows on their way into the lake's tables, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.curation.column_figures import Description
from sluss.curation.partitions import partition_names
from sluss.storage.lake import INTERVAL
from sluss.storage.point_in_time import ARRIVED, SUPERSEDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from sluss.curation.extract import Extract
    from sluss.interval import Unit
    from sluss.problems.judging import Judging
    from sluss.storage.lake import Lake


def write_table(
    lake: Lake, name: str, extract: Extract, span: tuple[str, str], prepare: GoodRows
) -> tuple[int, Description]:
    """Replace the span's partitions by the good rows, and return the table's version and what was counted."""
    import pyarrow as pa

    counted = Description(extract.query.columns)

    def stream() -> pa.RecordBatchReader:
        nonlocal counted
        counted = Description(extract.query.columns)  # a lost race reads the rows again
        return pa.RecordBatchReader.from_batches(prepare.schema(extract), _counted(extract, prepare, counted))

    version = lake.replace(name, stream, *span)
    return version, counted


def _counted(extract: Extract, prepare: GoodRows, counted: Description) -> Iterator[pa.RecordBatch]:
    import numpy as np
    import pyarrow as pa

    start = 0
    for batch in extract.good.batches():
        numbers = np.arange(start, start + batch.num_rows)
        start += batch.num_rows
        dropped = extract.dropped.intersection(numbers.tolist()) if extract.dropped else ()
        if dropped:
            kept = ~np.isin(numbers, list(dropped))
            numbers, batch = numbers[kept], batch.filter(pa.array(kept))  # noqa: PLW2901 - what is left of it
        rows = prepare.rows(extract, numbers.tolist() if extract.superseded else [], batch)
        counted.add(rows, prepare.in_force(rows))
        yield rows


class GoodRows:
    """Labels, as the problem stores them."""

    def __init__(self, judging: Judging) -> None:
        self.judging = judging

    def schema(self, extract: Extract) -> pa.Schema:
        """The columns of the table."""
        schema = extract.good.schema
        place = schema.get_field_index("label")
        return schema.set(place, schema.field(place).with_type(self.judging.label_type()))

    def rows(self, extract: Extract, numbers: list[int], batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows as the table holds them."""
        import pyarrow as pa

        del numbers
        place, columns = batch.schema.get_field_index("label"), batch.columns
        columns[place] = self.judging.stored(pa.chunked_array([columns[place]])).combine_chunks()
        return pa.RecordBatch.from_arrays(columns, schema=self.schema(extract))

    def in_force(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that count."""
        return rows


class Curated(GoodRows):
    """Rows, with the moment from which on a later row of the same id takes their place."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.late = 0

    def schema(self, extract: Extract) -> pa.Schema:
        """The columns of the table."""
        schema = extract.good.schema
        place = schema.get_field_index(ARRIVED)
        return schema.insert(place + 1, schema.field(place).with_name(SUPERSEDED))

    def rows(self, extract: Extract, numbers: list[int], batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows as the table holds them; those are counted that arrived after their interval."""
        import pyarrow as pa
        import pyarrow.compute as pc

        type_ = batch.schema.field(ARRIVED).type
        given = extract.superseded
        moments = pa.array([given.get(number) for number in numbers], type_) if given else pa.nulls(len(batch), type_)
        place = batch.schema.get_field_index(ARRIVED)
        self.late += pc.sum(pc.greater(partition_names(batch[ARRIVED], self.unit), batch[INTERVAL])).as_py() or 0
        columns = batch.columns
        return pa.RecordBatch.from_arrays(
            [*columns[: place + 1], moments, *columns[place + 1 :]], schema=self.schema(extract)
        )

    def in_force(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that no later one has replaced."""
        superseded = rows[SUPERSEDED]
        return rows if superseded.null_count == len(rows) else rows.filter(superseded.is_null())
