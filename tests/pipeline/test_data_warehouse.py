"""New data reach the warehouse: DuckDB and a real Postgres alike."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.curation.curate import curate
from sluss.errors import ConfigError, DataError, ServiceError
from sluss.interval import Interval, parse_interval
from sluss.sources.generate import generate
from sluss.storage.lake import Lake
from sluss.storage.warehouse import open_warehouse

DAY = parse_interval("2026-01-06", "day")
ALWAYS = Interval(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture(params=["duckdb", "postgres"])
def anywhere(request, settings) -> Settings:
    """Settings with each kind of warehouse, empty."""
    if request.param == "duckdb":
        return settings
    return settings.model_copy(update={"warehouse_url": _new_database(request.getfixturevalue("postgres"))})


def _new_database(url: str):
    from adbc_driver_postgresql import dbapi
    from pydantic import SecretStr

    name = f"test_{uuid.uuid4().hex}"
    with dbapi.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    return SecretStr(url.rsplit("/", 1)[0] + "/" + name)


def content(settings: Settings, tmp_path, table: str = "sentiment_rows", order: str = "id") -> list[dict]:
    query = tmp_path / f"{table}.sql"
    query.write_text(f"SELECT * FROM {table} ORDER BY {order}")  # noqa: S608 - names of ours
    with open_warehouse(settings) as warehouse:
        return [row for batch in warehouse.read(query, ALWAYS) for row in batch.to_pylist()]


def test_a_day_brings_its_rows_and_the_labels_that_become_known_in_it(anywhere, sentiment, tmp_path):
    brought = generate(Context(anywhere, sentiment), DAY)
    rows, labels = content(anywhere, tmp_path), content(anywhere, tmp_path, "sentiment_labels")
    assert (len(rows), len(labels)) == (brought.rows, brought.labels) == (450, brought.labels)
    assert all(DAY.start <= row["event_time"] < DAY.end for row in rows)
    assert all(DAY.start <= label["label_time"] < DAY.end for label in labels)
    assert {row["source"] for row in rows} == {"amazon"}
    assert labels
    assert not {row["id"] for row in rows} & {label["id"] for label in labels}


def test_bringing_a_day_twice_changes_nothing(anywhere, sentiment, tmp_path):
    generate(Context(anywhere, sentiment), parse_interval("2026-01-05", "day"))
    generate(Context(anywhere, sentiment), DAY)
    before = [content(anywhere, tmp_path, table) for table in ("sentiment_rows", "sentiment_labels")]
    generate(Context(anywhere, sentiment), DAY)
    assert before == [content(anywhere, tmp_path, table) for table in ("sentiment_rows", "sentiment_labels")]


def test_the_history_in_one_go_is_the_same_as_day_by_day(settings, sentiment, tmp_path):
    days = Interval(datetime(2025, 12, 2, tzinfo=UTC), datetime(2025, 12, 6, tzinfo=UTC))
    one = settings.model_copy(update={"home": tmp_path / "one"})
    generate(Context(one, sentiment), days)
    for day in range(2, 6):
        generate(Context(settings, sentiment), parse_interval(f"2025-12-{day:02}", "day"))
    for table in ("sentiment_rows", "sentiment_labels"):
        assert content(one, tmp_path, table) == content(settings, tmp_path, table)


def test_the_whole_history_fits(anywhere, sentiment):
    brought = generate(Context(anywhere, sentiment), sentiment.history)
    phase = sentiment.source.phases[0]
    assert brought.rows == phase.days * phase.rows_per_day
    assert curate(Context(anywhere, sentiment), sentiment.history).rows == brought.rows


def test_both_warehouses_give_the_lake_the_same_rows(settings, sentiment, postgres, tmp_path):
    other = settings.model_copy(update={"warehouse_url": _new_database(postgres), "lake_url": str(tmp_path / "other")})
    tables = []
    for where in (settings, other):
        generate(Context(where, sentiment), DAY)
        curate(Context(where, sentiment), DAY)
        tables += [[Lake(where, "sentiment").dataset(name).to_table() for name in ("curated", "labels")]]
    assert tables[0] == tables[1]


def test_a_failure_half_way_leaves_the_day_as_it_was(anywhere, sentiment, tmp_path):
    generate(Context(anywhere, sentiment), DAY)
    before = content(anywhere, tmp_path)
    wrong = pa.table({"id": ["a"], "no_such_column": ["b"]})
    with pytest.raises(ServiceError), open_warehouse(anywhere) as warehouse:
        warehouse.replace("sentiment_rows", wrong, "event_time", DAY)
    assert content(anywhere, tmp_path) == before


def test_types_of_the_database_s_own_are_read_as_declared(settings, postgres, tmp_path):
    where = settings.model_copy(update={"warehouse_url": _new_database(postgres)})
    with open_warehouse(where) as warehouse:
        warehouse.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
        warehouse.execute("CREATE DOMAIN sentence AS TEXT")
        warehouse.execute("CREATE TABLE moods (now mood, before mood[], said sentence)")
        warehouse.execute("INSERT INTO moods VALUES ('ok', '{sad,ok}', 'well')")
    row = {"now": "ok", "before": ["sad", "ok"], "said": "well"}
    assert content(where, tmp_path, "moods", "now") == [row]


def test_two_writers_of_the_same_day_do_not_double_it(settings, sentiment, postgres, tmp_path):
    where = settings.model_copy(update={"warehouse_url": _new_database(postgres)})
    writers = [threading.Thread(target=generate, args=(Context(where, sentiment), DAY)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(content(where, tmp_path)) == 450


def test_a_day_after_the_data_says_which_days_have_rows(settings, sentiment):
    with pytest.raises(DataError, match="within 2025-12-02 00:00 – 2026-01-24 00:00 UTC"):
        generate(Context(settings, sentiment), parse_interval("2026-01-24", "day"))
    assert not (settings.home / "warehouse.duckdb").exists()


def test_the_command_for_a_day_without_rows_ends_with_one_sentence(settings):
    done = command(settings, "generate_data", "--interval", "2027-01-01")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("The use case sentiment has no rows for 2027-01-01 00:00")
    assert len(done.stderr.splitlines()) == 1


def test_the_commands_bring_and_curate_a_day(settings):
    done = [command(settings, step, "--interval", "2026-01-06") for step in ("generate_data", "curate_data")]
    assert [(step.returncode, step.stderr) for step in done] == [(0, ""), (0, "")]
    assert "450 rows" in done[0].stdout
    assert "450 good rows (curated, version 0)" in done[1].stdout


def command(settings: Settings, step: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SLUSS_HOME": str(settings.home), "SLUSS_DATA": str(settings.data)}
    line = [sys.executable, ROOT / "tasks" / f"{step}.py", *arguments]
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)


def test_a_postgres_that_is_down_is_named_without_its_password(tmp_path):
    settings = Settings(home=tmp_path, warehouse_url="postgresql://sluss:s3cret@127.0.0.1:9/warehouse")
    with pytest.raises(ServiceError, match=r"The warehouse at 127.0.0.1:9/warehouse cannot be reached") as caught:
        open_warehouse(settings).__enter__()
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_refused_login_is_told_without_its_password(postgres, tmp_path):
    settings = Settings(home=tmp_path, warehouse_url=postgres.replace("right-password", "wr0ng-one"))
    with pytest.raises(ServiceError, match="password authentication failed") as caught:
        open_warehouse(settings).__enter__()
    assert "wr0ng-one" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["sluss:se@cret@127.0.0.1:9/w", "sluss:se/cret@127.0.0.1:9/w", "sluss:123/cret@127.0.0.1:9/w", "sluss:cret@h:y/w"],
)
def test_a_malformed_address_does_not_give_the_password_away(address, tmp_path):
    with pytest.raises(ConfigError, match="percent-encoded") as caught:
        open_warehouse(Settings(home=tmp_path, warehouse_url=f"postgresql://{address}")).__enter__()
    assert "cret" not in str(caught.value)


def test_an_address_of_another_kind_is_told_the_two_that_work(tmp_path):
    with pytest.raises(ConfigError, match="duckdb:///path or postgresql://"):
        open_warehouse(Settings(home=tmp_path, warehouse_url="mysql://sluss:s3cret@h/w")).__enter__()


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT pg_terminate_backend(pg_backend_pid())", "terminating connection"),
        ("SELECT 1 / (50000 - i) FROM generate_series(1, 100000) i", "division by zero"),
    ],
    ids=["connection lost", "error in the middle"],
)
def test_a_warehouse_that_breaks_off_is_told_with_its_reason(postgres, tmp_path, query, reason):
    file = tmp_path / "query.sql"
    file.write_text(query)
    settings = Settings(home=tmp_path, warehouse_url=postgres)
    with pytest.raises(ServiceError, match=rf"failed at {file}: .*{reason}"), open_warehouse(settings) as warehouse:
        list(warehouse.read(file, DAY))


def test_a_warehouse_that_another_process_has_open_is_named(settings):
    with open_warehouse(settings):
        done = command(settings, "generate_data", "--interval", "2026-01-06")
    assert done.returncode == 2
    assert done.stderr.startswith("Another process has the warehouse")
    assert len(done.stderr.splitlines()) == 1


def test_a_warehouse_that_is_not_a_database_is_named(settings):
    settings.home.mkdir(exist_ok=True)
    (settings.home / "warehouse.duckdb").write_text("not a database at all " * 1000)
    with pytest.raises(ServiceError, match=r"warehouse\.duckdb is damaged: .*make data USE_CASE=…"):
        open_warehouse(settings).__enter__()


def test_the_file_is_free_for_others_once_a_step_is_done(settings, sentiment):
    generate(Context(settings, sentiment), DAY)
    assert command(settings, "curate_data", "--interval", "2026-01-06").returncode == 0


@pytest.mark.parametrize(("usable_gb", "limit"), [(1, "488.2 MiB"), (6, "1.4 GiB"), (64, "1.9 GiB")])
def test_a_query_of_its_own_gets_a_quarter_of_the_memory_within_limits(
    settings, tmp_path, monkeypatch, usable_gb, limit
):
    monkeypatch.setattr("sluss.storage.connections.usable_memory", lambda: usable_gb * 1024**3)
    query = tmp_path / "limit.sql"
    query.write_text("SELECT current_setting('memory_limit') AS found")
    with open_warehouse(settings) as warehouse:
        [row] = [row for batch in warehouse.read(query, ALWAYS) for row in batch.to_pylist()]
    assert row == {"found": limit}
