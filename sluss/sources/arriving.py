"""Rows of a table that has no time: each arrives in the first interval that finds its id.

The ids that were found before are those of the table `<use case>_rows`, which the rows are brought to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.conversion.texts import as_text
from sluss.sources.arrivals import history_first, history_is_brought
from sluss.sources.known_ids import among, hashes
from sluss.sources.mapped import MappedSource
from sluss.storage.own_tables import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import pandas as pd
    import pyarrow as pa

    from sluss.interval import Interval

ARRIVAL = "arrival in Sluss"  # the name of a column that no table has


@dataclass(frozen=True)
class ArrivingRows(MappedSource):
    """Rows without a time. A row that is found again with other values stays as it arrived; its label may change."""

    def rows(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows whose ids no other interval has brought.

        Raises:
            DataError: the history, to which the first rows belong, is not loaded.
        """
        import numpy as np
        import pyarrow as pa

        self._require_history(interval)
        known = np.sort(np.concatenate([hashes(batch["id"]) for batch in self._brought("rows", interval, ["id"])]))
        for batch in self.reader.batches(None):
            rows = self.rows_of(with_arrival(batch, self.moment(interval)))
            yield rows.filter(pa.array(~among(hashes(rows["id"]), known)))

    def labels(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the labels that are new, or that differ from those that other intervals have brought."""
        import pyarrow as pa

        if self.config.label is None:
            yield from super().labels(interval)
            return
        known = self._known_labels(interval)
        for batch in self.reader.batches(None):
            labels = self.labels_of(with_arrival(batch, self.moment(interval)))
            before = known.reindex(hashes(labels["id"])).to_numpy()
            yield labels.filter(pa.array(before != as_text(labels["label"]).to_numpy(zero_copy_only=False)))

    def moment(self, interval: Interval) -> datetime:
        """The time of all rows that arrive in an interval: the start of its last unit."""
        return self.context.use_case.unit.before(interval.end)

    def _require_history(self, interval: Interval) -> None:
        """Otherwise, a schedule that starts before the history is loaded would take its rows for new ones."""
        if interval.start >= self.context.use_case.first_live and not history_is_brought(self.context):
            raise history_first(self.context, "rows")

    def _known_labels(self, interval: Interval) -> pd.Series[str]:
        """The newest label of each id, by the id's hash."""
        import numpy as np
        import pandas as pd

        found = list(self._brought("labels", interval, ["id", "label"]))
        ids = np.concatenate([hashes(batch["id"]) for batch in found])
        labels = pd.Series([each for batch in found for each in as_text(batch["label"]).to_pylist()], ids, object)
        return labels[~labels.index.duplicated(keep="last")]

    def _brought(self, kind: str, interval: Interval, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """What other intervals have brought, in the order of arrival; an empty batch comes first."""
        import pyarrow as pa

        table, time = f"{self.context.use_case.name}_{kind}", "arrived_at" if kind == "rows" else "label_time"
        yield pa.RecordBatch.from_pydict({name: pa.array([], pa.string()) for name in columns})
        with self.context.warehouse() as warehouse:
            if warehouse.exists(table):
                chosen = ", ".join(quoted(name) for name in columns)
                elsewhere = f"{time} < {literal(interval.start)} OR {time} >= {literal(interval.end)}"
                sql = f"SELECT {chosen} FROM {quoted(table)} WHERE {elsewhere} ORDER BY {time}"  # noqa: S608 - quoted
                yield from warehouse.select(sql, f"the table {table}")


def with_arrival(batch: pa.RecordBatch, moment: datetime) -> pa.RecordBatch:
    """Add the column `ARRIVAL` with one moment."""
    import pyarrow as pa

    return batch.append_column(ARRIVAL, pa.repeat(pa.scalar(moment, pa.timestamp("us", "UTC")), batch.num_rows))
