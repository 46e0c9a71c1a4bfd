"""Score raw rows with a model in a process that has the installed packages, the model's components, and no other
code of this project.

Run by process.py as `python -I -S score.py <folder of packages>`. It imports the packages, then reads an order from its
standard input until that is closed: a JSON object with the model, the rows, and the file for the output. Without an
order it ends.
"""

from __future__ import annotations

import gc
import json
import sys
from typing import Any


def main() -> None:
    """Import, then work at the order."""
    sys.path.append(sys.argv[1])
    gc.disable()  # collecting garbage while modules are imported takes half a second and frees nothing
    import pyarrow.parquet  # noqa: F401 - pandas reads by it
    import skops.io  # noqa: F401

    if not (text := sys.stdin.read()):
        return
    score(json.loads(text))


def score(order: dict[str, Any]) -> None:
    """Write the output of the model's method for the rows."""
    import numpy as np
    import pandas as pd
    import skops.io

    sys.path.append(order["components"])
    trusted = order["trusted"] + (_components(order["model"]) if order["components"] else [])
    pipeline = skops.io.load(order["model"], trusted=trusted)
    np.save(order["output"], getattr(pipeline, order["method"])(pd.read_parquet(order["rows"])))


def _components(model: str) -> list[str]:
    """The model's types that are the project's own, in its folder `components`."""
    import zipfile

    import skops.io

    with zipfile.ZipFile(model) as archive:
        if b'"components' not in archive.read("schema.json"):
            return []
    return [name for name in skops.io.get_untrusted_types(file=model) if name.startswith("components.")]


if __name__ == "__main__":
    main()
