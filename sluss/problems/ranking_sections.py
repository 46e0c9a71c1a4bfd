"""The config of a use case whose predictions are ranked lists of items."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sluss.config.base import Frozen
from sluss.config.operation import Monitoring
from sluss.config.training import Training
from sluss.problems.sections import ProblemUseCase


class RankingTraining(Training):
    """How a ranker is trained and judged."""

    metric: Literal["ndcg", "recall"]


class RankingMonitoring(Monitoring):
    """When the monitor raises alerts about lists."""

    sameness_rise: float = Field(
        0.2,
        gt=0,
        lt=1,
        description="Ranking, `same_lists`: rise of the share that two users' lists have in common over the holdout's "
        "that counts",
    )


class Lists(Frozen):
    """Length of the lists, and the columns that a row's history stands in."""

    items: int = Field(ge=1, le=1000, description="Ranking: items of a list")
    liked: str = Field(description="Ranking: text column with the ids of the items that the user liked before")
    ages: str | None = Field(None, description="Ranking: text column with the ages of these likes in days")
    known: str | None = Field(
        None, description="Ranking: text column with the ids of other items that are not to be recommended"
    )
    recent_days: float = Field(
        365, gt=0, description="Ranking: days whose likes count for the recent popularity, which a model has to beat"
    )

    @property
    def columns(self) -> dict[str, str]:
        """The columns by their part in a row."""
        found = {"liked": self.liked, "ages": self.ages, "known": self.known}
        return {name: column for name, column in found.items() if column is not None}


class Ranking(ProblemUseCase):
    """A use case whose predictions are ranked lists of items."""

    training: RankingTraining
    monitoring: RankingMonitoring
    ranking: Lists = Field(description="Ranking: the lists to predict")

    @model_validator(mode="after")
    def _histories_are_texts(self) -> Ranking:
        for name, column in self.ranking.columns.items():
            if column not in self.features or self.curation.columns[column].kind != "text":
                raise ValueError(
                    f"ranking.{name} is {column}, which is not a text among the features; describe it under "
                    "curation.columns with kind: text, and add it to features"
                )
        if self.group is None:
            raise ValueError("a ranking needs group, the column of the user, which a split keeps on one side")
        return self
