"""A process that scores raw rows with a model, and that holds none of this project's code."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sluss.errors import ModelError
from sluss.registry.trusted_types import TRUSTED_TYPES
from sluss.training.components import FOLDER

if TYPE_CHECKING:
    from types import TracebackType

    import pandas as pd

    from sluss.arrays import Floats

_SCRIPT = Path(__file__).with_name("score_raw_rows.py")
_PATIENCE = 300  # seconds that its answer may take


class CleanProcess:
    """Scores with one model, once.

    Its imports take seconds. So `start` it early, and `ask` it when the model is at hand.
    """

    def __init__(self, scratch: Path) -> None:
        """Take an empty folder for the files that it reads and writes."""
        self.scratch = scratch
        self._process: subprocess.Popen[bytes] | None = None
        self.asked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def start(self) -> None:
        """Start it, unless it is running: it imports its packages, then waits to be asked.

        The options -I and -S of Python keep it from the environment's variables, and from the files that add folders
        such as this project's to the path: it finds the standard library and the installed packages.
        """
        if self._process is not None:
            return
        # Without the module site (-S), the path lacks the folder of packages.
        packages = str(metadata.distribution("scikit-learn").locate_file(""))
        # Errors go to a file: a pipe that is not read while the model works would fill up and block it.
        with (self.scratch / "errors").open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SCRIPT), packages],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, cwd="/", start_new_session=True,
                # One thread for linear algebra, as in every step: see sluss/step.py.
                env={"PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"},
            )  # fmt: skip

    def ask(self, model: Path, rows: pd.DataFrame, method: str) -> None:
        """Hand it a model, raw rows and the method that gives scores. It works while the caller does something else."""
        self.start()
        self.asked = True
        rows.to_parquet(self.scratch / "rows.parquet", index=False)
        order = {
            "model": str(model),
            "method": method,
            "trusted": list(TRUSTED_TYPES),
            "components": str(self._components()),
            "rows": str(self.scratch / "rows.parquet"),
            "output": str(self.scratch / "output.npy"),
        }
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, and `output` reports why
            self._process.stdin.write(json.dumps(order).encode())
            self._process.stdin.close()

    def _components(self) -> Path:
        """A folder that holds `components/` and nothing else of this project."""
        alone = self.scratch / "environment"
        if FOLDER.is_dir():
            shutil.copytree(FOLDER, alone / FOLDER.name, ignore=shutil.ignore_patterns("__pycache__"))
        return alone

    def output(self) -> Floats:
        """Wait for the output of the method, a row for each raw row.

        Raises:
            ModelError: the model could not score the rows; the sentence ends with the last line of the process's error.
        """
        import numpy as np

        assert self._process is not None
        try:
            code = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.end()
            raise ModelError(f"no answer within {_PATIENCE} seconds") from None
        if code:
            written = (self.scratch / "errors").read_text(encoding="utf-8", errors="replace")
            raise ModelError(_last_line(written) or f"exit code {code}")
        output: Floats = np.load(self.scratch / "output.npy")
        return output

    def end(self) -> None:
        """End it, unless it has ended."""
        if self._process is None:
            return
        if self._process.poll() is None:
            # It leads a process group of its own, which also contains the workers that a model may have started.
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(BrokenPipeError):
            self._process.communicate()


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1][:300] if text.strip() else ""
