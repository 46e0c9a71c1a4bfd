"""How bad an alert is: in the terms of its metric, and in money where the use case has costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.counted import counted
from sluss.problems.metrics import METRICS, worse_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluss.config.use_case import UseCase

_SHOWN = 3  # features in a sentence


def impact(use_case: UseCase, figures: Mapping[str, Any], rows: int | None) -> list[str]:
    """Return sentences on the size of an alert, from its figures; none where the sentence of the alert has it all.

    Args:
        use_case: with its limits and costs.
        figures: of the alert.
        rows: of its interval.
    """
    if {"value", "reference", "metric"} <= figures.keys() and figures["metric"] in METRICS:
        return _fall(use_case, str(figures["metric"]), (figures["value"], figures["reference"]), rows)
    if isinstance(figures.get("features"), dict):
        return _drift(figures["features"], use_case.monitoring.drift_distance)
    return []


def _fall(use_case: UseCase, metric: str, values: tuple[float, float], rows: int | None) -> list[str]:
    value, reference = values
    known = METRICS[metric]
    fall = worse_by(value, reference, metric)
    size = f"{fall:.0%} of the promised {reference:.3g}" if known.lower_is_better else f"{100 * fall:.1f} points"
    found = [f"{known.title} is {value:.3f} where the holdout promised {reference:.3f}: worse by {size}."]
    if rows:
        found += [sentence for sentence in (_money(use_case, metric, values, rows),) if sentence]
    return found


def _money(use_case: UseCase, metric: str, values: tuple[float, float], rows: int) -> str:
    """The extra cost of an interval. Where the metric is not the cost itself, it lies between two bounds."""
    costs, currency = _costs(use_case)
    extra = abs(values[0] - values[1]) * rows
    if metric == "cost":
        return f"That costs about {_amount(extra, currency)} more per interval of {counted(rows, 'row')}."
    if costs is None or metric not in {"accuracy", "mae"}:
        return ""
    low, high = costs
    errors = counted(round(extra), "more error") if metric == "accuracy" else ""
    bounds = f"{_amount(low * extra, currency)} to {_amount(high * extra, currency)}"
    return f"That is {f'{errors}, ' if errors else ''}{bounds} per interval of {counted(rows, 'row')}."


def _costs(use_case: UseCase) -> tuple[tuple[float, float] | None, str]:
    """Return the least and the greatest cost of an error compared with a right prediction, and the currency."""
    decision, target = getattr(use_case, "decision", None), getattr(use_case, "target", None)
    if decision is not None and decision.costs:
        extra = [
            cost - row[actual]
            for actual, row in enumerate(decision.costs)
            for predicted, cost in enumerate(row)
            if predicted != actual
        ]
        return (max(min(extra), 0.0), max(extra)), decision.currency
    if target is not None and target.costs:
        return (min(target.costs.under, target.costs.over), max(target.costs.under, target.costs.over)), (
            target.costs.currency
        )
    return None, ""


def _amount(amount: float, currency: str) -> str:
    shown = f"{amount:,.0f}" if amount >= 10 else f"{amount:,.2f}"
    return f"{shown} {currency}".rstrip()


def _drift(features: Mapping[str, Any], limit: float) -> list[str]:
    distances = {
        name: each["distance"] for name, each in features.items() if isinstance(each, dict) and "distance" in each
    }
    if not distances:
        return []
    worst = sorted(distances, key=distances.__getitem__, reverse=True)[:_SHOWN]
    names = ", ".join(f"{name} {distances[name] / limit:.1f}" for name in worst)
    unknown = "The loss of quality is not known before labels come."
    return [f"Distances in multiples of the limit {limit:.2g}: {names}. {unknown}"]
