"""A table that is made once and kept under the home as an Arrow file, and its rows of an interval."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from sluss.interval import Interval


def within(table: pa.Table, column: str, interval: Interval) -> pa.Table:
    """Return the rows whose time lies in the interval."""
    import pyarrow.compute as pc

    times = table[column]
    return table.filter(pc.and_(pc.greater_equal(times, interval.start), pc.less(times, interval.end)))


def kept_table(home: Path, name: str, key: str, make: Callable[[], pa.Table]) -> pa.Table:
    """Return the table of a name and a key, which `make` makes where it is not kept."""
    import pyarrow as pa

    kept = home / "cache" / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.arrow"
    if not kept.is_file():
        _write(make(), kept)
    with pa.memory_map(str(kept)) as file:
        return pa.ipc.open_file(file).read_all()


def _write(table: pa.Table, target: Path) -> None:
    """Write to a folder beside the file and rename: a process that is killed leaves no half of it."""
    import pyarrow as pa

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".kept-") as folder:
        written = Path(folder) / target.name
        with pa.OSFile(str(written), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        written.replace(target)
