"""Train in another environment: the same rows and parameters with the packages that are there, saved as people do.

Run by bypass_helpers.py as `python train_elsewhere.py <folder>`, with a Python that knows nothing of this project. The
folder holds train.jsonl, raw.jsonl (rows to score) and pipeline.json; it gets model.joblib, model.skops, scores.json
and requirements.txt.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module, metadata
from pathlib import Path

import joblib
import pandas as pd
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline


def made(part):
    module, _, name = part["class"].rpartition(".")
    return getattr(import_module(module), name)(**part["params"])


def main(folder: Path) -> None:
    """Fit, score, save."""
    train, raw = (pd.read_json(folder / name, lines=True) for name in ("train.jsonl", "raw.jsonl"))
    told = json.loads((folder / "pipeline.json").read_text())
    branches = [
        (branch["columns"], make_pipeline(*map(made, branch["steps"])), branch["columns"])
        for branch in told["preprocessing"]
    ]
    pipeline = Pipeline([("preprocessing", ColumnTransformer(branches)), ("estimator", made(told["estimator"]))])
    pipeline.fit(train, train["label"])
    joblib.dump(pipeline, folder / "model.joblib")
    skops.io.dump(pipeline, folder / "model.skops")
    (folder / "scores.json").write_text(json.dumps(pipeline.predict_proba(raw)[:, 1].tolist()))
    pins = [f"{name}=={metadata.version(name)}" for name in told["packages"]]
    (folder / "requirements.txt").write_text("\n".join(pins))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
