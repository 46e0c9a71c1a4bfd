"""The kinds of prediction problem: all that differs between a classification and a regression."""

from tasks.kinds.classification import Classifier
from tasks.kinds.kind import Kind
from tasks.kinds.regression import Regressor
from tasks.shared.use_case import Classification, Regression, UseCase

__all__ = ["Kind", "kind_of"]


def kind_of(use_case: UseCase) -> Kind:
    """The kind of a use case, which its config says by `classes` or `target`."""
    if isinstance(use_case, Classification):
        return Classifier(use_case)
    assert isinstance(use_case, Regression)
    return Regressor(use_case)
