"""The lake: Delta tables in a folder or on S3, partitioned by interval."""

from __future__ import annotations

import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from sluss.errors import ConfigError, DataError, ServiceError
from sluss.schema import DESCRIPTION
from sluss.storage.columns import PARTITION
from sluss.storage.known_tables import KnownTables
from sluss.storage.migrations import up_to_date
from sluss.storage.written_again import table_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pyarrow as pa
    import pyarrow.dataset as ds
    from deltalake import DeltaTable, WriterProperties

    from sluss.config.settings import Settings

INTERVAL = PARTITION  # the partition column of every table: a name from sluss.interval.partition
FIRST, END = "sluss.first", "sluss.end"  # in a commit: the span that it replaced
# In each round of a race at least one writer commits, so ten attempts outlast nine rivals.
_ATTEMPTS = 10
_NOTED_EVERY = 5  # versions
# Rows in memory at a time when writing and reading. The default of delta-rs, a million, makes memory grow with the
# interval.
_ROW_GROUP = 65_536
_COLUMN = f'"{INTERVAL}"'  # quoted, because `interval` is a keyword of SQL
# A reader fetches the last checkpoint and every commit since, one request each: a checkpoint every five commits bounds
# that. Commits must not expire: they record the lineage of each partition, and reproducing a model reads the table at
# the version that it was trained on.
_PROPERTIES = {"delta.checkpointInterval": "5", "delta.enableExpiredLogCleanup": "false"}
# Columns whose minimum and maximum the log keeps for each file, so that a query can skip files without opening them.
# Not all columns: a reader turns each bound of each file into an expression, about 1 ms a file.
_INDEXED = ("id", "model_version", "rows", "mean_confidence")
_NO_BUCKET = "<Code>NoSuchBucket</Code>"  # S3's own code, which delta-rs passes on in the answer alone
_ARROW = re.compile(r"(?:\x1b\[\d+m)?↳(?:\x1b\[\d+m)? ?")


