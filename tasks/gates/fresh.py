"""A fresh process that scores raw rows: what the model does where neither the notebook nor this code has been."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass
class FreshProcess:
    """A process that has imported its packages and waits for what to score."""

    process: "subprocess.Popen[str]"
    scratch: Path
    asked: bool = False

    def ask(self, model: Path, rows: "pd.DataFrame", method: str) -> None:
        """Hand it a model, raw rows and the method that gives scores; it works while the caller does something else."""
        rows.to_parquet(self.scratch / "rows.parquet", index=False)
        order = {
            "model": str(model),
            "method": method,
            "trusted": list(registry.TRUSTED_TYPES),
            "rows": str(self.scratch / "rows.parquet"),
            "scores": str(self.scratch / "scores.npy"),
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.close()
        self.asked = True

    def scores(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """What it answered: a score for each row, shape (n,).

        Raises:
            ModelError: the model could not score the rows; the sentence ends with the process's own words.
        """
        import numpy as np

        try:
            code = self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            raise ModelError(f"no answer within {_PATIENCE} seconds") from None
        if code:
            said = (self.scratch / "stderr").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise ModelError(said[-1][:300] if said else f"exit code {code}")
        scores: np.ndarray[tuple[int], np.dtype[np.float64]] = np.load(self.scratch / "scores.npy")
        return scores


@contextmanager
def fresh_process(scratch: Path) -> Iterator[FreshProcess]:
    """Start it now, so that its imports are done when there is something to score; end it in any case.

    Isolated from the environment, and without the files that put folders such as this project's on the path (-I and
    -S of Python): it finds the standard library and the installed packages.
    """
    packages = str(metadata.distribution("scikit-learn").locate_file(""))
    with (scratch / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SCRIPT), packages],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr, text=True, cwd=scratch,
            # One thread of the linear algebra, as in every step: see tasks/shared/cli.py.
            env={"PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
    try:
        yield FreshProcess(process, scratch)
    finally:
        process.kill()
        process.communicate()
