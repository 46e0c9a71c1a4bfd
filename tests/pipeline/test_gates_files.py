"""The gates on a version's files: code in archives, packages that they name, profiles of other models."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from gate_world import answer, fitted, registered, rows_until
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, TEMPORARILY_UNAVAILABLE

from sluss.context import Context
from sluss.deployment.repair import repair
from sluss.digests import artifact_digest
from sluss.errors import ModelError, ServiceError
from sluss.gates.validate import _writable, validate
from sluss.registry import artifacts, versions
from sluss.registry.artifacts import HOLDOUT_FILE, PROFILE_FILE
from sluss.registry.names import DIGEST_TAG
from sluss.tracking.client import connect
from sluss.training.evaluation import judge


@pytest.fixture(scope="module")
def world(first_days, sentiment):
    """A model of its own in the first days' registry."""
    return Context(first_days, sentiment.model_copy(update={"model": "filed"}))


@pytest.fixture(scope="module")
def rows(world):
    return rows_until(world, world.use_case.history.end)


@pytest.fixture(scope="module")
def good(world, rows):
    return registered(world, fitted(world.use_case, rows.train), rows, world.use_case.history.end)


@pytest.fixture
def changed(world, good, tmp_path):
    """Register the good version's run again, with other files."""

    def register(change):
        client, folder = world.client, tmp_path / "changed"
        shutil.copytree(artifacts.local_copy(world.settings, good), folder)
        change(folder)
        experiment = client.get_run(good.run_id).info.experiment_id
        model = client.create_logged_model(experiment, source_run_id=good.run_id)
        client.log_model_artifacts(model.model_id, str(folder))
        tags = {DIGEST_TAG: artifact_digest(folder)}
        return client.create_model_version(
            good.name, f"models:/{model.model_id}", good.run_id, tags=tags, model_id=model.model_id
        )

    return register


def in_file(name, change, read=json.loads, write=json.dumps):
    """A change to the content of a JSON file."""

    def edit(folder):
        content = read((folder / name).read_text())
        change(content)
        (folder / name).write_text(write(content))

    return edit


def in_yaml(name, change):
    return in_file(name, change, yaml.safe_load, yaml.safe_dump)


def with_rules(world, **rules):
    update = {"monitoring": world.use_case.monitoring.model_copy(update=rules)}
    return Context(world.settings, world.use_case.model_copy(update=update))


# environment


def without_joblib(folder):
    lines = (folder / "requirements.txt").read_text().splitlines()
    (folder / "requirements.txt").write_text("\n".join(line for line in lines if not line.startswith("joblib==")))


def other_scikit_learn(content):
    pip = content["dependencies"][-1]["pip"]
    content["dependencies"][-1]["pip"] = [
        "scikit-learn==1.4.2" if line.startswith("scikit-learn==") else line for line in pip
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_joblib, "its requirements lack joblib, without which it cannot be loaded"),
        (in_yaml("conda.yaml", other_scikit_learn), "conda.yaml names scikit-learn 1.4.2 ≠ "),
        (in_yaml("conda.yaml", lambda all_: all_["dependencies"].insert(0, "python=3.9.1")), "names Python 3.9.1 ≠ 3"),
        (
            in_yaml("MLmodel", lambda all_: all_["flavors"]["sklearn"].update(sklearn_version="1.2.0")),
            "MLmodel names scikit-learn 1.2.0 ≠ ",
        ),
        (
            in_yaml("MLmodel", lambda all_: all_["flavors"]["python_function"].update(python_version="3.8.0")),
            "MLmodel names Python 3.8.0 ≠ ",
        ),
    ],
)
def test_every_file_that_names_packages_must_name_those_of_the_training(world, changed, change, said):
    result = answer(world, "environment", changed(change))
    assert not result.passed
    assert said in result.sentence


def test_files_that_name_the_same_other_package_are_named_together(world, changed):
    def both(folder):
        in_yaml("conda.yaml", other_scikit_learn)(folder)
        in_yaml("MLmodel", lambda all_: all_["flavors"]["sklearn"].update(sklearn_version="1.4.2"))(folder)

    said = answer(world, "environment", changed(both)).sentence
    assert "conda.yaml and MLmodel name scikit-learn 1.4.2 ≠ " in said
    assert said.count("scikit-learn") == 1


