"""Score raw rows with a model in a process that has nothing but the installed packages; none of this project's code.

Run by fork_server.py as `python -I -S score.py <folder of packages> <seconds>`. It imports the packages. Then every
line of JSON on its standard input says which model, which rows, where to write the scores and how many seconds that
may take, and is worked at by a process of its own, forked from this one, which itself never sees a model. It ends
with its standard input, or when it was given nothing to do for so many seconds (0: it waits for ever).
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Import, then answer until nobody can ask any more."""
    sys.path.append(sys.argv[1])
    patience = int(sys.argv[2])
    signal.alarm(patience)  # which ends a process that does not ask for it
    if patience:
        os.nice(10)  # nobody waits yet
    gc.disable()
    import scipy.special  # noqa: F401, I001 - first: it makes skops' own import short
    import numpy as np
    import pandas as pd
    import pyarrow.parquet  # noqa: F401 - what pandas reads by
    import skops.io

    def score(order: dict[str, Any]) -> None:
        pipeline = skops.io.load(order["model"], trusted=order["trusted"])
        scores = getattr(pipeline, order["method"])(pd.read_parquet(order["rows"]))
        np.save(order["scores"], scores[:, -1] if scores.ndim == 2 else scores)

    for line in sys.stdin:
        signal.alarm(patience)
        _answer(json.loads(line), score)


def _answer(order: dict[str, Any], score: Callable[[dict[str, Any]], None]) -> None:
    """Let a new process score, and write its exit code to the file `ended`, which is there as a whole or not at all."""
    if not (child := os.fork()):
        _and_exit(order, score)
    _, status = os.waitpid(child, 0)
    with suppress(OSError):  # who asked may have gone, and the folder with him
        part = Path(order["ended"] + ".part")
        part.write_text(str(os.waitstatus_to_exitcode(status)), encoding="utf-8")
        part.replace(order["ended"])


def _and_exit(order: dict[str, Any], score: Callable[[dict[str, Any]], None]) -> NoReturn:
    code = 1
    signal.alarm(order["patience"])  # or all who ask later would wait for this one
    try:
        with Path(order["complaint"]).open("wb") as complaint:
            os.dup2(complaint.fileno(), sys.stderr.fileno())
        score(order)
        code = 0
    except Exception:  # noqa: BLE001 - the last line is what the gate says
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
