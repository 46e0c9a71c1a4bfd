"""Places of backups that would lose them, databases that were damaged before a backup, and the disk that is named."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from sluss.backup.databases import Embedded
from sluss.backup.save import check_outside, save_embedded
from sluss.backup.store import open_store
from sluss.backup.verify import verify
from sluss.config.settings import ROOT, Settings
from sluss.disk import explained, room, written_to
from sluss.errors import ConfigError, DataError, ServiceError
from sluss.storage.warehouse import open_warehouse


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    """A home with both databases, of several pages each."""
    settings = Settings(home=tmp_path / "home", config_dir=tmp_path / "config", tracking_uri=None, warehouse_url=None)
    (tmp_path / "home").mkdir()
    with closing(sqlite3.connect(settings.home / "mlflow.db")) as hub:
        hub.execute("CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n LIMIT 20000) "
                    "SELECT i, hex(randomblob(40)) AS text FROM n")  # fmt: skip
        hub.execute("CREATE INDEX texts ON t (text)")
        hub.commit()
    with duckdb.connect(str(settings.home / "warehouse.duckdb")) as warehouse:
        warehouse.execute("CREATE TABLE rows AS SELECT i, md5(i::text) AS text FROM range(200000) AS r(i)")
    return settings


def damage(path: Path) -> None:
    """Change bytes in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(path.stat().st_size // 4))


def no_progress(_done: int, _of: int) -> None:
    """Show nothing."""


@pytest.mark.parametrize(
    ("file", "cure"), [("warehouse.duckdb", r"make data USE_CASE=…"), ("mlflow.db", "Restore it from an older backup")]
)
def test_a_damaged_database_is_not_backed_up(place: Settings, tmp_path: Path, file: str, cure: str) -> None:
    store = open_store(str(tmp_path / "backups"))
    save_embedded(place, store, "", no_progress)
    damage(place.home / file)
    with pytest.raises(ServiceError, match=f"{file} is damaged: .*{cure}.* No backup was made") as raised:
        save_embedded(place, store, "", no_progress)
    assert "role" not in str(raised.value)
    assert len(store.names()) == 1


@pytest.mark.parametrize("content", ["garbage", "", "{}"])
def test_a_damaged_log_of_a_table_ends_a_backup_in_its_sentence(place: Settings, tmp_path: Path, content: str) -> None:
    address = f"{place.lake}/mine/predictions"
    write_deltalake(address, pa.table({"id": ["a"]}))
    log = Path(address) / "_delta_log" / f"{0:020}.json"
    log.write_text(content)
    with pytest.raises(DataError, match=r"mine/predictions cannot be read: .*make score USE_CASE=mine") as raised:
        save_embedded(place, open_store(str(tmp_path / "backups")), "", no_progress)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("file", ["warehouse.duckdb", "mlflow.db"])
def test_a_database_that_was_backed_up_damaged_is_found(
    place: Settings, tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path / "backups"))

    def dump_as_it_is(_: Embedded, name: str, folder: Path) -> None:
        names = {"warehouse": ("warehouse.duckdb", "warehouse.duckdb"), "mlflow": ("mlflow.db", "mlflow.sqlite")}
        if name in names:
            (folder / names[name][1]).write_bytes((place.home / names[name][0]).read_bytes())

    monkeypatch.setattr(Embedded, "dump", dump_as_it_is)  # an older Sluss read no copy
    save_embedded(place, store, "", no_progress)
    assert verify(store, store.newest(), no_progress).faults == []
    damage(place.home / file)
    manifest = save_embedded(place, open_store(str(tmp_path / "others")), "", no_progress).manifest
    faults = verify(open_store(str(tmp_path / "others")), manifest, no_progress).faults
    assert [fault for fault in faults if "was damaged before it was stored" in fault], faults


@pytest.mark.parametrize("content", [b"no database " * 1000, None])
def test_a_warehouse_that_cannot_be_read_names_the_commands_that_fill_it_again(
    place: Settings, content: bytes | None
) -> None:
    path = place.home / "warehouse.duckdb"
    damage(path) if content is None else path.write_bytes(content)

    def read() -> None:
        with open_warehouse(place) as warehouse:
            list(warehouse.select("SELECT bit_xor(hash(r)) FROM rows AS r", "a query"))

    with pytest.raises(ServiceError, match=r"is damaged: .*move it away and load its rows again: make data USE_CASE=…"):
        read()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "TO=folder, or TO=s3://bucket/prefix"),
        ("s3://", "names no bucket. .*TO=s3://bucket/sluss"),
        ("s3:///", "names no bucket. .*TO=s3://bucket/sluss"),
        ("s3://mine", "names a bucket alone. .*TO=s3://mine/sluss"),
        ("s3:/mine/sluss", "neither a folder nor"),
        ("gs://mine/sluss", "neither a folder nor"),
        ("file:/tmp/x", "neither a folder nor"),
    ],
)
def test_an_address_that_is_not_one_of_backups_is_refused_with_one_that_is(address: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        open_store(address)
    with pytest.raises(ConfigError, match=words.replace("TO=", "FROM=")):
        open_store(address, "FROM")


@pytest.mark.parametrize("inside", ["home", "home/lake/b", "config/b", "lake/b", "link/b", ROOT / "data" / "b"])
def test_backups_inside_of_what_they_keep_are_refused(tmp_path: Path, inside: str | Path) -> None:
    home = tmp_path / "home"
    (home / "lake").mkdir(parents=True)
    (tmp_path / "link").symlink_to(home)
    settings = Settings(home=home, config_dir=tmp_path / "config", lake_url=str(tmp_path / "lake"))
    with pytest.raises(ConfigError, match=r"which a backup is to keep.*TO=/mnt/backups"):
        check_outside(open_store(str(tmp_path / inside)), settings, in_stack=False)
    check_outside(open_store(str(tmp_path / "backups")), settings, in_stack=False)
    check_outside(open_store("s3://mine/home"), settings, in_stack=False)


def test_the_full_disk_of_the_backups_is_named_and_no_airflow_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> str:
        try:
            with written_to(tmp_path / "not yet there"):
                raise ServiceError("The database cannot be copied. Restore it.") from OSError(errno.ENOSPC, "full")
        except ServiceError as error:
            return str(explained(error))

    found = full()
    assert f"The disk of {tmp_path / 'not yet there'} is full" in found
    assert "Restore" not in found
    assert "Airflow" not in found
    monkeypatch.setenv("SLUSS_PLACE", "stack")
    assert "Airflow tries again" in full()


def test_other_errors_name_no_disk(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="no answer"), written_to(tmp_path):
        raise ServiceError("no answer")


def test_a_small_disk_has_megabytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 3 << 20, "total": 20 << 20}))
    assert "has 3 of 20 MB left" in room(Settings(home=tmp_path)).warning
