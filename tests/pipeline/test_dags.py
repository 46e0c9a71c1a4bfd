"""Every DAG file: it loads for every use case, imports nothing heavy, and has the shape people expect."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml
from any_table import config as any_config

from sluss.config.settings import ROOT
from sluss.use_cases import load_use_case, use_case_names

PLUGINS = {"AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "services" / "airflow" / "plugins" / "runs")}
FILES = sorted(path.stem for path in (ROOT / "dags").glob("[!_]*.py") if path.stem != "configs")
SHAPES = {
    "data": {"generate_data": ["curate_data"], "curate_data": []},
    "training": {
        "decide_training": ["train_model"],
        "train_model": ["plot_model"],
        "plot_model": [],
    },
    "deployment": {"validate_model": ["deploy_model"], "deploy_model": []},
    "drill": {"run_drill": []},
    "rollback": {"roll_back": []},
    "alert": {"change_alert": []},
    "scoring": {
        "generate_data": ["batch_predict"],
        "batch_predict": ["monitor_model"],
        "monitor_model": ["cleanup_old_artifacts", "generate_summary"],
        "cleanup_old_artifacts": [],
        "generate_summary": [],
    },
}
# One DAG for all use cases.
OF_ALL = {"alerts": {"alerts": {"send_alerts": []}}, "logs": {"logs": {"remove_old_logs": []}}}
HEAVY = {"mlflow", "pandas", "sklearn", "numpy", "scipy", "pyarrow", "deltalake", "duckdb", "matplotlib", "skops"}
LOAD = """
import json, sys
from airflow.sdk import DAG
before = set(sys.modules)
shapes, zones, weights = {}, {}, {}
for file in sys.argv[1:]:
    dags = [value for value in vars(__import__(file)).values() if isinstance(value, DAG)]
    tasks = {dag.dag_id: dag.task_dict.items() for dag in dags}
    zones |= {dag.dag_id: [tag[5:] for tag in dag.tags if tag.startswith("zone:")] for dag in dags}
    weights |= {f"{dag}.{id}": task.priority_weight for dag in tasks for id, task in tasks[dag]}
    shapes[file] = {dag: {id: sorted(task.downstream_task_ids) for id, task in tasks[dag]} for dag in tasks}
print(json.dumps({"shapes": shapes, "new": sorted({name.split(".")[0] for name in set(sys.modules) - before}),
                  "zones": zones, "weights": weights}))
