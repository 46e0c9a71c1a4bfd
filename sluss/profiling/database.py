"""Tables that are not on this disk: in Postgres, or under S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from sluss.errors import DataError, ServiceError
from sluss.formats.listing import listed

if TYPE_CHECKING:
    from pathlib import Path

    from pyarrow.fs import FileSystem


def is_postgres(data: str) -> bool:
    """Whether this is the address of a table in Postgres."""
    return data.startswith(("postgres://", "postgresql://"))


def database_and_table(address: str) -> tuple[str, str]:
    """The database's own address, and the table's name.

    Raises:
        DataError: the address names no table.
    """
    parts = urlsplit(address)
    database, _, table = parts.path.strip("/").partition("/")
    if not table:
        raise DataError("The address names no table. Write postgres://user@host/database/table.")
    return urlunsplit(parts._replace(path=f"/{database}", scheme="postgresql")), table


def read_postgres(connection: Any, address: str) -> None:  # noqa: ANN401 - DuckDB has no types
    """Copy `postgres://user:password@host/database/table` (or `…/schema.table`) into the table `data`.

    Raises:
        DataError: the address names no table, or there is no such table.
        ServiceError: the database does not answer, or refuses the login.
    """
    from adbc_driver_manager import Error, OperationalError
    from adbc_driver_postgresql import dbapi

    login, table = database_and_table(address)
    name = ".".join('"' + each.replace('"', '""') + '"' for each in table.split("."))
    shown = login.rpartition("@")[2] + f"/{table}"
    try:
        with dbapi.connect(login) as source, source.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {name}")  # noqa: S608 - quoted
            connection.register("rows", cursor.fetch_record_batch())
            connection.execute("CREATE TABLE data AS SELECT * FROM rows")
    except OperationalError:
        raise ServiceError(f"Postgres does not answer at {shown}, or refuses the login. Check the address.") from None
    except Error as error:
        raise DataError(f"{shown} cannot be read: {str(error).splitlines()[0]}") from None


def is_folder(system: FileSystem, path: str, address: str) -> bool:
    """Whether there is something below a path.

    Raises:
        ServiceError: S3 does not answer.
    """
    from pyarrow import fs

    try:
        return bool(system.get_file_info(path).type == fs.FileType.Directory)
    except OSError as error:
        raise _unanswered(address, error) from None


def copied(system: FileSystem, path: str, address: str, folder: Path) -> list[Path]:
    """Copies of the files that a path under S3 names, which are then read as those on this disk.

    Raises:
        ServiceError: S3 does not answer.
    """
    from pyarrow import fs

    try:
        found = []
        for file in sorted(listed(system, path), key=lambda file: file.path):
            copy = folder / file.path
            copy.parent.mkdir(parents=True, exist_ok=True)
            fs.copy_files(file.path, str(copy), source_filesystem=system, destination_filesystem=fs.LocalFileSystem())
            found.append(copy)
    except OSError as error:
        raise _unanswered(address, error) from None
    return found


def _unanswered(address: str, error: OSError) -> ServiceError:
    reason = " ".join(str(error).split())[:300]
    return ServiceError(f"{address} cannot be read: {reason}. Check the address, and the account in .env.")
