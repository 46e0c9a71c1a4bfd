"""The generated table in bare pandas and scikit-learn. Arguments: `curate` or `train`, and the folder of the table."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

NUMBERS = ["price", "age", "visits", "distance"]
CATEGORIES = ["shop", "city", "plan", "returning"]
SPEC = yaml.safe_load((Path(__file__).parents[1] / "generated.yaml").read_text(encoding="utf-8"))


def read(folder: Path) -> pd.DataFrame:
    """Read all rows, with times and texts as such."""
    texts = dict.fromkeys(["id", *CATEGORIES, "outcome"], "str")
    return pd.read_csv(folder / "table.csv", parse_dates=["at"], dtype=texts)


def curate(folder: Path) -> None:
    """Read, check and write the rows of the history."""
    rows = read(folder)
    rows = rows[rows["at"] < pd.Timestamp(SPEC["live_start"], tz="UTC")]
    needed = rows[["id", "at", "visits", "distance"]].notna().all(axis=1)
    in_range = (rows["price"].isna() | (rows["price"] >= 0)) & (rows["visits"] >= 0) & rows["id"].str.len().gt(0)
    good = rows[needed & in_range & ~rows["id"].duplicated()].sort_values(["at", "id"])
    good.drop(columns="outcome").to_parquet(folder / "curated.parquet", index=False)
    good.loc[good["outcome"].notna(), ["id", "at", "outcome"]].to_parquet(folder / "labels.parquet", index=False)
    rows[~rows.index.isin(good.index)].to_parquet(folder / "quarantine.parquet", index=False)


def train(folder: Path) -> None:
    """Cross-validate, fit and judge the pipeline of the use case on the same rows."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    spec, rows = SPEC["training"], read(folder)
    end = pd.Timestamp(SPEC["live_start"], tz="UTC")
    rows = rows[(rows["at"] < end) & rows["outcome"].notna()].sort_values(["at", "id"], ignore_index=True)
    is_train = rows["at"] < end - pd.Timedelta(days=spec["holdout_days"])
    features = rows[NUMBERS + CATEGORIES].astype(dict.fromkeys(CATEGORIES, object))
    labels = (rows["outcome"] == "yes").astype(int)
    pipeline = _pipeline(spec)
    folds = StratifiedKFold(spec["folds"], shuffle=True, random_state=spec["seed"])
    scores = cross_val_score(pipeline, features[is_train], labels[is_train], cv=folds, scoring=spec["metric"])
    pipeline.fit(features[is_train], labels[is_train])
    judged = roc_auc_score(labels[~is_train], pipeline.predict_proba(features[~is_train])[:, 1])
    print(scores.mean(), judged)


def _pipeline(spec: dict[str, Any]) -> Any:  # noqa: ANN401 - scikit-learn's own
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    encoder = _made(spec["preprocessing"][1]["steps"][0])
    branches = [("numbers", "passthrough", NUMBERS), ("categories", encoder, CATEGORIES)]
    estimator = _made(spec["estimator"]).set_params(random_state=spec["seed"])
    return Pipeline([("preprocessing", ColumnTransformer(branches)), ("estimator", estimator)])


def _made(part: dict[str, Any]) -> Any:  # noqa: ANN401 - of the class that the config names
    module, _, name = part["class"].rpartition(".")
    return getattr(import_module(module), name)(**part.get("params", {}))


if __name__ == "__main__":
    {"curate": curate, "train": train}[sys.argv[1]](Path(sys.argv[2]))
