"""A use case whose monitor has written rows with alerts, and receivers of their news."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sluss.config.settings import Settings
from sluss.context import Context
from sluss.monitoring.alerts import Alert

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.config.use_case import UseCase

SECRET = "a-secret-of-the-tests"
_TEXTS = ("type", "severity", "state", "since", "message", "figures")


def day(ago: int) -> str:
    """The name of a day; 1 is yesterday, which has just ended."""
    return f"{datetime.now(UTC) - timedelta(days=ago):%Y-%m-%d}"


def alert(ago: int, state: str = "raised", severity: str = "warning", **more: Any) -> Alert:
    """An alert of a day."""
    given = {"type": "data_drift", "since": day(ago), "message": f"It is {state}.", "figures": {}} | more
    return Alert(interval=day(ago), severity=severity, state=state, **given)


@dataclass
class AlertWorld:
    """Rows of the monitor, written by hand, in a lake of their own."""

    use_case: UseCase
    home: Path
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return Settings(
            home=self.home, data=None, webhook_secret=SECRET, MLFLOW_TRACKING_URI=f"sqlite:///{self.home}/mlflow.db",
            **self.more,
        )  # fmt: skip

    @property
    def context(self) -> Context:
        return Context(self.settings, self.use_case)

    def monitored(self, ago: int, *alerts: Alert, rows: int = 300, version: str = "1") -> None:
        """Write the row of one day."""
        name = day(ago)
        kept = [
            {text: str(getattr(each, text)) for text in _TEXTS} | {"figures": json.dumps(each.figures)}
            for each in alerts
        ]
        struct = pa.list_(pa.struct([(text, pa.string()) for text in _TEXTS]))
        columns = {
            "interval": pa.array([name]),
            "model_version": pa.array([version]),
            "rows": pa.array([rows], pa.int64()),
            "alerts": pa.array([kept], struct),
        }
        self.context.lake.replace("monitoring", pa.table(columns), name, day(ago - 1))

    def rows(self, table: str) -> list[dict[str, Any]]:
        dataset = self.context.lake.dataset(table)
        return sorted(dataset.to_table().to_pylist(), key=lambda row: row["at"]) if dataset else []


@dataclass
class Receiver:
    """A receiver that runs, and what it has taken."""

    kind: str
    port: int
    folder: Path

    @property
    def address(self) -> str:
        """Its address for SLUSS_NOTIFY, with a secret in it."""
        if self.kind == "smtp":
            return f"mailto://127.0.0.1:{self.port}?from=sluss@example.org&to=ann@example.org&pass=hidden-token"
        return f"webhook+http://127.0.0.1:{self.port}/hooks/hidden-token"

    @property
    def received(self) -> list[dict[str, Any]]:
        path = self.folder / "received.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def behaves(self, mode: str) -> None:
        (self.folder / "mode").write_text(mode)


@contextmanager
def receiver(kind: str, folder: Path) -> Iterator[Receiver]:
    """Start a receiver in a process of its own, and end it after the block."""
    folder.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = Receiver(kind, port, folder)
    found.behaves("ok")
    command = [sys.executable, str(Path(__file__).with_name("receiver.py")), kind, str(port), str(folder)]
    process = subprocess.Popen(command)
    try:
        _wait_for(port)
        yield found
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"The receiver on port {port} did not start.")
