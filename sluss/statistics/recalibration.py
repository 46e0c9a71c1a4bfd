"""Class probabilities, calibrated on labelled rows that may have weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluss.arrays import Floats

_ENOUGH = 1_000  # labelled rows of two classes, from which a monotone curve follows the data better than a logistic one
_NARROW = 1e-6
_MOST_CLASSES = 20


def recalibrated(learned: tuple[Floats, Any], weights: Floats, present: Floats) -> Floats:
    """Return calibrated probabilities of m present rows, shape (m, k).

    Two classes with many labelled rows: isotonic regression (B. Zadrozny, C. Elkan (2002), Transforming classifier
    scores into accurate multiclass probability estimates). Otherwise a logistic regression on the log probabilities (J.
    Platt (1999), Probabilistic outputs for support vector machines). With more than 20 classes they stay as they are.

    Args:
        learned: probabilities of n labelled rows, shape (n, k), and the numbers of their classes, shape (n,).
        weights: of the labelled rows, shape (n,).
        present: probabilities of the m rows, shape (m, k).
    """
    import numpy as np

    probabilities, labels = learned
    classes = probabilities.shape[1]
    if classes > _MOST_CLASSES or len(np.unique(labels)) < classes:
        return present
    if classes == 2 and len(labels) >= _ENOUGH:
        return _isotonic(probabilities[:, 1], labels, weights, present[:, 1])
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10.0, max_iter=500)
    model.fit(_log(probabilities), labels.astype(int), sample_weight=weights)
    found: Floats = model.predict_proba(_log(present))
    return found


def _isotonic(probabilities: Floats, labels: Any, weights: Floats, present: Floats) -> Floats:  # noqa: ANN401 - an array
    import numpy as np
    from sklearn.isotonic import IsotonicRegression

    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    model.fit(probabilities, labels.astype(float), sample_weight=weights)
    second = model.predict(present)
    return np.column_stack([1 - second, second])


def _log(probabilities: Floats) -> Floats:
    import numpy as np

    found: Floats = np.log(np.clip(probabilities, _NARROW, 1 - _NARROW))
    # Of two classes, one number says it all: the log odds.
    return found[:, 1:] - found[:, :1] if probabilities.shape[1] == 2 else found
