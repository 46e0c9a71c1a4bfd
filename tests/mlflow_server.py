"""MLflow's server as the stack starts it, on SQLite and a folder: a real process with the plug-in of the image."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "services" / "mlflow" / "plugin"
PASSWORDS = {name: f"{name}-long-password" for name in ("admin", "sluss", "room", "reader", "writer")}
# Every route that MLflow's own tables have, by both of its frameworks.
EVERY_ROUTE = """
import json
from mlflow.server import app, auth
from mlflow.server.fastapi_app import create_fastapi_app
auth.create_app(app)
native = [route for route in create_fastapi_app(app).routes if hasattr(route, "methods")]
rows = [(method, route.path) for route in native for method in route.methods]
rows += [(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods]
print(json.dumps(sorted(set(rows))))
"""


@dataclass
class Server:
    """The running server."""

    address: str
    folder: Path
    environment: dict[str, str]

    def ask(self, name: str, method: str, path: str, **arguments: Any) -> httpx.Response:
        """A request of an account; a name of "" is a request without a login."""
        auth = (name, PASSWORDS[name]) if name else None
        return httpx.request(method, self.address + path, auth=auth, timeout=60, **arguments)

    def every_route(self) -> list[tuple[str, str]]:
        """Methods and routes as MLflow has them without the guard."""
        found = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", EVERY_ROUTE],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return [(method, route) for method, route in json.loads(found.stdout.splitlines()[-1])]


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Start a server with the accounts of PASSWORDS: `writer` may change the experiment 0."""
    environment = _environment(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("mlflow"), "server", "--app-name", "guarded", "--port", str(port)]
    places = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "bucket")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--workers", "1", *places],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}", folder, environment)
    try:
        _wait(server, process)
        _make_accounts(server)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # with the server that `mlflow server` starts
        process.wait()


def _environment(folder: Path) -> dict[str, str]:
    _install(folder / "site")
    (folder / "auth.ini").write_text(
        "[mlflow]\n"
        "default_permission = READ\n"
        f"database_uri = sqlite:///{folder}/accounts.db\n"
        "admin_username = admin\n"
        f"admin_password = {PASSWORDS['admin']}\n"
        "authorization_function = guarded:authorization\n"
    )
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": f"{ROOT}:{PLUGIN}:{folder / 'site'}",
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "k" * 64,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def _install(site: Path) -> None:
    """Make the entry points of the plug-in known, as its installation in the image does."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = site / f"sluss_mlflow-{project['version']}.dist-info"
    known.mkdir(parents=True)
    (known / "METADATA").write_text(f"Metadata-Version: 2.1\nName: sluss-mlflow\nVersion: {project['version']}\n")
    groups = project["entry-points"].items()
    lines = [line for group, points in groups for line in (f"[{group}]", *(f"{key} = {points[key]}" for key in points))]
    (known / "entry_points.txt").write_text("\n".join(lines) + "\n")


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            if server.ask("", "GET", "/health").status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError((server.folder / "log").read_text(encoding="utf-8"))


def _make_accounts(server: Server) -> None:
    for name in PASSWORDS.keys() - {"admin"}:
        account = {"username": name, "password": PASSWORDS[name]}
        server.ask("admin", "POST", "/api/2.0/mlflow/users/create", json=account).raise_for_status()
    grant = {"username": "writer", "resource_type": "experiment", "resource_id": "0", "permission": "EDIT"}
    server.ask("admin", "POST", "/api/3.0/mlflow/users/permissions/grant", json=grant).raise_for_status()
