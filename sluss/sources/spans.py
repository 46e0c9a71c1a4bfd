"""Which span of time each file has, so that a folder of many files is not read whole for each interval.

A file is known by its path, size and time of change. The spans are kept in the cache of `home`; without them, files are
read again and nothing else changes.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sluss.conversion.names import found_name
from sluss.conversion.texts import Texts
from sluss.conversion.times import as_times

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from sluss.config.settings import Settings
    from sluss.formats.data_file import DataFile, Form
    from sluss.sources.mapped import Bounds

    Known = tuple[int, int, int | None, int | None]  # size, time of change, first and last microsecond

_MICRO = 1_000_000


@dataclass
class FileSpans:
    """The spans of a column of times in files that are read in one way."""

    store: Path
    known: dict[str, Known] = field(default_factory=dict)

    def excludes(self, file: DataFile, bounds: Bounds) -> bool:
        """Whether the file, as it is now, is known to have no row within the bounds."""
        found = self._of(file)
        if found is None:
            return False
        _, _, first, last = found
        if first is None or last is None:
            return False  # it is empty, or its rows have no time and arrive with the first interval that finds them
        return last < bounds.start.timestamp() * _MICRO or first >= bounds.end.timestamp() * _MICRO

    def watched(self, file: DataFile, batches: Iterator[pa.RecordBatch], bounds: Bounds) -> Iterator[pa.RecordBatch]:
        """The same batches; the span of a file that is read to its end is known afterwards."""
        if file.changed is None or self._of(file) is not None:
            yield from batches
            return
        first = last = None
        for batch in batches:
            low, high = _span(file, batch, bounds)
            first = min((each for each in (first, low) if each is not None), default=None)
            last = max((each for each in (last, high) if each is not None), default=None)
            yield batch
        self.known[file.path] = (file.size, file.changed, first, last)

    def save(self, files: Iterable[DataFile]) -> None:
        """Keep the spans of these files. A second process may write at the same time: one of both is kept whole."""
        kept = {file.path: self.known[file.path] for file in files if file.path in self.known}
        self.store.parent.mkdir(parents=True, exist_ok=True)
        written = self.store.with_suffix(f".{os.getpid()}")
        written.write_text(json.dumps(kept), encoding="utf-8")
        written.replace(self.store)

    def _of(self, file: DataFile) -> Known | None:
        found = self.known.get(file.path)
        return found if found is not None and found[:2] == (file.size, file.changed) else None


def open_spans(settings: Settings, path: str, form: Form, bounds: Bounds) -> FileSpans:
    """The spans that are known of files, by all that decides how their times are read."""
    reading = (path, form, bounds.column, bounds.zone, bounds.date_format, bounds.missing)
    digest = hashlib.blake2b(repr(reading).encode(), digest_size=12).hexdigest()
    store = settings.home / "cache" / "spans" / f"{digest}.json"
    try:
        content = json.loads(store.read_text(encoding="utf-8"))
        return FileSpans(store, {name: (size, at, first, last) for name, (size, at, first, last) in content.items()})
    except (OSError, ValueError, TypeError, AttributeError):  # none yet, or a damaged file: read all again
        return FileSpans(store)


def _span(file: DataFile, batch: pa.RecordBatch, bounds: Bounds) -> tuple[int | None, int | None]:
    import pyarrow as pa
    import pyarrow.compute as pc

    name = found_name(bounds.column, batch.schema.names, str(file))
    values = batch.column(batch.schema.names.index(name))
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    times = as_times(Texts(bounds.missing).without_missing(values), name, bounds.zone, bounds.date_format)
    found = pc.min_max(times.cast(pa.int64())).as_py()
    return found["min"], found["max"]
