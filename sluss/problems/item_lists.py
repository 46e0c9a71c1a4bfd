"""Lists of items as texts of ids, and the recent popularity of items, the guess that a ranking has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

    from sluss.arrays import Floats, Labels

PATTERN = r"\d{1,15}( \d{1,15})*"  # ids that a double holds exactly
NONE = -1.0  # the id of a place that no item is left for

Days = dict[tuple[str, int], float]  # by user and item: the day of the like, in days since 1970


def ids_in(text: object) -> list[int]:
    """The ids of a text; none of a missing one."""
    return [int(each) for each in text.split()] if isinstance(text, str) else []


def item_sets(labels: Labels) -> list[frozenset[int]]:
    """The items of each label."""
    return [frozenset(ids_in(label)) for label in labels]


def likes_of(rows: pd.DataFrame, columns: Mapping[str, str], group: str) -> Days:
    """Return each user's likes with their first known day, from histories and labels of rows.

    Args:
        rows: with `event_time` and `label`.
        columns: the names of the columns `liked` and, where there is one, `ages`.
        group: the column of the user.
    """
    found: Days = {}
    ages = rows[columns["ages"]] if "ages" in columns else [None] * len(rows)
    parts = zip(rows[group].astype(str), _days(rows), rows[columns["liked"]], ages, rows["label"], strict=True)
    for user, day, liked, since, label in parts:
        for item, when in _dated(day, liked, since, label):
            found[user, item] = min(when, found.get((user, item), when))
    return found


def _days(rows: pd.DataFrame) -> Iterator[float]:
    return (moment.timestamp() / 86_400 for moment in rows["event_time"])


def _dated(day: float, liked: object, ages: object, label: object) -> Iterator[tuple[int, float]]:
    history = ids_in(liked)
    yield from zip(history, (day - age for age in ids_in(ages) or [0] * len(history)), strict=False)
    yield from ((item, day) for item in ids_in(label))


def popular(likes: Days, recent_days: float) -> tuple[list[int], dict[int, float]]:
    """Return the items by their likes of the last days, the most liked first, and the share of users who like each.

    Items with as many recent likes are in the order of all their likes, then of their ids.
    """
    end = max(likes.values(), default=0.0)
    recent: dict[int, int] = {}
    every: dict[int, int] = {}
    for (_, item), day in likes.items():
        every[item] = every.get(item, 0) + 1
        recent[item] = recent.get(item, 0) + (end - day <= recent_days)
    users = max(len({user for user, _ in likes}), 1)
    order = sorted(every, key=lambda item: (-recent[item], -every[item], item))
    return order, {item: count / users for item, count in every.items()}


def lists_of(order: list[int], shares: Mapping[int, float], known: Iterable[Iterable[int]], count: int) -> Floats:
    """Return the first items of an order that each row does not know, with their shares: shape (n, 2 × count)."""
    import numpy as np

    lists: list[list[float]] = []
    for row in known:
        there = set(row)
        items = _first(order, there, count)
        missing = count - len(items)
        lists.append([*items, *[NONE] * missing, *(shares[item] for item in items), *[1.0] * missing])
    return np.array(lists, dtype=float).reshape(len(lists), 2 * count)


def _first(order: list[int], known: set[int], count: int) -> list[int]:
    found: list[int] = []
    for item in order:
        if len(found) == count:
            break
        if item not in known:
            found.append(item)
    return found


def known_items(rows: pd.DataFrame, columns: Mapping[str, str]) -> Iterator[list[int]]:
    """The items of each row that are not to be recommended."""
    texts: list[Any] = [rows[columns[name]] for name in ("liked", "known") if name in columns]
    return ([item for text in row for item in ids_in(text)] for row in zip(*texts, strict=True))
