"""Ids as numbers: which of millions occur again, in a few bytes each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Hashes = npt.NDArray[np.uint64]
    _T = TypeVar("_T", bound=np.generic)

_BASE = 0x9E3779B97F4A7C15  # odd, so that no byte is lost in a product of 64 bits
_MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)  # of splitmix64 (Steele, Lea, Flood 2014)


def hashes(texts: pa.Array) -> Hashes:
    """A number of 64 bits for each text: equal for equal texts, and for others hardly ever."""
    import numpy as np

    lengths, data = lengths_and_bytes(texts)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]) if len(lengths) else np.zeros(0, np.int64)
    place = np.arange(len(data)) - np.repeat(starts, lengths)
    powers = np.cumprod(np.full(max(int(lengths.max(initial=0)), 1), _BASE, np.uint64))
    weighed = (data.astype(np.uint64) + np.uint64(1)) * powers[place]
    sums = np.zeros(len(lengths), np.uint64)
    filled = lengths > 0
    if filled.any():
        sums[filled] = np.add.reduceat(weighed, starts[filled])
    return _mixed(sums + lengths.astype(np.uint64))


def _mixed(numbers: Hashes) -> Hashes:
    import numpy as np

    for shift, factor in zip((30, 27), _MIX, strict=True):
        numbers = (numbers ^ (numbers >> np.uint64(shift))) * np.uint64(factor)
    return numbers ^ (numbers >> np.uint64(31))


def lengths_and_bytes(texts: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Length of each text in bytes, and all bytes one after the other; a missing text has none."""
    import numpy as np
    import pyarrow.compute as pc

    texts = pc.fill_null(texts, "") if texts.null_count else texts
    _, offsets, data = texts.buffers()
    if offsets is None or len(texts) == 0:
        return np.zeros(len(texts), np.int64), np.zeros(0, np.uint8)
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    held = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return np.diff(bounds), held[bounds[0] : bounds[-1]]


@dataclass
class Keys:
    """Of each row, in their order: its id, its partition and its time as numbers."""

    _ids: list[Hashes] = field(default_factory=list)
    _parts: list[npt.NDArray[np.int32]] = field(default_factory=list)
    _times: list[npt.NDArray[np.int64]] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def append(self, ids: pa.Array, parts: pa.Array, times: pa.Array) -> None:
        """Add rows at the end."""
        import numpy as np
        import pyarrow as pa

        encoded = parts.dictionary_encode()
        codes = np.array(
            [self._numbers.setdefault(name, len(self._numbers)) for name in encoded.dictionary.to_pylist()]
        )
        self._ids.append(hashes(ids))
        self._parts.append(codes.astype(np.int32)[encoded.indices.to_numpy()] if len(parts) else codes.astype(np.int32))
        self._times.append(times.cast(pa.int64()).to_numpy(zero_copy_only=False).astype(np.int64))

    @property
    def ids(self) -> Hashes:
        """The ids."""
        self._ids = [joined(self._ids, "uint64")]
        return self._ids[0]

    @property
    def times(self) -> npt.NDArray[np.int64]:
        """The times, in microseconds."""
        self._times = [joined(self._times, "int64")]
        return self._times[0]

    @property
    def parts(self) -> npt.NDArray[np.int32]:
        """The places of the partitions' names in their order."""
        import numpy as np

        order = np.argsort(np.array(list(self._numbers), dtype=str), kind="stable")
        ranks = np.empty(len(order), np.int32)
        ranks[order] = np.arange(len(order), dtype=np.int32)
        self._parts = [joined(self._parts, "int32")]
        return ranks[self._parts[0]] if len(self._parts[0]) else self._parts[0]

    def repeated_within(self) -> list[int]:
        """Numbers of the rows whose id may stand in their partition twice."""
        import numpy as np

        keys = self.ids ^ _mixed(self.parts.astype(np.uint64) + np.uint64(1))
        return repeated(keys)

    def shared(self, most: int) -> tuple[int, int]:
        """How many rows bear an id that more than `most` times of their partition have, and the most rows of one."""
        import numpy as np

        keys = self.ids ^ _mixed(self.parts.astype(np.uint64) + np.uint64(1))
        in_order = np.sort(keys)
        # Hardly any interval has such an id, which is quicker to see than how many rows each id has.
        if not (in_order[most:] == in_order[:-most]).any():
            return 0, 0
        _, places, counts = np.unique(keys, return_inverse=True, return_counts=True)
        many = counts[places] > most
        # A row that came twice has one time.
        times = np.unique(np.stack([places[many], self.times[many]]), axis=1)
        worn = np.bincount(times[0], minlength=len(counts)) > most
        return int(counts[worn].sum()), int(counts[worn].max(initial=0))

    def repeated_across(self, elsewhere: Hashes) -> npt.NDArray[np.bool_]:
        """Whether the id of each row stands in an earlier partition, or among those that stand elsewhere."""
        import numpy as np

        ids, parts = self.ids, self.parts
        order = np.lexsort((parts, ids))
        sorted_ids, sorted_parts = ids[order], parts[order]
        is_first = np.ones(len(ids), bool)
        is_first[1:] = sorted_ids[1:] != sorted_ids[:-1]
        first = np.maximum.accumulate(np.where(is_first, np.arange(len(ids)), 0)) if len(ids) else order
        again = np.zeros(len(ids), bool)
        again[order] = sorted_parts != sorted_parts[first]
        return again | np.isin(ids, elsewhere) if len(elsewhere) else again

    def earliest(self, ids: Hashes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Number and time of the earliest row of each id; -1 where there is none."""
        import numpy as np

        own, times = self.ids, self.times
        order = np.lexsort((times, own))
        place = np.searchsorted(own[order], ids)
        found = place < len(own)
        numbers = np.full(len(ids), -1, np.int64)
        numbers[found] = order[place[found]]
        found &= np.where(numbers >= 0, own[numbers] if len(own) else 0, 0) == ids
        numbers[~found] = -1
        return numbers, np.where(found, times[numbers] if len(own) else 0, np.iinfo(np.int64).min)


def joined(parts: list[npt.NDArray[_T]], kind: str) -> npt.NDArray[_T]:
    """One array of several, of a type that shows even where there is none."""
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, kind)


@dataclass
class UniqueValues:
    """The values of a column that must be unique in its partition, as numbers."""

    _keys: list[Hashes] = field(default_factory=list)

    def append(self, values: pa.Array, parts: pa.Array, ids: pa.Array) -> None:
        """Add values at the end. A missing value is like no other."""
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = pc.coalesce(values.cast(pa.string()), pc.binary_join_element_wise(ids, pa.scalar("missing"), "\x00"))
        self._keys.append(hashes(texts) ^ _mixed(hashes(parts)))

    def all(self) -> Hashes:
        """The numbers of all rows."""
        import numpy as np

        return np.concatenate(self._keys)


def repeated(keys: Hashes) -> list[int]:
    """Places of the keys that occur more than once, sorted."""
    import numpy as np

    order = np.argsort(keys, kind="stable")
    same = keys[order][1:] == keys[order][:-1]
    if not same.any():
        return []
    twice = np.zeros(len(keys), bool)
    twice[1:] |= same
    twice[:-1] |= same
    return sorted(order[twice].tolist())
