"""Tables that are not on this disk: in Postgres, or under S3."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sluss.config.settings import load_settings
from sluss.errors import DataError, ServiceError


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


def read_s3(connection: Any, address: str) -> None:  # noqa: ANN401
    """Copy the files of an address under S3 into the table `data`; the login is the lake's.

    Raises:
        DataError: there is no file that can be read.
    """
    from pyarrow import dataset

    store = load_settings().s3_account.filesystem()
    kind = "csv" if address.endswith((".csv", ".csv.gz")) else "parquet"
    try:
        found = dataset.dataset(address.removeprefix("s3://"), filesystem=store, format=kind)
        connection.register("rows", found)
        connection.execute("CREATE TABLE data AS SELECT * FROM rows")
    except (OSError, ValueError) as error:
        raise DataError(f"{address} cannot be read: {str(error).splitlines()[0]}") from None
