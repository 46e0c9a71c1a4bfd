"""Ranking: the prediction of a row is a list of k items, the best first; its label, the items that were liked next.

Items are whole numbers. Scores have shape (n, 2k): the ids of the items, then the share of the learned users who like
each, by which lists are watched before any label is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from sluss.config.curation import Column
from sluss.problems import ranking_metrics
from sluss.problems.item_lists import NONE, PATTERN, item_sets, known_items, likes_of, lists_of, popular
from sluss.problems.judging import Judging
from sluss.problems.metrics import Judged, Measure
from sluss.problems.problem import Problem, ProblemKind, Scoring
from sluss.problems.ranking_metrics import items_of, shares_of
from sluss.problems.ranking_reporting import ListReporting
from sluss.problems.ranking_sections import Ranking

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import pyarrow as pa
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import BaseCrossValidator
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats, Labels
    from sluss.problems.judging import LabelsAre

_ERRORS = 1.645  # standard errors: what chance explains of a gain, at 95 %


@dataclass(frozen=True)
class ListScoring(Scoring):
    """The column `score` has the novelty of the list in bits, `items` its ids, and `shares` how many like each."""

    use_case: Ranking
    estimator: ClassVar[str] = "a ranker, such as components.rankers.EaseRanker"
    model_type: ClassVar[str] = "ranker"
    method: ClassVar[str] = "predict"
    wide: ClassVar[str] = "items"

    def fits(self, estimator: BaseEstimator) -> bool:
        """Whether it predicts lists of so many `items`."""
        return "items" in estimator.get_params(deep=False) and hasattr(estimator, "predict")

    def assemble(self, pipeline: Pipeline) -> None:
        """Let the estimator make lists as long as the config wants them."""
        estimator = pipeline.named_steps["estimator"]
        if self.fits(estimator):
            estimator.set_params(items=self.use_case.ranking.items)

    def none(self) -> Floats:
        """No lists."""
        import numpy as np

        return np.empty((0, 2 * self.use_case.ranking.items))

    def scalar(self, scores: Floats) -> Floats:
        """The novelty of each list."""
        return ranking_metrics.novelty_by_row(scores)

    def wrong(self, scores: Floats) -> str | None:
        """Refuse what is not a list of different items with their shares."""
        import numpy as np

        if not np.isfinite(scores).all():
            return "not finite numbers"
        if scores.ndim == 1:  # the column `score` alone
            return None
        if scores.shape[1] != 2 * self.use_case.ranking.items:
            return f"not lists of {self.use_case.ranking.items} items"
        ids, shares = np.sort(items_of(scores), axis=1), shares_of(scores)
        twice = (ids[:, 1:] == ids[:, :-1]) & (ids[:, 1:] != NONE)
        if (ids != np.rint(ids)).any() or (ids < NONE).any() or twice.any():
            return "not lists of different items"
        return None if ((shares >= 0) & (shares <= 1)).all() else "not shares of users"

    @property
    def stored(self) -> list[str]:
        """The columns of a list."""
        return ["score", "items", "shares"]

    def read(self, rows: pd.DataFrame) -> Floats:
        """Join the columns `items` and `shares`."""
        import numpy as np

        if not len(rows):
            return self.none()
        return np.hstack([np.stack(rows[name].to_list()).astype(float) for name in ("items", "shares")])

    def frame(self, scores: Floats) -> dict[str, Any]:
        """The columns of lists, for a frame of pandas."""
        return {"score": self.scalar(scores), "items": list(items_of(scores)), "shares": list(shares_of(scores))}

    def columns(self, scores: Floats) -> dict[str, pa.Array]:
        """The ids as whole numbers, and the shares."""
        import pyarrow as pa

        count = self.use_case.ranking.items
        offsets = pa.array([number * count for number in range(len(scores) + 1)], pa.int32())
        ids = pa.array(items_of(scores).ravel().astype("int64"), pa.int64())
        shares = pa.array(shares_of(scores).ravel(), pa.float64())
        return {
            "score": pa.array(self.scalar(scores), pa.float64()),
            "items": pa.ListArray.from_arrays(offsets, ids),
            "shares": pa.ListArray.from_arrays(offsets, shares),
        }

    def receipt(self, prediction: Mapping[str, Any]) -> dict[str, str | float]:
        """The items in their order."""
        return {"items": ", ".join(f"{item:.0f}" for item in prediction["items"] if item != NONE)}


@dataclass(frozen=True)
class ListJudging(Judging):
    """Judges lists by the items that were liked next."""

    use_case: Ranking
    labels_are: ClassVar[LabelsAre] = "lists"
    guessing: ClassVar[str] = "The recent popularity"

    @property
    def label(self) -> Column:
        """Ids separated by spaces."""
        return Column(kind="text", pattern=PATTERN)

    def label_type(self) -> pa.DataType:
        """A text."""
        import pyarrow as pa

        return pa.string()

    def unlearnable(self, labels: Labels) -> str | None:
        """Refuse labels that have the same items, or none."""
        sets = item_sets(labels)
        if not any(sets):
            return "no label has an item"
        return None if len(set(sets)) > 1 else "all labels have the same items"

    def folds(self, count: int, seed: int) -> BaseCrossValidator:
        """Return folds that keep a user together."""
        from sklearn.model_selection import GroupKFold

        return GroupKFold(count, shuffle=True, random_state=seed)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """NDCG and recall of the list, and what lists are like: their coverage and novelty."""
        found = ranking_metrics
        return {"ndcg": found.ndcg, "recall": found.recall, "coverage": found.coverage, "novelty": found.novelty}

    def judged(self, labels: Labels, scores: Floats, groups: Any = None) -> Judged:  # noqa: ANN401 - array or None
        """The items are the predictions."""
        return Judged(labels, scores, items_of(scores), groups)

    def guess(self, metric: str, learned: Labels) -> Any:  # noqa: ANN401, ARG002 - a list is best for all metrics
        """The items that most labels have."""
        likes = {(str(row), item): 0.0 for row, liked in enumerate(item_sets(learned)) for item in liked}
        return lists_of(*popular(likes, 1.0), [()], self.use_case.ranking.items)[0]

    def baseline_scores(self, train: pd.DataFrame, holdout: pd.DataFrame) -> Floats:
        """The items that are liked most of late among the training rows, without those that a row's user knows."""
        lists, group = self.use_case.ranking, self.use_case.group
        assert group is not None  # the config is checked
        order, shares = popular(likes_of(train, lists.columns, group), lists.recent_days)
        return lists_of(order, shares, known_items(holdout, lists.columns), lists.items)

    def guess_scores(self, train: pd.DataFrame, holdout: pd.DataFrame) -> None:
        """The baseline is what is popular, and no guess."""

    def baseline(self, train: pd.DataFrame, holdout: pd.DataFrame) -> dict[str, float]:
        """Each metric of the recent popularity on the holdout: a list for each row, not a constant guess."""
        found = self.metrics(holdout["label"].to_numpy(), self.baseline_scores(train, holdout))
        return {f"baseline_{name}": value for name, value in found.items()}

    def chance_of_gain(self, train: pd.DataFrame, holdout: pd.DataFrame, scores: Floats) -> float:
        """What chance explains of a gain over the recent popularity: 1.645 standard errors of the users' mean gain."""
        import numpy as np

        labels, groups = holdout["label"].to_numpy(), holdout[self.use_case.group].to_numpy()
        of = partial(self.closeness_by_unit, labels, groups=groups)
        gains = of(scores) - of(self.baseline_scores(train, holdout))
        return _ERRORS * float(np.std(gains, ddof=1)) / len(gains) ** 0.5 if len(gains) > 1 else 1.0

    def close(self, judged: Judged) -> Floats:
        """The metric of each row."""
        by_row = {"ndcg": ranking_metrics.ndcg_by_row, "recall": ranking_metrics.recall_by_row}
        return by_row[self.metric.name](judged)

    def closeness_by_unit(self, labels: Labels, scores: Floats, groups: Any = None) -> Floats:  # noqa: ANN401
        """Return the mean of each user's rows that have a liked item; a user without one is left out."""
        kept = ranking_metrics.judgeable(self.judged(labels, scores))
        return super().closeness_by_unit(labels[kept], scores[kept], None if groups is None else groups[kept])

    @property
    def closeness(self) -> str:
        """The metric's name."""
        return self.metric.title


def problem(use_case: Ranking) -> Problem:
    """The problem of a use case with lists."""
    return Problem(ListScoring(use_case), ListJudging(use_case), ListReporting(use_case))


KIND = ProblemKind("a ranking", ("ranking",), Ranking, problem)
