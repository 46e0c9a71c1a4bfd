"""From ratings to rows of a ranking: a user at the moment of some like, with what was known of the user then.

The state of a user at a moment follows from the ratings up to it and nothing else, and one function computes it for
training, batch and single rows. The label of a row is what the user likes in the time after it, so it is known when
that time is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from sluss.arrays import Bools, Floats

DAY = 86_400  # seconds
COLUMNS = ("user", "item", "stars", "time")


@dataclass(frozen=True)
class Moments:
    """Which moments are rows: those of a user's n-th like, for each n of `at`."""

    at: tuple[int, ...]
    least_stars: float  # from which on a rating is a like
    label_days: float


@dataclass(frozen=True)
class Ratings:
    """One user's ratings in the order of their times: n items, their stars and their times in seconds since 1970."""

    user: str
    items: NDArray[np.int64]
    stars: Floats
    times: NDArray[np.int64]

    def likes(self, rules: Moments) -> Bools:
        """Which ratings are likes."""
        found: Bools = self.stars >= rules.least_stars
        return found


def by_user(ratings: pd.DataFrame) -> Iterator[Ratings]:
    """Yield the ratings of each user.

    Of several ratings of one item by one user, the first counts: it was known at every later moment, and a list does
    not recommend the item again. Ratings without a user, an item, stars or a time are left out; titles are not needed.

    Args:
        ratings: columns `user`, `item`, `stars` and `time`, in seconds since 1970, in any order.
    """
    known = ratings.dropna(subset=list(COLUMNS))
    ordered = known.sort_values(["user", "time", "item", "stars"], kind="stable").drop_duplicates(["user", "item"])
    for user, rows in ordered.groupby("user", sort=True):
        yield Ratings(
            str(user),
            rows["item"].to_numpy(dtype="int64"),
            rows["stars"].to_numpy(dtype=float),
            rows["time"].to_numpy(dtype="int64"),
        )


def state_at(ratings: Ratings, moment: int, rules: Moments) -> dict[str, Any]:
    """Return the features of a user at a moment, in seconds since 1970: ratings of that very second are known."""
    known = ratings.times <= moment
    liked = known & ratings.likes(rules)
    stars = ratings.stars[known]
    return {
        "user_id": ratings.user,
        "day": float(moment // DAY),
        "liked": _text(ratings.items[liked]),
        "ages": _text(moment // DAY - ratings.times[liked] // DAY),
        "known": _text(ratings.items[known & ~liked]),
        "half_stars": float((stars % 1 != 0).any()),
    }


def label_after(ratings: Ratings, moment: int, rules: Moments) -> str | None:
    """Return what the user likes in the days after a moment; None where that is nothing."""
    after = (ratings.times > moment) & (ratings.times <= moment + rules.label_days * DAY)
    return _text(ratings.items[after & ratings.likes(rules)]) or None


def moments_of(ratings: Ratings, rules: Moments) -> dict[int, int]:
    """Return the moments of a user's rows: their time by the number of the like. Each time is there once."""
    times = ratings.times[ratings.likes(rules)]
    found = {number: int(times[number - 1]) for number in sorted(rules.at) if number <= len(times)}
    return {number: moment for number, moment in found.items() if number == _first_at(found, moment)}


def _first_at(found: dict[int, int], moment: int) -> int:
    return next(number for number, other in found.items() if other == moment)


def rows_of(ratings: pd.DataFrame, rules: Moments) -> pa.Table:
    """Return all rows with their labels, in the order of their events.

    Returns:
        id, event_time, arrived_at, the features of `state_at`, label (null where nothing is liked), label_time.
    """
    import pyarrow as pa

    rows = [
        _row(user, number, moment, rules)
        for user in by_user(ratings)
        for number, moment in moments_of(user, rules).items()
    ]
    rows.sort(key=lambda row: (row["event_time"], row["id"]))
    return pa.Table.from_pylist(rows, schema=_schema())


def _row(ratings: Ratings, number: int, moment: int, rules: Moments) -> dict[str, Any]:
    return {
        "id": f"{ratings.user}-{number}",
        "event_time": moment * 1_000_000,
        "arrived_at": moment * 1_000_000,
        "moment": f"like {number}",
        **state_at(ratings, moment, rules),
        "label": label_after(ratings, moment, rules),
        "label_time": int((moment + rules.label_days * DAY) * 1_000_000),
    }


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, number, time = pa.string(), pa.float64(), pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            ("id", text), ("event_time", time), ("arrived_at", time), ("moment", text), ("user_id", text),
            ("day", number), ("liked", text), ("ages", text), ("known", text), ("half_stars", number), ("label", text),
            ("label_time", time),
        ]
    )  # fmt: skip


def _text(numbers: NDArray[np.int64]) -> str:
    return " ".join(map(str, numbers.tolist()))
