"""Drift of lists: how novel they are, which item is first, and how much the lists of two users have in common."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, sqrt
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from sluss.charts import svg
from sluss.charts.plot import HALF, MARGIN, Plot, axis_names, known, scale
from sluss.charts.svg import Frame
from sluss.counted import counted
from sluss.problems import ranking_metrics
from sluss.problems.condition import Condition, in_parentheses, severity_of, verdict_on
from sluss.problems.item_lists import NONE
from sluss.problems.problem import Reporting
from sluss.statistics.figures import GROUPS, SCORE, SCORE_FIRST
from sluss.statistics.proportions import normal_tail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from sluss.arrays import Floats, Labels
    from sluss.problems.condition import FigureHistory
    from sluss.problems.ranking_sections import Ranking
    from sluss.statistics.distributions import Distribution
    from sluss.statistics.figures import Summary

TYPE = "same_lists"
SAME, ERROR, DIFFERENT = "sameness", "sameness_error", "different_items"  # names of figures


def sameness(scores: Floats) -> tuple[float, float]:
    """Return the share of a list that the list of another row has too, on average, and its standard error.

    It is a mean over pairs of rows, whose variance is four times that of the rows' own means over n: W. Hoeffding
    (1948), Annals of Mathematical Statistics 19, 293-325.
    """
    import numpy as np

    ids = ranking_metrics.items_of(scores)
    if len(ids) < 2:
        return 0.0, 1.0
    _, place, counts = np.unique(ids, return_inverse=True, return_counts=True)
    others = (counts[place.reshape(ids.shape)] - 1) / (len(ids) - 1)
    shared = np.where(ids == NONE, 0.0, others).mean(axis=1)
    return float(shared.mean()), 2 * float(np.std(shared, ddof=1)) / sqrt(len(ids))


@dataclass(frozen=True)
class ListReporting(Reporting):
    """Novelty, the first item, and how alike lists are."""

    use_case: Ranking
    alerts: ClassVar[tuple[str, ...]] = (TYPE,)
    advice: ClassVar[Mapping[str, str]] = MappingProxyType(
        {TYPE: "Users get the same lists. Look whether their histories reach the model, and train it on newer likes."}
    )

    def distributions(self, scores: Floats) -> dict[str, Distribution]:
        """The novelty of lists, and the item that is first: one of each row, so that rows count once."""
        from sluss.statistics.distributions import category_part, number_part

        first = [f"{item:.0f}" for item in ranking_metrics.items_of(scores)[:, 0]]
        return {SCORE: number_part(ranking_metrics.novelty_by_row(scores)), SCORE_FIRST: category_part(first)}

    def profile(self, scores: Floats) -> dict[str, Any]:
        """How alike the holdout's lists are."""
        value, error = sameness(scores)
        return {"lists": {SAME: value, ERROR: error, "rows": len(scores)}}

    def score_range(self, usual: Sequence[float]) -> tuple[float, float]:
        """Return the smallest and the largest novelty on the holdout."""
        return float(usual[0]), float(usual[-1])

    def figures(self, scores: Floats) -> dict[str, float]:
        """How alike lists are, and how many different items they have for each place."""
        import numpy as np

        value, error = sameness(scores)
        ids = ranking_metrics.items_of(scores)
        return {SAME: value, ERROR: error, DIFFERENT: len(np.unique(ids)) / max(ids.size, 1)}

    def metrics(self, summary: Summary, conditions: Sequence[Condition]) -> dict[str, float]:  # noqa: ARG002 - none
        """The figures."""
        figures = summary.figures
        return {"mean_novelty": summary.mean_score, SAME: figures[SAME], DIFFERENT: figures[DIFFERENT]}

    def conditions(
        self,
        summary: Summary,
        usual: Mapping[str, Any],
        history: FigureHistory,  # noqa: ARG002 - as it is declared
    ) -> list[Condition]:
        """Whether lists are more alike than on the holdout."""
        rules, reference = self.use_case.monitoring, usual["lists"]
        groups = round(summary.figures.get(GROUPS, summary.rows))
        now, before = summary.figures[SAME], reference[SAME]
        # Rows of one user are not independent: the error is that of so many users.
        error = hypot(summary.figures[ERROR] * sqrt(summary.rows / max(groups, 1)), reference[ERROR])
        rise = now - before
        p_value = normal_tail(rise / error) if error else float(rise <= 0)
        verdict = verdict_on(rules, groups, p_value, (rise, rules.sameness_rise), self.use_case.chance(TYPE))
        message = (
            f"The lists of two rows have {now:.0%} of their items in common, on {counted(summary.rows, 'row')}; on the "
            f"holdout it was {before:.0%}{in_parentheses(p_value)}."
        )
        measured = {SAME: now, "reference": before, "rows": groups, "p_value": p_value}
        return [Condition(TYPE, verdict, severity_of(rise, rules.sameness_rise), measured, message)]

    def mute(self, usual: Mapping[str, Any]) -> str:
        """Refuse lists that are so alike that the alert could not be raised."""
        rise, before = self.use_case.monitoring.sameness_rise, usual["lists"][SAME]
        if before + rise < 1:
            return ""
        return (
            f"On its holdout, the lists of two rows have {before:.0%} of their items in common, so this could not rise "
            f"by {rise:g} (monitoring.sameness_rise): it recommends the same to everyone, or the limit is too high."
        )

    def in_words(self, summary: Summary) -> str:
        """Novelty and sameness in words."""
        return f"novelty {summary.mean_score:.1f} bits, {summary.figures[SAME]:.0%} of two lists in common"

    def facts(self, summary: Summary) -> dict[str, str]:
        """How many different items the lists have."""
        figures = summary.figures
        told = f"{figures[DIFFERENT]:.0%} as many different items as places"
        return {"Lists": f"{figures[SAME]:.0%} of the items of two lists in common; {told}."}

    def cells(self, summary: Summary) -> dict[str, str]:
        """Novelty and sameness."""
        return {"Novelty": f"{summary.mean_score:.1f}", "Alike": f"{100 * summary.figures[SAME]:.0f} %"}

    @property
    def score_means(self) -> str:
        """The unit of a list's novelty."""
        return "the novelty of a list in bits"

    def plots(self, labels: Labels, scores: Floats) -> dict[str, Figure]:
        """How often each place of the list hits, and which items are recommended how often."""
        from sluss.problems import ranking_plots

        return {
            "hits_by_place": ranking_plots.hits_by_place(labels, scores),
            "recommended_items": ranking_plots.recommended_items(scores),
        }

    def interval_plots(self, seen: Sequence[Summary], usual: Mapping[str, Any]) -> list[Plot]:
        """How alike lists are over the intervals."""
        before = usual["lists"][SAME]
        values = [summary.figures.get(SAME) for summary in seen]
        low, high, step = scale([before, *known(values)])
        frame = Frame(len(values), low, high, HALF, right=MARGIN)
        marks = [
            svg.y_axis(frame, step, ".0%"),
            svg.x_axis(frame, axis_names([summary.interval for summary in seen])),
            svg.rules(frame, [(before, f"holdout {before:.0%}", "calm")]),
            svg.line(frame, values, "a"),
        ]
        caption = "Share of a list that the list of another row has too."
        return [Plot("How alike lists are", caption, svg.svg(frame, caption, marks))]
