"""A person between gates and promotion: the real DAG in a process of its own, answered through Airflow's API."""

import json
import shutil
import subprocess
import sys

import pytest

from tasks.hub import ledger
from tasks.shared.settings import ROOT, Settings
from tasks.storage.lake import Lake

pytestmark = pytest.mark.long

# dag.test() waits for an answer from outside; a thread gives it, as the page does: through the REST API.
PERSON = """
import json, sys, threading, time
from datetime import UTC, datetime
sys.path[:0] = [sys.argv[1] + "/scripts", sys.argv[1] + "/dags"]
import embedded
from tasks.shared.settings import load_settings
embedded.enter(load_settings())
embedded.prepare_databases(load_settings())
import deployment
from airflow.api_fastapi.app import create_app
from fastapi.testclient import TestClient

def answer():
    with TestClient(create_app(apps="core"), base_url="http://localhost") as page:
        page.headers["Authorization"] = "Bearer " + page.get("/auth/token").json()["access_token"]
        dag = "/api/v2/dags/sentiment_deployment/dagRuns/"
        while not (asked := page.get(dag + "~/hitlDetails?state=awaiting_input").json().get("hitl_details")):
            time.sleep(0.2)
        seen.update({key: asked[0][key] for key in ("subject", "body")})
        run = asked[0]["task_instance"]["dag_run_id"]
        given = {"chosen_options": ["Approve"], "params_input": {}}
        page.patch(f"{dag}{run}/taskInstances/approve/-1/hitlDetails", json=given).raise_for_status()

seen = {}
threading.Thread(target=answer, daemon=True).start()
run = deployment.sentiment_deployment.test(logical_date=datetime.now(UTC), run_conf={"version": "1"})
print(json.dumps(seen | {task.task_id: task.state for task in run.get_task_instances()}))
"""


@pytest.fixture
def asked(copy_of_first_days, tmp_path) -> Settings:
    """A home in which nothing was deployed, and a config that wants approval."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    path = tmp_path / "config" / "sentiment.yaml"
    path.write_text(path.read_text().replace("approval: none", "approval: manual"))
    return copy_of_first_days


def test_a_person_sees_what_the_gates_said_and_says_yes(asked, sentiment, tmp_path):
    environment = {"SLUSS_HOME": str(asked.home), "SLUSS_CONFIG_DIR": str(tmp_path / "config"), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", PERSON, str(ROOT)]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    seen = json.loads(finished.stdout.splitlines()[-1])
    states = {"validate_model": "success", "approve": "success", "deploy_model": "success"}
    assert states.items() <= seen.items(), finished.stdout
    assert seen["subject"] == "Sentiment of short reviews: shall version 1 become the champion?"
    assert "- **quality** passed: Its accuracy" in seen["body"]
    [entry] = ledger.read(Lake(asked, sentiment.name))
    assert (entry.action, entry.version) == ("promote", "1")
    assert entry.by.endswith("who approved it in Airflow")
