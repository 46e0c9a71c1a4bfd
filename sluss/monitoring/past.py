"""Past intervals in a reference profile: how far the training's intervals lie from each other, for each column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluss.monitoring.seasons import phase_of, season_of, wall_starts
from sluss.statistics import aspects
from sluss.statistics.distributions import OTHERS, fewest
from sluss.statistics.past_intervals import WEIGHTS, Past, fit
from sluss.statistics.within_intervals import Within, with_within, within_intervals

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from sluss.arrays import Floats
    from sluss.config.use_case import UseCase
    from sluss.interval import Unit
    from sluss.statistics.distributions import Distribution

    Parts = Mapping[str, Distribution]

TIME = "event_time"
# Of many short intervals, the newest are enough; each of them costs a fraction of a millisecond for each column.
_MOST_PARTS = 20_000
_FEWEST_INTERVALS = 56
_PIECES = 5  # of an interval, by time …
_PIECE_ROWS = 25  # … of at least so many rows
_MOST_CUT = 56  # intervals that are cut into pieces


@dataclass(frozen=True)
class Slice:
    """The rows first ≤ row < end of a frame: those of one interval, which starts then on the wall clock."""

    start: datetime
    first: int
    end: int

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.end - self.first

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """First row and end of each piece by time, counted within the interval; none of an interval of few rows."""
        count = min(_PIECES, self.rows // _PIECE_ROWS)
        ends = [self.rows * number // count for number in range(1, count + 1)] if count > 1 else []
        return list(zip([0, *ends], ends, strict=False))


@dataclass(frozen=True)
class Observed:
    """The distributions of a past interval, and those of its pieces, if it was cut into some."""

    start: datetime
    parts: Parts
    pieces: Sequence[Parts] = ()
    learned: bool = False  # whether the reference contains its rows


def slices(rows: pd.DataFrame, unit: Unit) -> list[Slice]:
    """Return the intervals of rows that are in the order of their times; of rows without times, none."""
    import numpy as np
    import pandas as pd

    if TIME not in rows or rows.empty:
        return []
    starts = wall_starts(rows[TIME], unit).to_numpy()
    edges = (np.flatnonzero(starts[1:] != starts[:-1]) + 1).tolist()
    bounds = zip([0, *edges], [*edges, len(rows)], strict=True)
    return [Slice(pd.Timestamp(starts[first]).to_pydatetime(), first, end) for first, end in bounds]


def newest(found: Sequence[Slice], use_case: UseCase) -> list[Slice]:
    """Return the intervals of enough rows; of many, the newest."""
    most = max(_MOST_PARTS // (2 * len(use_case.features)), _FEWEST_INTERVALS)
    return [each for each in found if each.rows >= use_case.monitoring.min_rows][-most:]


def cut(found: Sequence[Slice]) -> set[Slice]:
    """Return the intervals to be cut into pieces: of many, the newest."""
    return {each for each in found[-_MOST_CUT:] if each.pieces}


def learn(reference: Parts, observed: Sequence[Observed], unit: Unit) -> dict[str, Any]:
    """Return the noise between intervals for each column of a reference, as JSON.

    Args:
        reference: the distributions that intervals are compared with.
        observed: the past intervals, in their order.
        unit: the unit of the intervals.
    """
    season = season_of(unit, [each.start for each in observed])
    # Without values, such as the unknown words of texts without words, there is nothing to compare with.
    found = {
        name: _noise(name, part, observed, season)
        for name, part in reference.items()
        if "counts" in part or part["values"]
    }
    return {"season": season, "columns": {name: noise for name, noise in found.items() if noise}}


def _noise(name: str, reference: Distribution, observed: Sequence[Observed], season: str) -> dict[str, Any] | None:
    import numpy as np

    seen = [
        (phase_of(season, each.start), of_part(name, reference, each.parts[name], _known(name, reference, each)))
        for each in observed
        if name in each.parts
    ]
    kept = [(phase, values, rows) for phase, (values, rows) in seen if rows]
    if not kept:
        return None
    values = np.stack([values for _, values, _ in kept])
    rows = np.array([rows for *_, rows in kept])[:, None] * np.ones(values.shape[1])
    phases = np.array([phase for phase, *_ in kept], dtype=np.int64)
    count = values.shape[1]
    past = fit(values, rows, phases, aspects.floor(reference, count), count)
    return _as_json(with_within(past, _within(name, reference, observed, count)))


def _within(name: str, reference: Distribution, observed: Sequence[Observed], count: int) -> Within | None:
    import numpy as np

    found = []
    for each in observed:
        known = _known(name, reference, each) if each.pieces else None
        pieces = [of_part(name, reference, piece[name], known) for piece in each.pieces if name in piece]
        filled = [(values, rows) for values, rows in pieces if rows]
        if len(filled) > 1:
            found.append((np.stack([values for values, _ in filled]), np.array([rows for _, rows in filled])))
    return within_intervals(found, count)


def _known(name: str, reference: Distribution, observed: Observed) -> Collection[str] | None:
    """Return the categories that other intervals have; None where the reference alone tells which are new."""
    if not observed.learned or "counts" not in reference or name not in observed.parts:
        return None
    return _besides(reference["counts"], observed.parts[name]["counts"])


def _besides(reference: Mapping[str, int], own: Mapping[str, int]) -> set[str]:
    """Return the categories that the reference knows without some of its rows."""
    least = fewest(reference)
    return {name for name, count in reference.items() if count - own.get(name, 0) >= least and name != OTHERS}


def of_part(
    name: str, reference: Distribution, part: Distribution, known: Collection[str] | None = None
) -> tuple[Floats, float]:
    """Return the aspects of a column's distribution in one interval, and the rows behind them.

    `known` are the categories that are not new; by default those of the reference.
    """
    if "counts" not in reference:
        return aspects.of_number(reference, part)
    known = _besides(reference["counts"], {}) if known is None else known
    return aspects.of_category(_named(name, reference), known, part["counts"])


def _named(name: str, reference: Distribution) -> list[str]:
    return ["missing"] if name.endswith(".missing") else aspects.cells(reference["counts"])


def anchor(name: str, reference: Distribution) -> Past:
    """Return a past of one interval, the reference itself, whose noise is not known."""
    import numpy as np

    # A category of as few rows as can be would be new without one of them.
    counts = reference.get("counts", {})
    values, rows = of_part(name, reference, reference, _besides(counts, dict.fromkeys(counts, 1)))
    one = np.ones(len(values))
    least = aspects.floor(reference, len(values))
    return Past(
        means=values[:, None],
        uncertainty=one[:, None],
        variance=least,
        rows=one * max(rows, 1.0),
        intervals=one,
        freedom=one * 0,
        slow=one * 0,
        tails=np.ones((len(values), len(WEIGHTS))),
        floor=least,
        within=one * 0,
        within_freedom=one * 0,
    )


_BY_ASPECT = ("variance", "freedom", "slow")
_WITHIN = ("within", "within_freedom")  # profiles of format 2 lack them
_BY_PHASE = ("means", "uncertainty")
_BY_CHART = ("tails",)
_OF_COLUMN = ("rows", "intervals")


def _as_json(past: Past) -> dict[str, Any]:
    found: dict[str, Any] = {name: float(f"{getattr(past, name)[0]:.6g}") for name in _OF_COLUMN}
    found |= {name: _rounded(getattr(past, name)) for name in (*_BY_ASPECT, *_WITHIN)}
    alike = all((getattr(past, name) == getattr(past, name)[:, :1]).all() for name in _BY_PHASE)
    found |= {name: [_rounded(row) for row in getattr(past, name)] for name in _BY_CHART}
    return found | {name: [_rounded(row[:1] if alike else row) for row in getattr(past, name)] for name in _BY_PHASE}


def _rounded(values: Floats) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def read(content: Mapping[str, Any], reference: Distribution) -> Past:
    """Read the past intervals of one column."""
    import numpy as np

    aspects_ = len(content["variance"])
    return Past(
        **{name: np.array(content[name], dtype=float) for name in (*_BY_PHASE, *_BY_CHART, *_BY_ASPECT)},
        **{name: np.full(aspects_, float(content[name])) for name in _OF_COLUMN},
        **{name: np.array(content.get(name, [0.0] * aspects_), dtype=float) for name in _WITHIN},
        floor=aspects.floor(reference, aspects_),
    )
