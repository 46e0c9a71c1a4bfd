"""Digests that identify a model, or the rows of a table, by content."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def artifact_digest(folder: Path) -> str:
    """Return the SHA-256 over the relative name and the SHA-256 of every file below the folder, ordered by name."""
    # The name is part of the digest: swapping the content of two files changes it.
    total = hashlib.sha256()
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def rows_digest(rows: pd.DataFrame) -> str:
    """Return the SHA-256 over the hashes of the rows' values, in their order. The index does not count."""
    from pandas.util import hash_pandas_object

    return hashlib.sha256(hash_pandas_object(rows, index=False).to_numpy().tobytes()).hexdigest()
