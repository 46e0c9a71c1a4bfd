"""An MLflow server on a free port, with a database and a folder of its own."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from measuring import PYTHON, Bench, BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def mlflow_server(bench: Bench) -> Iterator[str]:
    """Start the server, yield its address once it answers, and stop it at the end.

    Raises:
        BenchmarkError: the server does not start.
    """
    folder, port = bench.home / "mlflow", free_port()
    folder.mkdir(exist_ok=True)
    command = [str(PYTHON), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder)]
    environment = bench.environment(MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false", MLFLOW_DISABLE_TELEMETRY="true")
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """Return a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(address: str, server: subprocess.Popen[bytes], seconds: float = 120) -> None:
    """Wait until an address answers.

    Raises:
        BenchmarkError: the server ended, or the time is over.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 (an http address of ours)
        except (urllib.error.URLError, OSError):
            if server.poll() is not None or time.monotonic() > deadline:
                raise BenchmarkError(f"{address} does not answer; see the log in the benchmark's folder.") from None
            time.sleep(0.2)
        else:
            return
