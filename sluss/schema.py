"""The schema version: of the tables, runs and versions that this Sluss writes.

It grows when older code could misread what newer code writes. `sluss.storage.migrations` brings older tables to it.
"""

from __future__ import annotations

import re

from sluss.errors import ConfigError

SCHEMA = 1
# Of a Delta table. Not a property of ours: delta-rs makes no table with a property that it does not know.
DESCRIPTION = f"Written by Sluss, schema {SCHEMA}"
_NAMED = re.compile(r"\bSluss, schema (\d+)")


def schema_in(description: str | None) -> str | None:
    """The schema version in the description of a table, or None."""
    found = _NAMED.search(description or "")
    return found[1] if found else None


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
