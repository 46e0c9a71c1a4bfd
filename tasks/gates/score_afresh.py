"""Score raw rows with a model in a process that has nothing but the installed packages; none of this project's code.

Run by tasks/gates/fresh.py as `python -I -S score_afresh.py <folder of packages>`. It imports the packages. Then every
line of JSON on its standard input says which model, which rows and where to write the scores, and is worked at by a
process of its own, forked from this one, which itself never sees a model.
"""

import gc
import json
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path


def main() -> None:
    """Import, then answer until nobody can ask any more."""
    sys.path.append(sys.argv[1])
    gc.disable()
    import scipy.special  # noqa: F401, I001 - first, as in tasks/shared/cli.py: it makes skops' own import short
    import numpy as np  # noqa: F401
    import pandas as pd  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import skops.io  # noqa: F401

    for line in sys.stdin:
        _answer(json.loads(line))


def _answer(order: dict[str, str]) -> None:
    """Let a new process score, and write its exit code to the file `ended`, which is there as a whole or not at all."""
    if not (child := os.fork()):
        _score_and_exit(order)
    _, status = os.waitpid(child, 0)
    with suppress(OSError):  # who asked may have gone, and the folder with him
        part = Path(order["ended"] + ".part")
        part.write_text(str(os.waitstatus_to_exitcode(status)), encoding="utf-8")
        part.replace(order["ended"])


def _score_and_exit(order: dict[str, str]) -> None:
    import numpy as np
    import pandas as pd
    import skops.io

    code = 1
    try:
        pipeline = skops.io.load(order["model"], trusted=order["trusted"])
        scores = getattr(pipeline, order["method"])(pd.read_parquet(order["rows"]))
        np.save(order["scores"], scores[:, -1] if scores.ndim == 2 else scores)
        code = 0
    except Exception:  # noqa: BLE001 - the last line is what the gate says
        Path(order["complaint"]).write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