@dataclass(frozen=True)
class Lake:
    """The tables of one use case.

    Reads return the newest version of a table, or the one that `versions` gives for its name.
    """

    settings: Settings
    use_case: str
    versions: Mapping[str, int] = field(default_factory=dict, hash=False)
    _opened: dict[str, DeltaTable] = field(default_factory=dict, compare=False, repr=False)
    _held: set[str] = field(default_factory=set, compare=False, repr=False)

    def uri(self, table: str) -> str:
        """Return the address of a table, e.g. `s3://lake/sentiment/curated`."""
        return f"{self.settings.lake}/{self.use_case}/{table}"

    def holding(self, *names: str) -> Lake:
        """Return this lake with these tables opened in parallel and pinned to the versions found.

        Until it writes to one of them, it does not look for a newer version, nor for a table that did not exist. A step
        that reads a table several times thus sees one version, and pays for one request.

        Raises:
            ServiceError: the lake does not answer.
        """
        lake = Lake(self.settings, self.use_case, self.versions)
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(lake.table, names))
        lake._held.update(names)
        return lake

    def table(self, name: str, version: int | None = None) -> DeltaTable | None:
        """Return the table at a version (default: the one in `versions`, else the newest); None if it does not exist.

        Raises:
            DataError: the log of the newest version is damaged or gone.
            DeltaError: the table has no such version, or it was vacuumed.
            ServiceError: the lake does not answer.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        version = self.versions.get(name) if version is None else version
        # Also if `_opened` lacks the table: it did not exist when it was held, and must not appear half-way through a
        # step.
        if version is None and name in self._held:
            return self._opened.get(name)
        with self.reachable():
            try:
                if version is not None:
                    return DeltaTable(self.uri(name), version=version, storage_options=self.settings.lake_options)
                # An open table reads only the commits since; a new one reads the checkpoint and every commit after it.
                if name in self._opened:
                    self._opened[name].update_incremental()
                else:
                    options = self.settings.lake_options
                    self._opened[name] = up_to_date(name, DeltaTable(self.uri(name), storage_options=options), options)
            except TableNotFoundError:
                self._check_log(name)
                return None
            except DeltaError as error:
                if version is not None:  # its caller knows which rows are gone
                    raise
                reason = _ARROW.split(str(error).splitlines()[0])[-1][:200]
                raise DataError(
                    f"The table {self.uri(name)} cannot be read: {reason}. Its log was changed or lost: restore its "
                    f"folder from a backup, {table_again(self.use_case, name)}"
                ) from error
        return self._opened[name]

    @property
    def known(self) -> KnownTables:
        """The tables that were written at some time."""
        return KnownTables(self.settings, self.use_case)

    def _check_log(self, name: str) -> None:
        """Refuse to take a table that has lost its log for one that never was: it would begin anew over its files.

        A process that was killed while it made the table leaves files without a log, too; that table is not known.
        """
        if self.known.has(name) and self.known.has_files(name):
            raise DataError(
                f"The table {self.uri(name)} cannot be read: it has data files, and its log (_delta_log) is gone. "
                f"Restore its folder from a backup, {table_again(self.use_case, name)}"
            )

    def dataset(
        self, name: str, version: int | None = None, *, first: str | None = None, last: str | None = None
    ) -> ds.Dataset | None:
        """Return the table as a pyarrow dataset, which pushes columns and filters down to the files.

        `first` and `last` restrict it to the partitions first ≤ interval ≤ last and leave the files of the others
        unlisted.
        """
        table = self.table(name, version)
        # As tuples: to parse a predicate in SQL, delta-rs registers all of DataFusion's functions in every process.
        bounds = [(INTERVAL, than, name) for than, name in ((">=", first), ("<=", last)) if name is not None]
        return None if table is None else table.to_pyarrow_dataset(file_pruning_predicate=bounds or None)

    def newest(self, name: str, before: str | None = None) -> str | None:
        """Return the table's last partition, or the last one before `before`; None without one."""
        import pyarrow as pa
        import pyarrow.compute as pc

        table = self.table(name)
        if table is None:
            return None
        # The log lists the partitions, so no data file is read. In Arrow, ten thousand of them take a millisecond.
        names = pc.cast(pa.table(table.get_add_actions(flatten=True))[f"partition.{INTERVAL}"], pa.string())
        found: str | None = pc.max(names if before is None else names.filter(pc.less(names, before))).as_py()
        return found

    def partitions(self, name: str) -> set[str]:
        """Return the names of the table's partitions, from its log alone; none if it does not exist."""
        table = self.table(name)
        return set() if table is None else {str(each[INTERVAL]) for each in table.partitions()}

    def written_after(self, name: str, moment: datetime) -> dict[str, datetime]:
        """Return the partitions that were written after a moment, each with the time of its last file."""
        import pyarrow as pa
        import pyarrow.compute as pc

        table = self.table(name)
        if table is None:
            return {}
        log = pa.table(table.get_add_actions(flatten=True)).select([f"partition.{INTERVAL}", "modification_time"])
        # Filtered in Arrow, because the log has a row for each of thousands of intervals.
        late = log.filter(pc.greater(log["modification_time"], pa.scalar(int(moment.timestamp() * 1000))))
        found: dict[str, datetime] = {}
        for part, stamp in zip(*(column.to_pylist() for column in late.columns), strict=True):
            at = datetime.fromtimestamp(stamp / 1000, UTC)
            found[part] = max(at, found.get(part, at))
        return found

    def last_read(self, name: str) -> DeltaTable | None:
        """Return a table at the version that this lake has read last, without a request; None if it did not exist."""
        return self._opened.get(name)

    def version(self, name: str) -> int:
        """Return the version of a table that this lake has read last, without another request."""
        seen: int = self._opened[name].version()
        return seen

    def replace(
        self,
        name: str,
        rows: pa.Table | Callable[[], pa.RecordBatchReader],
        first: str,
        end: str,
        notes: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        """Replace the partitions first ≤ interval < end by `rows` in one atomic commit.

        Idempotent. When another writer commits to the same partitions first, it tries again.

        Args:
            name: the table.
            rows: all rows of those partitions, with the column `interval`: a table, or a function that returns a
                stream of them. Each attempt calls the function again.
            first: name of the first partition.
            end: name of the partition after the last one.
            notes: provenance, kept in the commit together with the span.

        Returns:
            The version of the table that holds the rows.

        Raises:
            ConfigError: the table has other columns.
            ServiceError: the lake does not answer.
        """
        from deltalake import CommitProperties, write_deltalake
        from deltalake.exceptions import CommitFailedError, DeltaError

        for attempt in range(_ATTEMPTS):
            table = self.table(name)
            exists = table is not None
            # Read before the write: an error is a lost race only if the table is newer afterwards.
            seen = table.version() if table else -1
            # The first attempt writes on the held version, without a request. It fails if another writer was faster,
            # and the next attempt opens the newest version.
            self._held.discard(name)
            data = rows() if callable(rows) else rows
            try:
                with self.reachable():
                    write_deltalake(
                        table or self.uri(name),
                        data,
                        mode="overwrite" if exists else "error",
                        partition_by=[INTERVAL],
                        # The whole span, also the partitions without new rows: rows that the source has withdrawn must
                        # not remain.
                        predicate=_span(first, end) if exists else None,
                        writer_properties=_written_as(data.schema),
                        configuration=None if exists else properties(data.schema.names),
                        description=None if exists else DESCRIPTION,
                        # Two writers may create the table at the same time. With retries, delta-rs would append the
                        # rows of the second one; without, that writer fails and replaces on its next attempt.
                        commit_properties=CommitProperties(
                            custom_metadata={FIRST: first, END: end, **notes}, max_commit_retries=None if exists else 0
                        ),
                        storage_options=self.settings.lake_options,
                    )
            except DeltaError as error:
                # To detect conflicts with newer commits, delta-rs renders the predicate as SQL again, without the
                # quotes around `interval`, and fails to parse the keyword. That error has no type of its own.
                lost_a_race = isinstance(error, CommitFailedError) or self._has_newer(name, seen)
                if not lost_a_race or attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(random.uniform(0, 0.2))  # noqa: S311 - jitter, so that two writers do not collide again
            else:
                break
        # `version` reads it from the open table, which a new table does not have yet.
        if not exists:
            self.table(name)
        # Now and then also of a table that exists: an older release may have made it.
        if not exists or self.version(name) % _NOTED_EVERY == 0:
            self.known.note(name, created=not exists)
        return self.version(name)

    def add_columns(self, name: str, schema: pa.Schema) -> None:
        """Add the columns of a schema that an existing table lacks; its older rows are null there.

        Raises:
            ServiceError: the lake does not answer.
        """
        from deltalake import Field, Schema

        table = self.table(name)
        known = {field.name for field in table.schema().fields} if table else set(schema.names)
        if table and (lacking := [field for field in schema if field.name not in known]):
            import pyarrow as pa

            fields: list[Field] = Schema.from_arrow(pa.schema(lacking)).fields
            with self.reachable():
                table.alter.add_columns(fields)

    def _has_newer(self, name: str, version: int) -> bool:
        """Whether another process has written to a table after this version (-1: the table did not exist)."""
        found = self.table(name)
        return found is not None and found.version() > version

    @contextmanager
    def reachable(self) -> Iterator[None]:
        from deltalake.exceptions import SchemaMismatchError

        try:
            yield
        except SchemaMismatchError as error:
            raise ConfigError(
                f"A table in {self.settings.lake}/{self.use_case} has other columns than the rows to be written "
                f"({error}). If config/{self.use_case}.yaml has new columns, give the use case a new name, or move "
                "that folder away and load its history again."
            ) from error
        except OSError as error:
            # delta-rs prints its chain of causes with coloured arrows; the last cause is the specific one.
            reason = _ARROW.split(" ".join(str(error).split()))[-1][:300]
            if _NO_BUCKET in reason:
                raise ServiceError(
                    f"The bucket of the lake, {self.settings.lake}, does not exist any more. Make it anew with 'make "
                    "up', then restore its tables from a backup; check SLUSS_LAKE_URL where it is not the stack's."
                ) from error
            raise ServiceError(
                f"The lake at {self.settings.lake} does not answer: {reason}. "
                "Check that the stack is up (make ps), or SLUSS_LAKE_URL and its key."
            ) from error


def properties(columns: Iterable[str]) -> dict[str, str]:
    """Return the Delta properties of a new table with these columns."""
    found = set(columns)
    if not (indexed := [name for name in _INDEXED if name in found]):
        # By default, the log would keep the bounds of the first 32 columns.
        return _PROPERTIES | {"delta.dataSkippingNumIndexedCols": "0"}
    return _PROPERTIES | {"delta.dataSkippingStatsColumns": ",".join(indexed)}


def _span(first: str, end: str) -> str:
    return f"{_COLUMN} >= '{first}' AND {_COLUMN} < '{end}'"


def _written_as(schema: pa.Schema) -> WriterProperties:
    """Disable dictionaries for ids, times and numbers: their values hardly repeat, and encoding took a third."""
    import pyarrow as pa
    from deltalake import ColumnProperties, WriterProperties

    single = [field.name for field in schema if field.name == "id" or not pa.types.is_string(field.type)]
    plain = dict.fromkeys(single, ColumnProperties(dictionary_enabled=False))
    return WriterProperties(max_row_group_size=_ROW_GROUP, compression="SNAPPY", column_properties=plain)
