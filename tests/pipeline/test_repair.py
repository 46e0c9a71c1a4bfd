"""Contradictions between ledger, registry and config: nothing unvalidated scores, and `repair` mends them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from deltalake import DeltaTable
from gate_world import answer

from sluss.context import Context
from sluss.control_room.overview import overview
from sluss.deployment.deploy import Checked
from sluss.digests import artifact_digest
from sluss.errors import DataError, ModelError
from sluss.interval import parse_interval
from sluss.monitoring.registry import registry_mismatch
from sluss.registry import aliases, anchor, artifacts, ledger, versions
from sluss.registry.artifacts import MODEL_FILE
from sluss.registry.champion import as_model, champion
from sluss.registry.contract import contract_of, loosened
from sluss.registry.entry import Change
from sluss.registry.names import CHAMPION, DIGEST_TAG
from tasks import batch_predict, deploy_model, monitor_model, repair_production, rollback_model, show_history

DAY = "2026-01-01"


def promote(context, version):
    model = vars(as_model(versions.by_version(context, version)))
    entries = ledger.read(context.lake)
    now = datetime.now(UTC).isoformat()
    checked = Checked(version, len(entries), now, {"quality": "passed: good"}, model, contract_of(context.use_case))
    deploy_model.run(context, checked=checked)


def unvalidated(context):
    """Register a version that no gate has judged."""
    first = versions.by_version(context, "1")
    client, tags = context.client, {DIGEST_TAG: "f" * 64}
    return str(client.create_model_version(context.use_case.model, first.source, first.run_id, tags=tags).version)


@pytest.fixture
def context(copy_of_first_days, sentiment):
    context = Context(copy_of_first_days, sentiment)
    promote(context, "1")
    return context


@pytest.fixture
def day(sentiment):
    return parse_interval(DAY, sentiment.unit)


def agrees(context):
    assert show_history.run(context).problems == ()
    assert repair_production.run(context) == repair_production.run(context)
    assert repair_production.run(context).done == ()


def test_stores_that_agree_need_no_repair(context):
    assert registry_mismatch(context, ledger.read(context.lake)).verdict == "clear"
    agrees(context)


def test_an_entry_of_a_clock_that_was_wrong_is_accepted_and_ends_the_alert(context, monkeypatch):
    [first] = ledger.read(context.lake)

    class Earlier(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(zone) - timedelta(days=365)

    again = Change("promote", "1", "1", "ann", "once more", {}, model=first.model, contract=first.contract)
    with monkeypatch.context() as patched:
        patched.setattr("sluss.registry.entry.datetime", Earlier)
        anchor.move(context, [first, ledger.append(context.lake, again, after=1)])
    found = registry_mismatch(context, ledger.read(context.lake))
    assert found.verdict == "breached"
    assert "accept it: make repair USE_CASE=sentiment ACCEPT=1." in found.message
    assert repair_production.run(context).done == ()
    before = ledger.standing(ledger.read(context.lake))
    assert "That is accepted by ann, in entry 3" in repair_production.run(context, accept=True, by="ann").done[0]
    assert registry_mismatch(context, ledger.read(context.lake)).verdict == "clear"
    assert ledger.standing(ledger.read(context.lake)) == before
    assert champion(context).version == "1"
    agrees(context)


def test_an_alias_moved_by_hand_is_not_believed(context, day):
    other = unvalidated(context)
    context.client.set_registered_model_alias(context.use_case.model, CHAMPION, other)
    assert batch_predict.run(context, day).version == "1"
    monitored = monitor_model.run(context, day)
    assert "registry_mismatch" in monitored.raised
    [alert] = [each for each in monitored.alerts if each.type == "registry_mismatch"]
    assert f"alias champion is version {other}" in alert.message
    assert "make repair" in alert.message
    assert repair_production.run(context).done
    assert aliases.of(context)[CHAMPION] == "1"
    agrees(context)
    waiting = overview(context.settings, "sentiment").use_cases[0].waiting
    assert [said for said in waiting if said.startswith("The stores agree again. The alert registry_mismatch ends")]
    assert not [said for said in waiting if "registry_mismatch" in said and "has no owner" in said]
    again = monitor_model.run(context, day)
    assert "registry_mismatch" not in [each.type for each in again.alerts if each.active]


def test_a_model_registered_anew_under_the_old_number_scores_nothing_and_is_not_the_champion(context, day):
    model, was = context.use_case.model, champion(context)
    context.client.delete_registered_model(model)
    context.client.create_registered_model(model)
    assert unvalidated_after_deletion(context, was) == "1"
    assert batch_predict.run(context, day).run_id == was.run_id
    with pytest.raises(ModelError, match=r"registered anew under the old number.*make repair USE_CASE=sentiment"):
        deploy_model.run(context, "1")
    repaired = repair_production.run(context)
    assert "It is version 2" in repaired.done[0]
    assert ledger.in_production(ledger.read(context.lake)) == "2"
    assert champion(context).tags[DIGEST_TAG] == was.tags[DIGEST_TAG]
    assert batch_predict.run(context, day).version == "2"
    agrees(context)


def unvalidated_after_deletion(context, was):
    made = context.client.create_model_version(context.use_case.model, was.source, tags={DIGEST_TAG: "f" * 64})
    return str(made.version)


@pytest.mark.parametrize("way", ["renamed in MLflow", "deleted", "another name in the config"])
def test_a_lost_or_renamed_model_goes_on_scoring_and_is_registered_again(context, day, way):
    was = champion(context)
    if way == "renamed in MLflow":
        context.client.rename_registered_model(context.use_case.model, "other")
    elif way == "deleted":
        context.client.delete_model_version(context.use_case.model, "1")
    else:
        context = Context(context.settings, context.use_case.model_copy(update={"model": "another_name"}))
    assert batch_predict.run(context, day).run_id == was.run_id
    assert "registry_mismatch" in monitor_model.run(context, day).raised
    with pytest.raises(ModelError, match="make repair USE_CASE=sentiment"):
        deploy_model.run(context)
    assert repair_production.run(context).done
    assert champion(context).name == context.use_case.model
    assert batch_predict.run(context, day).run_id == was.run_id
    agrees(context)


def test_a_rollback_goes_to_a_version_that_the_registry_has_lost(context, day):
    other = unvalidated(context)
    first = versions.by_version(context, "1")
    context.client.set_model_version_tag(context.use_case.model, other, DIGEST_TAG, first.tags[DIGEST_TAG])
    promote(context, other)
    context.client.delete_model_version(context.use_case.model, "1")
    done = rollback_model.run(context)
    assert done.replaced == other
    assert f"It is version {done.version} of {context.use_case.model} now." in str(done)
    before, after = ledger.read(context.lake)[-2:]
    assert [(each.action, each.version) for each in (before, after)] == [("rollback", "1"), ("restore", done.version)]
    assert batch_predict.run(context, day).version == done.version
    again = rollback_model.run(context)
    assert (again, again.changed) == (done, False)
    agrees(context)


def promoted_from_a_folder(context, folder):
    """Promote version 1 with one more file, whose artifacts are in a folder of their own, and return its number."""
    first = versions.by_version(context, "1")
    shutil.copytree(artifacts.local_copy(context.settings, first), folder)
    (folder / "note.txt").write_text("Trained on a Sunday.")
    tags = first.tags | {DIGEST_TAG: artifact_digest(folder)}
    client, model = context.client, context.use_case.model
    made = client.create_model_version(model, folder.as_uri(), first.run_id, tags=tags).version
    promote(context, str(made))
    return str(made)


@pytest.mark.parametrize("loss", ["gone", "junk"])
def test_a_version_whose_artifacts_are_lost_does_not_come_back(context, tmp_path, loss):
    lost = promoted_from_a_folder(context, tmp_path / "model")
    digest = ledger.read(context.lake)[-1].model.digest
    if loss == "gone":
        shutil.rmtree(tmp_path / "model")
    else:
        (tmp_path / "model" / MODEL_FILE).write_bytes(b"junk")
    shutil.rmtree(context.settings.home / "models" / digest)
    with pytest.raises(ModelError, match="make train USE_CASE"):  # it is the champion, and nothing is well
        deploy_model.run(context, lost)
    [left] = repair_production.run(context).left
    assert f"version {lost} " in left
    promote(context, "1")
    before = ledger.read(context.lake)
    with pytest.raises(ModelError, match="cannot come back: nothing was changed, and version 1 stays in production"):
        rollback_model.run(context)
    assert ledger.read(context.lake) == before
    assert aliases.of(context)[CHAMPION] == "1"


def test_a_ledger_that_was_cut_off_is_seen_and_restored(context):
    other = unvalidated(context)
    first = versions.by_version(context, "1")
    context.client.set_model_version_tag(context.use_case.model, other, DIGEST_TAG, first.tags[DIGEST_TAG])
    promote(context, other)
    entries = ledger.read(context.lake)
    DeltaTable(context.lake.uri(ledger.TABLE)).delete("number = '00000002'")
    aliases.point(context, CHAMPION, "1")
    cut = Context(context.settings, context.use_case)
    assert "entry 2 was written, and the ledger ends with 1" in show_history.run(cut).problems[0]
    assert registry_mismatch(cut, ledger.read(cut.lake)).verdict == "breached"
    for step in (deploy_model.run, rollback_model.run):
        with pytest.raises(DataError, match=r"last entries are missing.*make repair"):
            step(cut)
    assert "restored" in repair_production.run(cut).done[0]
    assert ledger.read(cut.lake) == entries
    agrees(cut)


def test_a_ledger_that_is_gone_is_accepted_only_by_a_person(context):
    shutil.rmtree(context.settings.home / "lake" / context.use_case.name / ledger.TABLE)
    cut = Context(context.settings, context.use_case)
    with pytest.raises(DataError, match=r"Restore that table from a backup.*ACCEPT=1"):
        repair_production.run(cut)
    assert "is accepted" in repair_production.run(cut, accept=True).done[0]
    promote(cut, "1")
    agrees(cut)


def test_an_anchor_that_was_removed_is_named(context):
    for version in (unvalidated(context), unvalidated(context)):
        context.client.set_model_version_tag(
            context.use_case.model, version, DIGEST_TAG, champion(context).tags[DIGEST_TAG]
        )
        promote(context, version)
    experiment = context.client.get_experiment_by_name(context.use_case.experiment).experiment_id
    context.client.set_experiment_tag(experiment, anchor.TAG, "")
    assert "the anchor was changed" in show_history.run(context).problems[0]
    written = ledger.read(context.lake)
    with pytest.raises(DataError, match=r"so nothing was changed.*ACCEPT=1.*DROP=1"):
        repair_production.run(context)
    assert ledger.read(context.lake) == written
    assert "without 2 entries, from entry 2 (promote, " in repair_production.run(context, drop=True).done[0]
    assert ledger.read(context.lake) == written[:1]
    agrees(context)


def test_swapped_classes_score_nothing(context, day):
    swapped = context.use_case.model_copy(update={"classes": tuple(reversed(context.use_case.classes))})
    other = Context(context.settings, swapped)
    with pytest.raises(ModelError, match=r"has other classes than version 1 .* Set the config back, or train"):
        batch_predict.run(other, day)
    with pytest.raises(ModelError, match=r"contract: .*another classes than at its training"):
        deploy_model.check(other, unvalidated(other))


def test_limits_that_were_loosened_after_the_training_refuse(context):
    gates = context.use_case.gates.model_copy(update={"min_metric": 0.0, "min_gain": 0.0})
    loose = Context(context.settings, context.use_case.model_copy(update={"gates": gates}))
    with pytest.raises(ModelError, match=r"contract: Limits are looser .*min_gain 0.05 → 0.0.*train again"):
        deploy_model.check(loose, unvalidated(loose))


def test_a_longer_retraining_and_a_named_leak_are_not_looser_limits(context):
    update = {"retrain_seconds": 900.0, "known_leaks": {"text": "the raters write it"}}
    gates = context.use_case.gates.model_copy(update=update)
    wiser = Context(context.settings, context.use_case.model_copy(update={"gates": gates}))
    version, digest = unvalidated(wiser), champion(wiser).tags[DIGEST_TAG]
    wiser.client.set_model_version_tag(wiser.use_case.model, version, DIGEST_TAG, digest)
    result = answer(wiser, "contract", versions.by_version(wiser, version))
    assert result.passed
    assert result.sentence.endswith(
        "Leaks that the config names since then, each with the reason: text (the raters write it)."
    )
    promote(wiser, version)
    assert ledger.read(wiser.lake)[-1].reason.endswith(
        "; leaks that the config names since then: text (the raters write it)"
    )


def test_a_limit_is_looser_in_its_own_direction():
    assert loosened({"retrain_seconds": 300.0}, {"retrain_seconds": 60.0}) == ["retrain_seconds 300.0 → 60.0"]
    assert loosened({"retrain_seconds": 300.0}, {"retrain_seconds": 900.0}) == []
    before = {"min_metric": 0.6, "max_metric": 2.0, "slice_min_rows": 100, "alpha": 0.05, "margin": 0.02}
    assert loosened(before, before) == []
    assert loosened(before, before | {"min_metric": 0.7, "max_metric": 1.0, "slice_min_rows": 50, "alpha": 0.01}) == []
    found = loosened(before, {"min_metric": 0.5, "max_metric": 3.0, "slice_min_rows": 200, "alpha": 0.1})
    assert found == [
        "min_metric 0.6 → 0.5", "max_metric 2.0 → 3.0", "slice_min_rows 100 → 200", "alpha 0.05 → 0.1",
        "margin 0.02 → no limit",
    ]  # fmt: skip
