"""When backups of this place were made: noted in a file of the lake, which every process of the place can read."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

    from sluss.config.settings import Settings

_NAME = ".backups.json"  # hidden: no part of a backup, and an empty lake stays empty for a restore
_KEPT = 15
_FEWEST = 3  # without so many, no schedule can be told
_PATIENCE = 2  # usual gaps
_SHORTEST = timedelta(hours=1)


@dataclass(frozen=True)
class BackupsMade:
    """The moments of the newest backups, the oldest first."""

    moments: tuple[datetime, ...] = ()

    @property
    def newest(self) -> datetime | None:
        """The moment of the newest one."""
        return self.moments[-1] if self.moments else None

    @property
    def usual_gap(self) -> timedelta | None:
        """The usual time from one to the next; None where they are too few for a schedule."""
        gaps = [
            (later - earlier).total_seconds() for earlier, later in zip(self.moments, self.moments[1:], strict=False)
        ]
        return timedelta(seconds=median(gaps)) if len(self.moments) >= _FEWEST else None

    def is_late(self, now: datetime) -> bool:
        """Whether the next one should have come long ago, by the usual gap."""
        if self.newest is None or self.usual_gap is None:
            return False
        return now - self.newest > max(_PATIENCE * self.usual_gap, _SHORTEST)


def read_backups_made(settings: Settings) -> BackupsMade:
    """Return what was noted; nothing where the lake does not answer, which other reads report."""
    with suppress(OSError, ValueError):
        filesystem, path = _place(settings)
        with filesystem.open_input_stream(path) as file:
            found = json.loads(file.read())
        return BackupsMade(tuple(sorted(datetime.fromisoformat(each) for each in found)))
    return BackupsMade()


def note_backup(settings: Settings, at: datetime | None = None) -> None:
    """Note a backup that was made; a lake that cannot be written does not undo it."""
    moments = sorted({*read_backups_made(settings).moments, (at or datetime.now(UTC)).replace(microsecond=0)})
    content = json.dumps([each.isoformat() for each in moments[-_KEPT:]])
    with suppress(OSError):
        filesystem, path = _place(settings)
        with filesystem.open_output_stream(path) as file:
            file.write(content.encode())


def _place(settings: Settings) -> tuple[FileSystem, str]:
    from pyarrow import fs

    if settings.lake.startswith("s3://"):
        return settings.s3_account.filesystem(), f"{settings.lake.removeprefix('s3://')}/{_NAME}"
    return fs.LocalFileSystem(), str(Path(settings.lake).absolute() / _NAME)
