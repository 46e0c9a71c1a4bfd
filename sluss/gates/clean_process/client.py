"""A fresh process that scores raw rows: what the model does where neither the notebook nor this code has been."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

from sluss.errors import ModelError
from sluss.gates.clean_process.fork_server import Ahead, Own, own
from sluss.registry.artifacts import TRUSTED_TYPES

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd

_PATIENCE = 120  # seconds that the scoring may take
_TURNS = 3  # as long again for the imports and for an order that came before


class FreshProcess:
    """A process that has imported its packages and scores with one model, once."""

    def __init__(self, scratch: Path) -> None:
        """Take an empty folder for what it will read and write."""
        self.scratch = scratch
        self._origin: Own | Ahead | None = None
        self._order = ""

    def prepare(self, ahead: Ahead | None) -> None:
        """Start the imports, which take seconds, before there is something to score, unless they were started ahead."""
        self._origin = ahead or own()

    @property
    def asked(self) -> bool:
        """Whether it has been told what to score."""
        return bool(self._order)

    def ask(self, model: Path, rows: pd.DataFrame, method: str) -> None:
        """Hand it a model, raw rows and the method that gives scores; it works while the caller does something else."""
        rows.to_parquet(self.scratch / "rows.parquet", index=False)
        order = {
            "model": str(model),
            "method": method,
            "trusted": list(TRUSTED_TYPES),
            "rows": str(self.scratch / "rows.parquet"),
            "scores": str(self.scratch / "scores.npy"),
            "complaint": str(self.scratch / "complaint"),
            "ended": str(self.scratch / "ended"),
            "patience": _PATIENCE,
        }
        self._order = json.dumps(order) + "\n"
        self._hand_over()

    def _hand_over(self) -> None:
        if self._origin is None or self._origin.ended:
            self._origin = own()
        self._origin.order(self._order)

    def scores(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """What it answered: a score for each row, shape (n,).

        Raises:
            ModelError: the model could not score the rows; the sentence ends with the process's own words.
        """
        import numpy as np

        ended, deadline = self.scratch / "ended", time.monotonic() + _TURNS * _PATIENCE
        while not ended.exists():
            self._check(overdue=time.monotonic() > deadline)
            time.sleep(0.005)
        if (code := int(ended.read_text(encoding="utf-8"))) == -signal.SIGALRM:
            raise ModelError(f"no answer within {_PATIENCE} seconds")
        if code:
            said = (self.scratch / "complaint").read_text(encoding="utf-8", errors="replace")
            raise ModelError(_last_line(said) or f"exit code {code}")
        scores: np.ndarray[tuple[int], np.dtype[np.float64]] = np.load(self.scratch / "scores.npy")
        return scores

    def _check(self, *, overdue: bool) -> None:
        """Whether there is still somebody to wait for."""
        assert self._origin is not None
        if self._origin.ended:
            if isinstance(self._origin, Own):
                raise ModelError(_last_line(self._origin.complaint()) or "it ended before its time")
            self._hand_over()  # it had waited for long enough just when it was asked
        if overdue:
            if isinstance(self._origin, Own):
                self._origin.end()
            raise ModelError(f"no answer within {_TURNS * _PATIENCE} seconds")


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1][:300] if text.strip() else ""
