"""Full disks: how each library reports one, and the sentence that names the disk and the cure."""

from __future__ import annotations

import errno
import math
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.config.settings import ROOT, Settings, load_settings
from sluss.errors import ServiceError, SlussError
from sluss.memory import out_of_memory
from sluss.unusable_name import unusable_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CODES = {errno.ENOSPC, errno.EDQUOT}
_POSTGRES = "53100"  # SQLSTATE disk_full: https://www.postgresql.org/docs/current/errcodes-appendix.html
_SQLITE = "SQLITE_FULL"
# Libraries of other languages, and servers, pass on the text alone: the system's own for ENOSPC and EDQUOT (Rust adds
# its number), SQLite's for SQLITE_FULL, and the error codes of S3's stores and of HTTP (507) in what they answer.
_LOCAL_TEXT = re.compile(
    r"No space left on device|\(os error (28|122)\)|Disk quota exceeded|database or disk is full", re.IGNORECASE
)
_STORE_TEXT = re.compile(r"XMinioStorageFull|Insufficient Storage", re.IGNORECASE)
# A store whose disk fills up in the middle of a write answers with the system's text.
_FROM_STORE = re.compile(r"AWS Error|\bS3 error|Error performing (PUT|POST)", re.IGNORECASE)
_POSTGRES_TEXT = re.compile(r"\bDiskFull\b|could not (extend file|write to file).*No space left", re.IGNORECASE)
_MB = 1024**2
_GB = 1024 * _MB
_NOTHING_LEFT = 64 * _MB
# Warn below a fiftieth of the disk, but within these bounds: a small disk needs room for a training, and a fiftieth of
# a large one is plenty.
_LOWEST, _HIGHEST, _SHARE = _GB, 5 * _GB, 50


class DiskFullError(ServiceError):
    """A disk is full; the sentence names its folder."""


@dataclass(frozen=True, slots=True)
class Room:
    """The room on a folder's disk, in bytes."""

    folder: str
    free: int
    total: int

    @property
    def warning(self) -> str:
        """The sentence for a disk that will be full soon; empty where there is room."""
        limit = max(_LOWEST, min(self.total // _SHARE, _HIGHEST))
        if self.free >= limit:
            return ""
        return (
            f"The disk of {self.folder} has {self._share} left. Make room before it is full: nothing can be "
            "written then."
        )

    @property
    def _share(self) -> str:
        if self.free * 20 < _GB:
            return f"{self.free / _MB:.0f} of {self.total / _MB:.0f} MB"
        return f"{self.free / _GB:.1f} of {self.total / _GB:.0f} GB"

    def as_json(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {
            "folder": self.folder,
            "free_gb": round(self.free / _GB, 1),
            "total_gb": round(self.total / _GB, 1),
            "warning": self.warning,
        }


def room(settings: Settings) -> Room:
    """Return the room for this place's data; its folder need not exist yet."""
    # The stack's volumes are on the disk of its containers, on which the code is as well.
    folder, name = (ROOT, "the stack's containers") if settings.is_scheduled else (settings.home, str(settings.home))
    usage = shutil.disk_usage(_existing(folder))
    return Room(name, usage.free, usage.total)


def full_disk(error: BaseException) -> ServiceError | None:
    """Return the sentence for a full disk that led to an error; None if another cause did."""
    errors = list(chain(error))
    if named := next((each for each in errors if isinstance(each, DiskFullError)), None):
        return named
    if any(_of_postgres(each) for each in errors):
        place = "Postgres"
    elif any(_of_store(str(each)) for each in errors):
        place = f"the store at {load_settings().s3_endpoint_url or 'S3'}"
    elif any(_is_local(each) for each in errors):
        place = _fullest(load_settings().home)
    else:
        return None
    return _sentence(place)


def full_folder(folder: Path) -> ServiceError | None:
    """Return the sentence for a folder on a full disk, for a process that ended without a reason of its own."""
    return _sentence(str(folder)) if _free(folder) < _MB else None


@contextmanager
def written_to(folder: Path) -> Iterator[None]:
    """Name the disk of this folder, which is not one of Sluss' own, where it is the fullest when the block fails."""
    try:
        yield
    except Exception as error:
        own = [_existing(load_settings().home), Path(tempfile.gettempdir())]
        if full_disk(error) and _is_fullest(_existing(folder), own):
            raise _sentence(str(folder)) from error
        raise


def _is_fullest(folder: Path, others: Sequence[Path]) -> bool:
    """Whether no other folder has less room; those of one disk have the same, though it changes from look to look."""
    elsewhere = [each for each in others if each.stat().st_dev != folder.stat().st_dev]
    return _free(folder) <= min(map(_free, elsewhere), default=math.inf)


def _sentence(place: str) -> DiskFullError:
    again = "; what is complete stays" + (", and Airflow tries again by itself" * load_settings().is_scheduled)
    return DiskFullError(
        f"The disk of {place} is full, so nothing more was written. Make room there, then run the command again{again}."
    )


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())


def explained(error: BaseException) -> SlussError | None:
    """Return the sentence for an error that a person can mend; None for a bug, which shows its traceback.

    A full disk comes first: libraries report it as a store that is damaged, or a service that does not answer.
    """
    own = error if isinstance(error, SlussError) else None
    return full_disk(error) or out_of_memory(chain(error)) or own or unusable_name(chain(error))


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and those that led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        # SQLAlchemy keeps the driver's error in an attribute of its own.
        original = getattr(error, "orig", None)
        if isinstance(original, BaseException):
            yield original
        error = error.__cause__ or error.__context__


def _of_postgres(error: BaseException) -> bool:
    code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return code == _POSTGRES or bool(_POSTGRES_TEXT.search(str(error)))


def _of_store(text: str) -> bool:
    return bool(_STORE_TEXT.search(text) or (_FROM_STORE.search(text) and _LOCAL_TEXT.search(text)))


def _is_local(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _CODES:
        return True
    return getattr(error, "sqlite_errorname", None) == _SQLITE or bool(_LOCAL_TEXT.search(str(error)))


def _fullest(home: Path) -> str:
    """Name the folder on the fuller disk: Sluss' own, or that of temporary files."""
    folders = {home: _free(home), tempfile.gettempdir(): _free(tempfile.gettempdir())}
    folder = min(folders, key=lambda each: folders[each])
    return f"MLflow's server, or of {folder}," if folders[folder] > _NOTHING_LEFT else f"{folder}"


def _free(folder: Path | str) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
