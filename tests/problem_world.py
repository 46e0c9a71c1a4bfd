"""Use cases of every kind of problem on generated rows, made from the demo's config."""

from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from sluss.config.settings import ROOT
from sluss.config.use_case import UseCase
from sluss.problems import problem_of

if TYPE_CHECKING:
    from sluss.problems.problem import Problem
    from sluss.statistics.figures import Estimate

CLASSES = ("red", "green", "blue")
QUANTILES = (0.1, 0.5, 0.9)
LOWER_IS_BETTER = ("log_loss", "brier", "cost", "mae", "rmse", "mape", "pinball", "interval_score")
BINARY = (
    "accuracy",
    "balanced_accuracy",
    "f1",
    "f1_macro",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "cost",
)
MULTICLASS = tuple(metric for metric in BINARY if metric != "f1")
REGRESSION = ("r2", "d2_absolute_error_score", "mae", "rmse", "mape", "cost")
OF_QUANTILES = ("pinball", "interval_score")
_NUMBER = {"title": "Demand", "unit": "pieces", "costs": {"under": 3, "over": 1, "currency": "EUR"}}


def content_of(kind: str, metric: str, **keys: Any) -> dict[str, Any]:
    """The content of a file: `kind` is binary, multiclass, regression or quantiles."""
    found = copy.deepcopy(_demo())
    found["training"] |= {"metric": metric}
    gates = found["gates"]
    del gates["slice_min_accuracy"]
    if metric in LOWER_IS_BETTER:
        del gates["min_metric"]
        gates["max_metric"] = 1000.0
    if kind in ("regression", "quantiles"):
        del found["classes"]
        found["target"] = _NUMBER
        gates["error_cap"] = 10.0
        found["source"]["label"] = "mean"
        found["monitoring"] = {
            k: v for k, v in found["monitoring"].items() if "confidence" not in k and k != "trend_fall"
        }
    if kind == "quantiles":
        found["quantiles"] = list(QUANTILES)
    if kind == "multiclass":
        found["classes"] = list(CLASSES)
    if metric == "cost" and "classes" in found:
        found["decision"] = {"costs": costs_of(len(found["classes"])), "currency": "EUR"}
    return found | keys


def costs_of(classes: int) -> list[list[float]]:
    """A missed last class costs five times as much as any other mistake."""
    return [[0.0 if i == j else 5.0 if i == classes - 1 else 1.0 for j in range(classes)] for i in range(classes)]


def use_case_of(kind: str, metric: str, **keys: Any) -> UseCase:
    """A use case of a kind of problem."""
    return UseCase.model_validate(content_of(kind, metric, **keys))


@cache
def problem_by(kind: str, metric: str) -> Problem:
    """The problem of it."""
    return problem_of(use_case_of(kind, metric))


def estimate(metric: str, scores: Any, labels: Any, groups: Any = None) -> Estimate | None:
    """A metric of two classes, or else of a regression, with its interval."""
    kind = "binary" if metric in BINARY and metric != "cost" else "regression"
    return problem_by(kind, metric).judging.estimate(labels, scores, groups)


@cache
def _demo() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "config" / "sentiment.yaml").read_text(encoding="utf-8"))