@pytest.mark.parametrize("line", ["scikit-learn>=1.4", "scikit_learn", "Scikit-Learn[tests]"])
def test_a_package_without_a_pin_is_named_once(world, changed, line):
    def unpinned(folder):
        path = folder / "requirements.txt"
        lines = path.read_text().splitlines()
        path.write_text("\n".join(line if each.startswith("scikit-learn==") else each for each in lines))

    said = answer(world, "environment", changed(unpinned)).sentence
    assert said == f"Its requirements do not pin {line}, so they cannot be compared."


def test_a_sound_version_names_the_same_packages_in_all_files(world, good):
    assert answer(world, "environment", good).passed
    assert answer(world, "safety", good).passed
    assert answer(world, "monitoring", good).passed
    assert answer(world, "calibration", good).passed


# safety


def test_a_pickle_in_an_archive_is_refused_by_its_path(world, changed):
    import io
    import pickle
    import zipfile

    def hidden(folder):
        with zipfile.ZipFile(folder / "extra.dat", "w") as archive:
            archive.writestr("weights", pickle.dumps(io.StringIO, protocol=0))

    result = answer(world, "safety", changed(hidden))
    assert not result.passed
    assert "can run code when they are loaded: extra.dat/weights. " in result.sentence


def test_a_link_in_the_store_is_refused_by_name(world, changed):
    version = changed(lambda _: None)
    folder = artifacts.store_of(world, version)
    link = folder / "linked"
    link.symlink_to("/etc")
    try:
        said = answer(world, "safety", version).sentence
    finally:
        link.unlink()  # other tests copy this home, and would follow the link
    assert "contain links: linked. A link can lead to other files" in said


def test_another_digest_of_the_pipeline_on_the_run_is_refused(world, rows):
    version = registered(world, fitted(world.use_case, rows.train), rows, world.use_case.history.end)
    world.client.set_tag(version.run_id, "sluss.pipeline", "0" * 64)
    result = answer(world, "training", version)
    assert not result.passed
    assert result.sentence.startswith("Its run recorded the digest 000000000000 for the fitted pipeline")


# monitoring


def another_models_scores(content):
    content["score"]["values"] = [min(value + 0.1, 1.0) for value in content["score"]["values"]]


PROFILES = {
    "an empty vocabulary": lambda all_: all_.update(vocabularies={"text": ""}),
    "figures that are not numbers": lambda all_: all_["features"]["text.words"].update(mean=float("nan")),
    "another model's scores": another_models_scores,
    "zero rows": lambda all_: all_.update(training_rows=0),
    "a promise of NaN": lambda all_: all_["holdout"].update(value=float("nan")),
    "a promise of 0.30": lambda all_: all_["holdout"].update(value=0.30),
    "no confidence part": lambda all_: all_.pop("confidence"),
}


@pytest.mark.parametrize("change", PROFILES.values(), ids=PROFILES)
def test_a_profile_that_its_rows_do_not_make_is_refused(world, changed, change):
    result = answer(world, "monitoring", changed(in_file(PROFILE_FILE, change)))
    assert not result.passed
    assert "Its reference profile is not the one that its rows and scores make: " in result.sentence
    assert result.sentence.endswith("Train it again: make train USE_CASE=sentiment.")


@pytest.mark.parametrize("content", [b"", b'{"format": 2, "featur', b"\xff\xfe\x00", b"Hello"])
def test_a_profile_that_is_not_json_is_a_sentence(world, changed, content):
    result = answer(world, "monitoring", changed(lambda folder: (folder / PROFILE_FILE).write_bytes(content)))
    assert not result.passed
    assert result.sentence == (
        "Its reference profile (reference_profile.json) is not JSON, so it was cut off or overwritten. "
        "Train it again: make train USE_CASE=sentiment."
    )


