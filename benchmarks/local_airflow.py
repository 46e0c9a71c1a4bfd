"""Airflow with LocalExecutor, Postgres and an MLflow server on this machine, in one folder and without Docker."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import PYTHON, ROOT, Bench, BenchmarkError
from mlflow_server import free_port, mlflow_server, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

# As in docker-compose.yml, but for the login.
_SETTINGS = {
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__CORE__PARALLELISM": "3",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    "AIRFLOW__API__HOST": "127.0.0.1",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.25",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "MALLOC_ARENA_MAX": "2",
}


@dataclass(frozen=True)
class LocalAirflow:
    """Its address, and the environment variables of its tasks."""

    address: str
    environment: dict[str, str]


@contextmanager
def local_airflow(bench: Bench, dag_code: str) -> Iterator[LocalAirflow]:
    """Start everything with our DAGs and one more, and stop it again.

    Raises:
        BenchmarkError: Postgres is not installed, or a component does not start.
    """
    folder, port = bench.home / "airflow", free_port()
    _make_dags_folder(folder / "dags", dag_code)
    with ExitStack() as stack:
        database = stack.enter_context(_postgres(bench.home / "postgres"))
        environment = _SETTINGS | bench.environment(
            MLFLOW_TRACKING_URI=stack.enter_context(mlflow_server(bench)),
            SLUSS_WAREHOUSE_URL=database,
            AIRFLOW__API__PORT=str(port),
            AIRFLOW__API__BASE_URL=f"http://127.0.0.1:{port}",
            AIRFLOW__API__SECRET_KEY=secrets.token_hex(32),
            AIRFLOW__API_AUTH__JWT_SECRET=secrets.token_hex(32),
            AIRFLOW__CORE__EXECUTION_API_SERVER_URL=f"http://127.0.0.1:{port}/execution/",
            AIRFLOW__CORE__DAGS_FOLDER=str(folder / "dags"),
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=database.replace("postgresql:", "postgresql+psycopg2:"),
        )
        environment["PYTHONPATH"] += (
            f"{os.pathsep}{ROOT / 'services' / 'airflow'}"  # the modules to load before the fork
        )
        _migrate(environment)
        for name in ("api-server", "dag-processor", "scheduler"):
            server = stack.enter_context(_component(folder, environment, name))
            if name == "api-server":
                wait_for(f"http://127.0.0.1:{port}/api/v2/monitor/health", server)
        yield LocalAirflow(f"http://127.0.0.1:{port}", environment)


def _make_dags_folder(folder: Path, dag_code: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in (ROOT / "dags").glob("*.py"):
        (folder / file.name).symlink_to(file)
    (folder / "benchmark_empty.py").write_text(dag_code, encoding="utf-8")


def _migrate(environment: dict[str, str]) -> None:
    command = [str(PYTHON), "-m", "airflow", "db", "migrate"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"airflow db migrate failed: {done.stderr.strip()[-500:]}")


@contextmanager
def _component(folder: Path, environment: dict[str, str], name: str) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("w") as log:
        command = [str(PYTHON), "-m", "airflow", name]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    """Start Postgres with a database of its own. It refuses to run as root, so root starts it as user `nobody`."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "/nowhere")]
    programs, port = found[-1].resolve().parent, free_port()
    if not (programs / "initdb").exists():
        raise BenchmarkError("Postgres is not installed: initdb is neither in PATH nor in /usr/lib/postgresql")
    who = "nobody" if os.geteuid() == 0 else None
    folder.mkdir()
    if who:
        shutil.chown(folder, who)
        folder.parent.chmod(0o711)  # a temporary folder is its owner's alone
    create = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "sluss", "-A", "trust", "--no-sync"]
    subprocess.run(create, check=True, capture_output=True, cwd=folder, user=who)
    start = [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder)]
    with (folder.parent / "postgres.log").open("w") as log:
        server = subprocess.Popen(start, stdout=log, stderr=log, cwd=folder, user=who)
    try:
        _wait_for_postgres([str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)])
        yield f"postgresql://sluss@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait()


def _wait_for_postgres(ready: list[str]) -> None:
    for _ in range(300):
        if subprocess.run(ready, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise BenchmarkError("Postgres does not come up; see its log in the benchmark's folder")
