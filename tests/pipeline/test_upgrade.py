"""Homes of older commits and of newer releases: migrated, or refused in a sentence."""

from __future__ import annotations

import json
import shutil
import threading
from types import SimpleNamespace

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from s3_stand_in import serving

from sluss.config.settings import Settings
from sluss.context import Context
from sluss.errors import ConfigError, ModelError
from sluss.interval import parse_interval
from sluss.monitoring.tables import read_alerts
from sluss.registry import versions
from sluss.registry.names import SCHEMA_TAG
from sluss.schema import DESCRIPTION, SCHEMA
from sluss.storage.lake import Lake
from sluss.training.recorded_training import recorded_config
from tasks import batch_predict, monitor_model, train_model

# Columns that the tables of 24 November 2026 lacked; no table had properties or a description.
LATER = {"curated": "superseded_at", "monitoring": "alerts"}


def as_of_an_older_commit(lake, name):
    """Write the table anew as older code did: without the later column, and without properties."""
    uri = lake.uri(name)
    rows = DeltaTable(uri).to_pyarrow_table().drop_columns([LATER[name]])
    shutil.rmtree(uri)
    for interval in sorted(set(rows["interval"].to_pylist())):
        part = rows.filter(pa.compute.equal(rows["interval"], interval))
        write_deltalake(uri, part, mode="append", partition_by=["interval"])


@pytest.fixture(scope="session")
def monitored_home(first_days, sentiment, tmp_path_factory):
    """The first days, scored and monitored."""
    home = tmp_path_factory.mktemp("older") / "home"
    shutil.copytree(first_days.home, home)
    settings = Settings(home=home, data=first_days.data)
    for day in ("2026-01-01", "2026-01-02"):
        context, interval = Context(settings, sentiment), parse_interval(day, sentiment.unit)
        batch_predict.run(context, interval)
        monitor_model.run(context, interval)
    return settings


@pytest.fixture
def older(monitored_home, sentiment, tmp_path):
    """Its tables as an older commit wrote them."""
    shutil.copytree(monitored_home.home, tmp_path / "home")
    settings = Settings(home=tmp_path / "home", data=monitored_home.data)
    for name in LATER:
        as_of_an_older_commit(Lake(settings, sentiment.name), name)
    return settings


@pytest.mark.parametrize("name", LATER)
def test_a_table_of_an_older_commit_is_migrated_once(older, sentiment, monitored_home, name):
    written = DeltaTable(Lake(older, sentiment.name).uri(name))
    before = Lake(monitored_home, sentiment.name).table(name).to_pyarrow_table().sort_by("interval")
    migrated = Lake(older, sentiment.name).table(name)
    assert LATER[name] not in written.to_pyarrow_table().column_names
    assert migrated.metadata().description == DESCRIPTION
    assert migrated.metadata().partition_columns == ["interval"]
    again = Lake(older, sentiment.name).table(name)
    assert again.version() == migrated.version()
    found = migrated.to_pyarrow_table()
    assert found.num_rows == before.num_rows
    if name == "curated":
        keys = [("interval", "ascending"), ("id", "ascending"), ("arrived_at", "ascending")]
        assert found.select(before.column_names).sort_by(keys).equals(before.sort_by(keys))
    # What was written before can be read as it was.
    assert Lake(older, sentiment.name).table(name, written.version()).to_pyarrow_table().num_rows == before.num_rows


def test_steps_go_on_with_an_older_home(older, sentiment):
    day = parse_interval("2026-01-02", sentiment.unit)
    assert batch_predict.run(Context(older, sentiment), day).rows == 200
    monitor_model.run(Context(older, sentiment), day)
    assert read_alerts(Lake(older, sentiment.name), first="2026-01-01", last="2026-01-01") == []
    newest = max(map(int, versions.every(Context(older, sentiment))))
    trained = train_model.run(Context(older, sentiment), sentiment.history.end, force=True)
    assert int(trained.version) > newest  # a number that was used and deleted is left out


def test_processes_that_migrate_at_the_same_time_agree(older, sentiment):
    found: list[int] = []

    def migrate():
        found.append(Lake(older, sentiment.name).table("curated").to_pyarrow_table().num_rows)

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_table_that_cannot_be_written_from_here_names_the_way(older, sentiment):
    # A server that lets its files be read and nothing else, as the control room's key does.
    with serving(older.home) as address:
        key = {"s3_endpoint_url": address, "s3_access_key_id": "reader", "s3_secret_access_key": "secret"}
        reader = Settings(home=older.home, data=None, lake_url="s3://lake", **key)
        with pytest.raises(ConfigError, match=r"older Sluss and cannot be migrated from here.*make score"):
            Lake(reader, sentiment.name).table("monitoring")


def test_what_a_newer_sluss_wrote_is_refused(monitored_home, sentiment, tmp_path):
    shutil.copytree(monitored_home.home, tmp_path / "home")
    settings = Settings(home=tmp_path / "home", data=monitored_home.data)
    uri = Lake(settings, sentiment.name).uri("curated")
    DeltaTable(uri).alter.set_table_description("Written by Sluss, schema 99")
    with pytest.raises(ConfigError, match=r"curated was written by a newer Sluss.*schema 99.*Update Sluss"):
        batch_predict.run(Context(settings, sentiment), parse_interval("2026-01-02", sentiment.unit))


def test_a_version_of_a_newer_sluss_is_refused(copy_of_first_days, sentiment):
    context = Context(copy_of_first_days, sentiment)
    newest = versions.newest(context)
    assert newest.tags[SCHEMA_TAG] == str(SCHEMA)
    assert context.client.get_run(newest.run_id).data.tags[SCHEMA_TAG] == str(SCHEMA)
    context.client.set_model_version_tag(sentiment.model, newest.version, SCHEMA_TAG, "99")
    for find in (lambda: versions.newest(context), lambda: versions.by_version(context, str(newest.version))):
        with pytest.raises(ConfigError, match=f"version {newest.version} was written by a newer Sluss"):
            find()


def test_new_tables_carry_the_schema_version(monitored_home, sentiment):
    lake = Lake(monitored_home, sentiment.name)
    names = ("curated", "labels", "predictions", "monitoring", "ledger")
    assert {lake.table(name).metadata().description for name in names} == {DESCRIPTION}


def test_a_champion_with_older_keys_of_the_monitor_can_still_be_compared_with(sentiment, tmp_path):
    content = sentiment.model_dump(mode="json", by_alias=True)
    content["training"]["window_days"] += 1
    content["monitoring"] |= {"alpha": 0.05}  # of 25 November 2026
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    found = recorded_config(sentiment, SimpleNamespace(version="1"), path)
    assert found.training.window_days == sentiment.training.window_days + 1
    assert found.monitoring == sentiment.monitoring
    content["training"]["of_older_code"] = 1
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"cannot be read by this code \(1 error\)"):
        recorded_config(sentiment, SimpleNamespace(version="1"), path)
