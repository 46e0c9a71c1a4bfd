"""Each wrong input ends in one sentence with cause and cure, and exit code 2; never in a traceback."""

from __future__ import annotations

import pytest
import yaml

from sluss.config.settings import ROOT

NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there


def refuses(finished, *words: str) -> None:
    """Assert exit code 2 and one line that contains the words."""
    assert finished.returncode == 2, finished.stderr
    assert "Traceback" not in finished.stderr
    assert len(finished.stderr.strip().splitlines()) == 1, finished.stderr
    for word in words:
        assert word in finished.stderr


@pytest.fixture
def config(tmp_path):
    """A config folder whose use case is changed by the function that a test gives."""

    def write(change) -> dict:
        content = yaml.safe_load((ROOT / "config" / "sentiment.yaml").read_text())
        change(content)
        folder = tmp_path / "config"
        folder.mkdir()
        (folder / "sentiment.yaml").write_text(yaml.safe_dump(content))
        return {"SLUSS_CONFIG_DIR": folder, "SLUSS_HOME": tmp_path / "home"}

    return write


def test_a_missing_config_key_is_named(run_step, config):
    environment = config(lambda content: content["training"].pop("folds"))
    refuses(run_step("train_model", **environment), "'training.folds' is missing", "docs/use_cases.md")


def test_a_misspelt_config_key_is_named(run_step, config):
    environment = config(lambda content: content["training"].update(fold=3))
    refuses(run_step("train_model", **environment), "'training.fold' is unknown")


def test_a_wrong_config_value_is_named(run_step, config):
    environment = config(lambda content: content["monitoring"].update(false_alarms="often"))
    refuses(run_step("train_model", **environment), "'monitoring.false_alarms' cannot be used", "1 per 90 days")


def test_the_old_key_for_false_alarms_names_the_new_one(run_step, config):
    environment = config(lambda content: content["monitoring"].update(alpha=0.001))
    refuses(run_step("train_model", **environment), "monitoring.alpha", "false_alarms: 1 per 90 days")


def test_a_feature_that_is_not_described_is_named(run_step, config):
    environment = config(lambda content: content.update(features=["text", "price"]))
    refuses(run_step("train_model", **environment), "columns price are used but not described")


def test_a_config_that_is_not_yaml_is_refused_with_the_line(run_step, tmp_path):
    (tmp_path / "sentiment.yaml").write_text("name: [sentiment\n")
    refuses(
        run_step("train_model", SLUSS_CONFIG_DIR=tmp_path, SLUSS_HOME=tmp_path / "home"), "not valid YAML", "line 2"
    )


def test_an_unknown_use_case_lists_the_known_ones(run_step, tmp_path):
    refuses(
        run_step("train_model", "--use-case", "other", SLUSS_HOME=tmp_path),
        "use case 'other' does not exist",
        "known: demand, fraud, recommendation, sentiment",
    )


def test_a_home_that_cannot_be_made_is_named(run_step):
    refuses(run_step("train_model", SLUSS_HOME="/proc/nowhere"), "/proc/nowhere cannot be made", "SLUSS_HOME")


def test_a_mistyped_interval_is_named_with_an_example(run_step, tmp_path):
    refuses(
        run_step("batch_predict", "--interval", "Monday", SLUSS_HOME=tmp_path),
        "'Monday' is not an interval",
        "2026-01-05",
    )


def test_training_without_data_says_how_to_load_it(run_step, tmp_path):
    refuses(run_step("train_model", SLUSS_HOME=tmp_path), "has no curated data to learn from", "make data")


def test_scoring_without_a_champion_says_how_to_get_one(run_step, config, copy_of_first_days):
    environment = config(lambda content: content.update(model="untrained")) | {"SLUSS_HOME": copy_of_first_days.home}
    finished = run_step("batch_predict", "--interval", "2026-01-01", **environment)
    refuses(finished, "No version of untrained is the champion", "make train deploy")


def test_an_unreachable_mlflow_is_named(run_step, first_days, tmp_path):
    environment = {"SLUSS_HOME": tmp_path, "SLUSS_LAKE_URL": first_days.lake, "MLFLOW_TRACKING_URI": NOBODY}
    refuses(
        run_step("batch_predict", "--interval", "2026-01-01", **environment),
        f"MLflow at {NOBODY} does not answer",
        "make ps",
    )


def test_an_unreachable_lake_is_named_without_its_secret(run_step, tmp_path):
    environment = {
        "SLUSS_HOME": tmp_path,
        "SLUSS_LAKE_URL": "s3://lake",
        "SLUSS_S3_ENDPOINT_URL": NOBODY,
        "SLUSS_S3_ACCESS_KEY_ID": "key",
        "SLUSS_S3_SECRET_ACCESS_KEY": "very-secret",
    }
    finished = run_step("batch_predict", "--interval", "2026-01-01", **environment)
    refuses(finished, "The lake at s3://lake does not answer", "make ps")
    assert "very-secret" not in finished.stderr


def test_a_pipeline_class_that_does_not_exist_is_named(run_step, config, first_days):
    environment = config(
        lambda content: content["training"]["estimator"].update({"class": "sklearn.linear_model.Magic"})
    )
    environment |= {"SLUSS_HOME": first_days.home}
    refuses(run_step("train_model", **environment), "no 'sklearn.linear_model.Magic'")


def test_a_pipeline_parameter_that_does_not_exist_is_named(run_step, config, first_days):
    environment = config(lambda content: content["training"]["estimator"].update(params={"alfa": 1}))
    environment |= {"SLUSS_HOME": first_days.home}
    refuses(run_step("train_model", **environment), "no parameter 'alfa'", "C, class_weight")
