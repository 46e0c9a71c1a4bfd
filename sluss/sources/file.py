"""Files as a source: one, a folder or a glob that grows, on disk or on S3."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from sluss.errors import DataError, ServiceError
from sluss.formats.data_file import DataFile, Form
from sluss.formats.listing import listed
from sluss.formats.read import read_file
from sluss.sources.arrivals import arrived_in, note_arrivals
from sluss.sources.arriving import with_arrival
from sluss.sources.mapped import MappedSource
from sluss.sources.omitted import Omitted, wanted_names
from sluss.sources.on_s3 import MayBeOnS3
from sluss.sources.spans import open_spans

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pyarrow as pa
    from pyarrow.fs import FileSystem

    from sluss.config.settings import Settings
    from sluss.context import Context
    from sluss.interval import Interval
    from sluss.sources.mapped import Bounds, Reader


class FileSource(MayBeOnS3):
    """Files: CSV, TSV, Parquet, Arrow or Feather, JSON, Excel; text also as `.gz`, `.bz2`, `.zst` or `.lz4`."""

    kind: Literal["file"] = Field(description="Files on disk or on S3")
    path: str = Field(
        description="A file, a folder or a glob such as `data/flights-*.csv`, below the folder of this project, or "
        "`s3://bucket/…`; new files and new rows are found when they come"
    )
    format: Literal["csv", "parquet", "arrow", "json", "excel"] | None = Field(
        None,
        description="Format of the files, if their names do not end in it; `json` has one object a line, or is "
        "one list of objects, which may leave out keys without a value",
    )
    encoding: str | None = Field(None, description="Encoding of text files, if not UTF-8: `cp1252`, `latin-1`")
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="Sign between columns, if not found")
    sheet: str | None = Field(None, description="Sheet of an Excel file; the first by default")

    def reader(self, context: Context) -> Reader:
        """What reads the files."""
        return self._files(context)

    def _files(self, context: Context) -> Files:
        form = Form(self.format, self.encoding, self.delimiter, self.sheet)
        return Files(context.settings, self, form, wanted_names(context.use_case, self))

    def source(self, context: Context) -> MappedSource:
        """The source that these keys describe."""
        if not self.arrives:
            return super().source(context)
        return ArrivingFiles(context, self.timed_by_arrival(), self._files(context))


SECTION = FileSource


@dataclass(frozen=True)
class Files:
    """Reads all files that a path names."""

    settings: Settings
    config: FileSource
    form: Form
    wanted: tuple[str, ...] = ()  # names of columns

    def __str__(self) -> str:
        return self.config.path

    def batches(self, bounds: Bounds | None) -> Iterator[pa.RecordBatch]:
        """Stream the rows of the files, one file after the other, without those that are known to lie outside."""
        files = self.files()
        if bounds is None or len(files) == 1:  # a text file has no order that could be used
            for file in files:
                yield from self.read(file)
            return
        spans = open_spans(self.settings, self.config.path, self.form, bounds)
        for file in files:
            if not spans.excludes(file, bounds):
                yield from spans.watched(file, self.read(file), bounds)
        spans.save(files)

    def read(self, file: DataFile) -> Iterator[pa.RecordBatch]:
        """Stream the rows of a file, with the keys that its objects leave out if it is JSON."""
        batches = read_file(file, self.form)
        return map(self._omitted.completed, batches) if self._is_json(file) else batches

    @cached_property
    def _omitted(self) -> Omitted:
        return Omitted(self.wanted, self._all)

    def _all(self) -> Iterator[pa.RecordBatch]:
        for file in reversed(self.files()):
            if self._is_json(file):
                yield from read_file(file, self.form)

    def _is_json(self, file: DataFile) -> bool:
        return (self.form.format or file.format) == "json"

    def files(self) -> list[DataFile]:
        """The files that there are now, by name.

        Raises:
            DataError: there is none.
            ServiceError: S3 does not answer.
        """
        found = sorted(self._listed(), key=lambda file: file.path)
        if not found:
            raise DataError(f"There is no file {self}. Check source.path; a relative one starts at {self._root}.")
        return found

    @property
    def _root(self) -> Path:
        return self.settings.config_dir.resolve().parent

    def _listed(self) -> Iterator[DataFile]:
        system, path = self._system()
        try:
            yield from listed(system, path, any_name=self.form.format is not None)
        except OSError as error:
            reason = " ".join(str(error).split())[:300]
            raise ServiceError(f"{self} cannot be listed: {reason}. Check source.path and its key.") from None

    def _system(self) -> tuple[FileSystem, str]:
        from pyarrow import fs

        path = self.config.path
        if not path.startswith("s3://"):
            return fs.LocalFileSystem(), str(self._root / Path(path).expanduser())
        return self.config.account(self.settings).filesystem(), path.removeprefix("s3://").rstrip("/")


@dataclass(frozen=True)
class ArrivingFiles(MappedSource):
    """Files whose rows have no time: each of them arrives as a whole, in the first interval that finds it."""

    reader: Files

    def rows(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows of the files that arrive in the interval, and note which these are."""
        files = self.reader.files()
        new = arrived_in(self.context, interval, {f"{file}:{file.size}": file for file in files})
        note_arrivals(self.context, interval, list(new))
        for file in new.values():
            for batch in self.reader.read(file):
                yield self.rows_of(with_arrival(batch, self._moment(interval)))

    def labels(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the labels of the same files."""
        if self.config.label is None:
            yield from super().labels(interval)
            return
        files = {f"{file}:{file.size}": file for file in self.reader.files()}
        for file in arrived_in(self.context, interval, files).values():
            for batch in self.reader.read(file):
                yield self.labels_of(with_arrival(batch, self._moment(interval)))

    def _moment(self, interval: Interval) -> datetime:
        return self.context.use_case.unit.before(interval.end)
