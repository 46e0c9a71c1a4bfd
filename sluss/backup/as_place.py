"""A backup as a place that can be read: an embedded home in a temporary folder, without any service."""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluss.backup.fetch import Target
from sluss.config.settings import Settings
from sluss.registry import ledger
from sluss.storage.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sluss.backup.manifest import File, Manifest
    from sluss.backup.store import Store

# MLflow keeps a logged model in a folder of that name, whatever the address of its artifacts is.
_MODEL = re.compile(r"\bm-[0-9a-f]{32}\b")


@contextmanager
def as_place(store: Store, manifest: Manifest) -> Iterator[Settings]:
    """Lay a backup out in a temporary folder. Files of a folder are linked, those on S3 are fetched."""
    with tempfile.TemporaryDirectory(prefix="sluss-verify-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        for part in ("lake", "config"):
            lay_out(store, manifest.part(part), home / part)
        # A database is opened for writing, so it must not be the stored object.
        database = {path: file for path, file in manifest.part("databases").items() if path == "mlflow.sqlite"}
        _target(home / "databases").bring(store, database)
        given: dict[str, Any] = {"home": home, "config_dir": home / "config", "lake_url": str(home / "lake")}
        given |= {"warehouse_url": None, "data": None, "place": "embedded"}
        settings = Settings(**given, MLFLOW_TRACKING_URI=f"sqlite:///{home}/databases/mlflow.sqlite")
        for digest, files in models(settings, manifest).items():
            lay_out(store, files, home / "models" / digest)
        yield settings


def models(settings: Settings, manifest: Manifest) -> dict[str, dict[str, File]]:
    """The artifacts of every model that the ledgers name, by the digest that its local copy is named after."""
    folders: dict[str, dict[str, File]] = {}
    for path, file in manifest.part("artifacts").items():
        before, found, after = path.partition("/artifacts/")
        if found and (model := _MODEL.search(before)):
            folders.setdefault(model[0], {})[after] = file
    use_cases = sorted({name.partition("/")[0] for name in manifest.tables if name.endswith(f"/{ledger.TABLE}")})
    recorded = [entry.model for name in use_cases for entry in ledger.read(Lake(settings, name)) if entry.model]
    named = {model.digest: _MODEL.search(model.source) for model in recorded}
    return {digest: folders[name[0]] for digest, name in named.items() if name and name[0] in folders}


def lay_out(store: Store, files: Mapping[str, File], folder: Path) -> None:
    """Lay files of a backup out for reading: those of a folder are linked, those on S3 are fetched."""
    folder.mkdir(parents=True, exist_ok=True)
    if not store.is_local:
        _target(folder).bring(store, files)
        return
    for path, file in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        try:
            (folder / path).symlink_to(store.path_of(file.sha256))
        except OSError:  # a file system without links
            shutil.copyfile(store.path_of(file.sha256), folder / path)


def _target(folder: Path) -> Target:
    from pyarrow import fs

    return Target(fs.LocalFileSystem(), str(folder))
