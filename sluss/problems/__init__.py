"""The kinds of prediction problem: all that differs between a classification and a regression."""

from __future__ import annotations

from sluss.config.use_case import Classification, Regression, UseCase
from sluss.problems.classification import Classifier
from sluss.problems.problem import Problem
from sluss.problems.regression import Regressor

__all__ = ["Problem", "problem_of"]


def problem_of(use_case: UseCase) -> Problem:
    """The problem of a use case, which its config shows by `classes` or `target`."""
    if isinstance(use_case, Classification):
        return Classifier(use_case)
    assert isinstance(use_case, Regression)
    return Regressor(use_case)
