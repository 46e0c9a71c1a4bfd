"""Ids of rows: of one column, of several, or a hash of all."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sluss.conversion.texts import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa


def joined_ids(columns: Sequence[pa.Array]) -> pa.Array:
    """Ids of one column, or of several: null where one of them is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [as_text(column) for column in columns]
    if len(texts) == 1:
        return texts[0]
    # `a|b` and `c` must not give the same id as `a` and `b|c`.
    safe = [pc.replace_substring(pc.replace_substring(each, "\\", "\\\\"), "|", "\\|") for each in texts]
    return pc.binary_join_element_wise(*safe, pa.scalar("|"))


def row_ids(columns: Mapping[str, pa.Array]) -> pa.Array:
    """Ids that are hashes of the rows' names and values, in whatever order the columns stand."""
    import pyarrow as pa
    import pyarrow.compute as pc

    named = [
        pc.binary_join_element_wise(pa.scalar(name), as_text(values), pa.scalar("="))
        for name, values in sorted(columns.items())
        if not pa.types.is_nested(values.type)
    ]
    # Without the columns that have no value: an object of JSON may have such a key or leave it out.
    # The first text keeps rows without any value, which would vanish otherwise.
    joined = pc.binary_join_element_wise(pa.scalar(""), *named, pa.scalar("\x1f"), null_handling="skip")
    return pa.array(
        [hashlib.blake2b(row.encode(), digest_size=12).hexdigest() for row in joined.to_pylist()], pa.string()
    )
