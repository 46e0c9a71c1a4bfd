"""The status of every use case in `config/`, the worst first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sluss.context import Context
from sluss.control_room.standing import read_standing
from sluss.control_room.status import ORDER, Status, as_dict, of_broken, of_silent, status_of
from sluss.errors import ConfigError, SlussError
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

    @property
    def all_well(self) -> bool:
        """Whether nothing needs a person."""
        return all(status.level == "well" for status in self.use_cases)

    def as_json(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        found = [as_dict(status, self.at) for status in self.use_cases]
        return {"place": self.place, "at": self.at.isoformat(), "use_cases": found}


def overview(settings: Settings) -> Overview:
    """Read the status of every use case. One that cannot be read does not hide the others."""
    now, names = datetime.now(UTC), use_case_names(settings.config_dir)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda name: _status(settings, name, now), names))
    return Overview(settings.place, now, tuple(worst_first(found)))


def worst_first(found: Iterable[Status]) -> list[Status]:
    """Return them ordered by level, then by title."""
    return sorted(found, key=lambda status: (ORDER.index(status.level), status.title.casefold(), status.name))


def _status(settings: Settings, name: str, now: datetime) -> Status:
    try:
        use_case = load_use_case(name, settings.config_dir)
    except ConfigError as error:
        return of_broken(name, str(error))
    try:
        standing = read_standing(Context(settings, use_case))
    except SlussError as error:
        return of_silent(name, use_case.title, str(error))
    return status_of(use_case, standing, now, scheduled=settings.is_scheduled)
