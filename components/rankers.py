"""Rankers: lists of the items that a user may like next, learned from what users liked and when.

A row is a user at a moment, in five columns: the user, the day (a number), the items liked until then (ids separated by
spaces), their ages in days (in the same order), and the items that the user knows besides and that are not to be
recommended. A label holds the ids of the items that the user liked next. `predict` returns an array of shape (n, 2k):
the ids of k items, the best first, then for each of them the share of the learned users who like it. Where fewer than k
items are left, the id is -1 and the share 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ids = NDArray[np.int64]

_BATCH = 256  # rows scored at once: their scores of all items are dense
_NONE = -1
_WIDTH = 5


class _Likes:
    """The n likes of all users, each once, at its first day."""

    def __init__(self, table: Any, labels: Iterable[str | None]) -> None:  # noqa: ANN401 - an array of objects
        first: dict[tuple[str, int], float] = {}
        for (user, day, liked, ages, _), label in zip(table, labels, strict=True):
            for item, age in zip(*_paired(liked, ages), strict=True):
                _keep_first(first, (str(user), item), float(day) - age)
            for item in _numbers(label):
                _keep_first(first, (str(user), item), float(day))
        keys = sorted(first)
        self.users, self.user = np.unique([user for user, _ in keys], return_inverse=True)
        self.items, self.item = np.unique(np.array([item for _, item in keys], dtype=np.int64), return_inverse=True)
        self.days = np.array([first[key] for key in keys])
        self.end = float(max((float(row[1]) for row in table), default=0.0))

    def matrix(self, weights: Floats) -> csr_matrix:
        """Users by items."""
        return csr_matrix((weights, (self.user, self.item)), shape=(len(self.users), len(self.items)))

    def counts(self, weights: Floats) -> Floats:
        """The sum of the weights of each item's likes."""
        found: Floats = np.bincount(self.item, weights=weights, minlength=len(self.items)).astype(float)
        return found


def _numbers(text: str | None) -> list[int]:
    words = text.split() if isinstance(text, str) else []
    if wrong := [word for word in words if not word.lstrip("-").isdecimal()]:
        raise ValueError(f"'{wrong[0]}' is not a whole number; the items and ages of a row are whole numbers")
    return [int(word) for word in words]


def _paired(liked: str | None, ages: str | None) -> tuple[list[int], list[int]]:
    items, days = _numbers(liked), _numbers(ages)
    if len(items) != len(days):
        raise ValueError(f"a row likes {len(items)} items and has {len(days)} ages; each item has one")
    return items, days


def _first(scores: Floats, count: int) -> Ids:
    """Return the places of the highest scores, of equal ones the first: the same alone and in a batch."""
    count = min(count, len(scores))
    least = np.partition(scores, -count)[-count]
    places: Ids = np.flatnonzero(scores >= least)
    return places[np.argsort(-scores[places], kind="stable")][:count]


def _table(rows: Any) -> NDArray[np.object_]:  # noqa: ANN401 - an array
    table = np.asarray(rows, dtype=object)
    if table.ndim != 2 or table.shape[1] != _WIDTH:
        raise ValueError("a ranker takes five columns: user, day, liked items, their ages in days, other known items")
    return table


def _keep_first(first: dict[tuple[str, int], float], key: tuple[str, int], when: float) -> None:
    first[key] = min(when, first.get(key, when))


