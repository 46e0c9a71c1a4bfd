"""Config of a classification: classes, decision, weights of classes, limits."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sluss.config.base import Frozen
from sluss.config.gates import Gates
from sluss.config.training import Training
from sluss.problems.confidence import ConfidenceMonitoring
from sluss.problems.sections import ProblemUseCase


class DecisionRule(Frozen):
    """How a class is chosen from the probabilities; without it, the most probable one is."""

    thresholds: dict[str, float] | None = Field(
        None,
        description="Classification: probability from which a class is predicted, by class; the class whose "
        "probability is the largest multiple of its threshold wins",
    )
    costs: tuple[tuple[float, ...], ...] | None = Field(
        None,
        description="Classification: costs of a row, one list for each actual class, with the cost of each predicted "
        "class; the class with the least expected cost is predicted, and `metric: cost` judges by them",
    )
    currency: str = Field("", description="Classification: unit of the costs, for sentences")

    @model_validator(mode="after")
    def _is_one_rule(self) -> DecisionRule:
        if (self.thresholds is None) == (self.costs is None):
            raise ValueError("give either thresholds or costs")
        return self


class ClassTraining(Training):
    """How a classifier is trained and judged."""

    class_weight: Literal["balanced"] | dict[str, float] | None = Field(
        None,
        description="Classification: weight of each class's rows in the fit, by class; `balanced` gives all classes "
        "the same sum",
    )


class ClassGates(Gates):
    """Limits that a classifier must meet."""

    slice_min_accuracy: float | None = Field(
        None, ge=0, le=1, description="Classification, `quality`: least accuracy on each slice, whatever the metric"
    )


class ClassUseCase(ProblemUseCase):
    """A use case whose labels are classes."""

    training: ClassTraining
    gates: ClassGates
    monitoring: ConfidenceMonitoring
    classes: tuple[str, ...] = Field(
        min_length=2,
        max_length=1000,
        description="Classification: names of the classes 0, 1, …",
    )
    decision: DecisionRule | None = Field(
        None, description="Classification: how a class is chosen from the probabilities"
    )

    @model_validator(mode="after")
    def _labels_are_classes(self) -> ClassUseCase:
        if reason := self.source.not_classes:
            raise ValueError(reason)
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("two classes have the same name")
        weights = self.training.class_weight
        named = {*(weights if isinstance(weights, dict) else ()), *((self.decision and self.decision.thresholds) or ())}
        if unknown := sorted(named - set(self.classes)):
            raise ValueError(f"{unknown[0]} is not one of the classes")
        return self

    @model_validator(mode="after")
    def _decision_fits_the_classes(self) -> ClassUseCase:
        count, decision = len(self.classes), self.decision
        if self.training.metric == "cost" and not (decision and decision.costs):
            raise ValueError("the metric cost needs decision.costs")
        if decision and decision.costs and [len(row) for row in decision.costs] != [count] * count:
            raise ValueError(f"decision.costs must be {count} lists of {count} numbers")
        if decision and decision.thresholds:
            thresholds_of(decision.thresholds, self.classes)
        return self


def thresholds_of(given: dict[str, float], classes: tuple[str, ...]) -> list[float]:
    """A threshold for each class: those without one share what the others leave of 1."""
    left, others = 1 - sum(given.values()), len(classes) - len(given)
    if min(given.values()) <= 0 or (others and left <= 0):
        raise ValueError("decision.thresholds must be above 0, and their sum below 1 where a class has none")
    return [given.get(name, left / max(others, 1)) for name in classes]
