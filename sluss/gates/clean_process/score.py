"""Score raw rows with a model in a process that has the installed packages and none of this project's code.

Run by process.py as `python -I -S score.py <folder of packages>`. It imports the packages, then reads an order from its
standard input until that is closed: a JSON object with the model, the rows, and the file for the output. Without an
order it ends.
"""

from __future__ import annotations

import gc
import json
import sys


def main() -> None:
    """Import, then work at the order."""
    sys.path.append(sys.argv[1])
    gc.disable()  # collecting garbage while modules are imported takes half a second and frees nothing
    import numpy as np
    import pandas as pd
    import pyarrow.parquet  # noqa: F401 - pandas reads by it
    import skops.io

    if not (text := sys.stdin.read()):
        return
    order = json.loads(text)
    pipeline = skops.io.load(order["model"], trusted=order["trusted"])
    np.save(order["output"], getattr(pipeline, order["method"])(pd.read_parquet(order["rows"])))


if __name__ == "__main__":
    main()
