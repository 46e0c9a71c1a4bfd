"""The running stack as the tests see it: from outside through its ports, and from inside through `docker`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from sluss import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
ENV_FILE = ROOT / "var" / "smoke.env"
# A copy, so that a test may change a use case and the checkout stays as it is.
CONFIG = ROOT / "var" / "smoke-config"
# Data of use cases, and the logins to databases and buckets of someone else that they read.
DATA = ROOT / "var" / "smoke-data"
SOURCES = ROOT / "var" / "smoke-sources.env"
LOGINS = {
    "SHOP_URL": "postgresql://shop:the-shop-itself@postgres:5432/shop",
    "PARTNER_S3_ENDPOINT_URL": "http://minio:9000",
    "PARTNER_S3_ACCESS_KEY_ID": "partner-reader",
    "PARTNER_S3_SECRET_ACCESS_KEY": "the-partner-reads",
}
RECEIVERS = ROOT / "var" / "smoke-receivers.env"
ADDRESSES = "webhook+http://receiver:8000/hidden-token mailto://receiver:2525?from=sluss@example.org&to=ann@example.org"
PROJECT = "sluss-smoke"
PORTS = {"CONTROL_ROOM_PORT": "18000", "MLFLOW_PORT": "15000", "AIRFLOW_PORT": "18080", "MINIO_CONSOLE_PORT": "19001"}
SERVICES = (
    "door", "postgres", "minio", "redis", "mlflow", "airflow-webserver", "airflow-scheduler", "airflow-worker",
    "airflow-dag-processor", "control-room",
)  # fmt: skip
SCALES = {"airflow-scheduler": "AIRFLOW_SCHEDULERS", "airflow-worker": "AIRFLOW_WORKERS"}
INITS = ("init", "init-mlflow", "init-airflow")


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say how long something took."""
    started = time.monotonic()
    yield
    print(f"\n  {what}: {time.monotonic() - started:.1f} s", flush=True)


