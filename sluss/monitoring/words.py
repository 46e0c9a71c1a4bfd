"""Texts as numbers: their length, and the share of their words that does not occur in the training data."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sluss.arrays import Floats

    Hashes = NDArray[np.uint32]

_WORD = re.compile(r"\b\w\w+\b")  # scikit-learn's own default, so that the monitor sees what a vectoriser sees
_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class Words:
    """The hashed words of some texts, one text after the other."""

    hashes: Hashes  # 32 bits a word
    counts: NDArray[np.int64]  # words of each text


def hashed_words(texts: Sequence[str]) -> Words:
    """Split texts into words and hash these.

    Hashes keep the training texts out of the profile. With a vocabulary of 50,000 words, one unknown word in 86,000
    collides with a known one.
    """
    import numpy as np

    words: list[str] = []
    counts = np.empty(len(texts), dtype=np.int64)
    for row, text in enumerate(texts):
        found = _WORD.findall(text.lower())
        counts[row] = len(found)
        words += found
    # CRC-32 gives every process the same number, which Python's own `hash` does not.
    hashes = {word: crc32(word.encode()) for word in set(words)}
    return Words(np.fromiter(map(hashes.__getitem__, words), dtype=np.uint32, count=len(words)), counts)


def some_texts(texts: Words, first: int, end: int) -> Words:
    """Return the words of the texts first ≤ row < end."""
    ends = texts.counts.cumsum()
    start, stop = (int(ends[row - 1]) if row else 0 for row in (first, end))
    return Words(texts.hashes[start:stop], texts.counts[first:end])


def found_once(texts: Words, intervals: NDArray[np.int64], known: Hashes) -> NDArray[np.int64]:
    """Return, for each known word, the one interval whose texts have it, or -1 where several or none do.

    `intervals` has the interval of each text, in ascending order.
    """
    import numpy as np

    of_word = np.repeat(intervals, texts.counts)
    order = np.argsort(texts.hashes, kind="stable")  # within a word, intervals stay in ascending order
    ordered = texts.hashes[order]
    first, end = (np.searchsorted(ordered, known, side=side) for side in ("left", "right"))
    there = end > first
    found = np.full(len(known), -1, dtype=np.int64)
    lowest, highest = of_word[order[first[there]]], of_word[order[end[there] - 1]]
    found[there] = np.where(lowest == highest, lowest, -1)
    return found


def vocabulary(texts: Words) -> str:
    """Return the hashed words of the training texts; of too many, the most frequent."""
    import numpy as np

    words, seen = np.unique(texts.hashes, return_counts=True)
    if len(words) > _LIMIT:
        words = np.sort(words[np.argsort(-seen, kind="stable")[:_LIMIT]])
    return b64encode(words.astype("<u4").tobytes()).decode()


def hashes_of(known: str) -> Hashes:
    """Return the hashed words of a vocabulary, in their order."""
    import numpy as np

    return np.frombuffer(b64decode(known), dtype="<u4")


def text_numbers(texts: Words, known: Hashes) -> dict[str, Floats]:
    """Return the number of words of each row, and, for rows with words, the share of words not among the known ones."""
    import numpy as np

    counts = texts.counts
    unknown = ~np.isin(texts.hashes, known)
    row = np.repeat(np.arange(len(counts)), counts)
    per_row = np.bincount(row, weights=unknown, minlength=len(counts))
    return {"words": counts.astype(float), "unknown_words": per_row[counts > 0] / counts[counts > 0]}
