"""Digests that say whether a model, or the rows of a table, are still the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def artifact_digest(folder: Path) -> str:
    """SHA-256 over the relative name and the SHA-256 of every file below the folder, in the order of the names."""
    total = hashlib.sha256()
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def rows_digest(rows: pd.DataFrame) -> str:
    """SHA-256 over the hashes of the rows' values, in their order."""
    from pandas.util import hash_pandas_object

    return hashlib.sha256(hash_pandas_object(rows, index=False).to_numpy().tobytes()).hexdigest()
