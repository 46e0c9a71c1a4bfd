"""The lake: Delta tables in a folder or on S3, partitioned by interval."""

from __future__ import annotations

import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from sluss.errors import ConfigError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pyarrow as pa
    import pyarrow.dataset as ds
    from deltalake import DeltaTable, WriterProperties

    from sluss.config.settings import Settings

INTERVAL = "interval"  # the partition column of every table: a name from sluss.interval.partition
FIRST, END = "sluss.first", "sluss.end"  # in a commit: the span that it replaced
_ATTEMPTS = 10
# Rows that a writer and a reader hold at a time; with the million of delta-rs, memory would grow with the interval.
_ROW_GROUP = 65_536
_COLUMN = f'"{INTERVAL}"'  # quoted, because `interval` is a keyword of SQL
# To open a table means to read its last checkpoint and every commit since, each a request. And commits say what was
# made from what, and old versions are trained again: none of them expires.
_PROPERTIES = {"delta.checkpointInterval": "5", "delta.enableExpiredLogCleanup": "false"}
# The columns whose smallest and largest value the log names for each file, so that files can be passed over unopened.
# Not all columns: whoever reads makes a condition of each, for each file, which takes 1 ms a file.
_LOOKED_FOR = ("id", "model_version", "rows", "mean_confidence")
_ARROW = re.compile(r"(?:\x1b\[\d+m)?↳(?:\x1b\[\d+m)? ?")


@dataclass(frozen=True)
class Lake:
    """The tables of one use case, as they are now or as they were: `versions` names a table's version to read."""

    settings: Settings
    use_case: str
    versions: Mapping[str, int] = field(default_factory=dict, hash=False)
    _opened: dict[str, DeltaTable] = field(default_factory=dict, compare=False, repr=False)
    _held: set[str] = field(default_factory=set, compare=False, repr=False)

    def uri(self, table: str) -> str:
        """Address of a table, e.g. `s3://lake/sentiment/curated`."""
        return f"{self.settings.lake}/{self.use_case}/{table}"

    def holding(self, *names: str) -> Lake:
        """The same lake with these tables opened side by side.

        It looks no more for newer versions of them, or for those that do not exist yet, until it writes to them.

        Raises:
            ServiceError: the lake does not answer.
        """
        lake = Lake(self.settings, self.use_case, self.versions)
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(lake.table, names))
        lake._held.update(names)
        return lake

    def table(self, name: str, version: int | None = None) -> DeltaTable | None:
        """The table at a version (the one in `versions`, else the newest), or None where nothing was ever written.

        Raises:
            DataError: the table has no such version, or it was vacuumed.
            ServiceError: the lake does not answer.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        version = self.versions.get(name) if version is None else version
        if version is None and name in self._held:
            return self._opened.get(name)
        with self.reachable():
            try:
                if version is not None:
                    return DeltaTable(self.uri(name), version=version, storage_options=self.settings.lake_options)
                if name in self._opened:
                    self._opened[name].update_incremental()
                else:
                    self._opened[name] = DeltaTable(self.uri(name), storage_options=self.settings.lake_options)
            except TableNotFoundError:
                return None
        return self._opened[name]

    def dataset(
        self, name: str, version: int | None = None, *, first: str | None = None, last: str | None = None
    ) -> ds.Dataset | None:
        """The table as a pyarrow dataset: columns and filters are pushed down to the files.

        With `first` or `last`, only the partitions first ≤ interval ≤ last: it need not list the files of the others.
        """
        table = self.table(name, version)
        # As tuples: to read a condition in SQL, delta-rs first learns all of DataFusion's functions, in every process.
        bounds = [(INTERVAL, than, name) for than, name in ((">=", first), ("<=", last)) if name is not None]
        return None if table is None else table.to_pyarrow_dataset(file_pruning_predicate=bounds or None)

    def newest(self, name: str, before: str | None = None) -> str | None:
        """The table's last partition, or the last one before `before`; None where there is none."""
        table = self.table(name)
        found = (each[INTERVAL] for each in table.partitions()) if table else ()
        return max((each for each in found if before is None or each < before), default=None)

    def version(self, name: str) -> int:
        """The version that this lake's last look at a table has seen, without another look."""
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

        Running twice leaves the same table. A lost race for a partition is tried again.

        Args:
            name: the table.
            rows: all rows of those partitions, with the column `interval`: a table, or what makes a stream of them
                (called again when a race was lost).
            first: name of the first partition.
            end: name of the partition after the last one.
            notes: kept in the commit, beside the span: what it was made from.

        Returns:
            The table's version that holds the rows.

        Raises:
            ConfigError: the table has other columns.
            ServiceError: the lake does not answer.
        """
        from deltalake import CommitProperties, write_deltalake
        from deltalake.exceptions import CommitFailedError, DeltaError

        for attempt in range(_ATTEMPTS):
            table = self.table(name)
            exists = table is not None
            self._held.discard(name)
            data = rows() if callable(rows) else rows
            try:
                with self.reachable():
                    write_deltalake(
                        table or self.uri(name),
                        data,
                        mode="overwrite" if exists else "error",
                        partition_by=[INTERVAL],
                        predicate=_span(first, end) if exists else None,
                        writer_properties=_written_as(data.schema),
                        configuration=None if exists else properties(data.schema.names),
                        # Of two that make the table at once, delta-rs would let the second one append its rows.
                        commit_properties=CommitProperties(
                            custom_metadata={FIRST: first, END: end, **notes}, max_commit_retries=None if exists else 0
                        ),
                        storage_options=self.settings.lake_options,
                    )
            except DeltaError as error:
                # delta-rs compares a commit with those that came in between by writing the predicate out again, without
                # its quotes: only then does it trip over the keyword.
                lost_a_race = isinstance(error, CommitFailedError) or "sql parser error" in str(error) or not exists
                if not lost_a_race or attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(random.uniform(0, 0.2))  # noqa: S311 - so that two losers do not meet again
            else:
                break
        if not exists:
            self.table(name)
        return self.version(name)

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
            # delta-rs draws its chain of causes with coloured arrows; the last cause is the one that helps.
            reason = _ARROW.split(" ".join(str(error).split()))[-1][:300]
            raise ServiceError(
                f"The lake at {self.settings.lake} does not answer: {reason}. "
                "Check that the stack is up (make ps), or SLUSS_LAKE_URL and its key."
            ) from error


def properties(columns: Iterable[str]) -> dict[str, str]:
    """Properties of a new table with these columns."""
    found = set(columns)
    if not (told := [name for name in _LOOKED_FOR if name in found]):
        return _PROPERTIES | {"delta.dataSkippingNumIndexedCols": "0"}
    return _PROPERTIES | {"delta.dataSkippingStatsColumns": ",".join(told)}


def _span(first: str, end: str) -> str:
    return f"{_COLUMN} >= '{first}' AND {_COLUMN} < '{end}'"


def _written_as(schema: pa.Schema) -> WriterProperties:
    """Without dictionaries of what hardly repeats, ids, times and numbers: to make them is a third of the writing."""
    import pyarrow as pa
    from deltalake import ColumnProperties, WriterProperties

    single = [field.name for field in schema if field.name == "id" or not pa.types.is_string(field.type)]
    plain = dict.fromkeys(single, ColumnProperties(dictionary_enabled=False))
    return WriterProperties(max_row_group_size=_ROW_GROUP, compression="SNAPPY", column_properties=plain)
