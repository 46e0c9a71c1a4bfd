"""Metrics of ranked lists. Each row has k items, the best first, and the set of items that were liked next."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sluss.problems.item_lists import NONE, item_sets
from sluss.problems.metrics import Judged, Measured, mean_of, ratio_of

if TYPE_CHECKING:
    from sluss.arrays import Bools, Floats, Labels

_COLUMNS = 200  # items; rarer ones tell little


def items_of(scores: Floats) -> Floats:
    """The ids of each row, shape (n, k)."""
    return scores[..., : scores.shape[-1] // 2]


def shares_of(scores: Floats) -> Floats:
    """The share of users who like each item of each row, shape (n, k)."""
    return scores[..., scores.shape[-1] // 2 :]


def hits(judged: Judged) -> Floats:
    """Whether each item of each row is among the row's liked ones, shape (n, k)."""
    import numpy as np

    sets = item_sets(judged.labels)
    ids = items_of(judged.scores)
    found = [[item in liked for item in row] for row, liked in zip(ids.tolist(), sets, strict=True)]
    return np.array(found, dtype=float).reshape(ids.shape)


def judgeable(judged: Judged) -> Bools:
    """Which rows have a liked item: without one, no list is better than another."""
    import numpy as np

    return np.array([bool(liked) for liked in item_sets(judged.labels)], dtype=bool)


def ndcg_by_row(judged: Judged) -> Floats:
    """Normalised discounted cumulative gain of each row, from 0 to 1; 0 for a row without a liked item.

    Source: K. Järvelin, J. Kekäläinen (2002), Cumulated gain-based evaluation of IR techniques, ACM Transactions on
    Information Systems 20, 422-446, with a gain of 1 for a liked item and the discount 1 / log2(place + 1).
    """
    import numpy as np

    found = hits(judged)
    discounts = 1 / np.log2(np.arange(2, found.shape[1] + 2))
    best = np.concatenate([[0.0], np.cumsum(discounts)])
    counts = np.array([len(liked) for liked in item_sets(judged.labels)], dtype=int)
    ideal = best[np.minimum(counts, found.shape[1])]
    gains: Floats = (found * discounts).sum(axis=1)
    normed: Floats = gains / np.maximum(ideal, discounts[-1])
    return normed


def recall_by_row(judged: Judged) -> Floats:
    """The share of the liked items that the list has; 0 for a row without a liked item."""
    import numpy as np

    counts = np.array([len(liked) for liked in item_sets(judged.labels)], dtype=float)
    found: Floats = hits(judged).sum(axis=1) / np.maximum(counts, 1)
    return found


def ndcg(judged: Judged) -> Measured | None:
    """The mean over the rows that have a liked item."""
    return ratio_of(ndcg_by_row(judged), judgeable(judged).astype(float))


def recall(judged: Judged) -> Measured | None:
    """The mean over the rows that have a liked item."""
    return ratio_of(recall_by_row(judged), judgeable(judged).astype(float))


def novelty_by_row(scores: Floats) -> Floats:
    """The mean self-information of a list's items in bits: the rarer those who like an item, the more.

    Source: S. Vargas, P. Castells (2011), Rank and relevance in novelty and diversity metrics for recommender systems,
    RecSys 5, section 4.
    """
    import numpy as np

    bits: Floats = -np.log2(np.clip(shares_of(scores), 1e-9, 1.0)).mean(axis=-1)
    return bits


def novelty(judged: Judged) -> Measured | None:
    """The mean over the rows."""
    return mean_of(novelty_by_row(judged.scores))


def coverage(judged: Judged) -> Measured | None:
    """The share of the items liked by some row that the list of some row has."""
    liked = frozenset[int]().union(*item_sets(judged.labels))
    if not liked:
        return None
    listed = set(items_of(judged.scores).ravel().tolist()) - {NONE}
    return Measured(len(liked & listed) / len(liked))


def common_items(scores: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """Return which of the most liked items each list has, and which of them each label, a column for each item."""
    import numpy as np

    sets = item_sets(labels)
    items = [item for item, _ in Counter(item for liked in sets for item in liked).most_common(_COLUMNS)]
    listed = [set(row) for row in items_of(scores).tolist()]
    found = [np.array([[item in row for item in items] for row in side], dtype=float) for side in (listed, sets)]
    return found[0], found[1]
