"""Values as texts, and texts that stand for a missing value or a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sluss.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

_UUID_BYTES = 16


@dataclass(frozen=True)
class Texts:
    """Changes of columns that are texts; others stay as they are."""

    missing: tuple[str, ...]

    def without_missing(self, values: pa.Array) -> pa.Array:
        """Replace each text that stands for a missing value by null."""
        import pyarrow as pa
        import pyarrow.compute as pc

        values = plain(values)
        if not self.missing or not pa.types.is_string(values.type):
            return values
        is_missing = pc.is_in(pc.utf8_trim_whitespace(values), pa.array(self.missing, pa.string()))
        return pc.if_else(is_missing, pa.scalar(None, pa.string()), values)

    def replaced(self, values: pa.Array, names: Mapping[str, str]) -> pa.Array:
        """Texts by what stands for them; a text that has nothing stays."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_nested(values.type):
            raise ConfigError(
                f"The labels are of the type {values.type}: lists or objects are no classes. Name another column as "
                "source.label in the config."
            )
        texts = pc.utf8_trim_whitespace(as_text(values))
        place = pc.index_in(texts, pa.array(list(names), pa.string()))
        return pc.coalesce(pa.array(list(names.values()), pa.string()).take(place), texts)


def as_text(values: pa.Array) -> pa.Array:
    """Values as text: whole numbers without a point, truth as `true` and `false`, times in ISO 8601."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = plain(values)
    if pa.types.is_floating(values.type):
        is_whole = pc.fill_null(pc.and_(pc.equal(values, pc.trunc(values)), pc.less(pc.abs(values), 2.0**53)), False)  # noqa: FBT003
        whole = pc.if_else(is_whole, values, None).cast(pa.int64()).cast(pa.string())
        return pc.coalesce(whole, values.cast(pa.string()))
    if pa.types.is_fixed_size_binary(values.type):
        return pa.array([None if value is None else _written(value) for value in values.to_pylist()], pa.string())
    if pa.types.is_duration(values.type) or pa.types.is_interval(values.type):
        return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())
    if pa.types.is_nested(values.type):  # of a row without an id, whose hash is made of all values
        return pa.array([None if value is None else repr(value) for value in values.to_pylist()], pa.string())
    return values if pa.types.is_string(values.type) else values.cast(pa.string())


def _written(value: bytes) -> str:
    return str(UUID(bytes=value)) if len(value) == _UUID_BYTES else value.hex()


def plain(values: pa.Array) -> pa.Array:
    """Without dictionaries and large offsets."""
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    return values.cast(pa.string()) if pa.types.is_null(values.type) else values
