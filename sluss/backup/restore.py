"""Bring a backup back into an empty home, and its use cases and components into the checkout."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sluss.backup.as_place import models
from sluss.backup.databases import Embedded, file_name
from sluss.backup.fetch import Target
from sluss.backup.origin import Origin, folder, lake_of
from sluss.backup.verify import Findings, digests
from sluss.config.settings import RESTORING, ROOT
from sluss.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sluss.backup.manifest import File, Manifest
    from sluss.backup.store import Store
    from sluss.config.settings import Settings

    Say = Callable[[int, int], None]

_ASIDE = ".before-restore"


def restore_embedded(settings: Settings, store: Store, manifest: Manifest, say: Say) -> list[str]:
    """Restore a backup of the embedded mode into an empty home; return the files that were put aside.

    Started again after it was killed, it goes on.

    Raises:
        ConfigError: the home has data already, or the backup is one of a stack.
        DataError: a file of the backup is lost or damaged.
        ServiceError: the backup or the disk cannot be used.
    """
    if manifest.place != "embedded":
        raise ConfigError(f"The backup {manifest.name} is one of a stack. Restore it there: WHERE=stack make restore.")
    marker = settings.home / RESTORING
    if not marker.exists() or marker.read_text(encoding="utf-8") != manifest.name:
        check_empty(settings)
    check_whole(store, manifest)
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text(manifest.name, encoding="utf-8")
    _bring_home(settings, store, manifest, say)
    aside = restore_own_files(settings.config_dir, store, manifest)
    marker.unlink()
    return aside


def check_whole(store: Store, manifest: Manifest) -> None:
    """Read a backup before anything of it is restored: what is there of a damaged one would be in the way.

    Raises:
        DataError: a file of the backup is lost or damaged.
        ServiceError: the place of the backups does not answer.
    """
    found = Findings()
    digests(store, manifest, found, lambda _done, _of: None)
    if found.faults:
        raise DataError(f"{found.faults[0]} Nothing was restored.")


def check_empty(settings: Settings) -> None:
    """Check that a restore would overwrite nothing.

    Raises:
        ConfigError: there are data.
    """
    lake = lake_of(settings)
    found = [str(path) for path in Embedded(settings).paths().values() if path.exists()]
    if lake.listed():
        found.append(settings.lake)
    if found:
        raise ConfigError(
            f"There are data already: {', '.join(found)}. A restore goes to an empty place, and nothing was changed. "
            "Move them away, or set SLUSS_HOME to another folder."
        )


def _bring_home(settings: Settings, store: Store, manifest: Manifest, say: Say) -> None:
    lake = lake_of(settings)
    databases = manifest.part("databases")
    todo: list[tuple[Origin, dict[str, File]]] = [
        (lake, manifest.part("lake")),
        (folder("artifacts", settings.home / "artifacts"), manifest.part("artifacts")),
    ]
    for name, path in Embedded(settings).paths().items():
        if file := databases.get(file_name(name)):
            todo.append((folder("databases", path.parent), {path.name: file}))
    _all(store, todo, say)
    # With copies of the ledger's models, scoring needs no address of MLflow's, which may be one of another folder.
    copies = models(settings, manifest)
    _all(store, [(folder("models", settings.home / "models" / digest), files) for digest, files in copies.items()])


def _all(store: Store, todo: list[tuple[Origin, dict[str, File]]], say: Say = lambda _done, _of: None) -> None:
    before = 0
    total = sum(len(files) for _, files in todo)

    def say_of_all(done: int, _: int) -> None:
        say(before + done, total)

    for origin, files in todo:
        Target(origin.files, origin.root, is_folder=not origin.is_bucket).bring(store, files, say_of_all)
        before += len(files)


def restore_own_files(config_dir: Path, store: Store, manifest: Manifest) -> list[str]:
    """Restore use cases, components and data files; return those of the checkout that were put aside for them."""
    aside = []
    for part, path in (("config", config_dir), ("components", ROOT / "components"), ("data", ROOT / "data")):
        origin = folder(part, path)
        files = manifest.part(part)
        aside += [str(moved) for name, file in files.items() if (moved := _put_aside(path / name, file))]
        Target(origin.files, origin.root).bring(store, files)
    return aside


def _put_aside(path: Path, file: File) -> Path | None:
    """Rename a file whose content is another one than the backup's."""
    if not path.is_file():
        return None
    with path.open("rb") as content:
        if hashlib.file_digest(content, "sha256").hexdigest() == file.sha256:
            return None
    return path.rename(path.with_name(path.name + _ASIDE))
