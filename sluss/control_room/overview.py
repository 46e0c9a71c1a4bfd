"""The status of every use case in `config/`, the worst first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluss.alerting.show import in_words
from sluss.context import Context
from sluss.control_room.registered import Registered, read_registered
from sluss.control_room.registry_status import with_need, with_registered
from sluss.control_room.standing import Standing, read_standing
from sluss.control_room.status import ORDER, Status, as_dict, of_broken, of_silent, status_of
from sluss.control_room.stores import broken_restore, lost_database, missing_files, warehouse_fault
from sluss.disk import Room, explained, room
from sluss.errors import ConfigError, DataError, SlussError, printable
from sluss.lost_files import LostFilesError, explained_in
from sluss.storage.backups_made import BackupsMade, read_backups_made
from sluss.use_cases import load_use_case, use_case_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sluss.config.settings import Settings

_AT_ONCE = 8  # use cases


@dataclass(frozen=True)
class Overview:
    """The status of all use cases of a place at a moment."""

    place: str
    at: datetime
    use_cases: tuple[Status, ...]
    room: Room
    backups: BackupsMade = field(default_factory=BackupsMade)
    faults: tuple[str, ...] = ()  # of the stores that all use cases share, a sentence each

    @property
    def backup_warning(self) -> str:
        """The sentence for a backup that should have come; empty where none is late."""
        newest, gap = self.backups.newest, self.backups.usual_gap
        if newest is None or gap is None or not self.backups.is_late(self.at):
            return ""
        return (
            f"The newest backup is {in_words(self.at - newest)} old, and they came every {in_words(gap)}. See why no "
            "newer one was made, or make one: make backup TO=…"
        )

    @property
    def all_well(self) -> bool:
        """Whether nothing needs a person. What has not begun needs none, unless it is all there is."""
        levels = {status.level for status in self.use_cases}
        warned = self.faults or self.room.warning or self.backup_warning
        return not warned and levels <= {"well", "idle"} and levels != {"idle"}

    def as_json(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        found = [as_dict(status, self.at) for status in self.use_cases]
        newest = self.backups.newest
        backup = {"newest": newest.isoformat() if newest else None, "warning": self.backup_warning}
        place = {"place": self.place, "at": self.at.isoformat(), "disk": self.room.as_json(), "backup": backup}
        place["faults"] = list(self.faults)
        return place | {"use_cases": found}


def overview(settings: Settings, only: str = "") -> Overview:
    """Read the status of every use case, or of one. One that cannot be read does not hide the others.

    Raises:
        ConfigError: the folder of the use cases, or the one that is asked for, does not exist.
    """
    if not settings.config_dir.is_dir():
        raise ConfigError(f"The folder {settings.config_dir} of the use cases does not exist. Check SLUSS_CONFIG_DIR.")
    now, names = datetime.now(UTC), use_case_names(settings.config_dir)
    if only and only not in names:
        load_use_case(only, settings.config_dir)  # its error names those that exist
    names = [only] if only else names
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda name: _status(settings, name, now), names))
    faults = tuple(filter(None, (broken_restore(settings), warehouse_fault(settings))))
    return Overview(settings.place, now, tuple(worst_first(found)), room(settings), read_backups_made(settings), faults)


def worst_first(found: Iterable[Status]) -> list[Status]:
    """Return them ordered by level, then by title."""
    return sorted(found, key=lambda status: (ORDER.index(status.level), status.title.casefold(), status.name))


def unread(error: Exception) -> str:
    """Return why a use case's state could not be read, in a sentence."""
    if isinstance(error, SlussError):
        return str(error)
    reason = printable(str(error).splitlines()[0] if str(error) else "no reason given")[:200]
    return f"Its state could not be read ({type(error).__name__}: {reason}). In the stack, make logs shows more."


def _status(settings: Settings, name: str, now: datetime) -> Status:
    try:
        use_case = load_use_case(name, settings.config_dir)
    except ConfigError as error:
        return of_broken(name, str(error))
    context = Context(settings, use_case)
    try:
        standing = read_standing(context)
    except Exception as error:  # noqa: BLE001 - not even a defect may hide the others
        found = explained_in(context, error) or error
        return of_silent(name, use_case.title, unread(found), _command(found, settings))
    registered = _registered(context, standing)
    agree = isinstance(registered, Registered) and registered.agrees
    status = status_of(use_case, standing, now, scheduled=settings.is_scheduled, agree=agree)
    if lost := missing_files(context):
        status = with_need(status, str(lost), _command(lost, settings), "critical")
    return _with_mlflow(context, standing, status, registered)


def _registered(context: Context, standing: Standing) -> Registered | Exception | None:
    """Read what MLflow knows, or why it cannot be read; None without a database, which this must not make."""
    if (standing.entries and lost_database(context.settings)) or not _has_mlflow(context.settings):
        return None
    try:
        return read_registered(context, standing.entries)
    except Exception as error:  # noqa: BLE001 - one that does not answer, or a defect, hides nothing of the lake's
        return explained(error) or error


def _with_mlflow(
    context: Context, standing: Standing, status: Status, registered: Registered | Exception | None
) -> Status:
    """Add what MLflow knows."""
    settings, name = context.settings, context.use_case.name
    if isinstance(registered, Registered):
        return with_registered(status, context.use_case, standing.entries, registered)
    if registered is not None:
        return with_need(status, unread(registered), _command(registered, settings), "unknown")
    if standing.entries and (lost := lost_database(settings)):
        command = f"make repair USE_CASE={name}{' ACCEPT=1' if len(standing.entries) > 1 else ''}"
        return with_need(status, f"{lost} {command}.", command, "critical")
    return status


def _has_mlflow(settings: Settings) -> bool:
    """Whether there is something to ask: to look for versions must not make a database."""
    file = settings.mlflow_uri.removeprefix("sqlite:///")
    return file == settings.mlflow_uri or Path(file).exists()


def _command(error: Exception, settings: Settings) -> str:
    """The command for a state that could not be read."""
    if isinstance(error, LostFilesError) and error.command:
        return error.command
    if isinstance(error, DataError):
        return "mend the table as said above, then make status"
    return "make ps" if settings.is_scheduled else "mend it as said above, then make status"
