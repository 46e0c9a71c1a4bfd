"""Rows whose time is missing or cannot be read: they are counted, and go to quarantine once."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from any_table import ROWS, bring, config, context, rows_of, table, write_csv
from deltalake import write_deltalake

from sluss.curation.curate import curate
from sluss.errors import DataError
from sluss.interval import parse_interval
from sluss.sources.generate import generate
from sluss.storage.warehouse import open_warehouse

JUNK = {20: "soon", 70: "", 120: "2026-02-30T00:00:00Z"}


def times(junk):
    return [junk.get(number, time) for number, time in enumerate(table()["t"])]


def live(where, day):
    interval = parse_interval(day, where.use_case.unit)
    generate(where, interval)
    return curate(where, interval)


@pytest.mark.parametrize("own_id", [True, False])
def test_rows_without_a_time_go_to_quarantine_of_the_load_that_finds_them(tmp_path, own_id):
    file = write_csv(tmp_path / "mine.csv", table(t=times(JUNK)))
    content = config({} if own_id else {"id": None})
    content["curation"] |= {"min_rows": 0}
    where = context(tmp_path, content)
    for _ in range(2):  # a second load changes nothing
        assert bring(where).bad_rows == len(JUNK)
        bad = rows_of(where, "quarantine")
        assert sorted(float(json.loads(row["row"])["x"]) for row in bad) == [20.0, 70.0, 120.0]
        assert {(row["interval"], row["reason"]) for row in bad} == {("2026-01-09", "event_time is missing")}
    assert live(where, "2026-01-10").bad_rows == 0
    # One more, while the use case is live.
    write_csv(file, table(t=times(JUNK | {150: "later"})))
    for day, bad_rows in (("2026-01-11", 1), ("2026-01-12", 0), ("2026-01-11", 1)):
        content["curation"]["max_bad_share"] = 1.0
        assert live(context(tmp_path, content), day).bad_rows == bad_rows


def test_a_live_interval_leaves_them_to_a_history_that_is_not_loaded_yet(tmp_path):
    write_csv(tmp_path / "mine.csv", table(t=times(JUNK)))
    content = config({}, live_start="2026-01-08")
    content["curation"] |= {"min_rows": 0}
    where = context(tmp_path, content)
    assert live(where, "2026-01-08").bad_rows == 0
    assert bring(where).bad_rows == len(JUNK)


def test_a_row_without_an_arrival_arrives_with_its_event(tmp_path):
    known = table()["t"]
    write_csv(tmp_path / "mine.csv", table(a=["" if number == 9 else known[number] for number in range(ROWS)]))
    assert bring(context(tmp_path, config({"arrived_at": "a"}))).rows == ROWS


def test_a_row_with_an_arrival_alone_goes_to_that_intervals_quarantine(tmp_path):
    write_csv(tmp_path / "mine.csv", table(t=times(JUNK), a=table()["t"]))
    where = context(tmp_path, config({"arrived_at": "a"}))
    assert bring(where).bad_rows == len(JUNK)
    assert [row["interval"] for row in rows_of(where, "quarantine")] == ["2026-01-06", "2026-01-01", "2026-01-03"]


@pytest.mark.parametrize("kind", ["warehouse", "delta"])
def test_times_that_are_missing_in_a_table_are_counted(tmp_path, kind):
    columns = {name: values for name, values in table().items() if name != "t"}
    file = write_csv(tmp_path / "rows.csv", columns | {"t": times(dict.fromkeys(JUNK, ""))})
    source = {"kind": "table", "table": "theirs", "path": None}
    if kind == "delta":
        source = {"kind": "delta", "path": "theirs"}
    content = config(source)
    content["curation"] |= {"min_rows": 0}
    where = context(tmp_path, content)
    rows = f"FROM read_csv('{file}', types = {{t: 'TIMESTAMPTZ'}})"
    with open_warehouse(where.settings) as warehouse:
        if kind == "delta":
            found = warehouse.connection.cursor()
            found.execute(rows)
            write_deltalake(str(tmp_path / "theirs"), found.fetch_arrow_table())
            found.close()
        else:
            warehouse.execute(f"CREATE TABLE theirs AS {rows}")
    assert bring(where).bad_rows == len(JUNK)
    assert live(where, "2026-01-10").bad_rows == 0


def test_rows_of_a_table_without_times_do_not_arrive_before_the_history_is_loaded(tmp_path):
    content = config({"kind": "delta", "path": "theirs", "time": None})
    content["curation"] |= {"min_rows": 0}
    where = context(tmp_path, content)
    columns = {name: values for name, values in table().items() if name != "t"}
    write_deltalake(str(tmp_path / "theirs"), pa.table(columns))
    with pytest.raises(DataError, match="history of mine is not loaded, to which the rows that are there now belong"):
        live(where, "2026-01-10")
    assert bring(where).rows == ROWS
    assert live(where, "2026-01-10").rows == 0
