"""A trained model: its artifacts, its provenance, and the reasons to reject it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from sluss.config.use_case import UseCase
from sluss.context import Context
from sluss.errors import DataError, ModelError
from sluss.registry import aliases, artifacts, versions
from sluss.registry.artifacts import HOLDOUT_FILE
from sluss.registry.champion import champion
from sluss.registry.names import PREVIOUS
from sluss.storage.lake import Lake
from sluss.tracking.client import connect
from sluss.training.fingerprint import pipeline_digest
from sluss.training.rows import training_rows
from tasks import deploy_model, plot_model, reproduce_model, train_model, validate_model


@pytest.fixture(scope="module")
def candidate(first_days, sentiment):
    """A version that is not in production, until a test promotes it."""
    return _train(first_days, sentiment)


@pytest.fixture
def damaged(first_days, sentiment):
    """A version that a test may damage."""
    return _train(first_days, sentiment)


def _train(first_days, sentiment):
    trained = train_model.run(Context(first_days, sentiment), sentiment.history.end, force=True)
    return versions.by_version(Context(first_days, sentiment), trained.version)


def test_the_model_is_clearly_better_than_guessing(first_days, candidate):
    metrics = connect(first_days).get_run(candidate.run_id).data.metrics
    assert metrics["holdout_accuracy"] > metrics["baseline_accuracy"] + 0.2
    assert metrics["train_rows"] == 8_100


def test_the_model_carries_signature_example_and_exact_requirements_and_no_pickle(first_days, candidate, tmp_path):
    folder = artifacts.download(first_days, candidate, tmp_path)
    names = {path.name for path in folder.iterdir()}
    assert {"model.skops", "input_example.json", "requirements.txt", "reference_profile.json"} <= names
    assert not [name for name in names if name.endswith((".pkl", ".pickle"))]
    requirements = (folder / "requirements.txt").read_text().split()
    assert all("==" in requirement for requirement in requirements)
    assert {"numpy", "pandas", "scikit-learn", "scipy", "skops"} <= {each.split("==")[0] for each in requirements}
    assert json.loads((folder / "input_example.json").read_text())["columns"] == ["text"]
    assert '"name": "text"' in (folder / "MLmodel").read_text()


def test_the_run_says_what_the_model_was_made_from(first_days, sentiment, candidate):
    run = connect(first_days).get_run(candidate.run_id)
    lake = Lake(first_days, sentiment.name)
    assert run.data.tags["sluss.data.table"] == lake.uri("curated")
    assert int(run.data.tags["sluss.data.version"]) == lake.table("curated").version()
    assert (run.data.tags["sluss.data.first"], run.data.tags["sluss.data.end"]) == ("2025-11-02", "2026-01-01")
    assert len(run.data.tags["sluss.lock"]) == len(run.data.tags["sluss.code"]) == 64
    versions = {
        each.dataset.name: json.loads(each.dataset.source)["delta_table_version"] for each in run.inputs.dataset_inputs
    }
    assert versions == {
        "sentiment.curated": lake.table("curated").version(),
        "sentiment.labels": lake.table("labels").version(),
    }


def test_each_slice_of_the_holdout_is_judged_for_itself(first_days, candidate):
    client = connect(first_days)
    run = client.get_run(candidate.run_id)
    table = client.load_table(run.info.experiment_id, "slices.json", [candidate.run_id])
    judged = pd.read_parquet(artifacts.local_copy(first_days, candidate) / HOLDOUT_FILE)
    assert list(table["column"].unique()) == ["source", "text.words"]
    for _, row in table.iterrows():
        name = f"slice.{row['column']}.{row['value']}"
        part = judged[judged[f"slice.{row['column']}"] == row["value"]]
        accuracy = pytest.approx(((part["score"] >= 0.5) == part["label"]).mean())
        assert run.data.metrics[f"{name}.accuracy"] == accuracy
        assert row["accuracy"] == accuracy
        assert run.data.metrics[f"{name}.rows"] == row["rows"] == len(part)
    assert table.groupby("column")["rows"].sum().to_dict() == {"source": len(judged), "text.words": len(judged)}
    assert run.data.metrics["slice.source.movies.accuracy"] == run.data.metrics["holdout_accuracy"]


def test_the_same_inputs_give_the_version_they_gave_before(first_days, sentiment):
    again = train_model.run(Context(first_days, sentiment), sentiment.history.end)
    assert again.reused
    assert len(again.metrics) >= 7


def test_training_anew_gives_the_same_model(first_days, sentiment, candidate):
    rows = training_rows(Lake(first_days, sentiment.name), sentiment, sentiment.history.end)
    deployed = champion(Context(first_days, sentiment))
    one, other = (artifacts.load(first_days, version).pipeline for version in (deployed, candidate))
    np.testing.assert_array_equal(one.predict_proba(rows.holdout), other.predict_proba(rows.holdout))
    runs = [connect(first_days).get_run(version.run_id) for version in (deployed, candidate)]
    digests = {run.data.tags["sluss.pipeline"] for run in runs}
    assert digests == {pipeline_digest(one)} == {pipeline_digest(other)}


def test_the_loaded_model_gives_the_scores_that_were_recorded_at_training(first_days, sentiment, candidate):
    rows = training_rows(Lake(first_days, sentiment.name), sentiment, sentiment.history.end)
    recorded = pd.read_parquet(artifacts.local_copy(first_days, candidate) / HOLDOUT_FILE)
    scores = artifacts.load(first_days, candidate).pipeline.predict_proba(rows.holdout[["text"]])[:, 1]
    assert list(recorded["id"]) == list(rows.holdout["id"])
    np.testing.assert_array_equal(recorded["score"], scores)


def test_what_arrived_later_is_not_learned_from(first_days, sentiment):
    lake, until = Lake(first_days, sentiment.name), sentiment.history.end - timedelta(days=5)
    rows = training_rows(lake, sentiment, until)
    used = pd.concat([rows.train, rows.holdout])
    labels = lake.dataset("labels").to_table().to_pandas().set_index("id")
    assert (used["event_time"] < until).all()
    assert (labels.loc[used["id"], "label_time"] < until).all()
    assert rows.train["event_time"].max() < rows.holdout["event_time"].min()


def test_too_few_rows_say_how_many_there_are(first_days, sentiment):
    with pytest.raises(DataError, match=r"has \d+ labelled rows to learn from .* min_rows"):
        train_model.run(Context(first_days, sentiment), sentiment.history.start + timedelta(days=6))


def test_a_model_with_one_changed_byte_is_refused_and_the_champion_stays(first_days, sentiment, damaged):
    before = champion(Context(first_days, sentiment)).version
    model = damaged.source.removeprefix("models:/")
    [file] = (first_days.home / "artifacts").rglob(f"{model}/artifacts/model.skops")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match="not the model that was validated"):
        artifacts.load(first_days, damaged)
    with pytest.raises(ModelError, match="is refused, and the champion stays"):
        deploy_model.run(Context(first_days, sentiment), str(damaged.version))
    assert champion(Context(first_days, sentiment)).version == before


def test_a_damaged_local_copy_is_fetched_again(first_days, candidate):
    folder = artifacts.local_copy(first_days, candidate)
    (folder / "model.skops").write_bytes(b"damaged")
    assert artifacts.load(first_days, candidate).pipeline is not None


def test_a_model_below_its_floor_is_refused_with_the_figures(first_days, sentiment, candidate):
    strict = sentiment.model_copy(update={"gates": sentiment.gates.model_copy(update={"min_metric": 0.99})})
    before = champion(Context(first_days, sentiment)).version
    with pytest.raises(ModelError, match=r"quality: Its accuracy on the holdout is 0\.\d+, below the floor of 0\.990"):
        deploy_model.run(Context(first_days, strict), str(candidate.version))
    assert champion(Context(first_days, sentiment)).version == before
    tags = connect(first_days).get_run(candidate.run_id).data.tags
    assert tags["sluss.gate.quality"].startswith("refused: ")
    assert tags["sluss.gate.identity"].startswith("passed: ")


def test_a_promotion_keeps_the_version_before_it_as_previous(first_days, sentiment, candidate):
    before = deploy_model.run(Context(first_days, sentiment), "1").version
    deployed = deploy_model.run(Context(first_days, sentiment), str(candidate.version))
    assert (deployed.version, deployed.previous) == (str(candidate.version), before)
    again = deploy_model.run(Context(first_days, sentiment), str(candidate.version))
    assert again == replace(deployed, changed=False)
    assert aliases.of(Context(first_days, sentiment))[PREVIOUS] == before
    deploy_model.run(Context(first_days, sentiment), before)


def test_each_trial_of_a_search_is_a_nested_run_and_the_model_bears_the_chosen_parameters(first_days, sentiment):
    content = sentiment.model_dump(by_alias=True)
    wanted = {"class": "sklearn.model_selection.GridSearchCV", "space": {"estimator.C": [0.001, 1.0]}}
    content["training"] |= {"search": wanted, "folds": 2, "window_days": 25}
    trained = train_model.run(Context(first_days, UseCase.model_validate(content)), sentiment.history.end)
    client = connect(first_days)
    run = client.get_run(trained.run_id)
    nested = client.search_runs(
        [run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{trained.run_id}'", order_by=["attributes.start_time"]
    )
    scores = {trial.data.params["estimator.C"]: trial.data.metrics["cv_accuracy_mean"] for trial in nested}
    assert set(scores) == {"0.001", "1.0"}
    assert {trial.info.status for trial in nested} == {"FINISHED"}
    assert run.data.params["estimator.C"] == max(scores, key=scores.__getitem__) == "1.0"
    version = versions.by_version(Context(first_days, sentiment), trained.version)
    assert artifacts.load(first_days, version).pipeline.get_params()["estimator__C"] == 1.0
    assert reproduce_model.run(Context(first_days, sentiment), trained.version).same


def test_plots_are_kept_on_the_run(first_days, sentiment, candidate):
    plots = plot_model.run(Context(first_days, sentiment), str(candidate.version))
    kept = {each.path: each.file_size for each in connect(first_days).list_artifacts(candidate.run_id, "plots")}
    names = ["calibration", "confusion_matrix", "learning_curve", "precision_recall"]
    assert list(plots.files) == sorted(kept) == [f"plots/{name}.png" for name in names]
    assert min(kept.values()) > 10_000


def test_a_version_that_was_never_registered_is_named(first_days, sentiment):
    with pytest.raises(ModelError, match="sentiment_classifier has no version 999"):
        validate_model.run(Context(first_days, sentiment), "999")


def test_a_version_without_digest_is_not_loaded(first_days, sentiment, candidate):
    client = connect(first_days)
    bare = client.create_model_version(sentiment.model, candidate.source, candidate.run_id)
    with pytest.raises(ModelError, match="has no digest, so it cannot be compared"):
        artifacts.load(first_days, bare)
    client.delete_model_version(sentiment.model, bare.version)
