"""A table from anywhere, all of its rows in one DuckDB table `data`."""

from __future__ import annotations

import errno
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluss.config.settings import load_settings
from sluss.counted import counted
from sluss.errors import DataError
from sluss.formats.data_file import COMPRESSED, SUFFIXES, DataFile, Form
from sluss.formats.read import read_file
from sluss.profiling.database import copied, is_folder, is_postgres, read_postgres
from sluss.profiling.text_file import TextFile, check_names, open_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

_OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.ENAMETOOLONG}  # and not of the file
_LONGEST_LINE = 50_000_000


@dataclass(frozen=True)
class WholeTable:
    """The rows, as an open DuckDB connection with a table `data`, and how they were read."""

    connection: Any
    types: dict[str, str]  # DuckDB's, by column
    kind: str  # of the source
    files: tuple[TextFile, ...] = ()

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        rows: list[tuple[Any, ...]] = self.connection.execute(query, list(values)).fetchall()
        return rows

    @property
    def rows(self) -> int:
        """How many there are."""
        return int(self.ask("SELECT count(*) FROM data")[0][0])


def quoted(name: str) -> str:
    """A column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def opened(data: str) -> Iterator[WholeTable]:
    """Read a file, a folder or a table of Postgres to its last row.

    Raises:
        DataError: it is not there, cannot be read, or has no rows.
    """
    import duckdb

    with (
        tempfile.TemporaryDirectory(prefix="sluss-new-") as folder,
        duckdb.connect(f"{folder}/table.duckdb") as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'")
        try:
            table = _read(connection, data, Path(folder))
        except duckdb.Error as error:
            raise DataError(
                f"{data} cannot be read as a table: {str(error).splitlines()[0].rstrip('.')}. Check its format."
            ) from None
        except (OSError, EOFError) as error:  # of Arrow, too, where a file is not compressed as its name shows
            if getattr(error, "errno", None) in _OF_THE_MACHINE:
                raise
            reason = " ".join(str(error).split())[:300].rstrip(".")
            raise DataError(f"{data} cannot be read: {reason}. Check the file, its rights and its ending.") from error
        if not table.rows:
            raise DataError(f"{data} has no rows. Name a table with rows.")
        yield table


def _read(connection: Any, data: str, scratch: Path) -> WholeTable:  # noqa: ANN401 - DuckDB has no types
    if is_postgres(data):
        read_postgres(connection, data)
        return WholeTable(connection, _types(connection), "table")
    if data.startswith("s3://"):
        return _read_s3(connection, data, scratch)
    if (Path(data) / "_delta_log").is_dir():
        return _read_delta(connection, data, None)
    return _read_files(connection, data, files_of(data), scratch)


def _read_s3(connection: Any, data: str, scratch: Path) -> WholeTable:  # noqa: ANN401
    """The login is the lake's."""
    account = load_settings().s3_account
    system, path = account.filesystem(), data.removeprefix("s3://").rstrip("/")
    if is_folder(system, f"{path}/_delta_log", data):
        return _read_delta(connection, data, account.delta_options)
    return _read_files(connection, data, _of_one_format(data, copied(system, path, data, scratch / "s3")), scratch)


def _read_files(connection: Any, data: str, paths: Sequence[Path], scratch: Path) -> WholeTable:  # noqa: ANN401
    if _format(paths[0]) == "csv":
        texts = tuple(open_text(path, scratch / str(number)) for number, path in enumerate(paths))
        _read_texts(connection, data, texts)
        return WholeTable(connection, _types(connection), "file", texts)
    if _format(paths[0]) == "parquet":
        names = [str(path) for path in paths]
        connection.execute("CREATE TABLE data AS SELECT * FROM read_parquet(?)", [names])
    else:
        _read_as_the_source(connection, paths)
    return WholeTable(connection, _types(connection), "file")


def files_of(data: str) -> list[Path]:
    """The files that a path, a folder or a pattern names, in the order of their names.

    Raises:
        DataError: there are none, or they are of several kinds.
    """
    path = Path(data)
    if path.is_dir():
        found = sorted(each for each in path.rglob("*") if _format(each) and each.is_file())
    else:
        found = [path] if path.is_file() else sorted(path.parent.glob(path.name)) if "*" in path.name else []
    return _of_one_format(data, found)