class Stack:
    """A stack under a name and ports of its own, from a checkout; settings lead to another than the tests' own."""

    def __init__(self, **given: str) -> None:
        self.root = ROOT
        # A commit in the middle of the tests would be a reason to replace the scheduler.
        fixed = {"SLUSS_ENV_FILE": str(ENV_FILE), "COMPOSE_PROJECT_NAME": PROJECT, "SLUSS_GIT_COMMIT": "smoke"}
        folders = {"SLUSS_CONFIG_DIR": str(CONFIG), "SLUSS_DATA_DIR": str(DATA), "SLUSS_SOURCES_ENV": str(SOURCES)}
        # A backfill is over at once.
        alerts = {"SLUSS_RECEIVERS_ENV": str(RECEIVERS), "SLUSS_ALERTS_SETTLE_MINUTES": "0"}
        settings = {**fixed, **PORTS, **folders, **alerts, **given}
        # Settings of the user's own stack, or of this `make`, must not affect this one.
        foreign = ("SLUSS_", "MLFLOW_", "MAKE", "MFLAGS")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self.environment = {**inherited, **settings}
        self.project = settings["COMPOSE_PROJECT_NAME"]
        self.mlflow = f"http://localhost:{settings['MLFLOW_PORT']}"
        self.airflow = f"http://localhost:{settings['AIRFLOW_PORT']}"
        self.console = f"http://localhost:{settings['MINIO_CONSOLE_PORT']}"
        self.first_states: dict[str, dict[str, Any]] = {}
        # Kept: each new client reads all certificates, and what a test asks while it measures takes from what it asks.
        self.http = httpx.Client(timeout=60)

    @property
    def secrets(self) -> dict[str, str]:
        """What `make up` wrote to `.env`."""
        lines = Path(self.environment["SLUSS_ENV_FILE"]).read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of the stack, as make calls it."""
        return self._run([sys.executable, "-m", "sluss.stack", *arguments], check=check)

    def start(self) -> None:
        """Bring it up for the first time; how that went is kept, as tests that restart services come in any order."""
        shutil.rmtree(CONFIG, ignore_errors=True)
        # One use case; a test that needs another adds it. Each has ten DAGs, which take time to parse.
        CONFIG.mkdir()
        self.add_use_case("sentiment")
        DATA.mkdir(exist_ok=True)
        SOURCES.write_text("".join(f"{name}={value}\n" for name, value in LOGINS.items()), encoding="utf-8")
        RECEIVERS.write_text(f"SLUSS_NOTIFY_ALARMED={ADDRESSES}\n", encoding="utf-8")
        self.command("up")
        self.first_states = {service: self.inspect(service)["State"] for service in (*SERVICES, *INITS)}

    def remove_leftovers(self) -> None:
        """Remove the leftovers of an earlier run that was killed, maybe in another folder with other settings."""
        for kind, every in (("container", ["--all"]), ("network", []), ("volume", [])):
            label = f"label=com.docker.compose.project={self.project}"
            left = self.docker(kind, "ls", "--quiet", *every, "--filter", label).stdout.split()
            if left:
                self.docker(kind, "rm", "--force", *left)
        Path(self.environment["SLUSS_ENV_FILE"]).unlink(missing_ok=True)

    def add_use_case(self, name: str) -> None:
        """Give the stack a use case of the checkout; Airflow's DAG processor finds it by itself."""
        for file in (self.root / "config").glob(f"{name}*"):
            shutil.copy(file, self.environment["SLUSS_CONFIG_DIR"])

    def remove_use_case(self, name: str) -> None:
        """Take it away again."""
        for file in Path(self.environment["SLUSS_CONFIG_DIR"]).glob(f"{name}*"):
            file.unlink()

    def make(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command as a person types it on this machine."""
        return self._run(["make", "--silent", "--directory", str(ROOT), *arguments], check=check)

    def docker(self, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """The docker client."""
        return self._run(["docker", *arguments], stdin=stdin, check=check)

    def scale(self, service: str, number: int) -> None:
        """Run as many containers as `make up` would with this setting, and leave the other services alone."""
        command = ["docker", "compose", "--project-directory", str(ROOT), "--env-file", str(ENV_FILE)]
        up = ["up", "--detach", "--wait", "--no-deps", "--no-recreate", service]
        self._run([*command, *up], extra={SCALES[service]: str(number), "COMPOSE_PROFILES": "minio"})

    def step(self, name: str, *arguments: str, use_case: str = "sentiment") -> str:
        """A step inside the stack, by its name in `sluss`, whatever else of the stack is down just now."""
        place = {"USE_CASE": use_case, "WHERE": "stack"}
        return self._run([sys.executable, "-m", "commands", name, *arguments], extra=place).stdout

    def here(self, name: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of `sluss` that runs on this machine."""
        return self._run([sys.executable, "-m", "commands", name, *arguments], check=check)

    def inspect(self, service: str) -> dict[str, Any]:
        """Docker's description of a service's container."""
        found: list[dict[str, Any]] = json.loads(self.docker("inspect", f"{self.project}-{service}-1").stdout)
        return found[0]

    def python(self, script: str, **variables: str) -> str:
        """Run Python in a container on the back ends' network, with variables but without the stack's logins."""
        given = [part for name in variables for part in ("--env", name)]
        network = ["--network", f"{self.project}_back"]
        command = ["docker", "run", "--rm", "--interactive", *network, *given, f"sluss-init:{VERSION}", "python", "-"]
        return self._run(command, stdin=script, extra=variables).stdout.strip()

    def python_in(self, service: str, script: str) -> str:
        """Run Python inside a service, with what it has."""
        return self.docker(
            "exec", "--interactive", f"{self.project}-{service}-1", "python", "-", stdin=script
        ).stdout.strip()

    def wait_until_healthy(self, *services: str) -> None:
        """Wait for services that were restarted."""
        for service in services or SERVICES:
            wait_for(lambda service=service: self.inspect(service)["State"]["Health"]["Status"] == "healthy", service)

    def mlflow_api(self, path: str, **arguments: Any) -> dict[str, Any]:
        """MLflow's REST API as the administrator."""
        login = ("admin", self.secrets["MLFLOW_ADMIN_PASSWORD"])
        method = arguments.pop("method", "GET")
        answer = self.http.request(method, f"{self.mlflow}/api/2.0/mlflow/{path}", auth=login, **arguments)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def production(self, use_case: str = "sentiment") -> dict[str, Any]:
        """The output of `make history`: the entries of the ledger, and their faults."""
        found: dict[str, Any] = json.loads(self.step("history", "--json", use_case=use_case))
        return found

    def same_model_again(self) -> str:
        """Register the champion's model under a new number, which every gate passes."""
        run = self.mlflow_api("runs/get", params={"run_id": self.champion()["run_id"]})["run"]
        known = {each["key"]: each["value"] for each in run["data"]["tags"]}["sluss.until"]
        last_day = datetime.fromisoformat(known) - timedelta(days=1)
        with told("train the same model once more"):
            self.step("train", "--force", "--until", f"{last_day:%Y-%m-%d}")
        return str(max(int(each["version"]) for each in self.versions()))

    def versions(self) -> list[dict[str, Any]]:
        """All registered versions."""
        name = {"filter": "name='sentiment_classifier'", "max_results": "1000"}
        found: list[dict[str, Any]] = self.mlflow_api("model-versions/search", params=name)["model_versions"]
        return found

    def champion(self, model: str = "sentiment_classifier") -> dict[str, Any]:
        """The version that the alias names."""
        name = {"name": model, "alias": "champion"}
        found: dict[str, Any] = self.mlflow_api("registered-models/alias", params=name)["model_version"]
        return found

    def wait_for_champions(self, models: Mapping[str, str]) -> None:
        """Wait until the model of each use case has one. A busy machine takes long; a run that fails ends the wait."""

        def there() -> bool:
            for dag in (f"{name}_{kind}" for name in models for kind in ("training", "deployment")):
                failed = self.airflow_api(f"dags/{dag}/dagRuns?state=failed&limit=1")["dag_runs"]
                assert not failed, f"{failed[0]['dag_run_id']} of {dag} failed"
            return all(self.champion(model) for model in models.values())

        wait_for(there, f"the champions of {', '.join(models)}", seconds=900, poll=2)

    @cached_property
    def airflow_token(self) -> str:
        """A token for Airflow's REST API; a restart of the stack must not make it worthless."""
        login = {"username": "admin", "password": self.secrets["AIRFLOW_ADMIN_PASSWORD"]}
        answer = self.http.post(f"{self.airflow}/auth/token", json=login)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def airflow_api(self, path: str, body: dict[str, Any] | None = None, method: str = "") -> dict[str, Any]:
        """Airflow's REST API with a token: GET, or POST when there is a body, or another method."""
        method = method or ("GET" if body is None else "POST")
        headers = {"Authorization": f"Bearer {self.airflow_token}"}
        answer = self.http.request(method, f"{self.airflow}/api/v2/{path}", json=body, headers=headers)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def run_dag(self, dag: str, date: str | None, seconds: float = 180, **conf: str | bool) -> dict[str, Any]:
        """Trigger a DAG by REST, for a date if it runs for dates, and wait for its end."""
        return self.ended(self.trigger(dag, date, **conf), seconds)

    def trigger(self, dag: str, date: str | None, **conf: str | bool) -> str:
        """Trigger a DAG by REST, for a date if it runs for dates; the path of the run."""
        self.wait_until_found(dag)
        started = self.airflow_api(f"dags/{dag}/dagRuns", {"logical_date": date, "conf": conf})
        return f"dags/{dag}/dagRuns/{started['dag_run_id']}"

    def ended(self, run: str, seconds: float = 180) -> dict[str, Any]:
        """The run of a DAG, once it has ended."""
        wait_for(lambda: self.airflow_api(run)["state"] in {"success", "failed"}, run, seconds=seconds, poll=0.5)
        return self.airflow_api(run)

    def wait_until_found(self, *dags: str) -> None:
        """Wait until Airflow has read the files of these DAGs, which it does one after the other."""
        wait_for(
            lambda: {each["dag_id"] for each in self.airflow_api("dags")["dags"]} >= {*dags}, f"DAGs {', '.join(dags)}"
        )

    def wait_until_idle(self, *dags: str) -> None:
        """Wait until no run of these DAGs is under way, nor waits for news that is on its way."""
        self.wait_until_found(*dags)

        def busy() -> bool:
            states = "state=running&state=queued&limit=1"
            return any(
                self.airflow_api(f"dags/{dag}/dagRuns?{states}")["dag_runs"]
                # After a run that was the only one allowed, the scheduler may leave news lying for half a minute.
                or self.airflow_api(f"dags/{dag}/assets/queuedEvents")["total_entries"]
                for dag in dags
            )

        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < 2:  # the scheduler looks at its queue of assets four times a second
            if busy():
                wait_for(lambda: not busy(), f"the end of {', '.join(dags)}")
                quiet_since = time.monotonic()
            time.sleep(0.25)

    def _run(
        self, command: list[str], *, stdin: str = "", check: bool = True, extra: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, **(extra or {})}
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, env=environment, check=False, cwd=self.root
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done


def wait_for(condition: Any, what: str, *, seconds: float = 180, poll: float = 1) -> None:
    """Poll until a condition holds; a refused connection counts as not yet."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except httpx.HTTPError:
            pass
        time.sleep(poll)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")
