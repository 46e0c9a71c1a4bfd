"""Point-in-time reads, compared with a direct implementation of their definition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from sluss.storage.point_in_time import known, known_labels, known_rows, with_supersession
from sluss.storage.row_groups import row_groups

START = datetime(2026, 1, 5, tzinfo=UTC)
TIME = pa.timestamp("us", "UTC")

hours = st.integers(0, 12).map(lambda hour: START + timedelta(hours=hour))
rows_of_a_day = st.lists(
    st.tuples(st.sampled_from("abc"), hours), unique=True, max_size=12
)  # id and arrival, which together are unique in a partition


def curated(arrivals: list[tuple[str, datetime]], interval: str = "2026-01-05") -> pa.Table:
    schema = pa.schema([("interval", "string"), ("id", "string"), ("arrived_at", TIME), ("number", "int64")])
    rows = [(interval, name, moment, number) for number, (name, moment) in enumerate(arrivals)]
    return with_supersession(pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema))


def expected(arrivals: list[tuple[str, datetime]], as_of: datetime) -> set[int]:
    latest = {}
    for number, (name, moment) in enumerate(arrivals):
        if moment < as_of and (name not in latest or moment > arrivals[latest[name]][1]):
            latest[name] = number
    return set(latest.values())


@given(rows_of_a_day, hours)
def test_each_id_counts_once_with_the_row_that_arrived_last_before_the_moment(arrivals, as_of):
    found = known_rows(ds.dataset(curated(arrivals)), ["number"], as_of)
    assert sorted(found["number"].to_pylist()) == sorted(expected(arrivals, as_of))


@given(rows_of_a_day, rows_of_a_day, hours)
def test_a_later_arrival_does_not_change_the_rows_known_before(arrivals, more, as_of):
    before = [arrival for arrival in arrivals if arrival[1] < as_of]
    later = [arrival for arrival in {*arrivals, *more} if arrival[1] >= as_of]
    known = [known_rows(ds.dataset(curated([*before, *rest])), ["id", "number"], as_of) for rest in ([], later)]
    assert known[0].to_pylist() == known[1].to_pylist()


def test_an_id_that_comes_back_on_another_day_counts_there():
    days = [curated([("a", START)]), curated([("a", START + timedelta(days=1))], "2026-01-06")]
    table = ds.dataset(pa.concat_tables(days))
    for hour, interval in ((1, "2026-01-05"), (25, "2026-01-06")):
        assert known_rows(table, ["interval"], START + timedelta(hours=hour))["interval"].to_pylist() == [interval]


@given(rows_of_a_day, hours)
def test_a_corrected_label_counts_once_from_the_moment_it_is_known(arrivals, as_of):
    names, times = ([arrival[part] for arrival in arrivals] for part in (0, 1))
    labels = pa.table(
        {"id": pa.array(names, pa.string()), "label": range(len(names)), "label_time": pa.array(times, TIME)}
    )
    assert set(known_labels(ds.dataset(labels), as_of).label) == expected(arrivals, as_of)


def test_scoring_reads_in_row_groups_only_the_known_rows(tmp_path):
    end = START + timedelta(hours=12)
    arrivals = [(str(number), START) for number in range(100)] + [("7", START + timedelta(hours=1)), ("8", end)]
    pq.write_table(curated(arrivals), tmp_path / "part.parquet", row_group_size=16)
    table = ds.dataset(tmp_path)
    rows = row_groups(table, ["id", "number"], ("2026-01-05", "2026-01-06"), known(end))
    batches = list(rows.batches(10))
    assert not rows.is_empty
    assert max(map(len, batches)) <= 10
    found = pa.Table.from_batches(batches)["number"].to_pylist()
    assert found == [number for number in range(101) if number != 7]
    assert row_groups(table, ["id"], ("2026-01-05", "2026-01-06"), known(START)).is_empty
