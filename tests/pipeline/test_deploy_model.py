"""Deployment and rollback: what is in production afterwards, whatever happens on the way."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pandas as pd
import pytest

from sluss.context import Context
from sluss.deployment import deploy, production, smoke
from sluss.deployment.deploy import Checked
from sluss.deployment.history import as_json
from sluss.digests import artifact_digest
from sluss.errors import DataError, ModelError
from sluss.registry import aliases, artifacts, ledger, versions
from sluss.registry.artifacts import HOLDOUT_FILE
from sluss.registry.champion import as_model
from sluss.registry.contract import contract_of
from sluss.registry.names import CHAMPION, DIGEST_TAG, INPUTS_TAG, PREVIOUS
from sluss.storage.lake import Lake
from sluss.tracking.client import connect
from tasks import deploy_model, rollback_model, show_history

if TYPE_CHECKING:
    from sluss.config.settings import Settings

FORKSERVER = multiprocessing.get_context("forkserver")
# Imported once for all processes that are killed, so that each starts at once.
PRELOADED = """
    mlflow.sklearn mlflow.store.tracking.sqlalchemy_store mlflow.store.model_registry.sqlalchemy_store deltalake pandas
    sklearn.pipeline skops.io tasks.batch_predict tasks.deploy_model
"""
FORKSERVER.set_forkserver_preload(PRELOADED.split())


@pytest.fixture
def world(copy_of_first_days, sentiment) -> Settings:
    """The first days, with version 1 in production."""
    deploy_model.run(Context(copy_of_first_days, sentiment), checked=passed(copy_of_first_days, sentiment, "1"))
    return copy_of_first_days


def with_a_note(world, sentiment, folder):
    """A folder with the model of the first version, and a digest of its own."""
    shutil.copytree(artifacts.local_copy(world, versions.by_version(Context(world, sentiment), "1")), folder)
    (folder / "note.txt").write_text("Trained on a Sunday.")
    return folder


def another(world, sentiment, *, source=None) -> str:
    """Register another version with the model of the first one, or of a folder."""
    client, first = connect(world), versions.by_version(Context(world, sentiment), "1")
    digest = artifact_digest(source) if source else first.tags[DIGEST_TAG]
    # As the training pipeline registers: a version without this tag is deployed only by its number.
    tags = {DIGEST_TAG: digest, INPUTS_TAG: uuid4().hex}
    made = client.create_model_version(
        sentiment.model, source.as_uri() if source else first.source, first.run_id, tags=tags
    )
    return str(made.version)


def unlike_its_record(world, sentiment, folder) -> str:
    """Register a version whose scores differ from those of the other versions."""
    shutil.copytree(artifacts.local_copy(world, versions.by_version(Context(world, sentiment), "1")), folder)
    path = folder / HOLDOUT_FILE
    recorded = pd.read_parquet(path)
    recorded.assign(score=1 - recorded["score"]).to_parquet(path, index=False)
    return another(world, sentiment, source=folder)


def passed(world, sentiment, version) -> Checked:
    """Return verdicts as if all gates had just passed the version."""
    entries = entries_of(world, sentiment)
    model = vars(as_model(versions.by_version(Context(world, sentiment), version)))
    now = datetime.now(UTC).isoformat()
    return Checked(version, len(entries), now, {"quality": "passed: good"}, model, contract_of(sentiment))


def entries_of(world, sentiment):
    return ledger.read(Lake(world, sentiment.name))


def production_of(world, sentiment):
    """Champion and previous, in the ledger and by the aliases, which must agree."""
    named = aliases.of(Context(world, sentiment))
    by_alias = (named.get(CHAMPION), named.get(PREVIOUS))
    previous, champion = [None, None, *ledger.standing(entries_of(world, sentiment))][-2:]
    assert by_alias == (champion, previous)
    assert show_history.run(Context(world, sentiment)).problems == ()
    return by_alias


def test_a_promotion_is_kept_with_person_reason_and_results_of_the_gates(world, sentiment):
    version = another(world, sentiment)
    deployed = deploy_model.run(Context(world, sentiment), version, by="ann")
    assert (deployed.version, deployed.previous) == (version, "1")
    first, last = entries_of(world, sentiment)
    assert (last.action, last.version, last.replaced, last.by) == ("promote", version, "1", "ann")
    assert last.reason == "every gate passed, including the comparison with version 1"
    assert set(last.gates) >= {"quality", "identity"}
    assert all(said.startswith("passed: ") for said in last.gates.values())
    assert last.before == first.hash
    assert production_of(world, sentiment) == (version, "1")


def test_where_other_packages_are_installed_than_will_run_a_model_nothing_is_deployed(world, sentiment):
    version, elsewhere = another(world, sentiment), world.model_copy(update={"deploys": False})
    with pytest.raises(ModelError, match=rf"version {version} is not deployed from here.*VERSION={version}"):
        deploy_model.run(Context(elsewhere, sentiment), version)
    assert production_of(world, sentiment) == ("1", None)


def test_deploying_the_champion_again_changes_nothing(world, sentiment):
    before = entries_of(world, sentiment)
    assert deploy_model.run(Context(world, sentiment), "1") == deploy_model.run(Context(world, sentiment), "1")
    assert entries_of(world, sentiment) == before
    assert production_of(world, sentiment) == ("1", None)


def test_of_two_deployments_at_once_the_slower_is_told_to_ask_the_gates_again(world, sentiment):
    one, two = another(world, sentiment), another(world, sentiment)
    checks = [passed(world, sentiment, version) for version in (one, two)]
    deploy_model.run(Context(world, sentiment), one, by="ann", checked=checks[0])
    with pytest.raises(
        ModelError, match=f"version {one} is in production, by entry 2 .* by ann.* so that the gates compare with it"
    ):
        deploy_model.run(Context(world, sentiment), two, checked=checks[1])
    assert production_of(world, sentiment) == (one, "1")


def deploy_at_once(world, sentiment, checked, together):
    together.wait()
    try:
        return deploy_model.run(Context(world, sentiment), checked=checked).version
    except ModelError:
        return None


def test_of_two_processes_that_deploy_at_once_one_wins(world, sentiment):
    checks = [passed(world, sentiment, another(world, sentiment)) for _ in range(2)]
    with FORKSERVER.Manager() as manager, FORKSERVER.Pool(2) as processes:
        together = manager.Barrier(2)
        done = processes.starmap(deploy_at_once, [(world, sentiment, each, together) for each in checks])
    [winner] = [version for version in done if version]
    assert production_of(world, sentiment) == (winner, "1")
    assert len(entries_of(world, sentiment)) == 2


def test_gates_that_ran_long_ago_are_asked_again(world, sentiment):
    version = another(world, sentiment)
    old = replace(passed(world, sentiment, version), at="2026-01-01T00:00:00+00:00", gates={"quality": "passed: once"})
    deploy_model.run(Context(world, sentiment), version, checked=old)
    assert entries_of(world, sentiment)[-1].gates["quality"] != "passed: once"


def test_an_old_announcement_comes_too_late_when_a_newer_version_is_in_production(world, sentiment):
    old, new = another(world, sentiment), another(world, sentiment)
    deploy_model.run(Context(world, sentiment), checked=passed(world, sentiment, new))
    with pytest.raises(ModelError, match=f"version {old} comes too late: version {new} is in production"):
        deploy.check(Context(world, sentiment), old, announced=True)
    assert deploy.check(Context(world, sentiment), new, announced=True).gates == {}


def test_a_failed_smoke_prediction_brings_back_the_version_before(world, sentiment, tmp_path):
    version = unlike_its_record(world, sentiment, tmp_path / "model")
    with pytest.raises(ModelError, match=f"version {version} is not in production: version 1 is, by entry 3 .return"):
        deploy_model.run(Context(world, sentiment), checked=passed(world, sentiment, version))
    last = entries_of(world, sentiment)[-1]
    assert (last.action, last.version, last.replaced) == ("return", "1", version)
    assert "gives different scores than at its training" in last.reason
    assert production_of(world, sentiment) == ("1", None)
    with pytest.raises(ModelError, match=f"version {version} was taken out of production by entry 3"):
        deploy_model.run(Context(world, sentiment), version)


def test_a_version_whose_artifacts_are_gone_brings_back_the_version_before(world, sentiment, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(artifacts.local_copy(world, versions.by_version(Context(world, sentiment), "1")), folder)
    (folder / "requirements.txt").write_text("")
    version = another(world, sentiment, source=folder)
    shutil.rmtree(folder)
    with pytest.raises(ModelError, match=r"The smoke prediction failed\. The artifacts of .* cannot be read"):
        deploy_model.run(Context(world, sentiment), checked=passed(world, sentiment, version))
    assert production_of(world, sentiment) == ("1", None)


def test_a_first_version_that_fails_leaves_nothing_in_production(copy_of_first_days, sentiment, tmp_path):
    world = copy_of_first_days
    version = unlike_its_record(world, sentiment, tmp_path / "model")
    with pytest.raises(ModelError, match="version none is, by entry 2"):
        deploy_model.run(Context(world, sentiment), checked=passed(world, sentiment, version))
    assert production_of(world, sentiment) == (None, None)
    with pytest.raises(ModelError, match="There is nothing to go back to: no version is in production"):
        rollback_model.run(Context(world, sentiment))


def test_a_rollback_holds_until_a_newer_version_passes(world, sentiment, tmp_path):
    skipped, bad = another(world, sentiment), another(world, sentiment)
    deploy_model.run(Context(world, sentiment), checked=passed(world, sentiment, bad))
    back = rollback_model.run(Context(world, sentiment), reason="It calls complaints praise.", by="ann")
    assert (back.version, back.replaced) == ("1", bad)
    assert production_of(world, sentiment) == ("1", None)
    last = entries_of(world, sentiment)[-1]
    assert (last.action, last.by, last.reason) == ("rollback", "ann", "It calls complaints praise.")
    for version in (bad, skipped, None):
        with pytest.raises(ModelError, match=r"by ann\) \(It calls complaints praise\.\), and that holds until"):
            deploy_model.run(Context(world, sentiment), version)
    copied = another(world, sentiment)
    with pytest.raises(ModelError, match=r"by ann\) \(It calls complaints praise\.\), and that holds until"):
        deploy_model.run(Context(world, sentiment), copied)
    newer = another(world, sentiment, source=with_a_note(world, sentiment, tmp_path / "newer"))
    assert deploy_model.run(Context(world, sentiment)).version == newer
    assert production_of(world, sentiment) == (newer, "1")


def test_a_rollback_that_runs_twice_goes_back_once(world, sentiment):
    one, two = another(world, sentiment), another(world, sentiment)
    for version in (one, two):
        deploy_model.run(Context(world, sentiment), checked=passed(world, sentiment, version))
    assert rollback_model.run(Context(world, sentiment)) == rollback_model.run(Context(world, sentiment))
    said = str(rollback_model.run(Context(world, sentiment), two, reason="another one"))
    assert "nothing was left to do, and no new reason was kept" in said
    assert "again" not in said
    assert production_of(world, sentiment) == (one, "1")
    with pytest.raises(ModelError, match=f"version 1 is not in production: version {one} is"):
        rollback_model.run(Context(world, sentiment), "1")
    assert rollback_model.run(Context(world, sentiment), one).version == "1"
    with pytest.raises(ModelError, match="nothing to go back to: before version 1 there was none"):
        rollback_model.run(Context(world, sentiment), "1")


def test_nothing_is_deployed_or_taken_back_on_a_ledger_that_was_changed(world, sentiment):
    from deltalake import DeltaTable

    DeltaTable(Lake(world, sentiment.name).uri("ledger")).update({"by": "'bob'"})
    another(world, sentiment)
    for step in (deploy_model.run, rollback_model.run):
        with pytest.raises(DataError, match=r"Entry 1 was changed.*make history USE_CASE=sentiment"):
            step(Context(world, sentiment))
    assert aliases.of(Context(world, sentiment)) == {CHAMPION: "1"}


# Where a deployment can be killed: right after this function of that module was called for the n-th time.
KILLS = {
    "before the entry is written": ("sluss.registry.ledger", "_row", 1),
    "after the entry was written": ("deltalake", "write_deltalake", 1),
    "between the aliases": ("sluss.registry.aliases", "point", 1),
    "after the aliases": ("sluss.registry.aliases", "point", 2),
    "before the smoke prediction scores": ("sluss.registry.artifacts", "load", 1),
    "before the smoke prediction is kept": ("sluss.deployment.smoke", "score", 2),
    "after the return was written": ("deltalake", "write_deltalake", 2),
    "after the return's first alias": ("sluss.registry.aliases", "point", 3),
}


def killed(step, world, sentiment, checked, kill):
    """Run a step in this process, and die like one that got SIGKILL."""
    import importlib

    module, name, times = importlib.import_module(kill[0]), kill[1], kill[2]
    real, calls = getattr(module, name), []

    def then_die(*arguments, **options):
        calls.append(1)
        result = real(*arguments, **options)
        if len(calls) == times:
            os._exit(9)
        return result

    setattr(module, name, then_die)
    step(Context(world, sentiment), **({"checked": checked} if checked else {}))


def die(*arguments):
    process = FORKSERVER.Process(target=killed, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode == 9


@pytest.mark.parametrize("kill", list(KILLS)[:6])
def test_a_deployment_killed_at_any_point_ends_the_same_when_it_runs_again(world, sentiment, kill):
    checked = passed(world, sentiment, another(world, sentiment))
    die(deploy_model.run, world, sentiment, checked, KILLS[kill])
    assert aliases.of(Context(world, sentiment))[CHAMPION] in ("1", checked.version)
    deployed = deploy_model.run(Context(world, sentiment), checked=checked)
    assert (deployed.version, deployed.previous) == (checked.version, "1")
    assert production_of(world, sentiment) == (checked.version, "1")
    assert [e.action for e in entries_of(world, sentiment)] == ["promote", "promote"]
    assert smoke.passed(Context(world, sentiment), entries_of(world, sentiment)[-1])


@pytest.mark.parametrize("kill", [list(KILLS)[i] for i in (4, 6, 7)])
def test_a_version_that_fails_is_taken_back_by_the_next_deployment_if_its_own_was_killed(
    world, sentiment, tmp_path, kill
):
    checked = passed(world, sentiment, unlike_its_record(world, sentiment, tmp_path / "model"))
    die(deploy_model.run, world, sentiment, checked, KILLS[kill])
    production.settle(Context(world, sentiment))
    assert production_of(world, sentiment) == ("1", None)
    assert [e.action for e in entries_of(world, sentiment)] == ["promote", "promote", "return"]


@pytest.mark.parametrize("kill", [list(KILLS)[i] for i in (1, 2)])
def test_a_rollback_killed_at_any_point_ends_the_same_when_it_runs_again(world, sentiment, kill):
    one, two = another(world, sentiment), another(world, sentiment)
    for version in (one, two):
        deploy_model.run(Context(world, sentiment), checked=passed(world, sentiment, version))
    die(rollback_model.run, world, sentiment, None, KILLS[kill])
    rollback_model.run(Context(world, sentiment))
    assert production_of(world, sentiment) == (one, "1")
    assert [e.action for e in entries_of(world, sentiment)] == ["promote", "promote", "promote", "rollback"]


def test_history_names_the_entry_that_was_changed_and_ends_with_1(world, sentiment, run_step):
    from deltalake import DeltaTable

    version = another(world, sentiment)
    deploy_model.run(Context(world, sentiment), checked=passed(world, sentiment, version), by="ann")
    history = show_history.run(Context(world, sentiment))
    assert not history.problems
    first, last = json.loads(as_json(history))["entries"]
    assert (first["until"], last["until"], last["by"]) == (last["at"], None, "ann")
    DeltaTable(Lake(world, sentiment.name).uri("ledger")).update({"by": "'bob'"}, predicate="number = '00000001'")
    broken = show_history.run(Context(world, sentiment)).problems
    assert broken[0].startswith("Entry 1 was changed")
    assert "make repair" in broken[-1]
    printed = run_step("show_history", SLUSS_HOME=world.home)
    assert printed.returncode == 1, printed.stderr
    assert "Entry 1 was changed" in printed.stdout
    assert "bob" in printed.stdout
