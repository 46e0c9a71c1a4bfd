"""How good a model is: cross-validation in the training window, the verdict on the holdout."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.shared.use_case import UseCase
from tasks.training.slices import slice_metrics, slice_values, slices

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from tasks.training.search import Trial


@dataclass(frozen=True)
class Verdict:
    """Metrics by name, and what they were computed from.

    `scores` holds the probability of the second class for each holdout row, shape (n,). `judged` has the same rows with
    `id`, `label`, `score` and the slice that each is in.
    """

    metrics: dict[str, float]
    scores: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    labels: "np.ndarray[tuple[int], np.dtype[np.int8]]"
    judged: "pd.DataFrame"
    trials: "tuple[Trial, ...]" = ()  # of the search, if there was one


def cross_validate(pipeline: "Pipeline", use_case: UseCase, train: "pd.DataFrame") -> dict[str, float]:
    """Mean and standard deviation of the metric over shuffled, stratified folds of the training window."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    from tasks.training.folding import what_folds_share

    spec = use_case.training
    folds = StratifiedKFold(spec.folds, shuffle=True, random_state=spec.seed)
    pipeline, features = what_folds_share(pipeline, train[list(use_case.features)])
    scores = cross_val_score(pipeline, features, train["label"], cv=folds, scoring=spec.metric)
    return {f"cv_{spec.metric}_mean": float(scores.mean()), f"cv_{spec.metric}_std": float(scores.std(ddof=1))}


def judge(pipeline: "Pipeline", use_case: UseCase, train: "pd.DataFrame", holdout: "pd.DataFrame") -> Verdict:
    """Metrics on the holdout and its slices, beside the baseline that always guesses the most frequent class."""
    scores = pipeline.predict_proba(holdout[list(use_case.features)])[:, 1]
    labels = holdout["label"].to_numpy()
    metrics = {f"holdout_{name}": value for name, value in metrics_of(labels, scores).items()}
    majority = int(train["label"].mean() >= 0.5)
    metrics["baseline_accuracy"] = float((labels == majority).mean())
    judged = holdout[["id", "label"]].assign(score=scores).join(slice_values(use_case, train, holdout))
    metrics |= slice_metrics(slices(judged))
    return Verdict(metrics, scores, labels, judged)


def metrics_of(labels: "np.ndarray", scores: "np.ndarray") -> dict[str, float]:
    """Accuracy, F1, area under the ROC curve and log loss of scores for the second class, both of shape (n,)."""
    from sklearn import metrics

    predictions = (scores >= 0.5).astype(int)
    return {
        "accuracy": float(metrics.accuracy_score(labels, predictions)),
        "f1": float(metrics.f1_score(labels, predictions)),
        "roc_auc": float(metrics.roc_auc_score(labels, scores)),
        "log_loss": float(metrics.log_loss(labels, scores)),
    }
