"""Stores that were lost as a whole: the cures that the sentences name lead, followed as printed, to a new champion."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from problem_loop import HISTORY, Loop, loop, table

from sluss.config.settings import Settings
from sluss.control_room.known import read_once
from sluss.control_room.overview import overview
from sluss.errors import ConfigError, DataError, ModelError, RefusedError
from sluss.interval import parse_interval
from sluss.registry import ledger
from sluss.registry.mismatch import waits_for_deploy
from tasks import (
    batch_predict,
    curate_data,
    deploy_model,
    repair_production,
    rollback_model,
    show_history,
    train_model,
)

DAYS = ("2026-01-01", "2026-01-02")
START = pd.Timestamp("2025-12-02", tz="UTC").to_pydatetime()


@pytest.fixture(scope="module")
def lived(new_home):
    """A champion, and two days that it scored."""
    made = loop(new_home("lived"), "binary", "average_precision", table("binary", HISTORY + 2, START))
    history = made.context.use_case.history
    made.curate(history)
    train_model.run(made.context, history.end)
    deploy_model.run(made.context)
    for day in DAYS:
        made.live(day)
    # Its artifacts must not be found where they were: MLflow has that address.
    return made.settings.home.rename(made.settings.home.with_name("kept"))


@pytest.fixture
def world(lived, tmp_path) -> Loop:
    """A copy, whose artifacts are its own."""
    home = shutil.copytree(lived, tmp_path / "home")
    yield Loop(Settings(home=home, config_dir=home / "config", data=None), "binary")
    for made in lived.parent.glob("lived[0-9]*"):  # a training after the move keeps its artifacts at the old address
        shutil.rmtree(made)


def trained(world):
    """Train on the newer days as well."""
    context = world.context
    return train_model.run(context, context.use_case.history.end + timedelta(days=2)).version


def lose(world, *names):
    for name in names:
        path = world.settings.home / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_after_mlflow_was_lost_a_newer_version_is_deployed(world):
    lose(world, "mlflow.db")
    assert show_history.run(world.context).problems[-1] == "Mend it: make repair USE_CASE=binary."
    assert "is registered again" in repair_production.run(world.context).done[0]
    assert show_history.run(world.context).problems == ()
    version = trained(world)
    assert deploy_model.run(world.context).version == version


def test_a_champion_that_is_lost_is_replaced_without_comparison_only_by_a_persons_word(world, monkeypatch):
    monkeypatch.setenv("SLUSS_CONFIG_DIR", str(world.settings.config_dir))
    lose(world, "artifacts", "models")
    day = parse_interval(DAYS[1], "day")
    with pytest.raises(ModelError, match="or train again: make train USE_CASE=binary"):
        batch_predict.run(world.context, day)
    version = trained(world)
    with pytest.raises(RefusedError) as refused:
        deploy_model.run(world.context)
    said = str(refused.value)
    assert re.findall(r"(\w+): ", said.split("stays. ")[1])[0] == "quality"
    assert "leak:" not in said
    assert "cannot be compared with the champion, version 1, whose model is lost" in said
    cure = re.search(r"make deploy USE_CASE=binary VERSION=(\d+) REASON='([^']+)'", said)
    assert cure[1] == version
    with pytest.raises(ConfigError, match="Name the version"):
        deploy_model.run(world.context, reason=cure[2])
    assert deploy_model.run(world.context, cure[1], reason=cure[2]).version == version
    entry = ledger.read(world.context.lake)[-1]
    assert entry.reason == f"every gate passed, without the comparison with version 1, whose model is lost: {cure[2]}"
    assert "A person accepts that" in entry.gates["quality"]


def test_a_word_is_no_way_around_the_comparison_with_an_intact_champion(world):
    version = trained(world)
    deploy_model.run(world.context, version, reason="it is lost")
    entry = ledger.read(world.context.lake)[-1]
    assert entry.reason == "every gate passed, including the comparison with version 1"
    assert "A person" not in entry.gates["quality"]


def seen(world):
    """The status of the use case, as `make status` and its JSON have it."""
    found = overview(world.settings, "binary")
    return found, found.use_cases[0], found.as_json()["use_cases"][0]


def test_the_status_says_that_the_champions_artifacts_are_gone(world):
    assert not any("artifacts" in sentence for sentence in seen(world)[1].waiting)
    lose(world, "artifacts")
    found, status, json = seen(world)
    assert status.level in {"attention", "critical"}
    assert any(said.startswith("The artifacts of the champion, version 1, are gone from") for said in json["waiting"])
    assert not found.all_well
    lose(world, "models")
    _, status, json = seen(world)
    assert (status.level, status.next) == ("critical", "make train deploy USE_CASE=binary")
    assert json["waiting"][0].startswith("The artifacts of the champion, version 1, are gone from")
    assert read_once(world.context).status(datetime.now(UTC), scheduled=False).waiting == status.waiting


def without_the_version(world):
    world.context.client.delete_model_version(world.context.use_case.model, "1")


def without_the_alias(world):
    world.context.client.delete_registered_model_alias(world.context.use_case.model, "champion")


def with_other_artifacts(world):
    [path] = (world.settings.home / "artifacts").rglob("model.skops")
    path.write_bytes(b"junk")


def without_a_file(world):
    next((world.settings.home / "lake" / "binary" / "curated").rglob("*.parquet")).unlink()


def written(name, content):
    return lambda world: (world.settings.home / name).write_bytes(content)


BROKEN = {
    "MLflow's database is junk": (written("mlflow.db", b"junk" * 4096), "MLflow's database .* cannot be used"),
    "MLflow's database is empty": (written("mlflow.db", b""), "MLflow's database .* is empty"),
    "MLflow's database is gone": (lambda world: lose(world, "mlflow.db"), "MLflow's database .* is gone"),
    "the version is deleted": (without_the_version, "MLflow has no version 1 of .* any more"),
    "the alias is deleted": (without_the_alias, "MLflow's alias champion is "),
    "the artifacts are changed": (with_other_artifacts, "artifacts of the champion, version 1, were changed"),
    "a file of curated is gone": (without_a_file, "1 file of the table .*curated was lost or changed"),
    "the warehouse is junk": (written("warehouse.duckdb", b"junk" * 4096), "The warehouse .* is damaged"),
    "a restore was broken off": (written("restoring", b"a backup"), "was broken off.* Run make restore with the same"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_the_status_tries_each_store_that_it_speaks_of(world, fault):
    change, sentence = BROKEN[fault]
    change(world)
    found, status, json = seen(world)
    assert not found.all_well
    said = [*found.as_json()["faults"], *json["waiting"]]
    assert [each for each in said if re.search(sentence, each)], said
    assert found.faults or status.next.startswith(("make ", "mend it"))
    assert "make ps" not in status.next


def test_the_status_of_sound_stores_names_no_fault(world):
    found, status, _ = seen(world)
    assert (found.faults, status.level) == ((), "well")


def test_the_status_names_a_refused_version_its_gate_and_the_command_that_shows_why(world):
    assert seen(world)[2]["refused"] is None
    lose(world, "artifacts", "models")
    version = trained(world)
    with pytest.raises(RefusedError):
        deploy_model.run(world.context)
    _, status, json = seen(world)
    command = f"make gates VERSION={version} USE_CASE=binary"
    assert json["refused"] == {"version": version, "gates": status.refused.gates, "command": command}
    assert "quality" in status.refused.gates
    assert str(status.refused).startswith(f"version {version} is refused by the gate")


def test_a_silent_mlflow_hides_nothing_of_the_lakes_status(world):
    settings = world.settings.model_copy(update={"mlflow_uri": "http://127.0.0.1:9"})
    status = overview(settings, "binary").use_cases[0]
    assert status.champion == "1"
    assert any("MLflow at http://127.0.0.1:9 does not answer" in sentence for sentence in status.waiting)


def test_the_status_makes_no_database_of_mlflows(tmp_path, world):
    settings = world.settings.model_copy(update={"home": tmp_path / "empty"})
    assert overview(settings, "binary").use_cases[0].level == "idle"
    assert not (tmp_path / "empty").exists()


@pytest.mark.nightly
def test_where_the_version_before_is_intact_a_rollback_is_the_first_cure(world):
    second = trained(world)
    deploy_model.run(world.context, second)
    model = ledger.read(world.context.lake)[-1].model
    shutil.rmtree(world.settings.home / "models" / model.digest)
    for folder in (world.settings.home / "artifacts").rglob(model.source.removeprefix("models:/")):
        shutil.rmtree(folder)
    third = train_model.run(world.context, world.context.use_case.history.end + timedelta(days=1)).version
    with pytest.raises(RefusedError, match=r"Go back to version 1, which is intact: make rollback USE_CASE=binary"):
        deploy_model.run(world.context, third)
    assert rollback_model.run(world.context).version == "1"
    assert deploy_model.run(world.context, third).version == third


def test_after_the_rows_were_lost_and_loaded_again_a_newer_version_is_deployed(world):
    lose(world, "lake/binary/curated")
    history = world.context.use_case.history
    for span in (history, *(parse_interval(day, "day") for day in DAYS)):
        curate_data.run(world.context, span)
    version = trained(world)
    assert deploy_model.run(world.context).version == version


def test_after_the_ledger_was_lost_the_sentences_lead_to_one_that_begins_anew(world):
    lose(world, "lake/binary/ledger")
    cure = show_history.run(world.context).problems[-1]
    assert cure.endswith("and you accept the loss: make repair USE_CASE=binary ACCEPT=1.")
    assert cure in seen(world)[2]["waiting"]
    assert not [said for said in seen(world)[2]["waiting"] if "none was deployed yet" in said]
    with pytest.raises(DataError, match=r"make repair USE_CASE=binary ACCEPT=1, then make deploy USE_CASE=binary\.$"):
        batch_predict.run(world.context, parse_interval(DAYS[1], "day"))
    with pytest.raises(DataError, match="make repair USE_CASE=binary ACCEPT=1"):
        repair_production.run(world.context)
    [left] = repair_production.run(world.context, accept=True).left
    assert waits_for_deploy([left])  # what was asked for is done, so the exit code is 0
    assert show_history.run(world.context).problems == (left,)
    version = re.search(r"make deploy USE_CASE=binary VERSION=(\d+)", left)[1]
    assert deploy_model.run(world.context, version).version == version
    assert show_history.run(world.context).problems == ()
