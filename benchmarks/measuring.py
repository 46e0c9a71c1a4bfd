"""Shared by all benchmarks: measured processes, contenders that take turns, and the lines of the table."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.progress import Progress

HERE = Path(__file__).parent
ROOT = HERE.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
_SLICE = 0.1  # seconds: short enough for a shared machine to keep its speed, long enough to refill the caches
_SETTINGS = ("SLUSS_", "MLFLOW_", "AIRFLOW", "PYTHON")


class BenchmarkError(Exception):
    """A benchmark cannot run here. The message gives the reason."""


@dataclass(frozen=True)
class Cost:
    """The cost of one repetition. Other work on the machine affects `wall`, but hardly `cpu`."""

    wall: float  # seconds
    cpu: float  # seconds of the process and its children, in user and system mode
    memory: float  # largest resident size in MB


@dataclass(frozen=True)
class Bench:
    """A benchmark's home folder, number of repetitions and progress bar."""

    home: Path  # a Sluss home with the history curated
    rounds: int
    progress: Progress

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the variables of a step that works in `home`, without the caller's own settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        return kept | {
            "SLUSS_HOME": str(self.home),
            "SLUSS_DATA": str(self.home / "archive.tar.gz"),
            "AIRFLOW_HOME": str(self.home / "airflow"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "services" / "airflow" / "plugins" / "runs"),
            "PYTHONWARNINGS": "ignore",
            "PYTHONPATH": str(ROOT),  # this tree, not the installed package
            # For the baselines, too: on a busy machine, waiting threads would slow them down.
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
            **variables,
        }


@dataclass(frozen=True)
class Line:
    """A line of the table: two medians of the same run, and the ratio (or the difference) that counts."""

    benchmark: str
    what: str
    ours: float
    baseline: float | None
    limit: float | None = None  # None without a limit
    unit: str = "s"
    kind: str = "ratio"  # `ratio`, `difference`, or `value` for a figure with no baseline
    at_most: bool = True

    @property
    def figure(self) -> float:
        """The figure that is compared with the limit."""
        match self.kind:
            case "ratio":
                return self.ours / self.baseline if self.baseline else float("nan")
            case "difference":
                return self.ours - (self.baseline or 0)
            case _:
                return self.ours

    @property
    def is_met(self) -> bool:
        """Whether the figure is within the limit."""
        return self.limit is None or (self.figure <= self.limit if self.at_most else self.figure >= self.limit)


def measured(arguments: Sequence[str | Path], environment: Mapping[str, str]) -> Cost:
    """Run Python with these arguments to its end, and measure it from outside.

    Raises:
        BenchmarkError: it failed; the message has the end of its output.
    """
    done = subprocess.run(
        [PYTHON, "-S", HERE / "launched.py", *_python(arguments)],
        env=environment,
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise _failure(arguments, done.stderr.decode(errors="replace"))
    found = json.loads(done.stdout)
    if found["code"]:
        raise _failure(arguments, done.stderr.decode(errors="replace"))
    return Cost(**found["cost"])


def _python(arguments: Sequence[str | Path]) -> list[str]:
    return [str(PYTHON), *map(str, arguments)]


def _failure(arguments: Sequence[str | Path], complaint: str) -> BenchmarkError:
    return BenchmarkError(f"{' '.join(map(str, arguments))} failed: {complaint.strip()[-500:]}")


def own_peak() -> float:
    """Largest resident size of this process in MB, without that of the process that started it."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS counts bytes


def in_turns(
    contenders: Mapping[str, Callable[[], Cost]], rounds: int, progress: Progress, what: str
) -> dict[str, Cost]:
    """Return the median costs of each contender. They take turns, so that a busy minute affects all of them."""
    bar = progress.add_task(what, total=rounds * len(contenders))
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name in sorted(contenders, reverse=bool(turn % 2)):
            progress.update(bar, description=f"{what}: {name}")
            costs[name].append(contenders[name]())
            progress.advance(bar)
    progress.update(bar, description=what)
    return {name: middle(found) for name, found in costs.items()}


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(*(median(getattr(cost, name) for cost in costs) for name in ("wall", "cpu", "memory")))


@dataclass(frozen=True)
class Share:
    """The cost that a script measured of itself while it took turns with others."""

    cpu: float  # seconds in user and system mode; a clock would go on while the script stands still
    memory: float  # largest resident size in MB


def in_slices(contenders: Mapping[str, Sequence[str | Path]], environment: Mapping[str, str]) -> dict[str, Share]:
    """Run scripts concurrently, one at a time: each is stopped while another runs for a tenth of a second.

    Other load on the machine thus affects all of them alike. A script stops itself (SIGSTOP) when it is ready to be
    measured, and prints its share as JSON at its end.

    Raises:
        BenchmarkError: one failed; the message has the end of its output.
    """
    with ExitStack() as stack:
        scripts = {name: stack.enter_context(_ready(each, environment)) for name, each in contenders.items()}
        while running := [script for script in scripts.values() if script.poll() is None]:
            for script in running:
                script.send_signal(signal.SIGCONT)
                try:
                    script.wait(_SLICE)
                except subprocess.TimeoutExpired:
                    script.send_signal(signal.SIGSTOP)
        return {name: _share(script, contenders[name]) for name, script in scripts.items()}


@contextmanager
def _ready(arguments: Sequence[str | Path], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start a script and wait until it has stopped itself or ended; kill it at the end of the block."""
    command, pipe = _python(arguments), subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) as script:
        try:
            _, status = os.waitpid(script.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                script.returncode = os.waitstatus_to_exitcode(status)
            yield script
        finally:
            script.kill()


def _share(script: subprocess.Popen[str], arguments: Sequence[str | Path]) -> Share:
    output, complaint = script.communicate()
    if script.returncode:
        raise _failure(arguments, complaint)
    return Share(**json.loads(output))
