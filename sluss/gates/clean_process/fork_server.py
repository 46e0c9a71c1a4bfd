"""Processes that have imported what a model needs and nothing else, and fork one process for each order.

To import takes seconds, and the processor of one core for all of them. A process that runs the gates again and again
keeps one of its own. Where each step is a process of its own on one machine, a training starts one ahead: the gates,
which follow, find it at the end of a named pipe.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluss.config.settings import Settings

_SCRIPT = Path(__file__).with_name("score.py")
_AHEAD = 600  # seconds that one that was started ahead waits for an order


class Own:
    """A process that this one started, and that ends with it."""

    def __init__(self) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._owner = os.getpid()
        self._one_at_a_time = threading.Lock()
        self._process = _start(0, stdin=subprocess.PIPE, stderr=self._complaints)
        atexit.register(self.end)

    @property
    def ended(self) -> bool:
        """Whether it is of no use: it ended, or belongs to the process that this one was forked from."""
        return self._owner != os.getpid() or self._process.poll() is not None

    def order(self, line: str) -> None:
        """Hand it a line; where it has ended, `ended` and `complaint` say so."""
        assert self._process.stdin is not None
        with self._one_at_a_time, contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def complaint(self) -> str:
        """What it wrote about itself."""
        self._complaints.seek(0)
        return self._complaints.read().decode(errors="replace")

    def end(self) -> None:
        """End it, and whatever it forked."""
        if self._owner != os.getpid():
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


class Ahead:
    """A process that another step has started."""

    def __init__(self, pipe: Path) -> None:
        """Take the pipe that it listens to.

        Raises:
            OSError: nobody does.
        """
        self._pipe = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        weakref.finalize(self, os.close, self._pipe)
        self._listener = select.poll()
        self._listener.register(self._pipe, 0)

    @property
    def ended(self) -> bool:
        """Whether nobody listens any more."""
        return bool(self._listener.poll(0))

    def order(self, line: str) -> None:
        """Hand it a line. Those of several steps do not mix: a pipe takes what is so short as a whole."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._pipe, line.encode())


_kept: Own | None = None
_started_ahead: list[subprocess.Popen[str]] = []  # referred to, so that nobody asks for their end


def own() -> Own:
    """This process's own; a new one where there is none that works."""
    global _kept  # noqa: PLW0603 - it outlives a run of the gates, so that the next one need not import again
    if _kept is None or _kept.ended:
        _kept = Own()
    return _kept


def ahead(settings: Settings) -> Ahead | None:
    """One that another step has started, or None."""
    if not settings.fresh_ahead:
        return None
    try:
        return Ahead(_pipe(settings))
    except OSError:
        return None


def start_ahead(settings: Settings) -> None:
    """Start one for whoever asks within ten minutes, unless one is waiting or `fresh_ahead` does not ask for it."""
    if not settings.fresh_ahead or ahead(settings) is not None:
        return
    with contextlib.suppress(OSError):  # slower gates are no reason for no training
        with contextlib.suppress(FileExistsError):
            os.mkfifo(_pipe(settings), 0o600)
        # For reading and writing, so that it does not end with the first who writes.
        with os.fdopen(os.open(_pipe(settings), os.O_RDWR)) as orders:
            _started_ahead.append(_start(_AHEAD, stdin=orders, stderr=subprocess.DEVNULL))


def _pipe(settings: Settings) -> Path:
    return settings.home / "fresh.orders"


def _start(patience: int, **streams: Any) -> subprocess.Popen[str]:  # noqa: ANN401 - as Popen takes them
    """Start a process that ends with its standard input, or after so many seconds without an order (0: never).

    Isolated from the environment, and without the files that put folders such as this project's on the path (-I and
    -S of Python): it finds the standard library and the installed packages.
    """
    packages = str(metadata.distribution("scikit-learn").locate_file(""))
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_SCRIPT), packages, str(patience)],
        **streams, stdout=subprocess.DEVNULL, text=True, cwd="/", start_new_session=True,
        # One thread of the linear algebra, as in every step: see sluss/step.py.
        env={"PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
