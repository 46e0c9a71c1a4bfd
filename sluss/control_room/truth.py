"""The metric of each interval by the labels known by now: the truth behind the estimates made before labels came."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.monitoring.labelled import labelled_rows
from sluss.monitoring.measure import estimate_of
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluss.context import Context
    from sluss.control_room.days import Day
    from sluss.statistics.figures import Estimate

_DAYS = 120  # the newest intervals
_ROWS = 2_000_000  # read at most, so that a large use case does not fill the memory


@dataclass(frozen=True)
class Truth:
    """The metric by interval, and the moment up to which labels are known."""

    by_interval: Mapping[str, Estimate] = field(default_factory=dict)


def read_truth(context: Context, days: Sequence[Day]) -> Truth:
    """Return the metric of the newest intervals, as many as have 2,000,000 rows together, 120 at most.

    Raises:
        ServiceError: the lake does not answer.
    """
    span, rows = list[str](), 0
    for day in reversed(days[-_DAYS:]):
        rows += day.rows
        if rows > _ROWS and span:
            break
        span.append(day.interval)
    if not span:
        return Truth()
    found = labelled_rows(context.lake, context.use_case, (span[-1], span[0]), datetime.now(UTC))
    estimates = {str(name): estimate_of(context.use_case, part) for name, part in found.groupby(INTERVAL)}
    return Truth({name: value for name, value in estimates.items() if value is not None})
