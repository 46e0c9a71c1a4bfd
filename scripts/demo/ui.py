"""The control room, and MLflow's and Airflow's pages, on what the embedded mode left, on the loopback address."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import embedded_airflow

from sluss.config.settings import Settings, step_settings
from sluss.control_room.web.ports import free_port
from sluss.errors import ConfigError, ServiceError, SlussError

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 120  # seconds


def commands(settings: Settings, room_port: int, mlflow_port: int, airflow_port: int) -> dict[str, list[str]]:
    """Commands to start, by the address that each serves."""
    mlflow = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        settings.mlflow_uri,
        "--host",
        "127.0.0.1",
        "--workers",
        "1",
    ]
    airflow = [sys.executable, "-m", "airflow", "api-server", "--host", "127.0.0.1", "--workers", "1"]
    return {
        f"http://127.0.0.1:{room_port}": [sys.executable, "-m", "sluss.control_room.web.serve"],
        f"http://127.0.0.1:{mlflow_port}": [*mlflow, "--port", str(mlflow_port)],
        f"http://127.0.0.1:{airflow_port}": [*airflow, "--port", str(airflow_port)],
    }


def wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the address answers.

    Raises:
        ServiceError: the process ended, or does not answer in time.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own loopback address
                return
        except OSError:
            time.sleep(0.5)
    raise ServiceError(f"{address} did not start; what it printed is in {log}.")


def serve(settings: Settings) -> None:
    """Start both servers, say where they are, and stop them on Ctrl-C."""
    if not (settings.home / "airflow" / "airflow.db").is_file():
        raise ConfigError("There is nothing to show yet; run make demo first.")
    ports = free_port("CONTROL_ROOM_PORT", 8000), free_port("MLFLOW_PORT", 5000), free_port("AIRFLOW_PORT", 8080)
    addresses = commands(settings, *ports)
    room, mlflow, airflow = addresses
    embedded_airflow.enter(settings)
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    os.environ["CONTROL_ROOM_PORT"] = str(ports[0])
    os.environ["SLUSS_MLFLOW_PAGE"], os.environ["SLUSS_AIRFLOW_PAGE"] = mlflow, airflow
    log = settings.home / "log" / "ui.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    running: list[subprocess.Popen[bytes]] = []
    try:
        with log.open("wb") as sink:
            running += [
                subprocess.Popen(command, stdout=sink, stderr=sink, start_new_session=True)
                for command in addresses.values()
            ]
            for address, process in zip(addresses, running, strict=True):
                wait(address, process, log)
        print(f"Control room  {room}\nMLflow        {mlflow}\nAirflow       {airflow}\nCtrl-C stops all.", flush=True)
        signal.pause()
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGTERM)


def main() -> None:
    """Serve until stopped."""
    try:
        serve(step_settings())
    except SlussError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
