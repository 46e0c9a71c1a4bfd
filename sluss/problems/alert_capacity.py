"""The threshold from which rows raise alerts, by the alerts that people can look into and by what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluss.counted import counted
from sluss.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.arrays import Floats, Labels


@dataclass(frozen=True, eq=False)
class Scored:
    """Rows of a holdout, n each: what an alert on a row would be about, such as a card on a day."""

    scores: Floats  # probability of the second class
    labels: Labels
    subjects: Any  # rows of one subject are one alert
    days: int  # that the rows span

    def alerts_from(self) -> tuple[Floats, Any]:
        """Return the different scores, falling, and how many alerts there are from each on."""
        import numpy as np
        import pandas as pd

        best = pd.Series(self.scores).groupby(pd.factorize(self.subjects)[0]).max().to_numpy()
        steps = np.unique(self.scores)[::-1]
        return steps, len(best) - np.searchsorted(np.sort(best), steps, side="left")


def threshold(rows: Scored, per_day: float, costs: Sequence[Sequence[float]] | None = None) -> float:
    """Return the lowest score from which no more alerts are raised than fit, or the one of least cost among these.

    Args:
        rows: of the holdout.
        per_day: alerts a day that can be looked into.
        costs: of a row, one list for each actual class with the cost of each predicted class.

    Raises:
        ModelError: no threshold raises an alert, or every one raises all.
    """
    import numpy as np

    steps, alerts = rows.alerts_from()
    fits = alerts <= per_day * rows.days
    if fits.all():
        raise ModelError(
            f"decision.alerts_per_day is {per_day:g}, and the holdout has {counted(int(alerts[-1]), 'alert')} in "
            f"{counted(rows.days, 'day')} if every row raises one, so no threshold follows from it. Lower it."
        )
    if not fits.any():
        raise ModelError(
            f"The {counted(int(alerts[0]), 'alert')} of the holdout's highest score, {steps[0]:.4g}, in "
            f"{counted(rows.days, 'day')} are more than decision.alerts_per_day: {per_day:g} allows, so none could be "
            "raised. Choose a model with more different scores, or raise it."
        )
    if costs is None:
        return float(steps[fits][-1])
    spent, without = _spent(rows, steps, costs)
    best = int(np.argmin(np.where(fits, spent, np.inf)))
    if spent[best] >= without:
        raise ModelError(
            "By decision.costs, raising no alert on the holdout is as cheap as the best threshold, so none is worth "
            "its cost. Correct the costs, or train a better model."
        )
    return float(steps[best])


def _spent(rows: Scored, steps: Floats, costs: Sequence[Sequence[float]]) -> tuple[Floats, float]:
    """The cost of all rows with each step as the threshold, and without any alert."""
    import numpy as np

    table, places = np.array(costs), rows.labels.astype(int)
    change = table[places, 1] - table[places, 0]
    order = np.argsort(-rows.scores, kind="stable")
    # How many rows reach each step.
    reach = len(order) - np.searchsorted(np.sort(rows.scores), steps, side="left")
    without = float(table[places, 0].sum())
    return without + np.cumsum(change[order])[reach - 1], without
