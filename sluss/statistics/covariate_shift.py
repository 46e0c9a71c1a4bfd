"""How far present rows lie from reference rows, and weights that make the reference resemble them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from sluss.arrays import Floats

_FOLDS = 3
_SEED = 20260101  # the same rows give the same weights
_BOUNDS = 0.02, 20.0  # of a weight: beyond, one row would speak for too many
_RARE = 1 / 3  # a present row is outside where the reference has less than this share of the rows expected there
_CATEGORIES = 50


@dataclass(frozen=True, eq=False)
class Shift:
    """The shift from n reference rows to m present ones."""

    weights: Floats  # of the reference rows, shape (n,), mean 1
    told_apart: float  # ROC AUC of telling the two apart, cross-validated: 0.5 if they are alike
    effective: float  # share of the reference rows that the weights leave (Kish's effective sample size over n)
    outside: float  # share of the present rows that lie where the reference has few or no rows


def measure_shift(reference: pd.DataFrame, present: pd.DataFrame) -> Shift:
    """Measure the shift by a classifier that tells present from reference rows.

    Its odds, corrected for n and m, are the ratio of the densities: S. Bickel, M. Brückner, T. Scheffer (2009),
    Discriminative learning under covariate shift, Journal of Machine Learning Research 10, 2137–2155. The effective
    sample size: L. Kish (1965), Survey Sampling.

    Args:
        reference: n rows with numbers and texts (categories), which may be missing.
        present: m rows with the same columns.
    """
    import numpy as np
    from sklearn.metrics import roc_auc_score

    odds = _odds(reference, present)
    is_present = np.repeat([0.0, 1.0], [len(reference), len(present)])
    ratio = odds * len(reference) / len(present)
    weights = np.clip(ratio[: len(reference)], *_BOUNDS)
    weights /= weights.mean()
    return Shift(
        weights,
        float(roc_auc_score(is_present, odds)),
        float(weights.sum() ** 2 / (weights**2).sum() / len(weights)),
        float((ratio[len(reference) :] > 1 / _RARE).mean()),
    )


def _odds(reference: pd.DataFrame, present: pd.DataFrame) -> Floats:
    """The odds of being present of all rows, each from a classifier that did not learn from it; shape (n + m,)."""
    import numpy as np
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    rows, categorical = _encoded(pd.concat([reference, present], ignore_index=True))
    classifier = HistGradientBoostingClassifier(
        max_iter=60,
        max_leaf_nodes=8,
        l2_regularization=1.0,
        early_stopping=False,
        categorical_features=categorical,
        random_state=_SEED,
    )
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED)
    is_present = np.repeat([0, 1], [len(reference), len(present)])
    with threadpool_limits(1, "openmp"):  # of a few thousand rows, threads would wait longer than they work
        share = cross_val_predict(classifier, rows, is_present, cv=folds, method="predict_proba")[:, 1]
    share = np.clip(share, 1e-6, 1 - 1e-6)
    odds: Floats = share / (1 - share)
    return odds


def _encoded(rows: pd.DataFrame) -> tuple[Floats, list[bool]]:
    """Categories as numbers, the rare ones as one; and which columns they are."""
    import numpy as np
    import pandas as pd

    categorical = [not pd.api.types.is_numeric_dtype(rows[name]) for name in rows]
    columns = [
        _codes(rows[name]) if is_category else rows[name].to_numpy(dtype=float, na_value=np.nan)
        for name, is_category in zip(rows, categorical, strict=True)
    ]
    return np.column_stack(columns), categorical


def _codes(column: pd.Series[str]) -> Floats:
    import numpy as np
    import pandas as pd

    frequent = column.value_counts().index[:_CATEGORIES]
    codes = pd.Categorical(column, categories=frequent).codes.astype(float)
    rare: Floats = np.where(codes < 0, len(frequent), codes)
    return np.where(column.isna(), np.nan, rare)
