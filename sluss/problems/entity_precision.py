"""Precision among the entities, such as cards, that would be looked into first on each day.

Source: the card precision of Y.-A. Le Borgne, W. Siblini, B. Lebichot, G. Bontempi (2022), Reproducible Machine
Learning for Credit Card Fraud Detection, section 4.4: of the k cards with the highest scores of a day, the share with a
fraud on that day. A card that was found is left out on later days, as is one that is known as compromised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd


PRECISION, SHARE = "entity_precision", "entity_precision_share"  # names of the figures


@dataclass(frozen=True)
class Ranking:
    """Entities by name of their column, how many of a day are looked into, and the days for which one is known."""

    entity: str
    first: int
    known_days: int


@dataclass(frozen=True)
class EntityPrecision:
    """Means over days: the precision among the first entities, and that of an order that knows the labels."""

    precision: float
    perfect: float
    days: int

    @property
    def share(self) -> float:
        """The precision as a share of the perfect one; 1 where there was nothing to find."""
        return self.precision / self.perfect if self.perfect else 1.0


def entity_precision(rows: pd.DataFrame, first: int, known: Mapping[object, Collection[object]]) -> EntityPrecision:
    """Rank each day's entities by their highest score, and count positive ones among the first.

    Args:
        rows: with `day`, `entity`, `score` and `label` (1 for a positive).
        first: how many entities of a day are looked into.
        known: for each day, the entities that are known as positive when it begins.
    """
    found: set[object] = set()
    findable: set[object] = set()
    days = [(day, each) for day, each in rows.groupby("day", sort=True)]
    for day, each in days:
        ranked = (
            each.groupby("entity", sort=True)[["score", "label"]].max().drop(list(known.get(day, ())), errors="ignore")
        )
        found |= _new(ranked, "score", first, found)
        findable |= _new(ranked, "label", first, findable)
    whole = max(len(days), 1) * first
    return EntityPrecision(len(found) / whole, len(findable) / whole, len(days))


def _new(ranked: pd.DataFrame, by: str, first: int, found: set[object]) -> set[object]:
    """Return the positive ones among the first entities of a day, without those that were found before."""
    left = ranked.drop(list(found), errors="ignore")
    top = left.sort_values(by, ascending=False, kind="stable").head(first)
    return set(top.index[top["label"] == 1])


def known_entities(reports: pd.DataFrame, days: Collection[pd.Timestamp], within: int) -> dict[object, set[object]]:
    """Return the entities of which a positive label came in within some days before each day.

    Args:
        reports: positive labels, with `entity` and `label_time`.
        days: the beginnings of days.
        within: how many days an entity counts as known.
    """
    import pandas as pd

    span = pd.Timedelta(days=within)
    times = reports["label_time"]
    return {day: set(reports["entity"][(times >= day - span) & (times < day)]) for day in days}
