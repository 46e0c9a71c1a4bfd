"""The warehouse tables of card payments, filled by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from sluss.interval import Interval

TIME = pa.timestamp("us", tz="UTC")
ROWS = pa.schema(
    [
        ("id", "string"),
        ("event_time", TIME),
        ("arrived_at", TIME),
        ("customer_id", "string"),
        ("terminal_id", "string"),
        ("amount", "double"),
    ]
)
LABELS = pa.schema([("id", "string"), ("label", "int16"), ("label_time", TIME)])
ALWAYS = Interval(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def fill_tables(warehouse, rows, labels):
    """Replace all payments and their labels. Keys that a table does not have are left out."""
    warehouse.replace("fraud_rows", pa.Table.from_pylist(rows, ROWS), "arrived_at", ALWAYS)
    warehouse.replace("fraud_labels", pa.Table.from_pylist(list(labels), LABELS), "label_time", ALWAYS)