def test_a_profile_of_another_metric_is_refused_by_both_names(world, changed):
    change = in_file(PROFILE_FILE, lambda all_: all_["holdout"].update(metric="roc_auc"))
    said = answer(world, "monitoring", changed(change)).sentence
    assert said == "The metric of its profile is roc_auc; the monitor watches accuracy."


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"min_rows": 1_000_000}, "monitoring.min_rows is 1,000,000, and no day so far has more than 3"),
        ({"quality_rows": 100_000}, "the metric would never be watched. Lower it."),
        ({"ignore": ("text",)}, "monitoring.ignore names every feature"),
        ({"drift_distance": 0.95}, "the alert would need a change of nearly all rows"),
        ({"quality_drop": 0.85}, "to 0 or less: no alert could be raised"),
        ({"quality_drop": 0.85}, "Its holdout promises accuracy 0."),
        ({"low_confidence": 0.5}, "no row would ever count as unsure. Raise it."),
        ({"low_confidence": 0.9999}, "so their share could not rise by 0.05"),
    ],
)
def test_limits_that_can_never_fire_are_refused(world, good, rules, said):
    result = answer(with_rules(world, **rules), "monitoring", good)
    assert not result.passed
    assert said in result.sentence


# calibration


def with_scores(score):
    def edit(folder):
        judged = pd.read_parquet(folder / HOLDOUT_FILE)
        judged.assign(score=score(judged["score"])).to_parquet(folder / HOLDOUT_FILE, index=False)

    return edit


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (lambda score: 0.4995 + score / 1000, "hardly differ (0.49"),
        (
            lambda score: (score > 0.5).astype(float),
            "100% of the probabilities of the class positive are 0 or 1",
        ),
        (lambda score: 1 - score, "is allowed)"),
        (lambda score: score**8, "is allowed)"),
    ],
    ids=["all alike", "all certain", "the wrong way round", "far too low"],
)
def test_probabilities_that_mean_nothing_are_refused_with_figures(world, changed, score, said):
    result = answer(world, "calibration", changed(with_scores(score)))
    assert not result.passed
    assert said in result.sentence
    assert "sklearn.calibration.CalibratedClassifierCV" in result.sentence
    assert ("raise min_samples_leaf or n_neighbors" in result.sentence) == ("are 0 or 1" in said)
    gates = world.use_case.gates.model_copy(update={"max_calibration_error": 1.0})
    off = Context(world.settings, world.use_case.model_copy(update={"gates": gates}))
    assert answer(off, "calibration", versions.newest(world)).passed


def test_scores_that_are_not_numbers_are_refused_by_the_gates_that_read_them(world, changed):
    version = changed(with_scores(lambda score: score * np.nan))
    for gate in ("quality", "calibration", "monitoring", "preprocessing"):
        result = answer(world, gate, version)
        assert not result.passed
        assert "are not probabilities (such as NaN)" in result.sentence


def test_a_model_that_returns_no_numbers_is_not_registered(world, rows):
    pipeline = fitted(world.use_case, rows.train)
    pipeline.named_steps["estimator"].intercept_[:] = np.nan
    with pytest.raises(ModelError, match=r"are not probabilities \(such as NaN\), so it is not registered"):
        judge(pipeline, world.use_case, rows.train, rows.holdout)


# The run


def test_a_deleted_run_is_a_sentence_with_the_way_back(copy_of_first_days, sentiment, rows):
    world = Context(copy_of_first_days, sentiment.model_copy(update={"model": "filed"}))
    version = registered(world, fitted(world.use_case, rows.train), rows, world.use_case.history.end)
    connect(world.settings).delete_run(version.run_id)
    with pytest.raises(ModelError, match=f"Restore it: make repair USE_CASE={world.use_case.name}"):
        validate(world, str(version.version))
    done = repair(world).done
    assert f"The run of version {version.version} had been deleted in MLflow; it is restored." in done
    assert validate(world, str(version.version)).results


def test_a_run_that_another_account_owns_is_named_with_both_accounts(world, good, monkeypatch, tmp_path):
    from sluss.gates.clean_process.process import CleanProcess
    from sluss.gates.evidence import Evidence

    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "tasks")
    evidence = Evidence(world, good, CleanProcess(tmp_path))

    def refused(code):
        with _writable(evidence):
            raise ServiceError("refused") from MlflowException("Permission denied", error_code=code)

    with pytest.raises(ModelError, match="the account tasks may not write to that run"):
        refused(PERMISSION_DENIED)
    with pytest.raises(ServiceError):
        refused(TEMPORARILY_UNAVAILABLE)
