"""Each gate refuses its own kind of bad model with a sentence, and passes a good model."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from importlib import metadata

import numpy as np
import pandas as pd
import psutil
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sluss.config.settings import ROOT
from sluss.context import Context
from sluss.digests import artifact_digest
from sluss.errors import ModelError, ServiceError
from sluss.gates.clean_process import process as clean_process
from sluss.gates.clean_process.process import CleanProcess
from sluss.gates.comparison import CHAMPIONS_TAG
from sluss.gates.evidence import Evidence
from sluss.gates.judge import _GATES, _answer
from sluss.registry import artifacts, versions
from sluss.registry.artifacts import HOLDOUT_FILE, MODEL_FILE, PROFILE_FILE
from sluss.registry.names import CHAMPION, DIGEST_TAG, RECIPE_TAG
from sluss.registry.trusted_types import trusted_types
from sluss.tracking.client import connect
from tasks import train_model, validate_model

GATES = {gate.__name__: gate for gate in _GATES}
LINEAGE = {"sluss.data.version", "sluss.labels.version", "sluss.data.table", "sluss.data.digest", "sluss.until"}


@pytest.fixture(scope="module")
def gated(sentiment):
    """The sentiment use case with a registered model of its own, so that its bad versions affect no other test."""
    return sentiment.model_copy(update={"model": "gated_classifier"})


@pytest.fixture(scope="module")
def good(first_days, gated):
    """A good version, which is also the champion."""
    trained = train_model.run(Context(first_days, gated), gated.history.end)
    connect(first_days).set_registered_model_alias(gated.model, CHAMPION, trained.version)
    return versions.by_version(Context(first_days, gated), trained.version)


@pytest.fixture
def changed(first_days, gated, good, tmp_path):
    """Register a copy of the good version, with a test's changes to its artifacts and its run's tags."""

    def register(change=None, tags=None):
        client = connect(first_days)
        folder = shutil.copytree(artifacts.local_copy(first_days, good), tmp_path / "changed")
        if change:
            change(folder)
        source = client.get_run(good.run_id)
        known = {name: value for name, value in source.data.tags.items() if name.startswith("sluss.")}
        known |= tags or {}
        run = client.create_run(source.info.experiment_id, tags={key: value for key, value in known.items() if value})
        client.log_metric(run.info.run_id, "baseline_accuracy", source.data.metrics["baseline_accuracy"])
        model = client.create_logged_model(source.info.experiment_id, source_run_id=run.info.run_id)
        client.log_model_artifacts(model.model_id, str(folder))
        return client.create_model_version(
            gated.model,
            f"models:/{model.model_id}",
            run.info.run_id,
            tags={DIGEST_TAG: artifact_digest(folder)},
            model_id=model.model_id,
        )

    return register


@pytest.fixture
def ask(first_days, gated, tmp_path):
    """Return the result of one gate on a version."""

    def answer(gate, version, use_case=gated):
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        result = _answer(GATES[gate], Evidence(Context(first_days, use_case), version, CleanProcess(scratch)))
        shutil.rmtree(scratch)
        assert result.gate == gate
        return result

    return answer


def with_limits(use_case, **limits):
    return use_case.model_copy(update={"gates": use_case.gates.model_copy(update=limits)})


def judged_as(folder, pipeline, rows):
    """Replace the model by a pipeline, and the recorded scores by its own."""
    skops.io.dump(pipeline, folder / MODEL_FILE)
    judged = pd.read_parquet(folder / HOLDOUT_FILE)
    judged.assign(score=pipeline.predict_proba(rows)[:, 1]).to_parquet(folder / HOLDOUT_FILE, index=False)


@pytest.fixture
def rows(first_days, gated, good, tmp_path):
    return Evidence(Context(first_days, gated), good, CleanProcess(tmp_path)).rows


# A good model


def test_a_good_model_passes_every_gate_and_its_run_says_so_once(first_days, gated, good):
    validation = [validate_model.run(Context(first_days, gated), str(good.version)) for _ in range(2)][-1]
    assert not validation.refusals
    assert [result.gate for result in validation.results] == list(GATES)
    client = connect(first_days)
    run = client.get_run(good.run_id)
    for result in validation.results:
        assert run.data.tags[f"sluss.gate.{result.gate}"] == f"passed: {result.sentence}"
    assert run.data.metrics["gate.preprocessing.largest_difference"] <= 1e-12
    table = client.load_table(artifact_file="gates.json", run_ids=[good.run_id], experiment_id=run.info.experiment_id)
    assert list(table["gate"]) == list(GATES)
    assert set(table["verdict"]) == {"passed"}
    tables = [each["path"] for each in json.loads(run.data.tags["mlflow.loggedArtifacts"])]
    assert sorted(tables) == ["gates.json", "slices.json"]


# data


def test_a_model_that_records_nothing_about_its_data_is_refused(ask, changed):
    assert "does not say what it was trained from" in ask("data", changed(tags=dict.fromkeys(LINEAGE))).sentence


def test_a_model_of_other_rows_is_refused(ask, changed):
    result = ask("data", changed(tags={"sluss.data.digest": "0" * 64}))
    assert not result.passed
    assert "recorded is 000000000000: it was trained on other rows" in result.sentence


def test_a_model_whose_table_version_is_gone_is_refused(ask, changed):
    result = ask("data", changed(tags={"sluss.data.version": "99"}))
    assert not result.passed
    assert "curated version 99" in result.sentence


def test_a_model_of_another_table_is_refused(ask, changed):
    result = ask("data", changed(tags={"sluss.data.table": "lake/raw"}))
    assert result.sentence.startswith("It was trained on lake/raw and not on the curated rows of ")


def test_too_few_rows_are_refused_with_their_number(ask, good, gated, rows):
    result = ask("data", good, with_limits(gated, min_training_rows=10, min_holdout_rows=50_000))
    assert not result.passed
    assert f"was judged on {len(rows.holdout):,}; at least 10 and 50,000 are required" in result.sentence


def test_a_holdout_with_another_label_is_refused(ask, changed):
    def flatter(folder):
        judged = pd.read_parquet(folder / HOLDOUT_FILE)
        judged.loc[0, "label"] = 1 - judged.loc[0, "label"]
        judged.to_parquet(folder / HOLDOUT_FILE, index=False)

    assert "has different rows or labels" in ask("data", changed(flatter)).sentence


# preprocessing


def test_a_model_saved_after_preprocessing_by_hand_is_refused(ask, changed, first_days, good):
    def estimator_only(folder):
        whole = artifacts.load(first_days, good).pipeline
        skops.io.dump(whole.named_steps["estimator"], folder / MODEL_FILE)

    result = ask("preprocessing", changed(estimator_only))
    assert not result.passed
    assert "it cannot score raw rows (ValueError: " in result.sentence
    assert "The preprocessing was left in the notebook" in result.sentence


def test_a_model_whose_texts_were_cleaned_in_the_notebook_is_refused(ask, changed, first_days, good, rows):
    def cleaned(folder):
        texts = rows.holdout[["text"]].assign(text=rows.holdout["text"].str.replace(r"n't|not|no", " ", regex=True))
        judged_as(folder, artifacts.load(first_days, good).pipeline, texts)

    result = ask("preprocessing", changed(cleaned))
    assert not result.passed
    assert "predictions differ from those recorded at training, by up to 0." in result.sentence
    assert result.figures["largest_difference"] > 0.1


# environment


def test_a_model_of_another_scikit_learn_is_refused_with_both_versions(ask, changed):
    def older(folder):
        path = folder / "requirements.txt"
        here = metadata.version("scikit-learn")
        path.write_text(path.read_text().replace(f"scikit-learn=={here}", "scikit-learn==1.4.2"))

    result = ask("environment", changed(older))
    assert not result.passed
    assert f"scikit-learn 1.4.2 ≠ {metadata.version('scikit-learn')}." in result.sentence
    assert result.figures["differing"] == 1


def test_a_model_of_another_python_and_of_a_package_that_is_not_here_is_refused(ask, changed):
    def elsewhere(folder):
        (folder / "python_env.yaml").write_text("python: 3.10.4\ndependencies:\n- -r requirements.txt\n")
        with (folder / "requirements.txt").open("a") as file:
            file.write("\nnowhere-to-be-found==2.0\n")

    result = ask("environment", changed(elsewhere))
    assert "Python 3.10.4 ≠ 3." in result.sentence
    assert "nowhere-to-be-found 2.0 ≠ not installed" in result.sentence


def test_requirements_without_exact_versions_are_refused(ask, changed):
    result = ask("environment", changed(lambda folder: (folder / "requirements.txt").write_text("scikit-learn>=1\n")))
    assert result.sentence.startswith("Its requirements do not pin scikit-learn>=1, ")


# identity


def test_one_changed_byte_in_the_store_is_refused_although_a_good_copy_is_at_hand(ask, changed, first_days):
    version = changed()
    assert ask("identity", version).passed
    assert artifacts.local_copy(first_days, version).is_dir()
    model = version.source.removeprefix("models:/")
    [file] = (first_days.home / "artifacts").rglob(f"{model}/artifacts/{PROFILE_FILE}")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    result = ask("identity", version)
    assert not result.passed
    assert "is not the model that was validated" in result.sentence
    for gate in ("safety", "preprocessing", "speed"):
        assert "so it is not loaded; see identity" in ask(gate, version).sentence


def test_a_lost_store_is_a_refusal_by_every_gate_that_needs_it(ask, changed, first_days):
    version = changed()
    shutil.rmtree(first_days.home / "models" / version.tags[DIGEST_TAG], ignore_errors=True)
    model = version.source.removeprefix("models:/")
    [folder] = (first_days.home / "artifacts").rglob(model)
    shutil.rmtree(folder)
    for gate in ("data", "identity", "safety", "environment", "monitoring", "quality", "speed"):
        assert not ask(gate, version).passed


# safety


def test_a_type_that_is_not_trusted_is_refused_by_name(ask, changed):
    def own_class(folder):
        pipeline = make_pipeline(FunctionTransformer(judged_as), LogisticRegression())
        skops.io.dump(pipeline, folder / MODEL_FILE)

    result = ask("safety", changed(own_class))
    assert not result.passed
    assert result.sentence.startswith("It holds types that are not trusted: ")
    assert "judged_as" in result.sentence


@pytest.mark.parametrize(
    ("name", "content"), [("extra.pkl", b"anything"), ("weights.bin", b"\x80\x04."), ("a.py", b"")]
)
def test_a_file_that_can_run_code_is_refused(ask, changed, name, content):
    result = ask("safety", changed(lambda folder: (folder / name).write_bytes(content)))
    assert not result.passed
    assert f"when they are loaded: {name}. Train it" in result.sentence


def test_a_damaged_model_is_a_refusal_and_no_traceback(ask, changed):
    version = changed(lambda folder: (folder / MODEL_FILE).write_bytes(b"PK damaged"))
    for gate in ("safety", "speed"):
        result = ask(gate, version)
        assert not result.passed
        assert result.sentence.startswith("The gate cannot decide, so it refuses: ")


# monitoring


def test_a_model_without_reference_profile_is_refused(ask, changed):
    result = ask("monitoring", changed(lambda folder: (folder / PROFILE_FILE).unlink()))
    assert "Its artifacts contain no reference profile, without which it cannot be monitored" in result.sentence


def test_a_profile_of_other_features_is_refused(ask, changed):
    def other(folder):
        path = folder / PROFILE_FILE
        content = json.loads(path.read_text())
        content["features"]["price"] = content["features"].pop("text.words")
        path.write_text(json.dumps(content))

    result = ask("monitoring", changed(other))
    assert not result.passed
    assert "price, text.words differ" in result.sentence


# speed


def test_a_model_that_is_too_slow_is_refused_with_its_time(ask, good, gated):
    result = ask("speed", good, with_limits(gated, max_ms_per_1000_rows=0.01))
    assert not result.passed
    assert "allows 0.01 ms" in result.sentence
    assert result.figures["ms_per_1000_rows"] > 0.01


# quality


def test_a_metric_below_its_floor_and_a_small_gain_are_refused_together(ask, good, gated):
    result = ask("quality", good, with_limits(gated, min_metric=0.99, min_gain=0.5))
    assert not result.passed
    assert "below the floor of 0.990" in result.sentence
    assert "0.500 is required" in result.sentence


def test_a_slice_below_its_floor_is_refused_by_name_unless_it_is_small(ask, changed, gated, rows):
    words = rows.holdout["text"].str.count(r"\S+")
    shortest = set(rows.holdout["id"][words <= words.quantile(0.2)])

    def wrong_on_short_texts(folder):
        judged = pd.read_parquet(folder / HOLDOUT_FILE)
        judged.loc[judged["id"].isin(shortest), "score"] = 1.0 - judged["label"]
        judged.to_parquet(folder / HOLDOUT_FILE, index=False)

    version = changed(wrong_on_short_texts)
    lenient = with_limits(gated, min_metric=0.1, min_gain=0.0, margin=0.9, slice_min_rows=30)
    result = ask("quality", version, lenient)
    assert not result.passed
    said = r"On the \d+ rows with text\.words = q1 its accuracy is 0\.\d{3}, below the floor of 0\.550 for a slice\."
    assert re.fullmatch(said, result.sentence)
    assert ask("quality", version, with_limits(lenient, slice_min_rows=50_000)).passed


@pytest.fixture(scope="module")
def weak(first_days, gated, good):
    """A version of a changed and worse recipe, and its config."""
    assert good is not None  # the champion comes first
    spec = gated.training.model_dump(by_alias=True)
    spec["preprocessing"][0]["steps"][0]["params"]["n_features"] = 512
    use_case = gated.model_copy(update={"training": type(gated.training).model_validate(spec)})
    trained = train_model.run(Context(first_days, use_case), use_case.history.end)
    return versions.by_version(Context(first_days, use_case), trained.version), with_limits(use_case, min_metric=0.5)


def test_a_challenger_that_is_worse_than_the_champion_is_refused_with_both_figures(ask, weak, rows, newer):
    version, use_case = weak
    result = ask("quality", version, use_case)
    assert not result.passed
    told = (
        f"It is not shown to be as good as the champion, version 1: on {len(rows.holdout) + newer:,} rows that neither"
    )
    assert result.sentence.startswith(told)
    assert "Its recipe differs (training.preprocessing): with " in result.sentence
    assert result.figures["challenger_accuracy"] < result.figures["champion_accuracy"]
    assert result.figures["recipe_rows"] == len(rows.train) - len(rows.train) // 2
    assert result.figures["recipe_difference"] < -0.02


@pytest.fixture
def newer(first_days, gated, good, tmp_path):
    """The number of rows of the holdout and later whose labels have arrived since the training."""
    return len(Evidence(Context(first_days, gated), good, CleanProcess(tmp_path)).newer)


def test_rows_whose_label_came_after_the_training_count_too(newer, rows):
    assert 400 < newer < 900  # 900 rows of three days and 400 of the next two, of which 369 had a label
    assert len(rows.holdout) == 369


def test_a_refresh_passes_unless_it_is_shown_to_be_worse(ask, first_days, gated, good, changed):
    assert good is not None
    routine = gated.training.model_copy(update={"seed": 3, "window_days": 25, "holdout_days": 4})
    use_case = gated.model_copy(update={"training": routine})
    trained = train_model.run(Context(first_days, use_case), use_case.history.end)
    fine = ask("quality", versions.by_version(Context(first_days, use_case), trained.version), use_case)
    assert fine.passed
    assert (
        "It is a refresh by the same recipe as the champion's, version 1, and is not shown to be worse" in fine.sentence
    )
    assert fine.figures["changed_recipe"] == 0
    assert CHAMPIONS_TAG not in connect(first_days).get_run(trained.run_id).data.tags

    def forgetful(folder):
        pipeline = skops.io.load(folder / MODEL_FILE, trusted=trusted_types(folder / MODEL_FILE))
        pipeline.named_steps["estimator"].coef_[:, ::3] = 0.0
        judged_as(folder, pipeline, Evidence(Context(first_days, gated), good, CleanProcess(folder.parent)).raw)

    result = ask("quality", changed(forgetful), with_limits(gated, min_metric=0.5, slice_min_accuracy=0.1))
    assert not result.passed
    assert "and is shown to be worse: on" in result.sentence
    assert result.figures["chance_if_as_good"] <= 0.01


def test_the_champions_own_pipeline_passes_however_few_the_rows(ask, gated, changed):
    result = ask("quality", changed(), with_limits(gated, alpha=1e-9))
    assert result.passed
    assert "It is identical to the champion, version 1." in result.sentence


def test_rows_that_the_champion_learned_from_do_not_flatter_it(ask, first_days, gated, good, newer):
    earlier = train_model.run(Context(first_days, gated), gated.history.end - timedelta(days=1))
    version = versions.by_version(Context(first_days, gated), earlier.version)
    figures = ask("quality", version).figures
    judged = pd.read_parquet(artifacts.local_copy(first_days, version) / HOLDOUT_FILE)
    champions = pd.read_parquet(artifacts.local_copy(first_days, good) / HOLDOUT_FILE)
    # All of the champion's holdout is new to the older version, and so are the labels that came after both trainings.
    assert figures["compared_rows"] == len(champions) + newer
    assert 0 < judged["id"].isin(champions["id"]).sum() < len(judged)


def test_each_champion_that_a_changed_recipe_meets_uses_up_a_part_of_alpha(ask, first_days, good, weak, monkeypatch):
    version, use_case = weak
    client = connect(first_days)
    first = ask("quality", version, use_case).figures
    # The copies of other tests record no recipe, so each counts as one of its own.
    every = versions.every(Context(first_days, use_case))
    # A number that was used up, since the ledger names it, counts too.
    numbers = map(str, range(1, int(version.version)))
    before = {every[n].tags.get(RECIPE_TAG, n) if n in every else n for n in numbers}
    place = len(before) + 1
    assert version.tags[RECIPE_TAG] not in before
    assert first["chance_allowed"] == pytest.approx(0.05 * 0.9 / (place * (place - 1)) / 2 * 0.9)
    assert ask("quality", version, use_case).figures == first
    other = client.create_model_version(good.name, good.source, good.run_id, tags=good.tags)
    with monkeypatch.context() as patch:
        patch.setattr("sluss.gates.comparison.current", lambda _: other)  # another champion in the ledger
        now = ask("quality", version, use_case).figures
    assert now["chance_allowed"] == pytest.approx(first["chance_allowed"] / 10)
    assert ask("quality", version, use_case).figures == first
    assert client.get_run(version.run_id).data.tags[CHAMPIONS_TAG] == f"1,{other.version}"


# The step


def test_the_first_model_of_all_passes_without_a_champion(ask, good, monkeypatch):
    monkeypatch.setattr("sluss.gates.comparison.current", lambda _: None)
    result = ask("quality", good)
    assert result.passed
    assert np.isnan(result.figures.get("champion_accuracy", np.nan))


def test_make_gates_ends_with_1_and_a_table_when_a_gate_refuses(run_step, first_days, tmp_path):
    (tmp_path / "config").mkdir()
    text = (first_days.config_dir / "sentiment.yaml").read_text().replace("min_metric: 0.65", "min_metric: 0.95")
    (tmp_path / "config" / "sentiment.yaml").write_text(text)
    finished = run_step(
        "validate_model", "--version", "1", SLUSS_HOME=first_days.home, SLUSS_CONFIG_DIR=tmp_path / "config"
    )
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert "below the floor of 0.950" in finished.stdout
    # `quality` judges the holdout, `age` the newest rows; both have the floor.
    assert finished.stdout.count("│ passed") == len(GATES) - 2


def test_a_version_without_a_run_is_refused_in_a_sentence(first_days, gated, good):
    client = connect(first_days)
    version = client.create_model_version(gated.model, artifacts.local_copy(first_days, good).as_uri())
    with pytest.raises(ModelError, match=f"version {version.version} has no run in MLflow"):
        validate_model.run(Context(first_days, gated), str(version.version))


def test_a_service_that_does_not_answer_is_not_a_refusal():
    def gate(_):
        raise ServiceError("MLflow does not answer.")

    with pytest.raises(ServiceError, match="does not answer"):
        _answer(gate, None)


# The clean process


def living():
    """The clean processes that this one has started and that have not ended."""
    children = [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
    return [each for each in children if "clean_process/score_raw_rows.py" in " ".join(each.cmdline())]


def started():
    """The clean process that was just started; for a moment the system may not know its command line."""
    for _ in range(100):
        if found := living():
            [process] = found
            return process
        time.sleep(0.05)
    pytest.fail("no clean process was started")


@pytest.fixture
def order(first_days, gated, good, tmp_path):
    """Ask a clean process for the scores of the good model, or of another file."""
    with contextlib.ExitStack() as processes:
        evidence = Evidence(Context(first_days, gated), good, CleanProcess(tmp_path))

        def ask(name, model=None):
            (tmp_path / name).mkdir()
            process = processes.enter_context(CleanProcess(tmp_path / name))
            process.ask(model or evidence.model_file, evidence.raw, evidence.problem.scoring.method)
            return process

        yield ask


def test_two_validations_at_once_get_the_same_scores(order):
    first, second = order("first"), order("second")
    assert np.array_equal(second.output(), first.output())


def test_one_that_is_killed_is_told_and_the_next_validation_gets_another(order):
    before = order("before").output()
    lost = order("lost")
    started().kill()
    with pytest.raises(ServiceError, match="was killed: by a restart, or by the memory that it may take"):
        lost.output()
    assert np.array_equal(order("after").output(), before)


def test_one_that_is_killed_before_it_is_asked_decides_nothing(tmp_path, first_days, gated, good):
    with CleanProcess(tmp_path) as process:
        process.start()
        waiting = started()
        waiting.kill()
        while waiting.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        with pytest.raises(ServiceError, match="was killed: by a restart, or by the memory that it may take"):
            _answer(GATES["preprocessing"], Evidence(Context(first_days, gated), good, process))


def test_a_scoring_that_does_not_end_is_ended(order, tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "nothing")  # a process that opens it waits for one that writes
    monkeypatch.setattr(clean_process, "_PATIENCE", 1)
    hung = order("hung", tmp_path / "nothing")
    with pytest.raises(ModelError, match="no answer within 1 seconds"):
        hung.output()
    assert not living()


def test_it_ends_with_its_validation_whether_it_was_asked_or_not(tmp_path, first_days, gated, good):
    with CleanProcess(tmp_path) as process:
        process.start()
        assert started().is_running()
    assert not living()
    validate_model.run(Context(first_days, gated), str(good.version))
    assert not living()


def test_it_ends_by_itself_when_the_process_that_started_it_is_killed(tmp_path):
    code = (
        "import sys, time, pathlib; from sluss.gates.clean_process.process import CleanProcess; "
        "CleanProcess(pathlib.Path(sys.argv[1])).start(); print('started', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout.readline() == "started\n"
        [child] = psutil.Process(parent.pid).children()
        parent.kill()
    child.wait(60)


def test_it_finds_no_code_of_this_project(tmp_path):
    probe = tmp_path / "probe.py"
    probe.write_text(
        "import sys; sys.path.append(sys.argv[1])\n"
        "import importlib.util as util; print([name for name in ('sluss', 'tasks') if util.find_spec(name)])"
    )
    packages = str(metadata.distribution("scikit-learn").locate_file(""))
    command = [sys.executable, "-I", "-S", str(probe), packages]
    assert subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout == "[]\n"
