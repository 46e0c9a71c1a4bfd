"""Film ratings with their times: F. M. Harper, J. A. Konstan (2015), The MovieLens Datasets, ACM TiiS 5, article 19.

The 100,004 ratings of the set `dslabs/movielens`, from 1995 to 2016, come from a package of data sets. They are turned
into rows by moments, interval by interval, at the times that they have.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from sluss.errors import DataError
from sluss.interval import Interval, midnight
from sluss.sources.archive import R_DATA_SETS
from sluss.sources.kept import kept_table, within
from sluss.sources.moments import Moments, rows_of
from sluss.sources.rdatasets import read_set
from sluss.sources.source import Section, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import pyarrow as pa

    from sluss.config.settings import Settings
    from sluss.context import Context

_SET = "dslabs/movielens"
_NAMES = {"userId": "user", "movieId": "item", "rating": "stars", "timestamp": "time"}
_LAYOUT = 3  # of the kept rows; a new number leaves old files alone
_LABEL = ["id", "label", "label_time"]
_FIRST, _END = date(1995, 1, 1), date(2016, 10, 17)


class MovieLensSource(Section):
    """Users of MovieLens at the moments of some of their likes."""

    kind: Literal["movielens"] = Field(description="Film ratings, and the films that each user likes next")
    start: date = Field(_FIRST, description="First day of the history")
    moments: tuple[int, ...] = Field(
        (5, 10, 20, 40), min_length=1, description="Likes after which a user is a row: the fifth, the tenth, …"
    )
    least_stars: float = Field(4, ge=0.5, le=5, description="Fewest stars of a like")
    label_days: float = Field(30, gt=0, description="Days after the moment whose likes are the label")

    @model_validator(mode="after")
    def _are_numbers_of_likes(self) -> Self:
        if min(self.moments) < 1 or len(set(self.moments)) < len(self.moments):
            raise ValueError("moments must be different numbers of likes, from 1 on")
        return self

    @property
    def not_classes(self) -> str | None:
        """Why the labels are not classes."""
        return "a source of kind movielens gives lists of films, which are not classes; give a ranking"

    @property
    def rules(self) -> Moments:
        """The moments, as the rows need them."""
        return Moments(self.moments, self.least_stars, self.label_days)

    def check(self, settings: Settings) -> None:
        """Refuse a setting that names another file than the data set's archive."""
        R_DATA_SETS.check(settings)

    def source(self, context: Context) -> Source:
        """The rows that these keys describe."""
        return MovieLens(context, self)


SECTION = MovieLensSource


@dataclass(frozen=True)
class MovieLens:
    """Rows and labels of the data set by their times."""

    context: Context
    config: MovieLensSource

    @property
    def first_day(self) -> date:
        """The first day of the history."""
        return self.config.start

    def rows(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows of the interval; it may have none.

        Raises:
            DataError: the interval lies after the last rating, or the data set is damaged or cannot be fetched.
        """
        if interval.start >= midnight(_END):
            raise DataError(
                f"The use case {self.context.use_case.name} has no rows for {interval}: the last rating is of "
                f"{_END - timedelta(days=1)}. Choose an earlier interval."
            )
        found = within(self._all(), "arrived_at", interval).drop_columns(_LABEL[1:])
        yield from found.to_batches() or found.schema.empty_table().to_batches()

    def labels(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the labels that become known in the interval."""
        found = within(self._all(), "label_time", interval).select(_LABEL).drop_null()
        yield from found.to_batches() or found.schema.empty_table().to_batches()

    def _all(self) -> pa.Table:
        settings, config = self.context.settings, self.config
        return kept_table(
            settings.home,
            "moments",
            f"{_LAYOUT} {config.model_dump_json()}",
            lambda: rows_of(read_ratings(settings), config.rules),
        )


def read_ratings(settings: Settings) -> pd.DataFrame:
    """Return all ratings: `user`, `item`, `stars`, `time` in seconds since 1970, and `title`, which seven lack.

    Raises:
        DataError: the data set is damaged or cannot be fetched.
    """
    found = read_set(settings, _SET).rename(columns=_NAMES)
    return found[[*_NAMES.values(), "title"]]
