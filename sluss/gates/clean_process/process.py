"""A process that scores raw rows with a model, or fits one, and that holds none of this project's code."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sluss.counted import counted
from sluss.disk import full_folder
from sluss.errors import ModelError, SlussError
from sluss.memory import killed_process, starved_process, tells_of_memory
from sluss.registry.trusted_types import TRUSTED_TYPES
from sluss.training.components import FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    import pandas as pd
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats

_SCORE, _FIT = (Path(__file__).with_name(name) for name in ("score_raw_rows.py", "fit_rows.py"))
_NAMED = "The process in which a gate scores or trains"
_TOLD = 2_000  # signs of its errors, the last ones
_PATIENCE = 300  # seconds that its answer may take


class TooSlowError(ModelError):
    """A fit takes longer than it may."""


@dataclass(frozen=True)
class Fit:
    """One fit: on every n-th row, in their order or shuffled by a seed."""

    every: int = 1
    shuffle: int = 0


class CleanProcess:
    """Scores with one model, or fits one, once.

    Its imports take seconds. So `start` it early, and ask it when the model is at hand.
    """

    _script = _SCORE

    def __init__(self, scratch: Path) -> None:
        """Take an empty folder for the files that it reads and writes."""
        self.scratch = scratch
        self._process: subprocess.Popen[bytes] | None = None
        self._others: list[FittingProcess] = []
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
                [sys.executable, "-I", "-S", str(self._script), packages],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, cwd="/", start_new_session=True,
                # One thread for linear algebra, as in every step: see sluss/step.py.
                env={"PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"},
            )  # fmt: skip

    def ask(self, model: Path, rows: pd.DataFrame, method: str) -> None:
        """Hand it a model, raw rows and the method that gives scores. It works while the caller does something else."""
        rows.to_parquet(self.scratch / "rows.parquet", index=False)
        order = {
            "model": str(model),
            "method": method,
            "trusted": list(TRUSTED_TYPES),
            "components": str(self._components()),
            "rows": str(self.scratch / "rows.parquet"),
            "output": str(self.scratch / "output.npy"),
        }
        self._hand_over(order)

    def to_fit(self) -> FittingProcess:
        """Return a process that fits, in a folder of its own; it ends with this one."""
        folder = self.scratch / f"fit-{len(self._others)}"
        folder.mkdir()
        self._others.append(FittingProcess(folder))
        return self._others[-1]

    def _hand_over(self, order: Mapping[str, object]) -> None:
        self.start()
        self.asked = True
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, and the one who waits for it is told why
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
            ServiceError: the disk is full, or the kernel killed the process.
        """
        import numpy as np

        assert self._process is not None
        try:
            code = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.end()
            raise ModelError(f"no answer within {_PATIENCE} seconds") from None
        if code:
            raise self._failure(code)
        output: Floats = np.load(self.scratch / "output.npy")
        return output

    def _failure(self, code: int) -> SlussError:
        """Return the error of a process that ended with a code: a reason of the model's, or of this machine's."""
        if code == -signal.SIGKILL:
            return killed_process(_NAMED)
        if full := full_folder(self.scratch):
            return full
        written = (self.scratch / "errors").read_text(encoding="utf-8", errors="replace")
        if tells_of_memory(written[-_TOLD:]):
            return starved_process(_NAMED)
        return ModelError(_last_line(written) or f"exit code {code}")

    def end(self) -> None:
        """End it and those that fit for it, unless they have ended."""
        for other in self._others:
            other.end()
        if self._process is None:
            return
        if self._process.poll() is None:
            # It leads a process group of its own, which also contains the workers that a model may have started.
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(BrokenPipeError):
            self._process.communicate()


class FittingProcess(CleanProcess):
    """Fits one pipeline, several times if asked to."""

    _script = _FIT

    def ask_to_fit(
        self, pipeline: Pipeline, features: pd.DataFrame, given: pd.DataFrame, fits: tuple[Fit, ...] = (Fit(),)
    ) -> None:
        """Hand it an unfitted pipeline and its rows. It works while the caller does something else.

        Args:
            pipeline: unfitted.
            features: n rows of raw features.
            given: `label`, and the weights of the rows by the name of the parameter that takes them.
            fits: how often, and on which of the rows.
        """
        features.to_parquet(self.scratch / "rows.parquet", index=False)
        given.to_parquet(self.scratch / "labels.parquet", index=False)
        (self.scratch / "pipeline.pickle").write_bytes(pickle.dumps(pipeline))
        order = {
            "pipeline": str(self.scratch / "pipeline.pickle"),
            "components": str(self._components()),
            "rows": str(self.scratch / "rows.parquet"),
            "labels": str(self.scratch / "labels.parquet"),
            "fits": [asdict(fit) | {"output": str(self._fitted(place))} for place, fit in enumerate(fits)],
        }
        self._hand_over(order)

    def _fitted(self, place: int) -> Path:
        return self.scratch / f"fitted-{place}.skops"

    def fitted(self, place: int, seconds: float) -> Path:
        """Wait for the file of a fitted pipeline.

        Raises:
            TooSlowError: it takes longer.
            ModelError: it cannot be fitted; the sentence is the last line of the process's error.
            ServiceError: the disk is full, or the kernel killed the process.
        """
        assert self._process is not None
        end, path = time.monotonic() + seconds, self._fitted(place)
        while not path.is_file():
            code = self._process.poll()
            if code is not None and not path.is_file():
                raise self._failure(code)
            if time.monotonic() > end:
                self.end()
                raise TooSlowError(f"no fit within {counted(seconds, 'second')}")
            time.sleep(0.02)
        return path


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1][:300] if text.strip() else ""
