"""From the warehouse to the lake: what is kept, what is put aside and why, and what is not yet known."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sluss.config.curation import Column
from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.curation.curate import curate
from sluss.errors import ConfigError, DataError
from sluss.interval import Interval, parse_interval, unit_of
from sluss.sources.generate import generate
from sluss.storage.lake import Lake
from sluss.storage.warehouse import open_warehouse

if TYPE_CHECKING:
    from pathlib import Path

DAY = parse_interval("2026-01-05", "day")
NOON = DAY.start + timedelta(hours=12)
ALWAYS = Interval(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
TIME = pa.timestamp("us", "UTC")
ROWS = pa.schema(
    [("id", "string"), ("event_time", TIME), ("arrived_at", TIME), ("source", "string"), ("text", "string")]
)
LABELS = pa.schema([("id", "string"), ("label", "int16"), ("label_time", TIME)])


@pytest.fixture
def sentiment(sentiment):
    """The use case without its limits on whole intervals: a few rows are enough to follow each."""
    curation = sentiment.curation.model_copy(update={"min_rows": None, "max_age_hours": None})
    return sentiment.model_copy(update={"curation": curation})


def good(number: int, **changes) -> dict:
    row = {"id": f"movies-{number}", "event_time": NOON, "arrived_at": NOON, "source": "movies", "text": "fine"}
    return row | changes


def fill(settings: Settings, rows: list[dict], labels: list[dict] = ()) -> None:
    with open_warehouse(settings) as warehouse:
        warehouse.replace("sentiment_rows", pa.Table.from_pylist(rows, ROWS), "event_time", ALWAYS)
        warehouse.replace("sentiment_labels", pa.Table.from_pylist(list(labels), LABELS), "label_time", ALWAYS)


def table(settings: Settings, name: str) -> list[dict]:
    found = Lake(settings, "sentiment").dataset(name)
    return found.to_table().sort_by([("interval", "ascending"), ("id", "ascending")]).to_pylist() if found else []


def versions(settings: Settings) -> dict[str, int | None]:
    lake = Lake(settings, "sentiment")
    tables = {name: lake.table(name) for name in ("curated", "labels", "quarantine")}
    return {name: table.version() if table else None for name, table in tables.items()}


def test_curating_a_day_twice_leaves_the_same_tables(settings, sentiment):
    for _ in range(2):
        brought = generate(Context(settings, sentiment), DAY)
        curate(Context(settings, sentiment), DAY)
        tables = [table(settings, name) for name in ("curated", "labels", "quarantine")]
        assert [len(rows) for rows in tables] == [450, brought.labels, 0]
    once = tables
    curate(Context(settings, sentiment), DAY)
    assert once == [table(settings, name) for name in ("curated", "labels", "quarantine")]


def test_the_history_in_one_go_is_the_same_as_day_by_day(settings, sentiment, tmp_path):
    days = Interval(datetime(2025, 12, 2, tzinfo=UTC), datetime(2025, 12, 7, tzinfo=UTC))
    one = settings.model_copy(update={"lake_url": str(tmp_path / "one")})
    generate(Context(settings, sentiment), days)
    curate(Context(one, sentiment), days)
    for day in range(2, 7):
        curate(Context(settings, sentiment), parse_interval(f"2025-12-{day:02}", "day"))
    assert versions(one)["curated"] == 0
    for name in ("curated", "labels"):
        assert table(one, name) == table(settings, name)


def test_the_other_days_are_left_alone(settings, sentiment):
    days = [parse_interval(f"2026-01-0{day}", "day") for day in (4, 5, 6)]
    for day in days:
        generate(Context(settings, sentiment), day)
        curate(Context(settings, sentiment), day)
    before = table(settings, "curated")
    fill(settings, [good(1)])
    curate(Context(settings, sentiment), DAY)
    after = table(settings, "curated")
    (row,) = (row for row in after if row["interval"] == "2026-01-05")
    assert row == {"interval": "2026-01-05", "superseded_at": None, **good(1)}
    assert [row for row in after if row["interval"] != "2026-01-05"] == [
        row for row in before if row["interval"] != "2026-01-05"
    ]


def test_late_rows_are_kept_with_their_arrival_and_labels_in_the_day_they_arrived(settings, sentiment):
    late = DAY.end + timedelta(seconds=1)
    labels = [
        {"id": "movies-1", "label": 1, "label_time": DAY.end - timedelta(microseconds=1)},
        {"id": "movies-2", "label": 1, "label_time": DAY.end},
        {"id": "movies-3", "label": 1, "label_time": late},
        {"id": "movies-9", "label": 0, "label_time": DAY.start},
        {"id": "movies-8", "label": 0, "label_time": DAY.start - timedelta(microseconds=1)},
    ]
    fill(settings, [good(1), good(2, arrived_at=DAY.end), good(3, arrived_at=late)], labels)
    curate(Context(settings, sentiment), DAY)
    arrivals = {row["id"]: row["arrived_at"] for row in table(settings, "curated")}
    assert arrivals == {"movies-1": NOON, "movies-2": DAY.end, "movies-3": late}
    assert [(row["id"], row["label"]) for row in table(settings, "labels")] == [("movies-1", 1), ("movies-9", 0)]


def test_a_correction_is_stored_with_the_row_that_it_supersedes(settings, sentiment):
    later, last = DAY.end + timedelta(hours=1), DAY.end + timedelta(hours=2)
    fill(settings, [good(1), good(1, arrived_at=last, text="c"), good(1, arrived_at=later, text="b"), good(2)])
    assert curate(Context(settings, sentiment), DAY).rows == 4
    rows = [(row["text"], row["arrived_at"], row["superseded_at"]) for row in table(settings, "curated")]
    assert sorted(rows[:3]) == [("b", later, last), ("c", last, None), ("fine", NOON, later)]
    assert rows[3] == ("fine", NOON, None)


moments = st.integers(-3 * 86_400, 3 * 86_400).map(lambda seconds: DAY.start + timedelta(seconds=seconds))


@given(times=st.lists(st.tuples(moments, moments), min_size=1, max_size=20))
@hypothesis_settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_day_holds_just_what_happened_in_it_and_labels_that_arrived_in_it(times, settings, sentiment):
    curation = sentiment.curation.model_copy(update={"max_bad_share": 1.0})
    forgiving = sentiment.model_copy(update={"curation": curation})
    rows = [good(0), *(good(n, event_time=event, arrived_at=arrival) for n, (event, arrival) in enumerate(times, 1))]
    labels = [{"id": f"movies-{n}", "label": 1, "label_time": arrival} for n, (_, arrival) in enumerate(times, 1)]
    fill(settings, rows, labels)
    curate(Context(settings, forgiving), DAY)
    expected = {row["id"]: row["event_time"] for row in rows if DAY.start <= row["event_time"] < DAY.end}
    assert [row["id"] for row in table(settings, "curated")] == sorted(expected)
    known = {row["id"]: row["label_time"] for row in labels if DAY.start <= row["label_time"] < DAY.end}
    early = [row_id for row_id, moment in known.items() if moment < expected.get(row_id, moment)]
    assert [row["id"] for row in table(settings, "labels")] == sorted(set(known) - set(early))
    assert [row["id"] for row in table(settings, "quarantine")] == sorted(early)


def lenient(sentiment):
    return sentiment.model_copy(update={"curation": sentiment.curation.model_copy(update={"max_bad_share": 0.9})})


def test_bad_rows_go_to_quarantine_with_the_reason(settings, sentiment):
    rows = [good(0), good(1, text=""), good(2, source="books"), good(3, text=None), good(4), good(4, text="twice")]
    labels = [{"id": f"movies-{number}", "label": number, "label_time": NOON} for number in (0, 1, 7)]
    fill(settings, [*rows, good(5, id=None)], labels)
    done = curate(Context(settings, lenient(sentiment)), DAY)
    assert (done.rows, done.bad_rows, done.labels, done.bad_labels) == (2, 5, 2, 1)
    found = {(row["kind"], row["id"], row["reason"].split(" movies")[0]) for row in table(settings, "quarantine")}
    assert found == {
        ("row", "movies-1", "text is empty"),
        ("row", "movies-2", "source is none of"),
        ("row", "movies-3", "text is missing"),
        ("row", "movies-4", "id occurs more than once with the same arrival"),
        ("row", None, "id is missing"),
        ("label", "movies-7", "label is none of 0, 1, negative, positive"),
    }


def test_a_row_in_quarantine_is_there_as_it_came(settings, sentiment):
    fill(settings, [good(0), good(1, source="bücher")])
    curate(Context(settings, lenient(sentiment)), DAY)
    (row,) = table(settings, "quarantine")
    assert row["interval"] == "2026-01-05"
    assert json.loads(row["row"]) == good(1, source="bücher", event_time=str(NOON), arrived_at=str(NOON))


def test_an_id_may_come_back_on_another_day(settings, sentiment):
    days = Interval(DAY.start, DAY.end + timedelta(days=1))
    fill(settings, [good(1), good(1, event_time=DAY.end, arrived_at=DAY.end)])
    assert curate(Context(settings, sentiment), days).rows == 2


def test_a_day_that_was_mended_has_nothing_in_quarantine_any_more(settings, sentiment):
    fill(settings, [good(0), good(1, text="")])
    assert curate(Context(settings, lenient(sentiment)), DAY).bad_rows == 1
    fill(settings, [good(0), good(1)])
    assert curate(Context(settings, lenient(sentiment)), DAY).bad_rows == 0
    assert table(settings, "quarantine") == []


def test_too_many_bad_rows_stop_the_day_and_leave_the_tables_untouched(settings, sentiment):
    generate(Context(settings, sentiment), DAY)
    curate(Context(settings, sentiment), DAY)
    before, rows = versions(settings), table(settings, "curated")
    fill(settings, [good(0), good(1, text=""), good(2, source="books"), good(3, text=None), good(4, text="")])
    expected = (
        r"4 of 5 rows for 2026-01-05 00:00 – 2026-01-06 00:00 UTC are bad, more than 5%, so nothing was written "
        r"\(movies-1: text is empty; movies-2: source is none of .*; movies-3: text is missing\). .*max_bad_share"
    )
    with pytest.raises(DataError, match=expected):
        curate(Context(settings, sentiment), DAY)
    assert (versions(settings), table(settings, "curated")) == (before, rows)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"min_rows": 4}, r"has 3 good rows, fewer than 4, so nothing was written\. .*curation\.min_rows in config/"),
        ({"max_rows": 2}, r"has 3 good rows, more than 2, so nothing was written\. .*curation\.max_rows in config/"),
        ({"max_age_hours": 6}, r"has no row after 2026-01-05 17:00 UTC, more than 6 hours before its end, so nothing"),
    ],
    ids=["few", "many", "old"],
)
def test_a_day_that_breaks_a_limit_is_stopped_and_the_last_good_version_stays(settings, sentiment, limits, message):
    curation = sentiment.curation.model_copy(update=limits)
    fill(settings, [good(1), good(2), good(3, event_time=NOON + timedelta(hours=5))])
    curate(Context(settings, sentiment), DAY)
    before, rows = versions(settings), table(settings, "curated")
    with pytest.raises(DataError, match=message):
        curate(Context(settings, sentiment.model_copy(update={"curation": curation})), DAY)
    assert (versions(settings), table(settings, "curated")) == (before, rows)
    just_enough = curation.model_copy(update={"min_rows": 3, "max_rows": 3, "max_age_hours": 7})
    assert curate(Context(settings, sentiment.model_copy(update={"curation": just_enough})), DAY).rows == 3


def test_each_day_of_a_span_must_have_its_rows(settings, sentiment):
    demanding = sentiment.model_copy(update={"curation": sentiment.curation.model_copy(update={"min_rows": 1})})
    fill(settings, [good(1), good(2, event_time=NOON + timedelta(days=2))])
    with pytest.raises(DataError, match=r"^2026-01-06 00:00 – 2026-01-07 00:00 UTC has 0 good rows, fewer than 1"):
        curate(Context(settings, demanding), Interval(DAY.start, DAY.end + timedelta(days=2)))


def test_too_many_bad_labels_stop_the_day_too(settings, sentiment):
    fill(settings, [good(0)], [{"id": "movies-0", "label": 7, "label_time": NOON}])
    with pytest.raises(DataError, match=r"1 of 1 labels .*\(movies-0: label is none of 0, 1, negative, positive\)"):
        curate(Context(settings, sentiment), DAY)
    assert versions(settings) == {"curated": None, "labels": None, "quarantine": None}


def test_a_day_with_rows_but_no_labels_yet_is_curated(settings, sentiment):
    fill(settings, [good(0)])
    assert curate(Context(settings, sentiment), DAY).labels == 0


def test_a_day_without_rows_says_how_to_bring_them(settings, sentiment):
    fill(settings, [good(0)])
    with pytest.raises(
        DataError, match=r"no rows of sentiment for 2026-01-09 .*generate_data.py .*--interval 2026-01-09"
    ):
        curate(Context(settings, sentiment), parse_interval("2026-01-09", "day"))
    with pytest.raises(DataError, match="--history"):
        curate(Context(settings, sentiment), sentiment.history)


def test_an_empty_warehouse_says_how_to_fill_it(settings, sentiment):
    with pytest.raises(
        ConfigError, match=r"sentiment.sql: .*sentiment_rows does not exist.*python tasks/generate_data.py"
    ):
        curate(Context(settings, sentiment), DAY)


def test_half_a_day_is_refused_because_it_would_replace_a_whole_one(settings, sentiment):
    with pytest.raises(ConfigError, match="does not begin and end with a full day"):
        curate(Context(settings, sentiment), Interval(NOON, NOON + timedelta(days=1)))


@pytest.fixture
def own_query(settings, tmp_path) -> tuple[Settings, Path]:
    """Settings whose config folder holds the test's own queries."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "sentiment_labels.sql").write_text((ROOT / "config" / "sentiment_labels.sql").read_text())
    return settings.model_copy(update={"config_dir": folder}), folder / "sentiment.sql"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELEC id", r"The warehouse rejects .*sentiment.sql: .*syntax error"),
        ("SELECT id, event_time, arrived_at, source FROM sentiment_rows", "does not give the column 'text'"),
        ("SELECT id, event_time, source, text FROM sentiment_rows", "does not give the column 'arrived_at'"),
        ("SELECT * FROM sentiment_rows", r"gives rows outside .*It must keep event_time >= \$1 and < \$2"),
    ],
    ids=["syntax", "no text", "no arrival", "no window"],
)
def test_a_query_that_cannot_be_used_is_named_with_the_cure(own_query, sentiment, query, message):
    settings, file = own_query
    fill(settings, [good(0), good(1, event_time=DAY.end, arrived_at=DAY.end), good(2, arrived_at=DAY.end)])
    file.write_text(query)
    with pytest.raises(ConfigError, match=message):
        curate(Context(settings, sentiment), DAY)
    assert versions(settings) == {"curated": None, "labels": None, "quarantine": None}