def _of_one_format(data: str, found: Sequence[Path]) -> list[Path]:
    """The files that were found.

    Raises:
        DataError: there are none, or they are of several formats, or of none that is known.
    """
    if not found:
        raise DataError(f"There is no table at {data}. Name a file, a folder, postgres://…/table or s3://….")
    unknown = next((each for each in found if not _format(each)), None)
    if unknown is not None:
        raise DataError(
            f"{unknown} is not a table that can be read. Known endings: {', '.join(sorted(SUFFIXES))}, and of texts "
            f"also with {', '.join(sorted(COMPRESSED))} behind them."
        )
    if len({_format(each) for each in found}) > 1:
        kinds = ", ".join(sorted({"".join(each.suffixes) for each in found}))
        raise DataError(f"{data} has files of several kinds ({kinds}). Name a pattern, such as *.csv.")
    return [*found]


def _format(path: Path) -> str | None:
    return None if path.name.startswith((".", "_")) else DataFile(None, str(path), 0).format


def _types(connection: Any) -> dict[str, str]:  # noqa: ANN401
    return {name: kind for name, kind, *_ in connection.execute("DESCRIBE data").fetchall()}


def _read_texts(connection: Any, data: str, files: Sequence[TextFile]) -> None:  # noqa: ANN401
    """All columns as texts: what they mean is found out from all rows, not from the first thousands."""
    names = files[0].names
    for file in files[1:]:
        if file.names != names:
            raise DataError(
                f"The files of {data} have different columns: {file.path.name} has {', '.join(file.names)}."
            )
    columns = ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in names)
    for file in files:
        verb = "CREATE TABLE data AS" if file is files[0] else "INSERT INTO data"
        connection.execute(
            f"{verb} SELECT * FROM read_csv(?, delim = ?, header = true, auto_detect = false, columns = {{{columns}}}, "  # noqa: S608 - names are quoted
            f"quote = '\"', escape = '\"', store_rejects = true, rejects_limit = 1, max_line_size = {_LONGEST_LINE})",
            [str(file.path), file.delimiter],
        )
        _refuse_rejected(connection, data, file)


def _refuse_rejected(connection: Any, data: str, file: TextFile) -> None:  # noqa: ANN401
    rejected = connection.execute(
        "SELECT line_byte_position, error_type, csv_line FROM reject_errors ORDER BY line_byte_position LIMIT 1"
    ).fetchone()
    if rejected is None:
        return
    position, kind, line = rejected
    number = 1 + sum(block.count(b"\n") for block in _up_to(file.path, position - 1))
    reasons = {"TOO MANY COLUMNS": "more fields than", "MISSING COLUMNS": "fewer fields than"}
    fault = (
        f"{reasons[kind]} the {counted(len(file.names), 'column')}" if kind in reasons else f"a fault ({kind.lower()})"
    )
    raise DataError(f"Line {number} of {data} has {fault}: {line.strip()[:80]!r}. Correct the line, or take it out.")


def _up_to(path: Path, position: int) -> Iterator[bytes]:
    with path.open("rb") as raw:
        while position > 0 and (block := raw.read(min(position, 1 << 20))):
            position -= len(block)
            yield block


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _read_as_the_source(connection: Any, paths: Sequence[Path]) -> None:  # noqa: ANN401
    """Files of JSON, Excel or Arrow by the very reader of a source; those of texts give texts."""
    from pyarrow import fs

    exists = False
    for path in paths:
        for batch in read_file(DataFile(fs.LocalFileSystem(), str(path), path.stat().st_size), Form()):
            check_names(path, batch.schema.names)
            _add(connection, _with_texts(batch), exists=exists)
            exists = True
    if not exists:
        raise DataError(f"{paths[0]} has no rows. Name a table with rows.")


def _add(connection: Any, rows: pa.Table, *, exists: bool) -> None:  # noqa: ANN401
    """Put rows into `data`, with the columns that it does not have yet."""
    connection.register("batch", rows)
    if not exists:
        connection.execute("CREATE TABLE data AS SELECT * FROM batch")
    else:
        known = _types(connection)
        for name, kind, *_ in connection.execute("DESCRIBE batch").fetchall():
            if name not in known:
                connection.execute(f"ALTER TABLE data ADD COLUMN {quoted(name)} {kind}")
        connection.execute("INSERT INTO data BY NAME SELECT * FROM batch")
    connection.unregister("batch")


def _with_texts(batch: pa.RecordBatch) -> pa.Table:
    """Lists and objects of JSON as their text, so that a column has one type in all batches."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = {
        name: pc.list_element(values, 0) if values.type == pa.list_(pa.string()) else values
        for name, values in zip(batch.schema.names, batch.columns, strict=True)
    }
    return pa.table(columns)


def _read_delta(connection: Any, data: str, options: dict[str, str] | None) -> WholeTable:  # noqa: ANN401
    from deltalake import DeltaTable

    connection.register("rows", DeltaTable(data, storage_options=options).to_pyarrow_dataset())
    connection.execute("CREATE TABLE data AS SELECT * FROM rows")
    return WholeTable(connection, _types(connection), "delta")
