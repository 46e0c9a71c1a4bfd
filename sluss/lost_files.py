"""Files of the lake that are lost or were changed: found when a step fails, and named with the command that helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.disk import chain, explained
from sluss.errors import DataError, ServiceError, SlussError
from sluss.storage.lake import INTERVAL
from sluss.storage.written_again import TABLES, interval_again, table_again

if TYPE_CHECKING:
    from sluss.context import Context

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
    suspected = _of_a_file if found is None or not context.settings.lake_options else _of_no_file
    return (lost_files(context) if any(map(suspected, chain(error))) else None) or found


def _of_a_file(error: BaseException) -> bool:
    """Whether an error may come from a file that cannot be read: DataFusion's have no type of their own."""
    library = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError) or library in {"pyarrow", "deltalake"} or type(error) is Exception


def _of_no_file(error: BaseException) -> bool:
    return isinstance(error, FileNotFoundError)


def lost_files(context: Context) -> LostFilesError | None:
    """Return the first table of which files are lost or have another size than its log says, in a sentence."""
    for table in TABLES:
        try:
            lost = _lost(context, table)
        except SlussError:  # the step's own error says more
            return None
        if lost:
            return _named(context, table, lost)
    return None


def _lost(context: Context, table: str) -> list[tuple[str, str]]:
    """The partition and the path of each file that is not as the table's log has it, the oldest partition first."""
    import pyarrow as pa
    from pyarrow.fs import FileType

    opened = context.lake.table(table)
    if opened is None:
        return []
    log = pa.table(opened.get_add_actions(flatten=True))
    sizes = dict(zip(log["path"].to_pylist(), log["size_bytes"].to_pylist(), strict=True))
    partitions = log.column(next((name for name in log.column_names if name == f"partition.{INTERVAL}"), "path"))
    named = dict(zip(sizes, map(str, partitions.to_pylist()), strict=True))
    filesystem = opened.to_pyarrow_dataset().filesystem
    with context.lake.reachable():
        found = filesystem.get_file_info(list(sizes))
    gone = [each.path for each in found if each.type != FileType.File or each.size != sizes[each.path]]
    return sorted((named[path], path) for path in gone)


def _named(context: Context, table: str, lost: list[tuple[str, str]]) -> LostFilesError:
    name, uri = context.use_case.name, context.lake.uri(table)
    interval, path = lost[0]
    start = f"{counted(len(lost), 'file')} of the table {uri} {_was(lost)} lost or changed, the first is {path}."
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
