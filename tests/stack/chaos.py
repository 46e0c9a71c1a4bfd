"""Faults of chance, while days are scored and models trained: `python tests/stack/chaos.py --help` for a quick try."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

FIRST = date(2026, 1, 1)
STEPS = (
    "generate_data", "batch_predict", "monitor_model", "cleanup_old_artifacts", "generate_summary",
    "decide_training", "train_model", "plot_model", "validate_model", "deploy_model",
)  # fmt: skip
SERVICES = ("postgres", "minio", "mlflow", "airflow-webserver", "airflow-scheduler", "airflow-worker", "redis")
PATIENCE = 900  # seconds
WAYS = ("pause", "kill", "stop", "cut")
TABLES = """
import hashlib, json, os, sys
from sluss.context import load_context
from sluss.registry import ledger
from sluss.registry.entry import verify

name = sys.argv[1]
context = load_context(name)
lake, client, use_case = context.lake, context.client, context.use_case
def digest(table, without=()):
    found = lake.dataset(table)
    rows = [] if found is None else found.to_table().to_pylist()
    lines = sorted(
        json.dumps({k: v for k, v in row.items() if k not in without}, default=str, sort_keys=True) for row in rows
    )
    return [len(rows), hashlib.sha256("\\n".join(lines).replace(name, "a-use-case").encode()).hexdigest()]
entries = ledger.read(lake)
names = (use_case.experiment, use_case.data_experiment, use_case.monitoring_experiment)
def runs_of(experiment):
    return client.search_runs([client.get_experiment_by_name(experiment).experiment_id], max_results=1000)
