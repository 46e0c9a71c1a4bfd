"""Tables that someone else fills: in the warehouse and in another Postgres. They are read, and never written."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from any_table import ROWS, START, bring, config, context, rows_of, table, write_csv
from deltalake import write_deltalake
from pydantic import SecretStr

from sluss.curation.curate import curate
from sluss.errors import ConfigError, DataError, QuietError, ServiceError
from sluss.interval import Interval, parse_interval
from sluss.scoring.score_interval import _rows
from sluss.sources.generate import GeneratedData, generate
from sluss.training.rows import training_rows

ALWAYS = Interval(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
LAYOUT = "(id TEXT, event_time TIMESTAMPTZ, arrived_at TIMESTAMPTZ, source TEXT, text TEXT)"
THEIRS = {"kind": "table", "path": None, "table": "theirs"}
FILL = """INSERT INTO theirs SELECT 'r' || i, TIMESTAMPTZ '2026-01-01 00:00:00+00' + i * INTERVAL '1 hour', i, i % 2
FROM generate_series(0, 199) AS r(i)"""


def new_database(url: str) -> SecretStr:
    from adbc_driver_postgresql import dbapi

    name = f"test_{uuid.uuid4().hex}"
    with dbapi.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    return SecretStr(url.rsplit("/", 1)[0] + "/" + name)


@pytest.fixture(params=["duckdb", "postgres"])
def places(request):
    """Settings of either warehouse, empty."""
    return {"warehouse_url": new_database(request.getfixturevalue("postgres"))} if request.param == "postgres" else {}


def run(where, *statements: str) -> None:
    with where.warehouse() as warehouse:
        for statement in statements:
            warehouse.execute(statement)


def content(where, name: str, order: str = "1") -> list[dict]:
    with where.warehouse() as warehouse:
        found = warehouse.select(f'SELECT * FROM "{name}" ORDER BY {order}', name)  # noqa: S608 - ours
        return [row for batch in found for row in batch.to_pylist()]


# 1, 2: a table of the name and layout that Sluss would write


@pytest.mark.parametrize("layout", [LAYOUT, "(id TEXT, price REAL)"])
def test_a_table_that_bears_our_name_is_never_touched(tmp_path, places, layout):
    write_csv(tmp_path / "mine.csv", table())
    where = context(tmp_path, config({}), **places)
    run(where, f"CREATE TABLE mine_rows {layout}", "INSERT INTO mine_rows (id) VALUES ('theirs')")
    before = content(where, "mine_rows")
    with pytest.raises(ConfigError, match=r"has a table mine_rows that Sluss did not write, so it stays as it is"):
        generate(where, where.use_case.history)
    assert content(where, "mine_rows") == before
    with where.warehouse() as warehouse:
        assert not warehouse.exists("mine_labels")


def test_a_table_that_bears_our_name_is_read_as_a_source(tmp_path, places):
    where = context(tmp_path, config({"kind": "table", "path": None, "table": "mine_rows"}), **places)
    run(where, "CREATE TABLE mine_rows (id TEXT, t TIMESTAMPTZ, x REAL, y INT)", FILL.replace("theirs", "mine_rows"))
    before = content(where, "mine_rows")
    done = bring(where)
    assert (done.rows, done.labels) == (ROWS, ROWS)
    assert content(where, "mine_rows") == before


def test_labels_that_bear_our_name_leave_no_rows_behind(tmp_path, places):
    write_csv(tmp_path / "mine.csv", table())
    where = context(tmp_path, config({}), **places)
    run(where, "CREATE TABLE mine_labels (id TEXT)")
    with pytest.raises(ConfigError, match="has a table mine_labels that Sluss did not write"):
        generate(where, where.use_case.history)
    with where.warehouse() as warehouse:
        assert not warehouse.exists("mine_rows")


# a table in the warehouse, which grows


def test_a_table_of_the_warehouse_is_read_in_place_as_it_grows(tmp_path, places):
    where = context(tmp_path, config(THEIRS), **places)
    run(where, "CREATE TABLE theirs (id TEXT, t TIMESTAMPTZ, x REAL, y INT)", FILL)
    assert generate(where, where.use_case.history) == GeneratedData(0, 0, in_place=True)
    assert bring(where).rows == ROWS
    run(where, "INSERT INTO theirs VALUES ('late', '2026-01-10 05:00:00+00', 7, NULL)")
    done = curate(where, parse_interval("2026-01-10", where.use_case.unit))
    assert (done.rows, done.labels) == (1, 0)
    with where.warehouse() as warehouse:
        assert not warehouse.exists("mine_rows")


@pytest.mark.parametrize("kind", ["view", "query"])
def test_a_view_and_a_query_are_read_like_a_table(tmp_path, places, kind):
    chosen = {"table": "seen"} if kind == "view" else {"table": None, "query": "SELECT * FROM theirs WHERE x < 100;"}
    where = context(tmp_path, config(THEIRS | chosen), **places)
    run(
        where,
        "CREATE TABLE theirs (id TEXT, t TIMESTAMPTZ, x REAL, y INT)",
        FILL,
        "CREATE VIEW seen AS SELECT * FROM theirs WHERE x < 100",
    )
    assert bring(where).rows == 100


def test_a_table_that_there_is_not_is_one_sentence(tmp_path, places):
    with pytest.raises(ConfigError, match=r"rejects theirs: .*theirs"):
        bring(context(tmp_path, config(THEIRS), **places))


def test_times_of_a_table_without_a_zone_are_asked_for_it_and_then_kept(tmp_path, places):
    where = context(tmp_path, config(THEIRS), **places)
    run(where, "CREATE TABLE theirs (id TEXT, t TIMESTAMP, x REAL, y INT)", FILL.replace("TIMESTAMPTZ", "TIMESTAMP"))
    with pytest.raises(ConfigError, match="times of the column 't' have no time zone"):
        bring(where)
    where = context(tmp_path, config(THEIRS | {"time_zone": "America/New_York"}), **places)
    assert bring(where).rows == ROWS
    assert min(row["event_time"] for row in rows_of(where)) == START + timedelta(hours=5)


# another Postgres


@pytest.fixture
def elsewhere(postgres, monkeypatch):
    """The address of another database, with a table that grows."""
    from adbc_driver_postgresql import dbapi

    url = new_database(postgres).get_secret_value()
    with dbapi.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA shop")
        cursor.execute('CREATE TABLE shop."Orders" (id TEXT, t TIMESTAMPTZ, x REAL, y INT)')
        cursor.execute(FILL.replace("theirs", 'shop."Orders"'))
    monkeypatch.setenv("SHOP_URL", url)
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", url.replace("postgresql://", "postgres://"))
    return url


@pytest.mark.parametrize("address", [{"url_variable": "SHOP_URL"}, {"airflow_connection": "shop"}])
def test_another_postgres_is_brought_by_arrival(tmp_path, elsewhere, address):
    from adbc_driver_postgresql import dbapi

    where = context(tmp_path, config(THEIRS | {"table": "shop.Orders"} | address))
    assert generate(where, where.use_case.history) == GeneratedData(ROWS, ROWS)
    assert curate(where, where.use_case.history).rows == ROWS
    with dbapi.connect(elsewhere, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("""INSERT INTO shop."Orders" VALUES ('new', '2026-01-10 05:00:00+00', 7, 1)""")
    day = parse_interval("2026-01-10", where.use_case.unit)
    assert generate(where, day) == GeneratedData(1, 1)
    assert curate(where, day).rows == 1


def test_another_postgres_cannot_be_written(tmp_path, elsewhere):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(elsewhere, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE FUNCTION shop.harm() RETURNS INT LANGUAGE sql AS "
                       "$$ DELETE FROM shop.\"Orders\"; SELECT 1 $$")  # fmt: skip
    query = 'SELECT *, shop.harm() FROM shop."Orders"'
    where = context(tmp_path, config(THEIRS | {"table": None, "query": query, "url_variable": "SHOP_URL"}))
    with pytest.raises(ConfigError, match="read-only transaction"):
        generate(where, where.use_case.history)


def test_an_address_that_is_missing_or_wrong_is_one_sentence_without_the_password(tmp_path, monkeypatch):
    where = context(tmp_path, config(THEIRS | {"url_variable": "SHOP_URL"}))
    with pytest.raises(ConfigError, match="variable SHOP_URL with the address of the database is not set"):
        generate(where, where.use_case.history)
    monkeypatch.setenv("SHOP_URL", "mysql://me:secret@here/shop")
    with pytest.raises(ConfigError, match="SHOP_URL is not an address of Postgres") as refused:
        generate(where, where.use_case.history)
    assert "secret" not in str(refused.value)
    monkeypatch.setenv("SHOP_URL", "postgresql://me:secret@127.0.0.1:1/shop")
    with pytest.raises(ServiceError, match=r"The database at 127\.0\.0\.1:1/shop cannot be reached") as refused:
        generate(where, where.use_case.history)
    assert "secret" not in str(refused.value)
    assert not (where.settings.home / "warehouse.duckdb").exists()


# Delta, and a replay of other sources


def frame() -> pa.Table:
    times = pa.array([START + timedelta(hours=n) for n in range(ROWS)], pa.timestamp("us", "UTC"))
    return pa.table(table(t=times))


def test_a_delta_table_is_read_as_it_grows(tmp_path):
    write_deltalake(str(tmp_path / "theirs"), frame())
    where = context(tmp_path, config({"kind": "delta", "path": "theirs"}))
    assert bring(where).rows == ROWS
    extra = (
        frame()
        .slice(0, 1)
        .set_column(1, "t", pa.array([datetime(2026, 1, 10, 5, tzinfo=UTC)], pa.timestamp("us", "UTC")))
    )
    write_deltalake(str(tmp_path / "theirs"), extra, mode="append")
    assert generate(where, parse_interval("2026-01-10", where.use_case.unit)) == GeneratedData(1, 1)


def test_a_delta_table_that_there_is_not_is_one_sentence(tmp_path):
    where = context(tmp_path, config({"kind": "delta", "path": "theirs"}))
    with pytest.raises(DataError, match="There is no Delta table at"):
        generate(where, where.use_case.history)


def test_a_replay_plays_a_file_as_if_it_arrived_now(tmp_path):
    write_csv(tmp_path / "mine.csv", table())
    inner = {"kind": "file", "path": "mine.csv", "id": "id", "time": "t", "label": "y", "start": "2026-01-01"}
    changed = config({})
    changed["source"] = {"kind": "replay", "of": inner, "start": "2030-05-01"}
    changed["live_start"] = "2030-05-10"
    where = context(tmp_path, changed)
    assert bring(where).rows == ROWS
    found = {row["id"]: row["event_time"] for row in rows_of(where)}
    assert found["r3"] == datetime(2030, 5, 1, 3, tzinfo=UTC)
    assert len(rows_of(where, "labels")) == ROWS


# 10, 12, 13, 33: columns as people have them

NAMES = [
    "price (€)",
    "Größe cm",
    "a__b",
    "Total",
    "select",
    "a.b",
    'say "hi"',
    "it's",
    "Order",
    "x;y",
    "Seniority",
    "1st",
]


def test_columns_of_any_name_are_curated(tmp_path, places):
    columns = {name: [float(n + place) for n in range(ROWS)] for place, name in enumerate(NAMES)}
    write_csv(tmp_path / "mine.csv", table(**columns))
    where = context(tmp_path, config({}, {name: {"kind": "number"} for name in NAMES}), **places)
    assert bring(where).rows == ROWS
    row = next(row for row in rows_of(where) if row["id"] == "r10")
    assert [row[name] for name in NAMES] == [10.0 + place for place in range(len(NAMES))]


def test_upper_case_is_found_whatever_the_database_makes_of_it(tmp_path, places):
    where = context(tmp_path, config(THEIRS, {"X": {"kind": "number"}}), **places)
    run(where, "CREATE TABLE theirs (id TEXT, t TIMESTAMPTZ, X REAL, y INT)", FILL)
    assert bring(where).rows == ROWS
    assert rows_of(where)[0]["X"] == 0.0
    where = context(tmp_path / "own", config(THEIRS, {"X": {"kind": "number"}}), **places)
    run(where, "CREATE TABLE IF NOT EXISTS theirs (id TEXT, t TIMESTAMPTZ, X REAL, y INT)", "DELETE FROM theirs", FILL)
    (where.settings.config_dir / "mine.sql").write_text(
        "SELECT id, t AS event_time, t AS arrived_at, X FROM theirs WHERE t >= $1 AND t < $2"
    )
    assert bring(where).rows == ROWS


def test_types_of_a_database_are_read_as_what_they_are(tmp_path, places):
    columns = {
        "yes": {"kind": "category"}, "truth": {"kind": "number"}, "amount": {"kind": "number"},
        "exact": {"kind": "text"},
        "day": {"kind": "time"}, "hour": {"kind": "text"}, "long": {"kind": "category"}, "key": {"kind": "text"},
        "mood": {"kind": "category"}, "span": {"kind": "text"},
    }  # fmt: skip
    where = context(tmp_path, config(THEIRS | {"label": None, "time_zone": "UTC"}, columns), **places)
    run(
        where,
        "CREATE TYPE feeling AS ENUM ('sad', 'ok')",
        "CREATE TABLE theirs (id BIGINT, t TIMESTAMPTZ, yes BOOLEAN, truth BOOLEAN, amount DECIMAL(12, 2), "
        "exact DECIMAL(30, 10), day DATE, hour TIME, long BIGINT, key UUID, mood feeling, span INTERVAL)",
        "INSERT INTO theirs VALUES (9007199254740993, '2026-01-02 00:00:00+00', true, false, 12.34, "
        "12345678901234567890.0123456789, '2026-01-05', '12:30:00', 9007199254740993, "
        "'00000000-0000-0000-0000-00000000000a', 'ok', INTERVAL '3 days')",
    )
    assert bring(where).rows == 1
    (row,) = rows_of(where)
    assert row["id"] == row["long"] == "9007199254740993"
    assert (row["yes"], row["truth"], row["amount"], row["mood"]) == ("true", 0.0, 12.34, "ok")
    assert row["exact"] == "12345678901234567890.0123456789"
    assert row["day"] == datetime(2026, 1, 5, tzinfo=UTC)
    assert row["hour"].startswith("12:30:00")
    assert row["key"] == "00000000-0000-0000-0000-00000000000a"
    assert "3" in row["span"]


def test_lists_are_left_out_or_refused_in_a_sentence(tmp_path, places):
    rows = "CREATE TABLE theirs (id TEXT, t TIMESTAMPTZ, x REAL, y INT, many INT[])"
    where = context(tmp_path, config(THEIRS), **places)
    run(where, rows, "INSERT INTO theirs SELECT id, t, x, y, NULL FROM (SELECT 'a' AS id, TIMESTAMPTZ "
        "'2026-01-02 00:00:00+00' AS t, 1.0 AS x, 1 AS y) AS one")  # fmt: skip
    assert bring(where).rows == 1
    where = context(tmp_path, config(THEIRS, {"many": {"kind": "text"}}), **places)
    with pytest.raises(ConfigError, match=r"The column 'many' holds .*, which is not one value"):
        bring(where)


# 38: an interval with labels and no rows


def test_labels_of_a_day_without_rows_are_written(tmp_path):
    write_csv(tmp_path / "mine.csv", table(known=["2026-01-11T12:00Z"] * ROWS))
    where = context(tmp_path, config({"label_time": "known"}))
    bring(where)
    day = parse_interval("2026-01-11", where.use_case.unit)
    generate(where, day)
    done = curate(where, day)
    assert (done.rows, done.labels) == (0, ROWS)


def test_a_quiet_day_is_refused_unless_the_config_allows_it(tmp_path):
    write_csv(tmp_path / "mine.csv", table())
    quiet = config({})
    where = context(tmp_path, quiet)
    bring(where)
    day = parse_interval("2026-01-20", where.use_case.unit)
    generate(where, day)
    with pytest.raises(DataError, match=r"has no rows of mine for 2026-01-20"):
        curate(where, day)
    quiet["curation"]["min_rows"] = 0
    where = context(tmp_path, quiet)
    done = curate(where, day)
    assert (done.rows, done.labels) == (0, 0)
    with pytest.raises(QuietError, match=r"has no rows, which curation\.min_rows: 0 allows"):
        _rows(where.lake, where.use_case, day)


def test_a_failed_column_leaves_nothing_written(tmp_path):
    write_csv(tmp_path / "mine.csv", table())
    where = context(tmp_path, config({}, {"x": {"kind": "time"}}))
    with pytest.raises(ConfigError, match="The times of the column 'x' are written as"):
        bring(where)
    assert not (where.settings.home / "lake").exists()
    assert not (where.settings.home / "warehouse.duckdb").exists()


def test_a_label_that_came_days_before_its_row_is_not_learned_from(tmp_path):
    times = [START + timedelta(hours=number) for number in range(ROWS)]
    known = [(START if number == 150 else moment).isoformat() for number, moment in enumerate(times)]
    write_csv(tmp_path / "mine.csv", table(known=known))
    where = context(tmp_path, config({"label_time": "known"}))
    for day in range(1, 10):
        interval = parse_interval(f"2026-01-0{day}", where.use_case.unit)
        generate(where, interval)
        curate(where, interval)
    assert len(rows_of(where, "labels")) == ROWS
    rows = training_rows(where.lake, where.use_case, where.use_case.history.end)
    assert "r150" not in {*rows.train.id, *rows.holdout.id}
    assert len(rows.train) + len(rows.holdout) == ROWS - 1


@pytest.mark.parametrize("time", ["t", None])
def test_rows_of_one_time_are_told_how_to_be_split_by_their_ids(tmp_path, time):
    write_csv(tmp_path / "mine.csv", table(t=["2026-01-05T00:00Z"] * ROWS))
    where = context(tmp_path, config({"time": time, "exclude": ["t"]}))
    bring(where)
    until = where.use_case.history.end
    if time:
        with pytest.raises(
            DataError, match=r"bear one time, 2026-01-05 00:00, .* or leave it out, and a hash of their"
        ):
            training_rows(where.lake, where.use_case, until)
        return
    rows = training_rows(where.lake, where.use_case, until)
    assert (len(rows.train) + len(rows.holdout), 20 < len(rows.holdout) < 60) == (ROWS, True)
    again = training_rows(where.lake, where.use_case, until)
    assert list(again.holdout.id) == list(rows.holdout.id)


# a table without a time


NO_TIME = {"time": None, "start": "2026-01-01"}
CREATE_TIMELESS = "CREATE TABLE theirs (id TEXT, x REAL, y INT)"
FILL_TIMELESS = "INSERT INTO theirs SELECT 'r' || i, i, i % 2 FROM generate_series(0, 199) AS r(i)"


def timeless(source: dict) -> dict:
    """A use case of a table without a time, of which a day may bring no new row."""
    content = config(source | NO_TIME)
    content["curation"]["min_rows"] = 0
    return content


def load(where, day: str) -> tuple[GeneratedData, int, int]:
    interval = parse_interval(day, where.use_case.unit)
    brought, done = generate(where, interval), curate(where, interval)
    return brought, done.rows, done.labels


def test_each_load_of_a_table_without_a_time_brings_the_rows_that_are_new(tmp_path, places):
    where = context(tmp_path, timeless(THEIRS), **places)
    run(where, CREATE_TIMELESS, FILL_TIMELESS)
    assert load(where, "2026-01-09") == (GeneratedData(200, 200), 200, 200)
    run(
        where, "INSERT INTO theirs VALUES ('new', 7, NULL), ('other', 8, 1)", "UPDATE theirs SET x = -1 WHERE id = 'r5'"
    )
    assert load(where, "2026-01-10") == (GeneratedData(2, 1), 2, 1)
    assert load(where, "2026-01-11") == (GeneratedData(0, 0), 0, 0)
    known = {row["id"]: row for row in rows_of(where)}
    assert len(known) == 202
    assert known["r5"]["x"] == 5
    # Loaded again, an interval has the same rows.
    assert load(where, "2026-01-10") == (GeneratedData(2, 1), 2, 1)
    assert load(where, "2026-01-09")[1:] == (200, 200)
    assert (
        len(training_rows(where.lake, where.use_case, parse_interval("2026-01-11", where.use_case.unit).end).train)
        > 100
    )


def test_a_label_that_comes_later_or_changes_is_brought_when_it_is_found(tmp_path, places):
    where = context(tmp_path, timeless(THEIRS), **places)
    run(where, CREATE_TIMELESS, FILL_TIMELESS, "UPDATE theirs SET y = NULL WHERE x < 3")
    assert load(where, "2026-01-09") == (GeneratedData(200, 197), 200, 197)
    run(where, "UPDATE theirs SET y = 1 WHERE id = 'r0'", "UPDATE theirs SET y = 0 WHERE id = 'r3'")
    assert load(where, "2026-01-10") == (GeneratedData(0, 2), 0, 2)
    assert load(where, "2026-01-11") == (GeneratedData(0, 0), 0, 0)
    found = training_rows(where.lake, where.use_case, parse_interval("2026-01-11", where.use_case.unit).end)
    labels = {row.id: row.label for part in (found.train, found.holdout) for row in part.itertuples()}
    assert (labels["r0"], labels["r3"], len(labels)) == (1, 0, 198)


def test_a_delta_table_without_a_time_grows_too(tmp_path):
    where = context(tmp_path, timeless({"kind": "delta", "path": "delta"}))
    rows = {name: values for name, values in table().items() if name != "t"}
    write_deltalake(str(tmp_path / "delta"), pa.table(rows))
    assert load(where, "2026-01-09")[1:] == (ROWS, ROWS)
    more = pa.table({"id": ["new"], "x": [1.0], "y": [1]})
    write_deltalake(str(tmp_path / "delta"), more, mode="append")
    assert load(where, "2026-01-10") == (GeneratedData(1, 1), 1, 1)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"label_delay": "3 hours"}, "label_delay counts from time"),
        ({"label_time": "x"}, "source.label_time but no source.time"),
    ],
)
def test_times_of_labels_need_the_time_of_their_rows(tmp_path, keys, sentence):
    with pytest.raises(ConfigError, match=sentence):
        generate(context(tmp_path, config(THEIRS | NO_TIME | keys)), ALWAYS)
