"""Near copies among texts, and exact ones among rows of a table."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
_FEWEST_WORDS = 5  # shorter texts are often equal without being copies
_MOST_WORDS = 400
_SHINGLE = 3  # words
_BANDS, _ROWS = 8, 4  # of hashes: texts with a similarity of 0.8 share a band with a probability of 0.98
_ALIKE = 0.8  # Jaccard similarity of their shingles
_NONE = -1
_KEPT = 20_000  # signatures of texts, some 2 KB each


def copies_of_rows(rows: pd.DataFrame, among: pd.DataFrame) -> NDArray[np.int64]:
    """Return for each of n rows the place of an equal row among others, or -1."""
    import numpy as np
    from pandas.util import hash_pandas_object

    places = dict(zip(hash_pandas_object(among, index=False), range(len(among)), strict=True))
    return np.array([places.get(each, _NONE) for each in hash_pandas_object(rows, index=False)], dtype=np.int64)


def copies_of_texts(texts: Sequence[str], among: Sequence[str]) -> NDArray[np.int64]:
    """Return for each of n texts the place of a nearly equal one among others, or -1; -2 if it is too short to tell.

    By MinHash in bands: A. Broder (1997), On the resemblance and containment of documents; J. Leskovec, A. Rajaraman,
    J. Ullman, Mining of Massive Datasets, chapter 3.
    """
    import numpy as np

    signed = [_signature(text) for text in among]
    known = [shingles for shingles, _ in signed]
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for place, (_, bands) in enumerate(signed):
        for key in bands:
            if len(buckets[key]) < _BANDS:  # of many equal texts, a few are enough
                buckets[key].append(place)
    found = np.full(len(texts), _NONE, dtype=np.int64)
    for number, text in enumerate(texts):
        shingles, bands = _signature(text)
        near = {place for key in bands for place in buckets.get(key, ())}
        found[number] = _NONE - 1 if not len(shingles) else _nearest(shingles, near, known)
    return found


def _nearest(shingles: NDArray[np.uint64], near: set[int], known: list[NDArray[np.uint64]]) -> int:
    import numpy as np

    for place in sorted(near):
        both = len(np.intersect1d(shingles, known[place], assume_unique=True))
        if both >= _ALIKE * (len(shingles) + len(known[place]) - both):
            return place
    return _NONE


@lru_cache(maxsize=_KEPT)
def _signature(text: str) -> tuple[NDArray[np.uint64], list[tuple[int, bytes]]]:
    """The shingles of a text, and its bands. A gate asks twice for each, and a drill for the same ones again."""
    shingles = _shingles(text)
    return shingles, _bands(shingles)


def _shingles(text: str) -> NDArray[np.uint64]:
    """The hashed sequences of three words of a text, each once; none of a short text."""
    import numpy as np

    words = _WORD.findall(text.lower())[:_MOST_WORDS]
    if len(words) < _FEWEST_WORDS:
        return np.empty(0, dtype=np.uint64)
    hashes = {crc32(" ".join(words[place : place + _SHINGLE]).encode()) for place in range(len(words) - _SHINGLE + 1)}
    return np.fromiter(hashes, dtype=np.uint64, count=len(hashes))


def _bands(shingles: NDArray[np.uint64]) -> list[tuple[int, bytes]]:
    import numpy as np

    if not len(shingles):
        return []
    factors, offsets = _permutations()
    # Modulo a prime below 2^32, so that the products fit 64 bits.
    smallest = ((shingles[:, None] * factors + offsets) % np.uint64(4_294_967_291)).min(axis=0)
    return [(band, smallest[band * _ROWS : (band + 1) * _ROWS].tobytes()) for band in range(_BANDS)]


@cache
def _permutations() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    import numpy as np

    random = np.random.default_rng(1)
    factors = random.integers(1, 2**31, _BANDS * _ROWS, dtype=np.uint64)
    return factors, random.integers(0, 2**31, _BANDS * _ROWS, dtype=np.uint64)