runs = {each: runs_of(each) for each in names}
print(json.dumps({
    "curated": digest("curated"),
    "labels": digest("labels"),
    "quarantine": digest("quarantine"),
    "predictions": digest("predictions", {"run_id"}),
    "monitoring": digest("monitoring", {"run_id"}),
    "ledger": [[each.number, each.action, each.version, each.replaced] for each in entries],
    "wrong": verify(entries),
    "runs": {each.replace(name, "a-use-case"): len(runs[each]) for each in names[1:]},
    "running": sorted(run.info.run_name for each in names for run in runs[each] if run.info.status == "RUNNING"),
}))
sys.stdout.flush()
os._exit(0)
"""


@dataclass
class Night:
    """A stack as the faults see it: its containers, and Airflow's API."""

    project: str
    airflow: str
    password: str
    faults: list[tuple[str, str, str]] = field(default_factory=list)  # service, way, running step

    def docker(self, *arguments: str, stdin: str = "") -> str:
        """The docker client; a container that is down in the meantime is a part of the night."""
        done = subprocess.run(["docker", *arguments], input=stdin, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    def container(self, service: str) -> str:
        """Name of a service's first container; empty if the stack has no such service."""
        label = f"label=com.docker.compose.project={self.project}"
        filters = ["--filter", label, "--filter", f"label=com.docker.compose.service={service}"]
        return next(iter(self.docker("ps", "--all", *filters, "--format", "{{.Names}}").split()), "")

    def api(self, path: str, body: dict[str, Any] | None = None, method: str = "") -> dict[str, Any]:
        """Airflow's API, with a login of its own each time: a token may be as old as the night."""
        with httpx.Client(base_url=self.airflow, timeout=20) as client:
            login = client.post("/auth/token", json={"username": "admin", "password": self.password})
            login.raise_for_status()
            headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
            answer = client.request(
                method or ("POST" if body else "GET"), f"/api/v2/{path}", json=body, headers=headers
            )
            if answer.status_code != httpx.codes.CONFLICT:  # the run exists: its request was heard, the answer lost
                answer.raise_for_status()
            found: dict[str, Any] = answer.json()
            return found

    def patiently(self, path: str, body: dict[str, Any] | None = None, method: str = "") -> dict[str, Any]:
        """The same until the web server answers."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.api(path, body, method)
            except httpx.HTTPError:
                if time.monotonic() > end:
                    raise
                time.sleep(1)

    def run(self, dag: str, name: str, moment: str | None = None, seconds: float = 2400) -> str:
        """Run a DAG to its end, and return the state of that end."""
        self.patiently(f"dags/{dag}/dagRuns", {"dag_run_id": name, "logical_date": moment, "conf": {}})
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            state = str(self.patiently(f"dags/{dag}/dagRuns/{name}")["state"])
            if state in ("success", "failed"):
                return state
            time.sleep(1)
        return "not ended"

    def without_drills(self, *use_cases: str) -> None:
        """Pause the drills of use cases that are new, which would take the machine."""
        for use_case in use_cases:
            self.patiently(f"dags/{use_case}_drill", {"is_paused": True}, method="PATCH")

    def wait_until_quiet(self, use_case: str, seconds: float = 2400) -> None:
        """Wait until no training and no deployment is under way, nor waits for news."""
        end, quiet = time.monotonic() + seconds, 0
        while quiet < 3 and time.monotonic() < end:
            quiet = 0 if self.busy(use_case) else quiet + 1
            time.sleep(1)

    def busy(self, use_case: str) -> bool:
        """Whether a training or a deployment is under way, or waits for news."""
        for dag in (f"{use_case}_training", f"{use_case}_deployment"):
            if self.patiently(f"dags/{dag}/dagRuns?state=running&state=queued&limit=1")["dag_runs"]:
                return True
            if self.patiently(f"dags/{dag}/assets/queuedEvents")["total_entries"]:
                return True
        return False

    def running(self, use_case: str) -> str:
        """A step that runs now; empty if none does, or if Airflow cannot be asked."""
        try:
            found = self.api("dags/~/dagRuns/~/taskInstances?state=running&limit=50")["task_instances"]
        except httpx.HTTPError:
            return ""
        ours = (str(each["task_id"]) for each in found if each["dag_id"].startswith(f"{use_case}_"))
        return next((step for step in ours if step in STEPS), "")

    def tables(self, use_case: str) -> dict[str, Any]:
        """What the days left: counts and digests of the tables, the ledger, runs in MLflow."""
        place = self.container("airflow-worker") or self.container("airflow-scheduler")
        told = self.docker("exec", "--interactive", place, "python", "-", use_case, stdin=TABLES)
        found: dict[str, Any] = json.loads(told.splitlines()[-1])
        return found

    def failed(self, use_case: str) -> list[str]:
        """The runs of the use case's DAGs that failed, each of which would need a hand."""
        dags = [f"{use_case}_{name}" for name in ("data", "scoring", "training", "deployment")]
        found = [(dag, self.patiently(f"dags/{dag}/dagRuns?state=failed&limit=100")["dag_runs"]) for dag in dags]
        return [f"{dag} {run['dag_run_id']}" for dag, runs in found for run in runs]

    def hurt(self, service: str, way: str, seconds: float) -> None:
        """Do one harm to a service, and end it after some seconds."""
        name = self.container(service)
        if way == "pause":
            self.docker("pause", name)
            time.sleep(seconds)
            self.docker("unpause", name)
        elif way == "cut":
            networks = json.loads(self.docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", name))
            for network in networks:
                self.docker("network", "disconnect", network, name)
            time.sleep(seconds)
            for network in networks:
                self.docker("network", "connect", "--alias", service, network, name)
        else:
            self.docker(*(["kill", name] if way == "kill" else ["stop", "--timeout", "5", name]))
            time.sleep(seconds)
            self.docker("start", name)


def storm(night: Night, use_case: str, number: int, seed: int, over: threading.Event) -> None:
    """Do so many harms, each in the middle of a step, until the days are over."""
    chance = random.Random(seed)  # noqa: S311 - the same night again from the same seed
    there = [service for service in SERVICES if night.container(service)]
    left = list(itertools.product(there, WAYS, STEPS))
    chance.shuffle(left)
    while len(night.faults) < number and not over.is_set():
        time.sleep(chance.uniform(0, 3))
        step = night.running(use_case)
        if not step:
            continue
        # A step that was hit twice in a row comes to its end first: its pauses would grow to minutes.
        if [each[2] for each in night.faults[-2:]] == [step, step]:
            wait_for_another(night, use_case, step, over)
            continue
        chosen = next((each for each in left if each[2] == step), (chance.choice(there), chance.choice(WAYS), step))
        if chosen in left:
            left.remove(chosen)
        seconds = chance.uniform(1, 12)
        print(f"  {len(night.faults) + 1}: {chosen[1]} {chosen[0]} for {seconds:.0f} s during {step}", flush=True)
        night.hurt(chosen[0], chosen[1], seconds)
        night.faults.append((chosen[0], chosen[1], step))


def wait_for_another(night: Night, use_case: str, step: str, over: threading.Event) -> None:
    """Wait until another step runs."""
    while not over.is_set() and night.running(use_case) in ("", step):
        time.sleep(1)


def live(night: Night, use_case: str, days: int) -> list[str]:
    """The history, a model, and so many days; the states in which their runs ended."""
    states = [night.run(f"{use_case}_data", "history")]
    night.wait_until_quiet(use_case)
    for day in range(days):
        moment = datetime.combine(FIRST + timedelta(day + 1), datetime.min.time(), UTC)
        states.append(night.run(f"{use_case}_scoring", f"day-{day}", f"{moment:%Y-%m-%dT%H:%M:%SZ}"))
        night.wait_until_quiet(use_case)
    return states


def live_in_a_storm(night: Night, use_case: str, days: int, number: int, seed: int) -> list[str]:
    """The same with so many faults; the last day is calm."""
    over = threading.Event()
    thread = threading.Thread(target=storm, args=(night, use_case, number, seed, over))
    thread.start()
    try:
        states = live(night, use_case, days - 1)
    finally:
        over.set()
        thread.join()
    moment = datetime.combine(FIRST + timedelta(days), datetime.min.time(), UTC)
    states.append(night.run(f"{use_case}_scoring", f"day-{days - 1}", f"{moment:%Y-%m-%dT%H:%M:%SZ}"))
    night.wait_until_quiet(use_case)
    return states


def copies(config: Path) -> None:
    """Write the demo's use case under two more names, which no review contains, so that digests can leave them out."""
    for name in ("chaos_calm", "chaos_storm"):
        for file in config.glob("sentiment*"):
            text = file.read_text(encoding="utf-8").replace("sentiment", name)
            (config / file.name.replace("sentiment", name)).write_text(text, encoding="utf-8")


def main() -> None:
    """Compare a night of faults with a calm one, on a stack that is up."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--project", required=True, help="name of the stack")
    parser.add_argument("--airflow", required=True, help="address of its Airflow")
    parser.add_argument("--config", type=Path, required=True, help="its folder of use cases, which gets two copies")
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--faults", type=int, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    copies(given.config)
    night = Night(given.project, given.airflow, os.environ["AIRFLOW_ADMIN_PASSWORD"])
    for use_case in ("chaos_calm", "chaos_storm"):
        night.patiently(f"dags/{use_case}_scoring")
    night.without_drills("chaos_calm", "chaos_storm")
    print(f"seed {given.seed}", flush=True)
    started = time.monotonic()
    print(Counter(live(night, "chaos_calm", given.days)), f"{time.monotonic() - started:.0f} s", flush=True)
    print(Counter(live_in_a_storm(night, "chaos_storm", given.days, given.faults, given.seed)), flush=True)
    calm, wild = night.tables("chaos_calm"), night.tables("chaos_storm")
    print(f"{len(night.faults)} faults, {time.monotonic() - started:.0f} s:", Counter(night.faults))
    print("different:", {name: (calm[name], wild[name]) for name in calm if calm[name] != wild[name]} or "nothing")
    print("needed a hand:", night.failed("chaos_storm") or "none", "- still RUNNING:", wild["running"] or "none")
    print({name: calm[name][0] for name in ("curated", "labels", "predictions", "monitoring")}, "rows")


if __name__ == "__main__":
    main()
