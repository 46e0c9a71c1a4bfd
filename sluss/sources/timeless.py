"""Rows whose time is missing or cannot be read: they arrive in the first interval that finds them.

No interval would have them by their time, and they would vanish without a word. The curation sends them to quarantine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sluss.sources.arrivals import history_is_brought
from sluss.sources.known_ids import among, hashes
from sluss.storage.own_tables import literal, quoted
from sluss.storage.point_in_time import ARRIVED

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from sluss.context import Context
    from sluss.interval import Interval
    from sluss.sources.known_ids import Hashes

_TIME = "event_time"


@dataclass(frozen=True)
class Timeless:
    """Rows without a time, as one interval finds them."""

    context: Context
    interval: Interval
    in_place: bool = False  # where they are not brought, the warehouse does not know which of them were found before

    def new(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Those that no other interval has brought, with the arrival of this one."""
        import pyarrow as pa

        if self.in_place:
            return self._of_the_interval(rows)
        if self._before is None:
            return rows.slice(0, 0)
        place, type_ = rows.schema.get_field_index(ARRIVED), rows.schema.field(ARRIVED).type
        moment = pa.repeat(pa.scalar(self._moment, type_), rows.num_rows)
        arrived = rows.set_column(place, ARRIVED, moment)
        return arrived.filter(pa.array(~among(hashes(rows["id"]), self._before)))

    def _of_the_interval(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Those that arrived in it; the history has those of which that is not known."""
        import pyarrow.compute as pc

        arrived = rows[ARRIVED]
        own = pc.and_(pc.greater_equal(arrived, self.interval.start), pc.less(arrived, self.interval.end))
        return rows.filter(pc.fill_null(own, self.interval.start < self.context.use_case.first_live))

    @property
    def _moment(self) -> datetime:
        """The start of the interval's last unit."""
        return self.context.use_case.unit.before(self.interval.end)

    @cached_property
    def _before(self) -> Hashes | None:
        """The ids of such rows of other intervals; None where the history, which has most of them, is not loaded."""
        import numpy as np

        table, start = f"{self.context.use_case.name}_rows", self.interval.start
        if start >= self.context.use_case.first_live and not history_is_brought(self.context):
            return None
        elsewhere = f"{ARRIVED} < {literal(start)} OR {ARRIVED} >= {literal(self.interval.end)}"
        known = [np.zeros(0, np.uint64)]
        with self.context.warehouse() as warehouse:
            if warehouse.exists(table):
                sql = f"SELECT id FROM {quoted(table)} WHERE {_TIME} IS NULL AND ({elsewhere})"  # noqa: S608 - quoted
                known += [hashes(batch["id"]) for batch in warehouse.select(sql, f"the table {table}")]
        return np.sort(np.concatenate(known))
