"""The process that works on a run in MLflow, and the end of runs whose process died.

A run that is killed, or whose server is away when it ends, would be RUNNING for ever. Each run therefore carries the
process that works on it: the Airflow task and its try, where there is one, and the process on this machine.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow import MlflowClient
    from mlflow.entities import Run

PROCESS_TAG = "sluss.process"
# Airflow sets them for each task.
_TASK = ("AIRFLOW_CTX_DAG_ID", "AIRFLOW_CTX_DAG_RUN_ID", "AIRFLOW_CTX_TASK_ID")
_TRY = "AIRFLOW_CTX_TRY_NUMBER"
# On a machine that cannot be asked. Airflow ends a task after an hour.
_LONGEST = timedelta(hours=3)
_STARTED = 19  # of the fields that follow the name in /proc/<pid>/stat: when the process started


@dataclass(frozen=True, slots=True)
class Process:
    """A process on a machine, and the Airflow task and try that it runs, if any."""

    host: str
    pid: int
    started: str  # pids come again, and a restarted container has few of them
    at: str
    task: str = ""
    attempt: int = 0

    @property
    def tag(self) -> str:
        """The text for a run's tag."""
        return json.dumps(asdict(self))

    def is_over(self, now: Process) -> bool:
        """Whether this process has died, as seen from another one."""
        if self.host == now.host and self.started != _start_of(self.pid):
            return True
        if self.task and self.task == now.task:  # Airflow starts a try when the one before is over
            return self.attempt < now.attempt
        age = datetime.fromisoformat(now.at) - datetime.fromisoformat(self.at)
        return self.host != now.host and age > _LONGEST


def this_process() -> Process:
    """Return the process that asks."""
    names = [os.environ.get(name, "") for name in _TASK]
    return Process(
        socket.gethostname(),
        os.getpid(),
        _start_of(os.getpid()),
        datetime.now(UTC).isoformat(timespec="seconds"),
        "/".join(names) if all(names) else "",
        int(os.environ.get(_TRY, "0")),
    )


def _start_of(pid: int) -> str:
    """Return when a process started, in the kernel's count; empty where it does not run."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "" if Path("/proc/self").exists() else _signalled(pid)
    return stat.rpartition(")")[2].split()[_STARTED]


def _signalled(pid: int) -> str:
    """Without /proc, as on macOS, the kernel only tells whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "runs"


def end_dead_runs(client: MlflowClient, experiments: Sequence[str]) -> int:
    """End the runs of these experiments whose process died as KILLED, and return how many these are."""
    if not experiments:
        return 0
    now, ended = this_process(), 0
    for run in client.search_runs(list(experiments), "attributes.status = 'RUNNING'"):
        process = _process_of(run)
        if process and process.is_over(now):
            client.set_terminated(run.info.run_id, status="KILLED")
            ended += 1
    return ended


def _process_of(run: Run) -> Process | None:
    """Return the process in a run's tag; None for a run that Sluss did not start."""
    text = run.data.tags.get(PROCESS_TAG)
    if text is None:
        return None
    try:
        return Process(**json.loads(text))
    except (TypeError, ValueError):  # a person may write into a tag
        return None
