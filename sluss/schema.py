"""The schema version: of the tables, runs and versions that this Sluss writes.

It grows when older code could misread what newer code writes. `sluss.storage.migrations` brings older tables to it.
"""

from __future__ import annotations

from sluss.errors import ConfigError

SCHEMA = 1


def check_known(schema: str | None, what: str) -> int:
    """Return the schema version that something names; 0 if it names none.

    Raises:
        ConfigError: a newer Sluss has written it.
    """
    found = int(schema) if schema and schema.isdecimal() else 0
    if found > SCHEMA:
        raise ConfigError(
            f"{what} was written by a newer Sluss: it has schema {found}, and this one knows {SCHEMA}. Update Sluss, "
            "then try again."
        )
    return found
