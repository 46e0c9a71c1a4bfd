"""A fresh process that scores raw rows: what the model does where neither the notebook nor this code has been."""

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.hub import registry
from tasks.shared.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_SCRIPT = Path(__file__).with_name("score_afresh.py")
_PATIENCE = 120  # seconds


class _Origin:
    """A process that has imported the packages and nothing else, and forks one process for each order.

    Isolated from the environment, and without the files that put folders such as this project's on the path (-I and
    -S of Python): it finds the standard library and the installed packages. It ends when its standard input does.
    """

    def __init__(self) -> None:
        packages = str(metadata.distribution("scikit-learn").locate_file(""))
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._owner = os.getpid()
        self._one_at_a_time = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SCRIPT), packages],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._complaints, text=True, cwd="/",
            start_new_session=True,
            # One thread of the linear algebra, as in every step: see tasks/shared/cli.py.
            env={"PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        atexit.register(self.end)

    @property
    def ended(self) -> bool:
        """Whether it is of no use: it ended, or belongs to the process that this one was forked from."""
        return self._owner != os.getpid() or self._process.poll() is not None

    def order(self, line: str) -> None:
        """Hand a line to the next process; where this one has ended, `ended` and `complaint` say so."""
        assert self._process.stdin is not None
        with self._one_at_a_time, contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def complaint(self) -> str:
        """The last line of what it wrote about itself."""
        self._complaints.seek(0)
        return _last_line(self._complaints.read().decode(errors="replace"))

    def end(self) -> None:
        """End it, and whatever it forked."""
        if self._owner != os.getpid():
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


_kept: _Origin | None = None


def _origin() -> _Origin:
    """This process's own; a new one where there is none that works."""
    global _kept  # noqa: PLW0603 - it outlives a run of the gates, so that the next one need not import again
    if _kept is None or _kept.ended:
        _kept = _Origin()
    return _kept


class FreshProcess:
    """A process that has imported its packages and scores with one model, once."""

    def __init__(self, scratch: Path) -> None:
        """Take an empty folder for what it will read and write."""
        self.scratch = scratch
        self._asked: _Origin | None = None

    @staticmethod
    def prepare() -> None:
        """Start the imports, which take seconds, before there is something to score."""
        _origin()

    @property
    def asked(self) -> bool:
        """Whether it has been told what to score."""
        return self._asked is not None

    def ask(self, model: Path, rows: "pd.DataFrame", method: str) -> None:
        """Hand it a model, raw rows and the method that gives scores; it works while the caller does something else."""
        rows.to_parquet(self.scratch / "rows.parquet", index=False)
        order = {
            "model": str(model),
            "method": method,
            "trusted": list(registry.TRUSTED_TYPES),
            "rows": str(self.scratch / "rows.parquet"),
            "scores": str(self.scratch / "scores.npy"),
            "complaint": str(self.scratch / "complaint"),
            "ended": str(self.scratch / "ended"),
        }
        self._asked = _origin()
        self._asked.order(json.dumps(order))

    def scores(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """What it answered: a score for each row, shape (n,).

        Raises:
            ModelError: the model could not score the rows; the sentence ends with the process's own words.
        """
        import numpy as np

        assert self._asked is not None
        ended, deadline = self.scratch / "ended", time.monotonic() + _PATIENCE
        while not ended.exists():
            if self._asked.ended:
                raise ModelError(self._asked.complaint() or "it ended before its time")
            if time.monotonic() > deadline:
                self._asked.end()
                raise ModelError(f"no answer within {_PATIENCE} seconds")
            time.sleep(0.005)
        if code := int(ended.read_text(encoding="utf-8")):
            said = (self.scratch / "complaint").read_text(encoding="utf-8", errors="replace")
            raise ModelError(_last_line(said) or f"exit code {code}")
        scores: np.ndarray[tuple[int], np.dtype[np.float64]] = np.load(self.scratch / "scores.npy")
        return scores


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1][:300] if text.strip() else ""
