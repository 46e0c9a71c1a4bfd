"""The budget of false alarms: how many a use case accepts, and the share of it that each type of alert may spend."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluss.interval import Unit

EXAMPLE = "1 per 90 days"
_RATE = re.compile(r"(\d+(?:\.\d+)?) (?:per|in) (?:(\d+) )?(day|week|month|quarter|year)s?")
_DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}
_UNIT_DAYS = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4}
# A type that a use case does not have leaves its share unspent, so the budget holds for every kind of problem.
SHARES = MappingProxyType(
    {"data_drift": 0.4, "quality_drop": 0.4, "low_confidence": 0.1, "confidence_trend": 0.1, "same_lists": 0.2}
)
_MOST = 0.05  # long intervals: one of twenty is as much as any test may err, however large the budget


def alarms_a_day(text: str) -> float:
    """Return the accepted false alarms for each day from words such as `1 per 90 days`.

    Raises:
        ValueError: it is not such a rate, or zero.
    """
    found = _RATE.fullmatch(" ".join(text.split()))
    if found is None:
        raise ValueError(f"'{text}' is not a number of alarms in a time; write for example {EXAMPLE}")
    days = int(found[2] or 1) * _DAYS[found[3]]
    rate = float(found[1]) / days if days else 0.0
    if rate <= 0:
        raise ValueError(f"'{text}' accepts no false alarm at all, which no test can keep; write for example {EXAMPLE}")
    return rate


def chance(false_alarms: str, alert: str, unit: Unit) -> float:
    """Return the probability with which one interval of this unit may raise a type of alert without a cause.

    By the union bound, the expected number of such alarms stays within the type's share of the budget, whatever the
    dependence between intervals.
    """
    days = unit.count * _UNIT_DAYS[unit.name]
    return min(alarms_a_day(false_alarms) * days * SHARES[alert], _MOST)
