"""The limits of a new config: the gates, the monitor, the rules of retraining and of deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.new.days import days_of, fewest_holdout_rows
from sluss.new.yaml_line import curated, scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.new.facts import ConfigFacts
    from sluss.new.look import Look

_MOST_COMPARED = 200  # categories from which an interval has too few rows of each
_UNSURE = 0.60
_FALL = 0.05
_MOST_MS = 500  # for 1,000 rows
_MS_OF_A_CHARACTER = 0.5  # of each of 1,000 rows: vectorisers take a fifth of it on a slow machine


def gate_lines(facts: ConfigFacts) -> Iterator[str]:
    """The limits of the gates."""
    look, quick = facts.look, facts.quick
    rows = facts.rows.labelled
    yield "# The floors lie between guessing and what a quick trial reached, so that a sound model passes."
    yield "gates:"
    yield f"  min_training_rows: {max(rows // 10, 20)}"
    yield f"  min_holdout_rows: {fewest_holdout_rows(rows)}"
    yield f"  min_metric: {quick.floor if quick else 0.0}"
    yield f"  min_gain: {quick.gain if quick else 0.01}"
    yield "  slice_min_rows: 100"
    yield "  margin: 0.02"
    yield "  alpha: 0.05"
    yield f"  max_ms_per_1000_rows: {_most_milliseconds(look)}"
    if look.target.kind == "regression":
        low, _, high = look.target.quantiles
        yield f"  error_cap: {_two_digits((high - low) / 2)}    # half of what nearly all values span"


def _most_milliseconds(look: Look) -> int:
    """A generous limit for 1,000 rows: a text takes as long as its characters are many."""
    characters = sum(each.length for each in look.columns("feature"))
    return max(_MOST_MS, round(_two_digits(characters * _MS_OF_A_CHARACTER)))


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}") or 1.0


def operation_lines(facts: ConfigFacts) -> Iterator[str]:
    """Deployment, monitoring, retraining and retention."""
    look, days = facts.look, days_of(facts.look)
    per_unit = int(look.span.rows_of_a_unit) if look.span else look.profile.rows
    yield "deployment: {approval: none, smoke_rows: 100}"
    yield from _monitoring(facts, per_unit)
    yield "retraining:"
    yield f"  min_new_labels: {max(per_unit * max((days.window if days else 10) // 10, 5), 100)}"
    yield f"  min_new_labels_on_alert: {max(per_unit * 2, 50)}"
    yield "  cool_down_hours: 96"
    yield "  max_per_day: 1"
    yield "retention: {predictions_days: 365, monitoring_runs_days: 90, table_history_hours: 168}"


def _monitoring(facts: ConfigFacts, per_unit: int) -> Iterator[str]:
    look = facts.look
    yield "monitoring:"
    yield f"  window_days: {max(30, (look.span.days_of_a_unit if look.span else 1) * 10)}"
    yield "  window_intervals: 50"
    yield f"  min_rows: {_within(facts.rows.largest, max(min(per_unit // 4, 50), 5))}"
    if look.target.kind == "classification":
        yield f"  low_confidence: {_unsure_below(facts):.2f}"
        yield "  low_confidence_rise: 0.10"
        yield "  trend_fall: 0.05"
    yield "  false_alarms: 1 per 90 days    # of all types of alerts together"
    # Without times, rows are taken for independent at first, and a small distance may be due to clumps of them.
    yield f"  drift_distance: {0.05 if look.span else 0.15}"
    yield f"  quality_drop: {_drop(facts)}"
    # Half of the labels that a training has, so that the metric is watched before as many have come anew.
    yield f"  quality_rows: {_within(facts.rows.labelled // 2, max(min(per_unit * 3, 1000), 100))}"
    yield from _ignored(look)


def _within(there: int, wanted: int) -> int:
    """As many rows as are wanted, or all that there are: the gate `monitoring` refuses a limit above that."""
    return max(min(wanted, there), 1)


def _unsure_below(facts: ConfigFacts) -> float:
    """The usual limit, or one that the trial was above for most rows: of many classes, each is rarely probable."""
    classes = len(facts.look.target.classes)
    found = facts.quick.usual_confidence if facts.quick else 2 / classes
    return max(min(_UNSURE, int(found * 100) / 100), int(100 / classes) / 100 + 0.01)


def _drop(facts: ConfigFacts) -> float:
    """The usual fall, or a part of a metric that can hardly fall so far."""
    if facts.quick is None or facts.look.target.kind == "regression":
        return _FALL
    return min(_FALL, _two_digits(max(facts.quick.strong, 0.01) / 3))


def _ignored(look: Look) -> Iterator[str]:
    """Features whose distance from the training data says nothing, each with its reason."""
    reasons = dict.fromkeys(look.calendar, "the calendar always moves on")
    for each in look.columns("feature"):
        if each.kind == "category" and each.distinct > _MOST_COMPARED:
            reasons[each.name] = f"{counted(each.distinct, 'different value')}: two samples always differ much"
    if reasons:
        yield "  ignore:"
        yield from (f"    - {scalar(curated(name))}    # {reason}" for name, reason in reasons.items())
