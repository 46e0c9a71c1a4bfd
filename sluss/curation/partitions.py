"""Names of the partitions to which many rows belong."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from sluss.interval import Unit


def partition_names(times: pa.ChunkedArray | pa.Array, unit: Unit) -> pa.Array:
    """The partition of each time, as `sluss.interval.partition` names it; null where there is no time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wall = pc.local_timestamp(pc.cast(times, pa.timestamp("us", unit.zone)))
    floors = pc.floor_temporal(wall, unit.count, unit.name, week_starts_monday=True, calendar_based_origin=True)
    # There are few names and many rows: to write each row's would take a hundred times as long.
    encoded = pc.dictionary_encode(floors)
    chunks = encoded.chunks if isinstance(encoded, pa.ChunkedArray) else [encoded]
    named = [pc.strftime(chunk.dictionary, format=unit.format).take(chunk.indices) for chunk in chunks]
    return pa.concat_arrays(named) if named else pa.array([], pa.string())
