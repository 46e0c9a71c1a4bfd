"""Values in the types that the warehouse has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.conversion.texts import as_text, plain
from sluss.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa


def storable(values: pa.Array, name: str, *, wanted: bool) -> pa.Array | None:
    """The values in a type that the warehouse has; None for a column of lists that the use case does not take.

    Raises:
        ConfigError: a wanted column holds lists or structures.
    """
    import pyarrow as pa

    values, kind = plain(values), pa.types
    if kind.is_nested(values.type) or kind.is_binary(values.type) or kind.is_large_binary(values.type):
        if wanted:
            raise ConfigError(
                f"The column '{name}' holds {values.type}, which is not one value. Leave it out of the config, or "
                "take it apart in a query of your own."
            )
        return None
    if kind.is_timestamp(values.type):
        # Not a time that anybody asked for: it needs no zone, and keeps its wall clock.
        return as_text(values) if values.type.tz is None else values.cast(pa.timestamp("us", "UTC"), safe=False)
    if kind.is_boolean(values.type) or kind.is_int64(values.type) or kind.is_float64(values.type):
        return values
    if kind.is_integer(values.type) and not kind.is_uint64(values.type):
        return values.cast(pa.int64())
    if kind.is_floating(values.type):
        return values.cast(pa.float64())
    return as_text(values)
