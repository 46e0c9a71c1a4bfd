"""`sluss new` on a table of Postgres: it only looks here; what follows is that of any table."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from adbc_driver_postgresql import dbapi

from sluss.config.settings import ROOT


def test_a_table_of_postgres_is_looked_at_and_its_password_stays_out_of_the_config(postgres, tmp_path):
    count = 600
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=row) for row in range(count)]
    rows = pa.table(
        {
            "order_id": range(count),
            "placed_at": pa.array(moments, pa.timestamp("us", "UTC")),
            "items": [row % 7 if row % 11 else None for row in range(count)],
            "paid": [row % 7 + row * 7919 % 5 > 5 for row in range(count)],
        }
    )
    with dbapi.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("orders", rows, mode="replace")
        connection.commit()
    command = [sys.executable, "-m", "commands", "new", "--name", "orders", "--target", "paid", "--dry"]
    known = {"PATH": "/usr/bin:/bin", "SLUSS_HOME": str(tmp_path), "DATA": f"{postgres}/orders", "COLUMNS": "200"}
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    for line in ("kind: table", "table: orders", "url_variable: ORDERS_DATABASE_URL", "classes: [not paid, paid]"):
        assert line in done.stdout
    assert "right-password" not in done.stdout + done.stderr
    gone = subprocess.run(
        command, env=known | {"DATA": f"{postgres}/none"}, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert gone.returncode == 2
    assert "/none cannot be read" in gone.stderr
    assert "right-password" not in gone.stderr
