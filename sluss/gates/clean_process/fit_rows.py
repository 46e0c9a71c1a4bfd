"""Fit a pipeline in a process that has the installed packages, the model's components, and no other code of this
project.

Run by process.py as `python -I -S fit_rows.py <folder of packages>`. It imports the packages, then reads an order from
its standard input until that is closed: a JSON object with the unfitted pipeline, the rows, and the files for the
fitted ones. Without an order it ends.
"""

from __future__ import annotations

import gc
import json
import pickle
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Import, then work at the order."""
    sys.path.append(sys.argv[1])
    gc.disable()  # collecting garbage while modules are imported takes half a second and frees nothing
    import pyarrow.parquet  # noqa: F401 - pandas reads by it
    import sklearn.pipeline  # noqa: F401
    import skops.io  # noqa: F401

    if not (text := sys.stdin.read()):
        return
    gc.enable()
    fit(json.loads(text))


def fit(order: dict[str, Any]) -> None:
    """Fit a new copy of the pipeline for each output, on every n-th row or in another order, and save it."""
    import pandas as pd
    import skops.io

    sys.path.append(order["components"])
    features, given = pd.read_parquet(order["rows"]), pd.read_parquet(order["labels"])
    for each in order["fits"]:
        chosen = _chosen(len(features), each)
        # Pickle is safe here: the process that started this one wrote the file from the config.
        pipeline = pickle.loads(Path(order["pipeline"]).read_bytes())  # noqa: S301
        labels = given["label"].iloc[chosen].reset_index(drop=True)
        weights = {name: given[name].to_numpy()[chosen] for name in given.columns if name != "label"}
        pipeline.fit(features.iloc[chosen].reset_index(drop=True), labels, **weights)
        # Renamed when it is complete: the other process waits for the name.
        unfinished = f"{each['output']}.part"
        skops.io.dump(pipeline, unfinished)
        Path(unfinished).rename(each["output"])


def _chosen(rows: int, wanted: dict[str, Any]) -> Any:  # noqa: ANN401 - an array of places
    import numpy as np

    places = np.arange(rows)[:: wanted["every"]]
    return np.random.default_rng(wanted["shuffle"]).permutation(places) if wanted["shuffle"] else places


if __name__ == "__main__":
    main()
