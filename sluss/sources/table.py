"""A table, view or query as a source: in the warehouse, or in another Postgres. It is only read."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from sluss.errors import ConfigError
from sluss.sources.mapped_section import MappedSection
from sluss.storage.own_tables import literal, quoted
from sluss.storage.warehouse import open_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pyarrow as pa

    from sluss.context import Context
    from sluss.sources.mapped import Bounds, Reader
    from sluss.storage.warehouse import Warehouse

_A_DAY = timedelta(days=1)


class TableSource(MappedSection):
    """A table, view or query, which is only read: in place in the warehouse, or brought from another database."""

    kind: Literal["table"] = Field(description="A table, view or query of a database")
    table: str | None = Field(
        None, description="Name of the table or view, with its schema where needed: `shop.orders`"
    )
    query: str | None = Field(None, description="Or a query whose rows are the source; times are filtered around it")
    url_variable: str | None = Field(
        None, pattern=r"^[A-Z][A-Z0-9_]*$",
        description="Environment variable with the address of another Postgres; without it, the table is in the "
        "warehouse",
    )  # fmt: skip
    airflow_connection: str | None = Field(
        None, pattern=r"^\w+$", description="Or the Airflow connection that has the address of another Postgres"
    )

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("give table or query, one of them")
        if self.url_variable is not None and self.airflow_connection is not None:
            raise ValueError("give url_variable or airflow_connection, not both")
        return self

    @property
    def connections(self) -> tuple[str, ...]:
        """Airflow connections whose addresses it needs."""
        own = () if self.airflow_connection is None else (self.airflow_connection,)
        return (*own, *super().connections)

    @property
    def in_place(self) -> bool:
        """Whether the rows stand in the warehouse already."""
        return self.is_here and self.time is not None  # without a time, rows are brought when they are found first

    @property
    def is_here(self) -> bool:
        """Whether the table is one of the warehouse."""
        return self.url_variable is None and self.airflow_connection is None

    def reader(self, context: Context) -> Reader:
        """What reads the table."""
        return TableReader(context, self)


SECTION = TableSource


@dataclass(frozen=True)
class TableReader:
    """Reads the rows of a table whose time lies within bounds, in a transaction that cannot write."""

    context: Context
    config: TableSource

    def __str__(self) -> str:
        return self.config.table or "source.query"

    def batches(self, bounds: Bounds | None) -> Iterator[pa.RecordBatch]:
        """Stream the rows."""
        with self._database() as database:
            columns = database.schema_of(f"SELECT * FROM {self._relation()}", str(self))  # noqa: S608 - quoted
            types = {field.name: field.type for field in columns}
            where = self._where(bounds, types)
            order = "" if bounds is None else f" ORDER BY {', '.join(self._order(bounds, types))}"
            yield from database.select(f"SELECT * FROM {self._relation()}{where}{order}", str(self))  # noqa: S608 - quoted

    def _relation(self) -> str:
        if self.config.query is not None:
            return f"({self.config.query.rstrip().rstrip(';')}) AS source"
        assert self.config.table is not None
        return ".".join(quoted(part) for part in self.config.table.split("."))

    def _order(self, bounds: Bounds, types: dict[str, pa.DataType]) -> list[str]:
        ids = [self.config.id] if isinstance(self.config.id, str) else list(self.config.id or ())
        wanted = [bounds.column, *ids]
        return [quoted(name) for name in dict.fromkeys(wanted) if name in types]

    def _where(self, bounds: Bounds | None, types: dict[str, pa.DataType]) -> str:
        """A condition that the database can answer by an index; the exact one follows when the rows are read."""
        import pyarrow as pa

        if bounds is None or bounds.column not in types:
            return ""
        type_ = types[bounds.column]
        if pa.types.is_timestamp(type_) and type_.tz is not None:
            low, high = literal(bounds.start), literal(bounds.end)
        elif pa.types.is_timestamp(type_) or pa.types.is_date(type_):
            low, high = _on_the_wall(bounds.start - _A_DAY, bounds), _on_the_wall(bounds.end + _A_DAY, bounds)
        else:
            return ""
        column = quoted(bounds.column)
        return f" WHERE {column} >= {low} AND {column} < {high} OR {column} IS NULL"

    @contextmanager
    def _database(self) -> Iterator[Warehouse]:
        if self.config.is_here:
            with self.context.warehouse() as warehouse:
                yield warehouse
            return
        name = self.config.url_variable or f"AIRFLOW_CONN_{str(self.config.airflow_connection).upper()}"
        with open_postgres(self._address(name), name) as database:
            database.execute("SET TRANSACTION READ ONLY")
            yield database

    def _address(self, name: str) -> str:
        address = os.environ.get(name)
        if not address:
            raise ConfigError(
                f"The environment variable {name} with the address of the database is not set. Set it to "
                "postgresql://user:password@host:port/database."
            )
        return address.replace("postgres://", "postgresql://", 1)


def _on_the_wall(moment: datetime, bounds: Bounds) -> str:
    wall = moment.astimezone(ZoneInfo(bounds.zone or "UTC")).replace(tzinfo=None)
    return f"TIMESTAMP '{wall.isoformat(sep=' ')}'"
