"""A table from anywhere, all of its rows in one DuckDB table `data`."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluss.counted import counted
from sluss.errors import DataError
from sluss.profiling.database import is_postgres, read_postgres, read_s3
from sluss.profiling.text_file import TextFile, open_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TEXTS = {".csv", ".tsv", ".txt", ".tab"}
_READERS = {
    ".parquet": "read_parquet(?)",
    ".pq": "read_parquet(?)",
    ".json": "read_json(?)",
    ".jsonl": "read_json(?, format = 'newline_delimited')",
    ".ndjson": "read_json(?, format = 'newline_delimited')",
}
_ARROW = {".arrow", ".feather", ".ipc"}
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
        if not table.rows:
            raise DataError(f"{data} has no rows. Name a table with rows.")
        yield table


def _read(connection: Any, data: str, scratch: Path) -> WholeTable:  # noqa: ANN401 - DuckDB has no types
    if is_postgres(data):
        read_postgres(connection, data)
        return WholeTable(connection, _types(connection), "table")
    if data.startswith("s3://"):
        read_s3(connection, data)
        return WholeTable(connection, _types(connection), "file")
    paths = files_of(data)
    suffix = _suffix(paths[0])
    if (Path(data) / "_delta_log").is_dir():
        return _read_delta(connection, data)
    if suffix in _TEXTS:
        texts = tuple(open_text(path, scratch) for path in paths)
        _read_texts(connection, data, texts)
        return WholeTable(connection, _types(connection), "file", texts)
    _read_typed(connection, paths, suffix)
    return WholeTable(connection, _types(connection), "file")


def files_of(data: str) -> list[Path]:
    """The files that a path, a folder or a pattern names, in the order of their names.

    Raises:
        DataError: there are none, or they are of several kinds.
    """
    path = Path(data)
    known = {*_TEXTS, *_READERS, *_ARROW, ".xlsx"}
    if path.is_dir():
        if (path / "_delta_log").is_dir():
            return [path]
        found = sorted(each for each in path.rglob("*") if _suffix(each) in known and each.is_file())
    else:
        found = [path] if path.is_file() else sorted(path.parent.glob(path.name)) if "*" in path.name else []
    if not found:
        raise DataError(f"There is no table at {data}. Name a file, a folder, postgres://…/table or s3://….")
    kinds = {_suffix(each) for each in found}
    if len(kinds) > 1:
        raise DataError(
            f"{data} has files of several kinds ({', '.join(sorted(kinds))}). Name a pattern, such as *.csv."
        )
    if not kinds <= known:
        raise DataError(f"{data} is not a table that can be read. Known endings: {', '.join(sorted(known))}.")
    return found


def _suffix(path: Path) -> str:
    name = path.name.lower()
    for packed in (".gz", ".zst"):
        name = name.removesuffix(packed)
    return Path(name).suffix


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
    if path.suffix == ".gz":
        return
    with path.open("rb") as raw:
        while position > 0 and (block := raw.read(min(position, 1 << 20))):
            position -= len(block)
            yield block


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _read_typed(connection: Any, paths: Sequence[Path], suffix: str) -> None:  # noqa: ANN401
    if suffix in _READERS:
        connection.execute(
            f"CREATE TABLE data AS SELECT * FROM {_READERS[suffix]}",  # noqa: S608 - one of our own
            [[str(path) for path in paths]],
        )
        return
    rows = _arrow_rows(paths) if suffix in _ARROW else _excel_rows(paths)
    connection.register("rows", rows)
    connection.execute("CREATE TABLE data AS SELECT * FROM rows")


def _arrow_rows(paths: Sequence[Path]) -> Any:  # noqa: ANN401
    from pyarrow import dataset

    return dataset.dataset([str(path) for path in paths], format="feather").to_table()


def _excel_rows(paths: Sequence[Path]) -> Any:  # noqa: ANN401
    import pandas as pd

    try:
        return pd.concat([pd.read_excel(path) for path in paths], ignore_index=True)
    except ImportError as error:
        raise DataError(f"{paths[0]} cannot be read: {error}. Save it as CSV, or install that package.") from None


def _read_delta(connection: Any, data: str) -> WholeTable:  # noqa: ANN401
    from deltalake import DeltaTable

    connection.register("rows", DeltaTable(data).to_pyarrow_dataset())
    connection.execute("CREATE TABLE data AS SELECT * FROM rows")
    return WholeTable(connection, _types(connection), "delta")
