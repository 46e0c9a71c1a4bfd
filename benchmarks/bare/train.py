"""The fit and cross-validation of `make train` in bare scikit-learn, on the same Delta tables; argument: the lake."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.dataset as ds
import yaml
from deltalake import DeltaTable
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


def make(part: dict[str, Any]) -> BaseEstimator:
    """Return an object of the class that the config names, with its parameters."""
    module, _, name = part["class"].rpartition(".")
    made: BaseEstimator = getattr(import_module(module), name)(**part["params"])
    return made


lake = Path(sys.argv[1])
spec = yaml.safe_load((Path(__file__).parents[2] / "config" / "sentiment.yaml").read_text())["training"]
end = datetime(2026, 1, 1, tzinfo=UTC)
split = end - timedelta(days=spec["holdout_days"])

curated = DeltaTable(str(lake / "curated")).to_pyarrow_dataset()
labels = DeltaTable(str(lake / "labels")).to_pyarrow_dataset()
rows = curated.to_table(["id", "event_time", "text"], filter=ds.field("event_time") < split).to_pandas()
known = labels.to_table(["id", "label"], filter=ds.field("label_time") < end).to_pandas()
train = rows.merge(known, on="id").sort_values(["event_time", "id"], ignore_index=True)

text = make_pipeline(*(make(step) for step in spec["preprocessing"][0]["steps"]))
pipeline = Pipeline(
    [
        ("preprocessing", ColumnTransformer([("text", text, "text")])),
        ("estimator", make(spec["estimator"])),
    ]
)
folds = StratifiedKFold(spec["folds"], shuffle=True, random_state=spec["seed"])
scores = cross_val_score(pipeline, train[["text"]], train["label"], cv=folds, scoring=spec["metric"])
pipeline.fit(train[["text"]], train["label"])
print(scores.mean())
