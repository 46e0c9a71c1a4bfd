"""Score raw rows with a model in a process that has nothing but the installed packages; none of this project's code.

Run by tasks/gates/fresh.py as `python -I -S score_afresh.py <folder of packages>`. One line of JSON on its standard
input says which model, which rows and where to write the scores; until it comes, the imports are done.
"""

import gc
import json
import sys


def main() -> None:
    """Import, wait for the order, score."""
    sys.path.append(sys.argv[1])
    gc.disable()
    import scipy.special  # noqa: F401, I001 - first, as in tasks/shared/cli.py: it makes skops' own import short
    import numpy as np
    import pandas as pd
    import skops.io

    order = json.loads(sys.stdin.readline())
    pipeline = skops.io.load(order["model"], trusted=order["trusted"])
    scores = getattr(pipeline, order["method"])(pd.read_parquet(order["rows"]))
    np.save(order["scores"], scores[:, -1] if scores.ndim == 2 else scores)


if __name__ == "__main__":
    main()
