"""Faults that only show between rows: repeated ids and values, corrections, and labels from before their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.curation.checks import repeated_faults
from sluss.curation.keys import hashes, joined, repeated
from sluss.storage.lake import INTERVAL
from sluss.storage.point_in_time import SUPERSEDED, with_supersession

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from sluss.curation.extract import Extract
    from sluss.curation.keys import Hashes
    from sluss.storage.lake import Lake

_EARLY = "label_time is before the event_time of its row"
_ELSEWHERE = "id was in an earlier interval"
_FEW = 65_536  # rows


def separate_repeated(rows: Extract) -> None:
    """Put rows into quarantine that repeat an id or a unique value of their partition.

    Only rows whose numbers meet are compared as they are, so that memory need not hold the others.
    """
    import pyarrow as pa

    numbers = set(rows.keys.repeated_within())
    for values in rows.unique.values():
        numbers |= set(repeated(values.all()))
    candidates = sorted(numbers)
    if not candidates:
        return
    found = rows.good.take(candidates)
    faults = repeated_faults(found, rows.query.columns, rows.query.arrival)
    if faults:
        rows.drop([candidates[place] for place in faults], found.take(pa.array(list(faults))), list(faults.values()))
    kept = [place for place in range(len(candidates)) if place not in faults]
    if rows.kind == "row":
        _note_corrections(rows, [candidates[place] for place in kept], found.take(pa.array(kept, pa.int64())))


def _note_corrections(rows: Extract, numbers: list[int], found: pa.Table) -> None:
    """Note when the next row of the same id arrived; the older one does not count as one of its partition's rows."""
    superseded = with_supersession(found)[SUPERSEDED].to_pylist()
    for number, moment, name in zip(numbers, superseded, found[INTERVAL].to_pylist(), strict=True):
        if moment is not None:
            rows.superseded[number] = moment
            rows.counts[name] -= 1


def separate_returning(rows: Extract, elsewhere: Hashes, *, quarantine: bool) -> int:
    """Count the rows whose id was in an earlier partition, and put them into quarantine where that is wanted."""
    import numpy as np

    again: npt.NDArray[np.bool_] = rows.keys.repeated_across(elsewhere)
    again[np.array(sorted(rows.dropped), np.int64)] = False
    numbers = np.flatnonzero(again).tolist()
    if numbers and quarantine:
        rows.drop(numbers, rows.good.take(numbers), [_ELSEWHERE] * len(numbers))
    return len(numbers)


def ids_elsewhere(lake: Lake, rows: Extract, first: str, span: tuple[str, str]) -> Hashes:
    """The numbers of ids that `curated` has from the partition `first` on, outside the span.

    Of few rows, only their own ids are looked for, which Arrow does where it reads.
    """
    import numpy as np
    import pyarrow.dataset as ds

    table = lake.dataset("curated", first=first) if rows.good.rows else None
    if table is None:
        return np.zeros(0, np.uint64)
    wanted = (ds.field(INTERVAL) >= first) & (ds.field(INTERVAL) < span[0])
    if rows.good.rows <= _FEW:
        wanted &= ds.field("id").isin(_ids(rows))
    batches: Iterable[pa.RecordBatch] = table.scanner(["id"], filter=wanted, batch_readahead=2).to_batches()
    return joined([hashes(batch["id"]) for batch in batches if batch.num_rows], "uint64")


def _ids(rows: Extract) -> pa.Array:
    import pyarrow as pa

    return pa.chunked_array([batch["id"] for batch in rows.good.batches()], pa.string()).combine_chunks()


def separate_early(labels: Extract, rows: Extract) -> None:
    """Put labels into quarantine that were known before the event that they are about."""
    import numpy as np

    if not labels.good.rows or not rows.good.rows:
        return
    numbers, times = rows.keys.earliest(labels.keys.ids)
    early = (numbers >= 0) & (labels.keys.times < times)
    places = [place for place in np.flatnonzero(early).tolist() if place not in labels.dropped]
    if not places:
        return
    wrong = labels.good.take(places)
    labels.drop(places, wrong, [_EARLY] * len(places))