"""

RUN_NAMES = """
import json, sys
import pendulum
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DataInterval
from airflow.utils.types import DagRunType
import scoring
text = json.dumps(DagSerialization.to_dict(vars(scoring)[sys.argv[1]]))
kept = DagSerialization.from_dict(json.loads(text)).timetable
interval = DataInterval(pendulum.parse("2026-01-04T13:00:00Z"), pendulum.parse("2026-01-05T13:00:00Z"))
kinds = (DagRunType.SCHEDULED, DagRunType.MANUAL)
given = {"run_after": interval.end, "data_interval": interval}
names = {str(kind): kept.generate_run_id(run_type=kind, **given) for kind in kinds}
assert kept.generate_run_id(run_type=DagRunType.MANUAL, run_after=interval.end, data_interval=None)
print(json.dumps(names))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Import DAG files in a process of its own, and return what the code prints."""
    home = tmp_path_factory.mktemp("airflow")

    def load(*files: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {"PATH": "/usr/bin:/bin", "AIRFLOW_HOME": str(home), "PYTHONPATH": str(ROOT / "dags")}
        variables |= PLUGINS | environment
        command = [sys.executable, "-c", LOAD, *files]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)

    return load


def test_a_dag_file_gives_one_dag_of_the_right_shape_for_each_use_case(loaded):
    finished = loaded(*FILES)
    assert finished.returncode == 0, finished.stderr
    seen = json.loads(finished.stdout.splitlines()[-1])
    names = use_case_names(ROOT / "config")
    assert seen["shapes"] == {file: {f"{name}_{file}": SHAPES[file] for name in names} for file in SHAPES} | OF_ALL
    assert not HEAVY & set(seen["new"])


def test_a_scoring_dag_names_the_zone_of_its_schedule_for_make_backfill(loaded):
    found = json.loads(loaded("scoring").stdout.splitlines()[-1])["zones"]
    zones = {name: load_use_case(name, ROOT / "config").schedule_zone for name in use_case_names(ROOT / "config")}
    assert found == {f"{name}_scoring": [] if zone == "UTC" else [zone] for name, zone in zones.items()}
    assert any(found.values())


def test_plots_and_drills_come_after_every_other_task(loaded):
    weights = json.loads(loaded(*FILES).stdout.splitlines()[-1])["weights"]
    last = {name for name in weights if name.endswith((".plot_model", ".run_drill"))}
    assert last
    assert max(weights[name] for name in last) < min(weights[name] for name in set(weights) - last)


@pytest.mark.parametrize(
    ("use_case", "interval"), [("sentiment", "2026-01-04"), ("demand", "2026-01-05"), ("recommendation", "2026-01")]
)
def test_a_run_has_the_name_of_its_interval_in_the_zone_of_the_use_case(tmp_path, use_case, interval):
    variables = {"PATH": "/usr/bin:/bin", "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "dags")} | PLUGINS
    command = [sys.executable, "-W", "ignore", "-c", RUN_NAMES, f"{use_case}_scoring"]
    finished = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)
    assert finished.returncode == 0, finished.stderr
    names = json.loads(finished.stdout.splitlines()[-1])
    assert names["scheduled"] == f"scheduled__{interval}"
    assert names["manual"].startswith(f"manual__{interval}__2026-01-05T13:00:00")


def test_only_the_use_cases_that_are_asked_for_have_dags(loaded):
    finished = loaded("scoring", SLUSS_DAGS_OF="fraud, demand")
    assert finished.returncode == 0, finished.stderr
    assert set(json.loads(finished.stdout.splitlines()[-1])["shapes"]["scoring"]) == {"fraud_scoring", "demand_scoring"}


def test_the_schedulers_plugin_needs_none_of_our_packages(tmp_path):
    code = "import airflow, named_runs, sys; print({'sluss', 'tasks', 'commands', 'components'} & set(sys.modules))"
    variables = {"PATH": "/usr/bin:/bin", "AIRFLOW_HOME": str(tmp_path)}
    variables |= {"PYTHONPATH": PLUGINS["AIRFLOW__CORE__PLUGINS_FOLDER"]}
    command = [sys.executable, "-W", "ignore", "-c", code]
    finished = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)
    assert finished.stdout == "set()\n", finished.stderr


def test_a_malformed_config_shows_its_sentence_as_airflows_import_error(loaded, tmp_path):
    (tmp_path / "broken.yaml").write_text("name: broken\n")
    finished = loaded("configs", SLUSS_CONFIG_DIR=str(tmp_path))
    assert finished.returncode != 0
    assert "is missing. Add it; docs/use_cases.md explains every key." in finished.stderr


@pytest.mark.parametrize("content", ["a: [", "name: broken\n", "\xff", "name: x\nname: y\n"])
def test_a_broken_config_leaves_the_dags_of_the_others_alive(loaded, tmp_path, content):
    for file in (ROOT / "config").glob("sentiment*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "broken.yaml").write_bytes(content.encode("latin-1"))
    finished = loaded(*FILES, SLUSS_CONFIG_DIR=str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    seen = json.loads(finished.stdout.splitlines()[-1])
    assert seen["shapes"] == {file: {f"sentiment_{file}": SHAPES[file]} for file in SHAPES} | OF_ALL
    finished = loaded("configs", SLUSS_CONFIG_DIR=str(tmp_path))
    assert f"ConfigError: {tmp_path / 'broken.yaml'}" in finished.stderr
    assert "sentiment.yaml" not in finished.stderr


def test_configs_that_can_be_read_have_no_import_error(loaded):
    finished = loaded("configs")
    assert finished.returncode == 0, finished.stderr


def test_news_that_cannot_be_sent_for_one_use_case_are_sent_for_the_others(tmp_path):
    config = tmp_path / "config"
    config.mkdir()
    elsewhere = any_config({"path": "s3://theirs/in", "airflow_connection": "nowhere"})
    (config / "mine.yaml").write_text(yaml.safe_dump(elsewhere))
    for file in (ROOT / "config").glob("sentiment*"):
        (config / file.name).write_bytes(file.read_bytes())
    variables = {"PATH": "/usr/bin:/bin", "AIRFLOW_HOME": str(tmp_path), "SLUSS_HOME": str(tmp_path / "home")}
    variables |= {"SLUSS_CONFIG_DIR": str(config), "PYTHONPATH": f"{ROOT / 'dags'}:{ROOT}"} | PLUGINS
    command = [sys.executable, "-c", "import _shared; _shared.send_all_news(5)"]
    finished = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)
    assert finished.returncode != 0
    assert "AirflowFailException: The news of mine were not sent" in finished.stderr


def test_a_use_case_whose_critical_alerts_fail_has_a_task_for_it_after_monitoring(loaded, tmp_path):
    text = (ROOT / "config" / "sentiment.yaml").read_text()
    (tmp_path / "sentiment.yaml").write_text(text.replace("monitoring:\n", "monitoring:\n  critical_fails: true\n"))
    finished = loaded("scoring", SLUSS_CONFIG_DIR=str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout.splitlines()[-1])["shapes"]["scoring"]["sentiment_scoring"] == SHAPES[
        "scoring"
    ] | {"monitor_model": ["cleanup_old_artifacts", "critical_alerts", "generate_summary"], "critical_alerts": []}


def test_a_use_case_that_wants_approval_asks_a_person_between_gates_and_promotion(loaded, tmp_path):
    text = (ROOT / "config" / "sentiment.yaml").read_text()
    (tmp_path / "sentiment.yaml").write_text(text.replace("approval: none", "approval: manual"))
    finished = loaded("deployment", SLUSS_CONFIG_DIR=str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout.splitlines()[-1])["shapes"]["deployment"]["sentiment_deployment"] == {
        "validate_model": ["approve", "deploy_model"], "approve": ["deploy_model"], "deploy_model": [],
    }  # fmt: skip
