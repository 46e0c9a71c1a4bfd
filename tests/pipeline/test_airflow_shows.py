"""What a person sees in Airflow's logs and in MLflow's descriptions of alerts and of refused candidates."""

from __future__ import annotations

import shutil
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from alert_world import AlertWorld, alert, day

from sluss.alerting.for_log import fail_if_critical, sentences
from sluss.alerting.identity import alert_id
from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.errors import CriticalAlertError, RefusedError
from sluss.gates.validate import validate
from sluss.interval import parse_interval
from sluss.registry import descriptions, versions
from sluss.registry.descriptions import gates_table
from sluss.use_cases import load_use_case
from tasks import deploy_model

DEPLOY = """
import logging, sys
sys.path[:0] = [sys.argv[1] + "/scripts/demo", sys.argv[1] + "/dags"]
import embedded_airflow
from datetime import UTC, datetime
from sluss.config.settings import load_settings
import scipy.special

embedded_airflow.enter(load_settings())
embedded_airflow.prepare_databases(load_settings())
import deployment
run = deployment.sentiment_deployment.test(logical_date=datetime(2026, 1, 1, tzinfo=UTC), run_conf={"version": "1"})
print("run", run.state)
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
with create_session() as session:
    for task in session.get(DagRun, run.id).task_instances:
        print("task", task.task_id, task.state)
"""


def test_an_alert_is_a_sentence_with_severity_next_step_and_address(sentiment, tmp_path):
    world = AlertWorld(sentiment, tmp_path, {"control_room_page": "https://room.example.org/"})
    raised = alert(1, severity="critical", message="Words are unknown: 12 %.\x1b[31m")
    [line] = sentences(world.context, [raised, alert(2, "ongoing"), alert(3, "ended")])
    name = alert_id("sentiment", "data_drift", day(1))
    assert line.startswith(f"Critical alert: data_drift of sentiment was raised in {day(1)}. Words are unknown: 12 %.")
    assert f"Next: make ack ALERT={name} USE_CASE=sentiment, then make lineage INTERVAL={day(1)}" in line
    assert line.endswith(f"Control room: https://room.example.org/alerts/sentiment/{name}")
    assert "\x1b" not in line
    [line] = sentences(world.context, [alert(1, "updated", "critical", since=day(3))])
    assert f"became worse in {day(1)}" in line


@pytest.mark.parametrize(
    ("state", "severity", "fails"),
    [
        ("raised", "critical", True),
        ("updated", "critical", True),
        ("raised", "warning", False),
        ("ongoing", "critical", False),
        ("ended", "critical", False),
    ],
)
def test_only_an_interval_that_raises_a_critical_alert_fails(sentiment, tmp_path, state, severity, fails):
    world = AlertWorld(sentiment, tmp_path)
    world.monitored(1, alert(1, state, severity))
    interval = parse_interval(day(1), sentiment.unit)
    if fails:
        with pytest.raises(CriticalAlertError, match="Critical alert: data_drift of sentiment"):
            fail_if_critical(world.context, interval)
    else:
        fail_if_critical(world.context, interval)


@pytest.fixture
def strict(tmp_path, sentiment):
    """A config folder whose gates refuse every model."""
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    path = folder / "sentiment.yaml"
    text = path.read_text()
    assert f"min_metric: {sentiment.gates.min_metric}" in text
    path.write_text(text.replace(f"min_metric: {sentiment.gates.min_metric}", "min_metric: 0.99"))
    return folder


@pytest.mark.long
def test_a_refused_candidate_is_skipped_with_the_gates_sentences(copy_of_first_days, strict):
    settings = copy_of_first_days
    variables = {
        "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "SLUSS_HOME": str(settings.home),
        "SLUSS_CONFIG_DIR": str(strict), "SLUSS_DATA": str(settings.data),
    }  # fmt: skip
    command = [sys.executable, "-c", DEPLOY, str(ROOT)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
    said = done.stdout + done.stderr
    states = [line for line in done.stdout.splitlines() if line.startswith(("run ", "task "))]
    assert sorted(states) == ["run success", "task deploy_model skipped", "task validate_model skipped"]
    assert "quality refused: Its accuracy" in said
    assert "is refused, and the champion stays" in said
    assert "Versions and gates: http://localhost:8000/use-cases/sentiment" in said
    assert "Traceback" not in said


def test_the_descriptions_in_mlflow_have_the_gates_and_keep_a_persons_words(copy_of_first_days, sentiment, strict):
    context = Context(copy_of_first_days, load_use_case("sentiment", strict))
    client, model = context.client, sentiment.model
    client.update_model_version(model, "1", "Ann's first model.")
    client.update_registered_model(model, "Reviews.")
    with pytest.raises(RefusedError):
        deploy_model.run(context)
    found = client.get_model_version(model, "1").description
    assert found.startswith("Ann's first model.\n\n## Verdicts of the gates\n\n**Refused** by quality")
    assert "| quality | refused | Its accuracy" in found
    assert "| data | passed |" in found
    page = "(http://localhost:8000/use-cases/sentiment)"
    of_model = client.get_registered_model(model).description
    assert of_model.startswith("Reviews.\n\n## Control room\n\n")
    assert of_model.endswith(page)
    validation = validate(Context(copy_of_first_days, sentiment), "1")
    again = client.get_model_version(model, "1").description
    assert again.startswith("Ann's first model.\n\n## Verdicts of the gates\n\n")
    assert again.count("## Verdicts of the gates") == 1
    tags = client.get_run(versions.by_version(context, "1").run_id).data.tags
    assert tags["gates"] == ("passed" if not validation.refusals else f"refused: {validation.refusals[0].gate}")
    assert client.get_registered_model(model).description == of_model


def test_a_table_of_gates_fits_into_mlflows_column_and_cannot_be_broken_by_names():
    rows = [(f"gate{number}", "passed", "x | <script>\n" + "y" * 900) for number in range(14)]
    rows.append(("last", "refused", "column | `a` <b> [c](d)"))
    text = gates_table(rows, "http://localhost:8000/use-cases/x")
    assert len(text) <= 5_000
    lines = text.splitlines()
    assert lines[0].startswith("**Refused** by last.")
    assert lines[4].startswith("| last | refused |")
    assert all(line.count("|") == 4 for line in lines[2:])
    assert "<" not in "".join(lines[4:])
    assert gates_table([("data", "passed", "Good.")], "p").startswith("**Passed** by 1 gate.")


class Refusing(BaseHTTPRequestHandler):
    """A server that knows the login and refuses every action, as MLflow's does for a model of another account."""

    def do_PATCH(self) -> None:
        self.send_response(403)
        self.end_headers()
        self.wfile.write(b"Permission denied")

    do_GET = do_POST = do_PATCH  # noqa: N815 - names of the library

    def log_message(self, *_) -> None:
        pass


def test_an_account_that_may_not_write_descriptions_goes_on(copy_of_first_days, sentiment, caplog):
    version = versions.by_version(Context(copy_of_first_days, sentiment), "1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings = Settings(home=copy_of_first_days.home, MLFLOW_TRACKING_URI=f"http://127.0.0.1:{server.server_port}")
        descriptions.describe(Context(settings, sentiment), version, [("data", "passed", "Good.")])
        server.shutdown()
    assert "are not written" in caplog.text
