"""How much of the label one column alone predicts: a small tree learns from some rows and is judged on others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAVES = 200
_CONFIDENCE = 0.95
_KNOWN = 0.5  # share of the rows that must have a value


@dataclass(frozen=True)
class Alone:
    """A column's power.

    `score` is the AUC (the greatest over the classes) or R² (of numbers, also that of their ranks). `skill` is the
    share of the errors of guessing that it avoids, at least, with a probability of 95 %; of a number R² again.
    """

    score: float = 0.0
    skill: float = 0.0


def predicts_alone(learned: tuple[Any, Any], judged: tuple[Any, Any], *, number: bool, classes: bool) -> Alone:
    """Return how well one column predicts the label of rows that it did not learn from.

    Args:
        learned: values and labels to learn from.
        judged: values and labels to be judged on.
        number: whether the values are numbers; they are categories otherwise.
        classes: whether the labels are classes; they are numbers otherwise.
    """
    import numpy as np
    from sklearn.metrics import r2_score
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    (values, labels), (others, truth) = learned, judged
    labels, truth = np.asarray(labels), np.asarray(truth)
    if len(np.unique(labels)) < 2 or len(np.unique(truth)) < 2:
        return Alone()
    table, unseen = _codes(values, others, number=number)
    kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
    tree = kind(max_leaf_nodes=_LEAVES, min_samples_leaf=5, random_state=7).fit(table, labels)
    if not classes:
        fit = float(r2_score(truth, tree.predict(unseen)))
        # A tree has steps, and ends where its rows end; the same order shows a number of another scale.
        fit = max(fit, _same_order(unseen[:, 0], truth) if number else 0.0)
        return Alone(fit, fit)
    return Alone(_ranks(tree, unseen, truth), skill(tree.predict(unseen) != truth, truth))


def _same_order(values: Any, truth: Any) -> float:  # noqa: ANN401 - arrays
    import numpy as np
    from scipy.stats import rankdata

    known = ~np.isnan(values)
    ranks = rankdata(values[known]), rankdata(truth[known])
    if known.mean() < _KNOWN or any(each.std() == 0 for each in ranks):
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1] ** 2)


def skill(wrong: Any, truth: Any) -> float:  # noqa: ANN401 - arrays
    """Return the least share of the errors of the best constant guess that predictions avoid, at 95 % confidence.

    The bound on the error is that of C. J. Clopper, E. S. Pearson (1934), Biometrika 26, 404–413.
    """
    import numpy as np
    from scipy.stats import beta

    errors, rows = int(np.sum(wrong)), len(truth)
    most = 1.0 if errors >= rows else float(beta.ppf(_CONFIDENCE, errors + 1, rows - errors))
    _, counts = np.unique(truth, return_counts=True)
    guessing = 1 - counts.max() / rows
    return float(1 - most / guessing) if guessing else 0.0


def _codes(values: Any, others: Any, *, number: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # noqa: ANN401
    import numpy as np
    import pandas as pd

    column, count = pd.concat([pd.Series(values), pd.Series(others)], ignore_index=True), len(values)
    if not number:
        column = pd.Series(pd.factorize(column)[0]).where(column.notna().to_numpy())
    table = pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan).reshape(-1, 1)
    return table[:count], table[count:]


def _ranks(tree: Any, unseen: Any, truth: Any) -> float:  # noqa: ANN401 - an estimator of scikit-learn, arrays
    from sklearn.metrics import roc_auc_score

    scores = tree.predict_proba(unseen)
    if scores.shape[1] < 2:
        return 0.0
    each_class = [(truth == each, scores[:, place]) for place, each in enumerate(tree.classes_)]
    found = (roc_auc_score(actual, score) for actual, score in each_class if 0 < actual.mean() < 1)
    return float(max(found, default=0.0))