class PopularityRanker(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The items that most users liked within `recent_days`, without those that the user knows."""

    def __init__(self, items: int = 10, recent_days: float | None = 365) -> None:
        self.items = items
        self.recent_days = recent_days

    def fit(self, rows: Any, labels: Any) -> Self:  # noqa: ANN401 - arrays
        """Count likes by item."""
        table = _table(rows)
        likes = _Likes(table, list(labels))
        self.item_ids_ = likes.items
        self.shares_ = likes.counts(np.ones(len(likes.item))) / max(len(likes.users), 1)
        self.popularity_ = self._recent(likes)
        self._learn(likes)
        self.n_features_in_ = table.shape[1]
        return self

    def predict(self, rows: Any) -> Floats:  # noqa: ANN401 - an array
        """Return the ids of the items and their shares, shape (n, 2 × items)."""
        table = _table(rows)
        parts = [self._ranked(table[start : start + _BATCH]) for start in range(0, len(table), _BATCH)]
        return np.vstack(parts) if parts else np.empty((0, 2 * self.items))

    def _recent(self, likes: _Likes) -> Floats:
        """Recent likes by item; those of all time, which are at most 1, decide between items with as many."""
        age = likes.end - likes.days
        recent = np.ones(len(age)) if self.recent_days is None else (age <= self.recent_days).astype(float)
        return likes.counts(recent) + self.shares_ / 2

    def _learn(self, likes: _Likes) -> None:
        """Learn more than the popularity."""

    def _scores(self, table: Any) -> Floats:  # noqa: ANN401 - an array of objects
        """Return a score of each item for each row, the higher the better."""
        return np.tile(self.popularity_, (len(table), 1))

    def _ranked(self, table: Any) -> Floats:  # noqa: ANN401 - an array of objects
        scores = self._scores(table)
        for row, (_, _, liked, _, known) in enumerate(table):
            places, there = self._places(_numbers(liked) + _numbers(known))
            scores[row, places[there]] = -np.inf
        best = np.stack([_first(row, self.items) for row in scores])
        left = np.isfinite(np.take_along_axis(scores, best, axis=1))
        ids, shares = np.full((len(table), self.items), float(_NONE)), np.ones((len(table), self.items))
        ids[:, : best.shape[1]] = np.where(left, self.item_ids_[best], _NONE)
        shares[:, : best.shape[1]] = np.where(left, self.shares_[best], 1.0)
        return np.hstack([ids, shares])

    def _places(self, ids: list[int]) -> tuple[Ids, NDArray[np.bool_]]:
        """Return where ids stand among the known items, and which do."""
        wanted = np.array(ids, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.item_ids_, wanted), len(self.item_ids_) - 1)
        return places, self.item_ids_[places] == wanted


class _SimilarityRanker(PopularityRanker):
    """Scores that follow from likes of the same users, mixed with the recent popularity.

    A like weighs half as much after `half_life_days`: of a training like counted from the end of the training, of the
    row's own from the row's day. `blend` is the weight of the popularity, whose largest value is as large as the
    largest similarity of the row.
    """

    def __init__(
        self,
        items: int = 10,
        recent_days: float | None = 365,
        half_life_days: float | None = None,
        blend: float = 0.0,
    ) -> None:
        super().__init__(items, recent_days)
        self.half_life_days = half_life_days
        self.blend = blend

    def _decayed(self, ages: Floats) -> Floats:
        if self.half_life_days is None:
            return np.ones(len(ages))
        decayed: Floats = 0.5 ** (np.maximum(ages, 0) / self.half_life_days)
        return decayed

    def _liked(self, table: Any) -> csr_matrix:  # noqa: ANN401 - an array of objects
        """The rows' own likes, rows by items."""
        found: list[tuple[Ids, Floats]] = []
        for _, _, liked, ages, _ in table:
            items, days = _paired(liked, ages)
            places, there = self._places(items)
            found.append((places[there], self._decayed(np.array(days, dtype=float))[there]))
        row = np.repeat(np.arange(len(found)), [len(places) for places, _ in found])
        values, columns = (np.concatenate([each[side] for each in found]) for side in (1, 0))
        return csr_matrix((values, (row, columns)), shape=(len(found), len(self.item_ids_)))

    def _scores(self, table: Any) -> Floats:  # noqa: ANN401 - an array of objects
        similar = self._similarities(self._liked(table))
        popularity = self.popularity_ / max(self.popularity_.max(), 1e-12)
        top = np.abs(similar).max(axis=1, keepdims=True)
        # Without likes of known items, the popularity decides alone.
        share = np.where(top > 0, self.blend, 1.0)
        mixed: Floats = similar / np.where(top > 0, top, 1.0) + share * popularity
        return mixed

    def _keep(self, matrix: csr_matrix) -> None:
        """Keep a matrix of users by items as plain arrays, without the flags that a matrix caches."""
        self.matrix_ = [matrix.data, matrix.indices, matrix.indptr]

    @property
    def _kept(self) -> csr_matrix:
        data, indices, bounds = self.matrix_
        return csr_matrix((data, indices, bounds), shape=(len(bounds) - 1, len(self.item_ids_)))

    def _similarities(self, liked: csr_matrix) -> Floats:
        raise NotImplementedError


class CosineRanker(_SimilarityRanker):
    """The sum of the cosines between an item and the liked ones, as if each item had `shrinkage` more likes alone.

    Without these, items with one like have the largest cosines. Source: B. Sarwar, G. Karypis, J. Konstan, J. Riedl
    (2001), Item-based collaborative filtering recommendation algorithms, WWW 10, section 3.1.1.
    """

    def __init__(
        self,
        items: int = 10,
        recent_days: float | None = 365,
        half_life_days: float | None = None,
        blend: float = 0.0,
        shrinkage: float = 0.0,
    ) -> None:
        super().__init__(items, recent_days, half_life_days, blend)
        self.shrinkage = shrinkage

    def _learn(self, likes: _Likes) -> None:
        matrix = likes.matrix(self._decayed(likes.end - likes.days))
        norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel() + self.shrinkage)
        self._keep(csr_matrix(matrix.multiply(1 / np.maximum(norms, 1e-12))))

    def _similarities(self, liked: csr_matrix) -> Floats:
        # An item's cosine with itself counts for nothing: the items that a row likes are not ranked.
        normed = self._kept
        found: Floats = (liked @ normed.T @ normed).toarray()
        return found


class EaseRanker(_SimilarityRanker):
    """EASE: the linear model of items by items, without a diagonal, that gives each user's likes best.

    With users' likes X, its weights are B = I - P diag(1 / diag P), where P = (X'X + regularisation I)^-1: H. Steck
    (2019), Embarrassingly Shallow Autoencoders for Sparse Data, WWW '19, equations 6 to 8. There are far fewer users
    than items, so P is found by way of the users' matrix K = (XX' + regularisation I)^-1: regularisation P = I - X'KX
    (M. A. Woodbury, 1950). B itself, items by items, is never made.
    """

    def __init__(
        self,
        items: int = 10,
        recent_days: float | None = 365,
        half_life_days: float | None = None,
        blend: float = 0.0,
        regularisation: float = 100.0,
    ) -> None:
        super().__init__(items, recent_days, half_life_days, blend)
        self.regularisation = regularisation

    def _learn(self, likes: _Likes) -> None:
        matrix = likes.matrix(self._decayed(likes.end - likes.days))
        self._keep(matrix)
        users = (matrix @ matrix.T).toarray()
        self.dual_ = np.linalg.inv(users + self.regularisation * np.eye(len(users)))
        explained = matrix.T @ self.dual_  # items by users
        self.diagonal_ = 1 - np.asarray(matrix.multiply(explained.T).sum(axis=0)).ravel()

    def _similarities(self, liked: csr_matrix) -> Floats:
        matrix, own = self._kept, liked.toarray()
        explained = matrix.T @ (self.dual_ @ (matrix @ liked.T).toarray())
        found: Floats = own - (own - explained.T) / self.diagonal_
        return found
