"""Artifacts of a home that was moved, renamed or copied.

MLflow's database keeps the address of each artifact as it was when its experiment was made: `file:///old/place/var/…`.
The folder `artifacts/` lies next to that database and moves with it, so its place follows from the database's.

This module is MLflow's plug-in for addresses that begin with `file:`, an entry point of the distribution. It is loaded
with MLflow, and so imports little.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

if TYPE_CHECKING:
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

FOLDER = "artifacts"
_SQLITE = "sqlite:///"
# An experiment's folder below `artifacts/`, then a run or a logged model, each with its own `artifacts`.
_OF_A_HOME = re.compile(r".*/artifacts/([^/]+/(?:models/m-)?[0-9a-f]{32})/artifacts(?:/.*)?")


def repository(
    artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
) -> ArtifactRepository:
    """MLflow's own store of files, at the place where the files are now."""
    import mlflow
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    address = current(artifact_uri, tracking_uri or mlflow.get_tracking_uri())
    return LocalArtifactRepository(address, tracking_uri=tracking_uri, registry_uri=registry_uri)


def current(artifact_uri: str, tracking_uri: str) -> str:
    """Return the address of an artifact in the home of the database at `tracking_uri`.

    An address that is not a home's, or that no database file goes with, is returned as it is. So is that of a run whose
    files were left in the old place, unless that has a database too: then it is another home, with files of its own.
    """
    parts = urlparse(artifact_uri)
    path = unquote(parts.path)
    found = _OF_A_HOME.fullmatch(path) if parts.scheme == "file" else None
    if found is None or not tracking_uri.startswith(_SQLITE):
        return artifact_uri
    database = Path(tracking_uri.removeprefix(_SQLITE)).resolve()
    artifacts = database.parent / FOLDER
    before, here = Path(path[: found.end(1)]), artifacts / found[1]
    other = Path(path[: found.start(1)]).parent / database.name
    if before.exists() and not here.exists() and not other.exists():
        return artifact_uri
    return (artifacts / path[found.start(1) :]).as_uri()


def local_path(artifact_uri: str, tracking_uri: str) -> Path | None:
    """Return the path of an artifact on this machine; None if its address is not a file's."""
    parts = urlparse(current(artifact_uri, tracking_uri))
    return Path(unquote(parts.path)) if parts.scheme in ("", "file") else None
