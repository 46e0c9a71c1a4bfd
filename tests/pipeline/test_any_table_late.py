"""Rows that arrive days after their event: their own interval has them, so that a model learns of them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from any_table import ROWS, START, bring, config, context, rows_of, table, write_csv

from sluss.curation.bring import bring as bring_interval
from sluss.curation.curate import curate
from sluss.curation.late import LateRows, curate_late
from sluss.interval import parse_interval
from sluss.sources.generate import generate
from sluss.storage.warehouse import open_warehouse

LATE = {50: "2026-01-03", 51: "2026-01-03", 80: "2026-01-04", 150: "2026-01-07"}  # row: its own interval
ARRIVED = START + timedelta(days=9, hours=3)


@pytest.fixture(params=["brought", "in place"])
def live(request, tmp_path):
    """A use case with its history, of which some rows arrived on the first live day."""
    times = [START + timedelta(hours=number) for number in range(ROWS)]
    arrivals = [(ARRIVED if number in LATE else time).isoformat() for number, time in enumerate(times)]
    file = write_csv(tmp_path / "mine.csv", table(a=arrivals))
    source = {"arrived_at": "a"}
    if request.param == "in place":
        source |= {"kind": "table", "path": None, "table": "theirs"}
    content = config(source)
    content["curation"] |= {"min_rows": 0}
    where = context(tmp_path, content)
    if request.param == "in place":
        with open_warehouse(where.settings) as warehouse:
            rows = f"read_csv('{file}', types = {{t: 'TIMESTAMPTZ', a: 'TIMESTAMPTZ'}})"
            warehouse.execute(f"CREATE TABLE theirs AS SELECT * FROM {rows}")  # noqa: S608 - a path of ours
    where.settings.home.mkdir(parents=True, exist_ok=True)
    bring(where)
    return where


def test_late_rows_reach_the_intervals_of_their_events_once(live):
    day = parse_interval("2026-01-10", live.use_case.unit)
    generate(live, day)
    curate(live, day)
    assert curate_late(live, day) == LateRows(len(LATE), spans=2)
    curated = rows_of(live)
    assert Counter(row["id"] for row in curated) == {f"r{number}": 1 for number in range(ROWS)}
    assert {row["id"]: row["interval"] for row in curated if row["arrived_at"] == ARRIVED} == {
        f"r{number}": day for number, day in LATE.items()
    }
    before = rows_of(live)
    assert curate_late(live, day) == LateRows(len(LATE), spans=2)
    assert rows_of(live) == before


def test_an_interval_without_late_rows_costs_no_other(live):
    day = parse_interval("2026-01-11", live.use_case.unit)
    assert curate_late(live, day) == LateRows(0, spans=0)


def test_late_rows_that_break_a_limit_are_left_out_with_a_warning(live, caplog):
    day = parse_interval("2026-01-10", live.use_case.unit)
    generate(live, day)
    rules = live.use_case.curation.model_copy(update={"max_rows": 23})
    strict = type(live)(live.settings, live.use_case.model_copy(update={"curation": rules}))
    before = rows_of(live)
    assert curate_late(strict, day).rows == len(LATE)
    assert "Late rows of 2026-01-03" in caplog.text
    assert "more than 23" in caplog.text
    assert rows_of(live) == before


def test_scoring_a_day_by_hand_curates_late_rows_as_the_schedule_does(tmp_path):
    arrivals = table()["t"]
    arrivals[50] = (START + timedelta(days=7, hours=3)).isoformat()
    write_csv(tmp_path / "mine.csv", table(a=arrivals))
    where = context(tmp_path, config({"arrived_at": "a"}, live_start="2026-01-08"))
    bring(where)
    assert "r50" not in {row["id"] for row in rows_of(where)}
    assert bring_interval(where, parse_interval("2026-01-08", where.use_case.unit)).rows == 24
    assert {row["id"]: row["interval"] for row in rows_of(where)}["r50"] == "2026-01-03"
