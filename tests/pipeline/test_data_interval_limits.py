"""Faults of a whole interval: ids that many rows share, rows from before their event, unknown arrivals, no rows."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from any_table import ROWS, bring, config, context, table, write_csv

from sluss.curation.curate import curate
from sluss.errors import DataError
from sluss.interval import parse_interval
from sluss.sources.generate import generate

LIVE = "2026-01-08"  # rows 168 to 191


def live(where):
    interval = parse_interval(LIVE, where.use_case.unit)
    generate(where, interval)
    return curate(where, interval)


def made(folder, source=None, min_rows=None, **columns):
    """The use case with its history in place, and the rows of a live day."""
    write_csv(folder / "mine.csv", table(**columns))
    content = config(source or {}, live_start=LIVE)
    if min_rows is not None:
        content["curation"] |= {"min_rows": min_rows}
    where = context(folder, content)
    bring(where)
    return where


def of_the_day(usual, changed):
    """A column that is changed from the live day on."""
    return [changed(each) if number >= 168 else each for number, each in enumerate(usual)]


def later(moment):
    return (datetime.fromisoformat(moment) + timedelta(hours=8)).isoformat()


def test_an_id_that_all_rows_of_a_day_share_is_refused_with_the_count(tmp_path):
    where = made(tmp_path, id=of_the_day(table()["id"], lambda _: "0"))
    with pytest.raises(DataError, match=r"24 rows of 24 for 2026-01-08 .* share their id .*, up to 24 one id"):
        live(where)


def test_a_row_that_is_corrected_a_few_times_is_not_refused(tmp_path):
    where = made(tmp_path, id=[f"r{number // 4}" if number >= 168 else f"s{number}" for number in range(ROWS)])
    assert live(where).bad_rows == 0


def test_live_rows_that_arrive_before_their_event_are_refused(tmp_path):
    known = table()["t"]
    where = made(tmp_path, {"arrived_at": "a"}, t=of_the_day(known, later), a=known)
    with pytest.raises(DataError, match="arrived before their event, which those of 2026-01-07 did not"):
        live(where)


def test_bookings_always_arrive_before_their_event(tmp_path):
    known = table()["t"]
    where = made(tmp_path, {"arrived_at": "a"}, t=[later(each) for each in known], a=known)
    assert live(where).rows == 24


def test_a_live_day_whose_arrivals_are_not_known_is_refused_and_a_history_is_not(tmp_path):
    where = made(tmp_path, {"arrived_at": "a"}, a=[""] * ROWS)
    with pytest.raises(DataError, match=r"24 of 24 rows for .* have no a, so it is not known when they arrived"):
        live(where)


@pytest.mark.parametrize(("min_rows", "refused"), [(1, True), (0, False), (None, False)])
def test_labels_alone_are_too_little_where_the_config_asks_for_rows(tmp_path, min_rows, refused):
    early = "2026-01-07T12:00Z"
    where = made(
        tmp_path,
        {"label_time": "known"},
        min_rows,
        t=of_the_day(table()["t"], lambda _: early),
        known=of_the_day(table()["t"], lambda _: "2026-01-08T12:00Z"),
    )
    if refused:
        with pytest.raises(DataError, match="has 0 good rows, fewer than 1"):
            live(where)
    else:
        assert live(where).labels == ROWS - 168
