"""Backups of the embedded mode: consistent, whole or not there, verified, restored, never mixed with other data."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable

from sluss.backup.freeze import freeze
from sluss.backup.manifest import new_name
from sluss.backup.restore import restore_embedded
from sluss.backup.retention import forget, superseded
from sluss.backup.save import save_embedded
from sluss.backup.secret_files import decrypted, encrypted
from sluss.backup.store import Store, open_store
from sluss.backup.verify import Findings, verify, verify_place
from sluss.config.settings import RESTORING, ROOT, Settings, step_settings
from sluss.context import Context
from sluss.counted import counted
from sluss.deployment.deploy import Checked
from sluss.errors import ConfigError, DataError, ServiceError
from sluss.interval import parse_interval
from sluss.registry import anchor, ledger, versions
from sluss.registry.champion import as_model
from sluss.registry.contract import contract_of
from sluss.storage.lake import Lake
from tasks import batch_predict, deploy_model, repair_production, train_model


def silent(_done: int, _of: int) -> None:
    """No progress."""


@pytest.fixture(scope="session")
def scored(first_days, sentiment) -> Settings:
    """The first days with two scored intervals."""
    for day in ("2026-01-01", "2026-01-02"):
        batch_predict.run(Context(first_days, sentiment), parse_interval(day, sentiment.unit))
    return first_days


@pytest.fixture(scope="session")
def kept(scored, tmp_path_factory) -> Store:
    """A store with one backup."""
    store = open_store(str(tmp_path_factory.mktemp("kept") / "backups"))
    save_embedded(scored, store, "test", silent)
    return store


@pytest.fixture
def store(kept, tmp_path) -> Store:
    """A copy of that store, to be damaged."""
    shutil.copytree(kept.root, tmp_path / "backups")
    return open_store(str(tmp_path / "backups"))


@pytest.fixture
def empty(tmp_path) -> Settings:
    """A place without anything."""
    return Settings(home=tmp_path / "new home ä", config_dir=tmp_path / "config", data=None)


def object_of(store, part):
    """The stored content of the first file whose path has this part."""
    found = next(file for file in store.newest().files if part in file.path)
    return Path(store.path_of(found.sha256))


def test_a_backup_is_verified_without_its_place(store, scored, sentiment):
    found = verify(store, store.newest(), silent)
    assert found.faults == []
    assert found.facts["sentiment: predictions"] == "400 of 400 scored again are equal"
    entries = counted(len(ledger.read(Lake(scored, sentiment.name))), "entry")
    assert f"{entries}, whole; version 1 in production" in found.facts["sentiment: ledger"]


@pytest.mark.parametrize("part", ["lake/sentiment/curated/interval", "artifacts/", "databases/mlflow", "config/"])
def test_a_changed_or_lost_file_is_named(store, part):
    path = object_of(store, part)
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert any(part in fault and "damaged" in fault for fault in verify(store, store.newest(), silent).faults)
    path.unlink()
    assert any(part in fault and "is lost" in fault for fault in verify(store, store.newest(), silent).faults)


def test_predictions_that_another_model_made_are_named(store, scored, sentiment, tmp_path):
    shutil.copytree(scored.home, tmp_path / "home")
    changed = Settings(home=tmp_path / "home", data=scored.data)
    lake = Lake(changed, sentiment.name)
    DeltaTable(lake.uri("predictions")).update({"score": "1.0 - score"})
    found = Findings()
    verify_place(changed, store.newest(), found)
    assert any("In 2026-01-02, 200 predictions are not" in fault for fault in found.faults)


def test_rows_that_are_missing_are_named(store, scored, sentiment, tmp_path):
    shutil.copytree(scored.home, tmp_path / "home")
    changed = Settings(home=tmp_path / "home", data=scored.data)
    DeltaTable(Lake(changed, sentiment.name).uri("labels")).delete("label = 1")
    found = Findings()
    verify_place(changed, store.newest(), found)
    assert any("sentiment/labels has" in fault for fault in found.faults)


def test_a_restored_place_is_the_same_and_goes_on(store, empty, sentiment, archive):
    manifest = store.newest()
    assert restore_embedded(empty, store, manifest, silent) == []
    found = Findings()
    verify_place(empty, manifest, found)
    assert found.faults == []
    assert "400 of 400" in found.facts["sentiment: predictions"]
    again = Context(Settings(home=empty.home, data=archive), sentiment)
    assert anchor.fault(again, ledger.read(again.lake)) is None
    assert batch_predict.run(again, parse_interval("2026-01-02", sentiment.unit)).version == "1"
    assert again.lake.table("predictions").version() == manifest.tables["sentiment/predictions"].version + 1


def test_a_restore_overwrites_nothing(store, empty):
    (empty.home / "lake" / "other").mkdir(parents=True)
    (empty.home / "lake" / "other" / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"There are data already.*nothing was changed"):
        restore_embedded(empty, store, store.newest(), silent)
    assert [path.name for path in empty.home.iterdir()] == ["lake"]


def test_a_restore_that_was_broken_off_refuses_steps_and_goes_on(store, empty, monkeypatch):
    manifest = store.newest()

    class KilledError(Exception):
        pass

    def kill(done, of):
        if done == of // 2:
            raise KilledError

    with pytest.raises(KilledError):
        restore_embedded(empty, store, manifest, kill)
    monkeypatch.setenv("SLUSS_HOME", str(empty.home))
    with pytest.raises(ConfigError, match=r"was broken off.*make restore"):
        step_settings()
    restore_embedded(empty, store, manifest, silent)
    assert not (empty.home / RESTORING).exists()
    found = Findings()
    verify_place(empty, manifest, found)
    assert found.faults == []
    # Of another backup than the one that was begun, it is not taken up.
    (empty.home / RESTORING).write_text("2020-01-01T00-00-00Z", encoding="utf-8")
    with pytest.raises(ConfigError, match="There are data already"):
        restore_embedded(empty, store, manifest, silent)


def test_a_use_case_that_was_edited_meanwhile_is_put_aside(store, empty):
    empty.config_dir.mkdir()
    (empty.config_dir / "sentiment.yaml").write_text("mine", encoding="utf-8")
    [aside] = restore_embedded(empty, store, store.newest(), silent)
    assert Path(aside).read_text(encoding="utf-8") == "mine"
    assert (empty.config_dir / "sentiment.yaml").read_bytes() == (ROOT / "config" / "sentiment.yaml").read_bytes()


def test_a_second_backup_stores_only_what_is_new(store, scored):
    first = store.newest()
    while new_name(datetime.now(UTC)) <= first.name:  # names have seconds
        time.sleep(0.1)
    again = save_embedded(scored, store, "test", silent)
    assert store.names() == [first.name, again.manifest.name]
    assert again.manifest.tables == first.tables
    # Copies of databases may differ in their free pages.
    assert again.new_bytes <= sum(file.size for file in first.files if file.path.startswith("databases/"))


def test_a_backup_that_is_broken_off_is_none(scored, tmp_path):
    store = open_store(str(tmp_path / "backups"))

    def kill(done, of):
        if done == of // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_embedded(scored, store, "test", kill)
    assert store.names() == []
    with pytest.raises(DataError, match="holds no backup"):
        store.newest()
    saved = save_embedded(scored, store, "test", silent)
    assert store.names() == [saved.manifest.name]
    assert verify(store, saved.manifest, silent).faults == []


def test_writes_during_a_backup_do_no_harm(scored, sentiment, tmp_path):
    shutil.copytree(scored.home, tmp_path / "home")
    settings, store = Settings(home=tmp_path / "home", data=scored.data), open_store(str(tmp_path / "backups"))
    context, day = Context(settings, sentiment), parse_interval("2026-01-02", sentiment.unit)
    written = []

    def score_again(done, of):
        # In the midst of the copying: commits that the backup must not hold, whose files it finds all the same.
        if done in {1, of // 2}:
            written.append(batch_predict.run(context, day).rows)

    saved = save_embedded(settings, store, "test", score_again)
    assert written == [200, 200]
    assert verify(store, saved.manifest, silent).faults == []
    assert context.lake.table("predictions").version() == saved.manifest.tables["sentiment/predictions"].version + 2


def test_databases_are_copied_again_while_tables_change():
    order, versions_seen = [], iter([{"a/ledger": 1}, {"a/ledger": 2}, {"a/ledger": 2}])

    def look():
        order.append("pins")
        return next(versions_seen)

    assert freeze(look, order.append) == {"a/ledger": 2}
    once = ["mlflow", "mlflow_auth", "warehouse", "pins"]
    assert order == ["airflow", "pins", *once, *once]


def test_a_champion_that_changes_all_the_time_allows_no_backup_and_other_tables_do():
    numbers = iter(range(100))
    with pytest.raises(ServiceError, match="champion changed"):
        freeze(lambda: {"a/ledger": next(numbers)}, lambda _: None)
    assert freeze(lambda: {"a/ledger": 1, "a/curated": next(numbers)}, lambda _: None)["a/ledger"] == 1


def test_a_manifest_of_a_newer_sluss_is_named(store):
    path = Path(store.root) / "backups" / f"{store.newest().name}.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 1', '"format": 2'), encoding="utf-8")
    with pytest.raises(DataError, match="newer Sluss"):
        store.newest()
    path.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="is damaged"):
        store.newest()


def test_retention_keeps_the_newest_and_what_they_need(store):
    first = store.newest()
    old = replace(first, name="2020-01-01T00-00-00Z", files=first.files[:1])
    store.finish(old)
    assert forget(store, "1") == 1
    assert store.names() == [first.name]
    assert verify(store, first, silent).faults == []


def test_days_of_retention_never_delete_the_newest_backup():
    names = ["2026-01-01T00-00-00Z", "2026-01-20T00-00-00Z"]
    assert superseded(names, "3d") == names[:1]
    assert superseded(names, "1") == names[:1]
    assert superseded(names, "") == []
    with pytest.raises(ConfigError, match="KEEP=week"):
        superseded(names, "week")


def test_secrets_open_with_their_passphrase_alone(tmp_path):
    (tmp_path / ".env").write_text("POSTGRES_PASSWORD=x1\n", encoding="utf-8")
    stored = encrypted({".env": tmp_path / ".env", "sources.env": tmp_path / "none"}, "a long passphrase")
    assert b"x1" not in stored
    assert decrypted(stored, "a long passphrase") == {".env": "POSTGRES_PASSWORD=x1\n"}
    with pytest.raises(DataError, match="not the passphrase"):
        decrypted(stored, "another passphrase")
    with pytest.raises(ConfigError, match="shorter than 12"):
        encrypted({}, "short")


def test_the_commands_say_what_they_did(scored, tmp_path):
    def sluss(command, **variables):
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "WHERE": "embedded", **variables}
        return subprocess.run(
            [sys.executable, "-m", "commands", command], env=environment, capture_output=True, text=True, check=False
        )

    to, home = str(tmp_path / "backups"), str(scored.home)
    missing = sluss("backup", SLUSS_HOME=home)
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    made = sluss("backup", SLUSS_HOME=home, TO=to, KEEP="2")
    assert made.returncode == 0, made.stderr
    assert "new in" in made.stdout
    assert not [path for path in Path(to).rglob("*") if path.stat().st_mode & 0o077]
    checked = sluss("verify", FROM=to)
    assert (checked.returncode, "400 of 400" in checked.stdout) == (0, True), checked.stderr
    new = {"SLUSS_HOME": str(tmp_path / "new"), "SLUSS_CONFIG_DIR": str(tmp_path / "config")}
    back = sluss("restore", FROM=to, **new)
    assert (back.returncode, "Verified: no fault." in back.stdout) == (0, True), back.stderr
    refused = sluss("restore", FROM=to, **new)
    assert (refused.returncode, "There are data already" in refused.stderr) == (2, True)


def test_no_version_number_is_given_twice_when_the_registry_is_older_than_the_lake(scored, sentiment, tmp_path):
    shutil.copytree(scored.home, tmp_path / "home")
    settings = Settings(home=tmp_path / "home", data=scored.data)
    context, database = Context(settings, sentiment), tmp_path / "home" / "mlflow.db"
    old, before = tmp_path / "old.db", set(versions.every(context))
    _copy(database, old)
    second = train_model.run(context, sentiment.history.end, force=True).version
    promote(context, second)
    assert batch_predict.run(context, parse_interval("2026-01-02", sentiment.unit)).version == second
    _copy(old, database)
    context = Context(settings, sentiment)
    assert set(versions.every(context)) == before
    third = train_model.run(context, sentiment.history.end, force=True).version
    assert int(third) == int(second) + 1
    assert set(versions.every(context)) == {*before, third}


def promote(context, version):
    """Make a version the champion without gates."""
    model = vars(as_model(versions.by_version(context, version)))
    now, before = datetime.now(UTC).isoformat(), len(ledger.read(context.lake))
    checked = Checked(version, before, now, {"quality": "passed: good"}, model, contract_of(context.use_case))
    deploy_model.run(context, checked=checked)


def test_a_ledger_that_is_newer_than_the_registry_is_kept_if_a_person_accepts_it(scored, sentiment, tmp_path):
    shutil.copytree(scored.home, tmp_path / "home")
    settings = Settings(home=tmp_path / "home", data=scored.data)
    context, database, old = Context(settings, sentiment), tmp_path / "home" / "mlflow.db", tmp_path / "old.db"
    _copy(database, old)
    for _ in range(2):
        last = train_model.run(context, sentiment.history.end, force=True).version
        promote(context, last)
    written = ledger.read(context.lake)
    _copy(old, database)
    context = Context(settings, sentiment)
    with pytest.raises(DataError, match=rf"lose entry {len(written)} .*ACCEPT=1\. If they were forged.*DROP=1"):
        repair_production.run(context)
    assert ledger.read(context.lake) == written
    with pytest.raises(ConfigError, match="give one of the two"):
        repair_production.run(context, accept=True, drop=True)
    repaired = repair_production.run(context, accept=True)
    assert f"{len(written)} entries" in repaired.done[0]
    # The last version is registered again, from its artifacts, under a number that was never given.
    new = str(int(last) + 1)
    assert f"It is version {new}" in repaired.done[1]
    assert ledger.in_production(ledger.read(context.lake)) == new
    assert anchor.fault(context, ledger.read(context.lake)) is None


def _copy(source: Path, target: Path) -> None:
    """Write into the open database: MLflow's connections would keep reading a file that was replaced."""
    one, other = sqlite3.connect(source), sqlite3.connect(target)
    with closing(one), closing(other):
        one.backup(other)
