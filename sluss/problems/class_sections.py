"""Config of a classification: classes, decision, weights of classes, limits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import Field, PrivateAttr, model_validator

from sluss.config.base import Frozen
from sluss.config.gates import Gates
from sluss.config.training import Training
from sluss.problems.confidence import ConfidenceMonitoring
from sluss.problems.sections import ProblemUseCase

if TYPE_CHECKING:
    from collections.abc import Mapping


_OF_PREDICTIONS = ("accuracy", "balanced_accuracy", "f1", "f1_macro", "cost")  # metrics that need the threshold


class DecisionRule(Frozen):
    """How a class is chosen from the probabilities; without it, the most probable one is.

    With `alerts_per_day`, a training finds the threshold on its holdout, and the version keeps it.
    """

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
    alerts_per_day: float | None = Field(
        None,
        gt=0,
        description="Two classes: alerts a day that can be looked into. The second class is predicted from the lowest "
        "probability on that raises no more on the holdout; with `costs`, from the one of least cost among these",
    )
    entity: str | None = Field(
        None,
        description="Two classes, with `alerts_per_day`: column of what an alert is about, such as a card. All rows of "
        "one entity on one day are one alert, and the precision among each day's first `alerts_per_day` entities is "
        "measured",
    )
    known_days: int = Field(
        7,
        ge=0,
        description="Two classes, with `entity`: days for which an entity counts as known after a label of the second "
        "class came in; that precision leaves it out",
    )
    _threshold: float | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _is_one_rule(self) -> DecisionRule:
        if self.alerts_per_day is None:
            if (self.thresholds is None) == (self.costs is None):
                raise ValueError("give either thresholds or costs, or alerts_per_day")
            if self.entity is not None:
                raise ValueError("entity needs alerts_per_day, which says how many of them are looked into")
        elif self.thresholds is not None:
            raise ValueError("alerts_per_day finds the threshold on the holdout, so leave thresholds out")
        return self

    @property
    def threshold(self) -> float | None:
        """The threshold that the holdout gave; None before a training, or without `alerts_per_day`."""
        return self._threshold

    def at(self, threshold: float) -> DecisionRule:
        """Return the rule with the threshold of a holdout."""
        rule = self.model_copy()
        rule._threshold = threshold  # noqa: SLF001 - a copy of this very class
        return rule


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

    @property
    def reads_label_times(self) -> bool:
        """Also for the entities that were known at a day."""
        return super().reads_label_times or bool(self.decision and self.decision.entity)

    @property
    def asks_the_holdout(self) -> bool:
        """Whether `decision.alerts_per_day` asks it for a threshold."""
        return self.decision is not None and self.decision.alerts_per_day is not None

    @property
    def found_on_holdout(self) -> dict[str, float]:
        """The threshold of the decision."""
        threshold = self.decision.threshold if self.decision else None
        return {} if threshold is None else {"threshold": threshold}

    def with_found(self, found: Mapping[str, float]) -> ClassUseCase:
        """Return the use case with the threshold of a holdout, if its decision asks for one."""
        if self.decision is None or not self.asks_the_holdout or "threshold" not in found:
            return self
        return self.model_copy(update={"decision": self.decision.at(found["threshold"])})

    @model_validator(mode="after")
    def _alerts_can_be_counted(self) -> ClassUseCase:
        decision, training = self.decision, self.training
        if decision is None or decision.alerts_per_day is None:
            return self
        if len(self.classes) != 2:
            raise ValueError("decision.alerts_per_day needs two classes: alerts are the rows of the second one")
        if not self.source.has_times or training.holdout_share is not None:
            raise ValueError("decision.alerts_per_day needs a holdout of days, so the source must have times")
        if decision.alerts_per_day * training.holdout_days < 1:
            raise ValueError("decision.alerts_per_day times training.holdout_days is below 1, so no alert could come")
        if training.metric in _OF_PREDICTIONS or self.gates.slice_min_accuracy is not None:
            raise ValueError(
                "decision.alerts_per_day finds the threshold on the holdout, so the gates must judge by a metric that "
                "needs none, such as average_precision, and without slice_min_accuracy"
            )
        return self

    @model_validator(mode="after")
    def _entities_are_known_by_day(self) -> ClassUseCase:
        entity = self.decision and self.decision.entity
        if entity is None:
            return self
        if entity not in self.curation.columns:
            raise ValueError(f"decision.entity {entity} is not described under curation")
        if self.unit.after(self.first_live) - self.first_live > timedelta(days=1, hours=1):
            raise ValueError("decision.entity is counted by day, so the unit must be a day or less")
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
