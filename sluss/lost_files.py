"""Files of the lake that are lost or were changed: found when a step fails, and named with the command that helps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.disk import chain, explained
from sluss.errors import DataError, ServiceError, SlussError
from sluss.storage.written_again import TABLES, interval_again, table_again

if TYPE_CHECKING:
    from collections.abc import Callable

    from deltalake import DeltaTable
    from pyarrow.fs import FileSystem

    from sluss.context import Context

# Texts of stores that do not answer: then no file is read on suspicion.
_OF_STORE = re.compile(r"AWS Error|S3 error|error sending request|timed? ?out|dispatch failure", re.IGNORECASE)
_NAMED = 5  # intervals


class LostFilesError(DataError):
    """Files of a table are not there, or were changed. `command` writes the oldest of their intervals again."""

    command = ""


def explained_in(context: Context | None, error: BaseException) -> SlussError | None:
    """Return the sentence for an error that a person can mend, as `explained` does, or for a lost file of the lake.

    Args:
        context: settings and use case; None before they were read.
        error: that ended a step.
    """
    found = explained(error)
    if context is None or not (found is None or type(found) is ServiceError):
        return found
    # A file that is gone may pass for a lake that does not answer. One that does not is not asked for all its files.
    suspected = _of_a_file if found is None or not context.settings.lake_options else _of_content
    if not any(map(suspected, chain(error))):
        return found
    return lost_files(context) or damaged_files(context) or found


def _of_a_file(error: BaseException) -> bool:
    """Whether an error may come from a file that cannot be read.

    DataFusion's have no type of their own, and those of delta-rs no package.
    """
    library = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError) or library in {"pyarrow", "deltalake", "_internal"} or type(error) is Exception


def _of_content(error: BaseException) -> bool:
    """Whether an error may come from a file that is gone or damaged, and not from a store that does not answer."""
    return isinstance(error, FileNotFoundError) or (isinstance(error, OSError) and not _OF_STORE.search(str(error)))


def lost_files(context: Context) -> LostFilesError | None:
    """Return the first table of which files are lost or have another size than its log says, in a sentence."""
    return _first(context, _lost, "lost or changed")


def damaged_files(context: Context) -> LostFilesError | None:
    """Return the first table of which files cannot be read although they have their size, in a sentence.

    It reads the whole lake, which takes time where that is large: only the error of a step is a reason for it. Bytes
    that changed and can still be read as values are not found: Parquet files of delta-rs have no checksums.
    """
    return _first(context, _damaged, "damaged, with bytes that changed at an equal size")


def _first(context: Context, find: Callable[[DeltaTable], list[tuple[str, str]]], fault: str) -> LostFilesError | None:
    for table in TABLES:
        try:
            opened = context.lake.table(table)
            with context.lake.reachable():
                lost = [] if opened is None else find(opened)
        except SlussError:  # the step's own error says more
            return None
        if lost:
            return _named(context, table, lost, fault)
    return None


def _damaged(opened: DeltaTable) -> list[tuple[str, str]]:
    """The partition and the path of each file that cannot be read, the oldest partition first."""
    filesystem = opened.to_pyarrow_dataset().filesystem
    return sorted((name, path) for path, (name, _) in _logged(opened).items() if _cannot_be_read(filesystem, path))


def _cannot_be_read(filesystem: FileSystem, path: str) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with filesystem.open_input_file(path) as file:
            for _ in pq.ParquetFile(file).iter_batches():  # one in memory at a time
                pass
    except (OSError, pa.ArrowException) as error:
        if isinstance(error, MemoryError) or _OF_STORE.search(str(error)):
            raise
        return True
    return False


def _logged(opened: DeltaTable) -> dict[str, tuple[str, int]]:
    """Partition and size of each file by its path, as the table's log has them."""
    import pyarrow as pa

    log = pa.table(opened.get_add_actions(flatten=True))
    partitions = log.column(next((name for name in log.column_names if name.startswith("partition.")), "path"))
    columns = (log["path"].to_pylist(), map(str, partitions.to_pylist()), log["size_bytes"].to_pylist())
    return {path: (name, size) for path, name, size in zip(*columns, strict=True)}


def _lost(opened: DeltaTable) -> list[tuple[str, str]]:
    """The partition and the path of each file that is not as the table's log has it, the oldest partition first."""
    from pyarrow.fs import FileType

    logged, filesystem = _logged(opened), opened.to_pyarrow_dataset().filesystem
    found = filesystem.get_file_info(list(logged))
    gone = [each.path for each in found if each.type != FileType.File or each.size != logged[each.path][1]]
    return sorted((logged[path][0], path) for path in gone)


def _named(context: Context, table: str, lost: list[tuple[str, str]], fault: str) -> LostFilesError:
    name, uri = context.use_case.name, context.lake.uri(table)
    interval, path = lost[0]
    start = f"{counted(len(lost), 'file')} of the table {uri} {_was(lost)} {fault}; the first is {path}."
    if not (command := interval_again(name, table, interval)):
        return LostFilesError(f"{start} Restore its folder from a backup, {table_again(name, table)}")
    others = sorted({each for each, _ in lost} - {interval})
    more = f", then those of {_listed(others)} in the same way" if others else ""
    error = LostFilesError(f"{start} Restore its folder from a backup, or write its interval again: {command}{more}.")
    error.command = command
    return error


def _was(lost: list[tuple[str, str]]) -> str:
    return "was" if len(lost) == 1 else "were"


def _listed(intervals: list[str]) -> str:
    shown = ", ".join(intervals[:_NAMED])
    return f"{shown} and {len(intervals) - _NAMED} more" if len(intervals) > _NAMED else shown
