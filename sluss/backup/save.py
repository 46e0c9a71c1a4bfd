"""Store the files of a place as a backup."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sluss import VERSION
from sluss.backup.databases import Embedded
from sluss.backup.freeze import freeze
from sluss.backup.manifest import File, Manifest, new_name
from sluss.backup.origin import Origin, Snapshot, folder, lake_of, pins
from sluss.config.settings import ROOT
from sluss.errors import ConfigError, DataError, ServiceError
from sluss.schema import SCHEMA
from sluss.storage.backups_made import note_backup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyarrow.fs import FileInfo

    from sluss.backup.store import Store
    from sluss.config.settings import Settings

    Say = Callable[[int, int], None]  # files done, files of all


@dataclass(frozen=True)
class Place:
    """All that a backup copies: the lake at one moment, and other files as they are."""

    name: str  # "embedded" or "stack"
    commit: str
    snapshot: Snapshot
    others: Sequence[Origin]
    images: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Saved:
    """A backup that was made, and how much of it is new."""

    manifest: Manifest
    new_bytes: int


def check_outside(store: Store, settings: Settings, *, in_stack: bool) -> None:
    """Check that a folder of backups lies outside of what it is to keep.

    Raises:
        ConfigError: each backup would hold the earlier ones, or be lost with its original.
    """
    kept = [settings.config_dir, ROOT / "components", ROOT / "data"]
    kept += [] if in_stack else [settings.home, *([] if settings.lake_options else [Path(settings.lake)])]
    place = Path(store.root).resolve()
    around = next((each for each in kept if store.is_local and place.is_relative_to(each.resolve())), None)
    if around is not None:
        raise ConfigError(
            f"{store.address} lies in {around}, which a backup is to keep: it would be lost with its original, and be "
            "backed up itself. Name a folder elsewhere, best on another disk: TO=/mnt/backups."
        )


def save_embedded(settings: Settings, store: Store, commit: str, say: Say) -> Saved:
    """Make a backup of the embedded mode's stores, while steps may go on.

    Raises:
        ConfigError: another backup to that place is being made.
        ServiceError: a store or the place of the backups does not answer.
    """
    with store.alone(), store.scratch() as scratch:
        dumps, databases, lake = scratch / "databases", Embedded(settings), lake_of(settings)
        dumps.mkdir()
        pinned = freeze(lambda: pins(lake), lambda name: databases.dump(name, dumps))
        others = [
            folder("databases", dumps),
            folder("artifacts", settings.home / "artifacts"),
            folder("config", settings.config_dir),
            folder("components", ROOT / "components"),
            folder("data", ROOT / "data"),
        ]
        place = Place("embedded", commit, Snapshot(settings, pinned), others, left_out=databases.left_out())
        return save(store, place, scratch, say)


def save(store: Store, place: Place, scratch: Path, say: Say) -> Saved:
    """Store all files of a place, and the manifest last.

    Raises:
        DataError: there is nothing to store.
        ServiceError: a store does not answer, or a file of a table was deleted meanwhile.
    """
    name = new_name(datetime.now(UTC))
    try:
        tables = place.snapshot.tables()
        copying = _Copying(store, place.snapshot, scratch)
        files = copying.all(_todo(place), say)
    except FileNotFoundError as error:
        raise ServiceError(
            f"A file was deleted while the backup was made ({error}). No backup was written; make it again."
        ) from error
    if not tables and not any(file.path.startswith("databases/") for file in files):
        raise DataError("There is nothing to back up here yet: no table, no run, no model. Start with make data.")
    manifest = Manifest(
        name=name,
        place=place.name,
        sluss=VERSION,
        schema=SCHEMA,
        commit=place.commit,
        files=tuple(files),
        tables=tables,
        images=dict(place.images),
        left_out=place.left_out,
    )
    store.finish(manifest)
    note_backup(place.snapshot.settings)
    return Saved(manifest, copying.new_bytes)


def _todo(place: Place) -> list[tuple[Origin, str, FileInfo]]:
    """Every file of the place; those of the lake as far as they belong to the moment."""
    lake = lake_of(place.snapshot.settings)
    of_lake = [(lake, path, info) for path, info in lake.listed().items() if place.snapshot.holds(path)]
    return of_lake + [(each, path, info) for each in place.others for path, info in each.listed().items()]


class _Copying:
    """Files on their way into the store. A file that the newest backup has in the same state is not read again."""

    def __init__(self, store: Store, snapshot: Snapshot, scratch: Path) -> None:
        self.new_bytes = 0
        self._store, self._snapshot, self._scratch = store, snapshot, scratch
        self._objects = set(store.objects())
        names = store.names()
        last = store.manifest(names[-1]).files if names else ()
        self._last = {file.path: file for file in last if file.stamp and file.sha256 in self._objects}

    def all(self, todo: Sequence[tuple[Origin, str, FileInfo]], say: Say) -> list[File]:
        found = []
        for number, (origin, path, info) in enumerate(todo, start=1):
            if (file := self._file(origin, path, info)) is not None:
                found.append(file)
            say(number, len(todo))
        return found

    def _file(self, origin: Origin, path: str, info: FileInfo) -> File | None:
        name, stamp = f"{origin.part}/{path}", f"{info.size} {info.mtime_ns}"
        known = self._last.get(name)
        if known is not None and known.stamp == stamp:
            return known
        try:
            source = origin.files.open_input_stream(info.path)
        except FileNotFoundError:
            # A file that a table no longer needs may be deleted at any time.
            if origin.part == "lake" and not self._snapshot.is_needed(path):
                return None
            raise
        before = len(self._objects)
        with source:
            digest, size = self._store.put(source, self._objects, self._scratch)
        self.new_bytes += size if len(self._objects) > before else 0
        return File(name, size, digest, stamp)