def test_without_a_query_the_rows_are_read_from_the_tables_of_the_use_case(own_query, sentiment):
    settings, file = own_query
    fill(settings, [good(2), good(0), good(3, event_time=DAY.end, arrived_at=DAY.end)])
    assert curate(Context(settings, sentiment), DAY).rows == 2
    assert [row["id"] for row in table(settings, "curated")] == ["movies-0", "movies-2"]
    assert not file.exists()


def test_a_new_column_in_the_config_is_told_what_to_do_with_the_old_table(own_query, sentiment):
    settings, file = own_query
    fill(settings, [good(1)])
    file.write_text((ROOT / "config" / "sentiment.sql").read_text())
    curate(Context(settings, sentiment), DAY)
    before = versions(settings)
    file.write_text(file.read_text().replace("text\n", "text, length(text) AS size\n"))
    columns = {**sentiment.curation.columns, "size": Column(kind="number")}
    wider = sentiment.model_copy(update={"curation": sentiment.curation.model_copy(update={"columns": columns})})
    with pytest.raises(ConfigError, match=r"/sentiment has other columns .* give the use case a new name"):
        curate(Context(settings, wider), DAY)
    assert versions(settings)["curated"] == before["curated"]


def test_an_hourly_use_case_has_a_partition_for_each_hour(settings, sentiment):
    hourly = sentiment.model_copy(update={"unit": unit_of("hour")})
    fill(settings, [good(1), good(2, event_time=NOON + timedelta(hours=1), arrived_at=NOON + timedelta(hours=1))])
    curate(Context(settings, hourly), Interval(NOON, NOON + timedelta(hours=2)))
    curate(Context(settings, hourly), parse_interval("2026-01-05T13", "hour"))
    assert [row["interval"] for row in table(settings, "curated")] == ["2026-01-05T12", "2026-01-05T13"]
