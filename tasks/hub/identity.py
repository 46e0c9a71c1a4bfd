"""The digest that says whether a model is still the one that was validated."""

import hashlib
from pathlib import Path


def artifact_digest(folder: Path) -> str:
    """SHA-256 over the relative name and the SHA-256 of every file below the folder, in the order of the names."""
    total = hashlib.sha256()
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return total.hexdigest()
