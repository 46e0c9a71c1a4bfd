"""The state that the monitor hands from one interval of a version to the next, so that no older row is read again.

For each column: the charts of its aspects, and, while the training had too few intervals, the noise between the
intervals since. It is a column of the interval's own row in the table `monitoring`, as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sluss.statistics.charts import Charts, started
from sluss.statistics.past_intervals import FEWEST, WEIGHTS, Past

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluss.arrays import Floats

# From so many intervals on, new ones no longer change the noise: otherwise a slow change would come to look usual.
ENOUGH = 28


@dataclass(frozen=True, slots=True)
class Since:
    """Noise between the intervals that this version has scored, by the recursion of Welford, with weights.

    Source: D. H. D. West (1979), Communications of the ACM 22, 532–535.
    """

    means: Floats
    squares: Floats
    rows: float = 0.0
    rows_squared: float = 0.0

    @property
    def effective(self) -> float:
        """How many intervals, in effect."""
        return self.rows**2 / self.rows_squared if self.rows_squared else 0.0

    def with_interval(self, values: Floats, rows: float) -> Since:
        """Return the noise with one more interval."""
        total = self.rows + rows
        means = self.means + (values - self.means) * rows / total
        squares = self.squares + rows * (values - self.means) * (values - means)
        return Since(means, squares, total, self.rows_squared + rows**2)


@dataclass(frozen=True, slots=True)
class Column:
    """The state of one column."""

    charts: Charts
    since: Since


@dataclass(frozen=True, slots=True)
class Watch:
    """The state after one interval."""

    columns: Mapping[str, Column] = field(default_factory=dict)

    def of(self, name: str, aspects: int) -> Column:
        """Return the state of a column; a new one has seen nothing."""
        import numpy as np

        found = self.columns.get(name)
        if found is not None and len(found.since.means) == aspects:
            return found
        return Column(started(aspects), Since(np.zeros(aspects), np.zeros(aspects)))


@dataclass(frozen=True, slots=True)
class Borrowed:
    """The noise of columns with enough past intervals."""

    ratio: float  # how much larger it is than that of independent rows
    freedom: float
    rows: float  # usual rows of an interval


def with_noise_since(past: Past, since: Since, borrowed: Borrowed | None) -> Past | None:
    """Return a past with the noise of the intervals since added; None if there are too few to know it.

    The means stay those of the training, from which a change is measured. With too few intervals, the noise is
    `borrowed` from other columns.
    """
    import numpy as np

    if past.intervals.min() >= ENOUGH or (past.intervals.min() >= FEWEST and not since.rows):
        return past
    freedom = past.freedom + max(since.effective - 1, 0.0)
    if past.intervals.min() + since.effective >= FEWEST:
        squares = past.variance * past.freedom + since.squares
        variance = np.maximum(squares / np.maximum(freedom, 1.0), past.floor)
        return replace(past, variance=variance, freedom=freedom)
    if borrowed is None:
        return None
    own = past.variance * past.freedom + past.floor * borrowed.ratio * borrowed.freedom
    variance = np.maximum(own / (past.freedom + borrowed.freedom), past.floor)
    usual = np.maximum(past.rows, borrowed.rows)
    return replace(past, variance=variance, freedom=past.freedom + borrowed.freedom, rows=usual)


def to_json(watch: Watch) -> dict[str, Any]:
    """Return the state as plain values."""
    return {
        name: {
            "charts": [_rounded(row) for row in column.charts.means],
            "seen": _rounded(column.charts.intervals),
            "scales": _rounded(column.charts.scales),
            "means": _rounded(column.since.means),
            "squares": _rounded(column.since.squares),
            "rows": [column.since.rows, column.since.rows_squared],
        }
        for name, column in watch.columns.items()
    }


def from_json(content: Mapping[str, Any]) -> Watch:
    """Read the state; one that another version of Sluss wrote counts as none."""
    try:
        return Watch({name: _column(each) for name, each in content.items()})
    except (KeyError, TypeError, ValueError):
        return Watch()


def _column(each: Mapping[str, Any]) -> Column:
    import numpy as np

    charts = np.array(each["charts"], dtype=float).reshape(-1, len(WEIGHTS))
    since = Since(np.array(each["means"], dtype=float), np.array(each["squares"], dtype=float), *each["rows"])
    seen, scales = (np.array(each[name], dtype=float) for name in ("seen", "scales"))
    return Column(Charts(charts, seen, scales), since)


def _rounded(values: Floats) -> list[float]:
    return [float(f"{value:.6g}") for value in values]
