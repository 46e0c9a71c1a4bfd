"""The last known state of every use case, refreshed by a thread, so that a page waits for no store."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.alerting.actions import read_actions
from sluss.alerting.life import Life, lives
from sluss.alerting.show import lines_of
from sluss.context import Context
from sluss.control_room.days import Day, Days
from sluss.control_room.details import Details, read_details
from sluss.control_room.overview import unread, worst_first
from sluss.control_room.registered import Registered, read_registered
from sluss.control_room.registry_status import with_registered
from sluss.control_room.standing import Standing, read_standing
from sluss.control_room.status import Status, of_broken, of_silent, status_of
from sluss.control_room.truth import Truth, read_truth
from sluss.control_room.volumes import Volume, read_volumes
from sluss.errors import ConfigError, SlussError
from sluss.lost_files import explained_in
from sluss.storage.backups_made import BackupsMade, read_backups_made
from sluss.use_cases import load_use_case, use_case_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase

STEPS = ("read_standing", "read_days", "read_registry", "read_details")  # of a look, the quickest first
_LOG = logging.getLogger(__name__)
_EVERY = 5.0  # seconds between two looks at the lake
_REST = 4  # times the length of a look
_AT_ONCE = 4  # use cases
_MINUTE = 60


@dataclass(frozen=True)
class Seen:
    """The state of one use case as it was read last, and the stores that did not answer since."""

    name: str
    use_case: UseCase | None = None  # as its config was read last; None where it never could be
    broken: str = ""  # why it cannot be read now, in a sentence
    standing: Standing | None = None
    days: tuple[Day, ...] = ()
    lives: tuple[Life, ...] = ()
    volumes: tuple[Volume, ...] = ()
    registered: Registered = field(default_factory=Registered)
    truth: Truth = field(default_factory=Truth)
    details: Details = field(default_factory=Details)
    lake_error: str = ""
    mlflow_error: str = ""

    @property
    def title(self) -> str:
        """Its title, or its name where the config cannot be read."""
        return self.use_case.title if self.use_case else self.name

    def status(self, now: datetime, *, scheduled: bool) -> Status:
        """Its status at a moment, from what was read last."""
        if self.use_case is None:
            return of_broken(self.name, self.broken or "Its config is being read for the first time.")
        if self.standing is None:
            waiting = self.lake_error or "Its state is being read for the first time."
            return of_silent(self.name, self.title, waiting)
        status = status_of(self.use_case, self.standing, now, scheduled=scheduled, agree=self.registered.agrees)
        status = with_registered(status, self.use_case, self.standing.entries, self.registered)
        if self.broken:
            broken = of_broken(self.name, self.broken)
            return replace(status, level=broken.level, waiting=broken.waiting, next=broken.next, error=broken.error)
        return replace(status, error=self.lake_error or self.mlflow_error)


class Known:
    """Keeps the state of every use case in `config/`."""

    backups = BackupsMade()  # before they were read

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._seen: dict[str, Seen] = {}
        self._readers: dict[str, _Reader] = {}
        self._wake, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._loop, name="refresh", daemon=True)

    def start(self) -> None:
        """Read everything once in the background, and then again every few seconds."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._wake.set()

    def look_again(self) -> None:
        """Look at the lake now: a person has changed something."""
        self._wake.set()

    def get(self, name: str) -> Seen | None:
        """Return the state of a use case, or None if `config/` has none of that name."""
        return self._seen.get(name)

    def all(self) -> list[Seen]:
        """Return the state of every use case, by name."""
        return [self._seen[name] for name in sorted(self._seen)]

    def statuses(self, now: datetime) -> list[Status]:
        """Return the status of every use case, the worst first."""
        return worst_first(each.status(now, scheduled=self.settings.is_scheduled) for each in self.all())

    def refresh(self) -> None:
        """Read everything that has changed."""
        names = use_case_names(self.settings.config_dir)
        for name in names:
            self._readers.setdefault(name, _Reader(self.settings, name))
            self._seen.setdefault(name, Seen(name))
        for gone in self._seen.keys() - set(names):
            del self._seen[gone], self._readers[gone]
        self.backups = read_backups_made(self.settings)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for step in STEPS:
                list(pool.map(lambda name, step=step: self._advance(name, step), names))

    def _advance(self, name: str, step: str) -> None:
        read: Callable[[Seen], Seen] = getattr(self._readers[name], step)
        try:
            self._seen[name] = read(self._seen[name])
        except Exception as error:  # noqa: BLE001
            # A defect in the reading of one use case must not blind the page for the others.
            _LOG.exception("The state of %s could not be read.", name)
            self._seen[name] = replace(self._seen[name], lake_error=self._readers[name].why(error))

    def _loop(self) -> None:
        while not self._stopped.is_set():
            started = time.monotonic()
            self.refresh()
            # With many use cases a look takes long; the thread then rests longer, and leaves the machine to others.
            self._wake.wait(max(_EVERY, _REST * (time.monotonic() - started)))
            self._wake.clear()


def read_once(context: Context) -> Seen:
    """Read the state of one use case now, for a page that is written once."""
    reader, seen = _Reader(context.settings, context.use_case.name), Seen(context.use_case.name)
    for step in STEPS:
        seen = getattr(reader, step)(seen)
    return seen


class _Reader:
    """Reads one use case, and remembers what need not be read again."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings, self._name = settings, name
        self._context: Context | None = None
        self._days = Days()
        self._compared: tuple[object, ...] = ()
        self._judged: tuple[object, ...] = ()

    def read_standing(self, before: Seen) -> Seen:
        """Read the config, and what a line of the first page needs: quick, so that it is there before the rest."""
        try:
            use_case = load_use_case(self._name, self._settings.config_dir)
        except ConfigError as error:
            return replace(before, broken=str(error))
        if self._context is None or self._context.use_case != use_case:
            self._context = Context(self._settings, use_case)
        seen = replace(before, use_case=use_case, broken="")
        known = [life for life in seen.lives if life.is_open] if seen.days else None
        try:
            return replace(seen, standing=read_standing(self._context, known), lake_error="")
        except SlussError as error:
            return replace(seen, lake_error=self.why(error))

    def read_days(self, before: Seen) -> Seen:
        """Read the monitored intervals, the alerts and the rows of each interval."""
        if self._context is None or before.standing is None or before.broken or before.lake_error:
            return before
        lake = self._context.lake
        try:
            days, actions, volumes = self._days.read(lake), read_actions(lake), read_volumes(lake)
        except SlussError as error:
            return replace(before, lake_error=self.why(error))
        found = lives(self._name, [(day.interval, day.alerts) for day in days], actions)
        alerts = lines_of((life for life in found if life.is_open), self._context.use_case.unit)
        standing = replace(before.standing, alerts=alerts)
        return replace(before, standing=standing, days=tuple(days), lives=tuple(found), volumes=tuple(volumes))

    def read_registry(self, before: Seen) -> Seen:
        """Read the versions, once a minute and whenever production has changed."""
        context, standing = self._context, before.standing
        if context is None or standing is None or before.use_case is None:
            return before
        key = (standing.entries, datetime.now(UTC).timestamp() // _MINUTE)
        if key == self._compared:
            return before
        try:
            registered = read_registered(context, standing.entries)
        except SlussError as error:
            return replace(before, mlflow_error=str(error))
        self._compared = key
        return replace(before, registered=registered, mlflow_error="")

    def read_details(self, before: Seen) -> Seen:
        """Read the later truth and the newest interval in full, if rows or labels have come."""
        context, days = self._context, before.days
        if context is None or before.use_case is None or not days:
            return before
        key = (days, before.volumes)
        if key == self._judged:
            return before
        try:
            truth, details = read_truth(context, days), read_details(context, days[-1].interval)
        except SlussError as error:
            return replace(before, mlflow_error=before.mlflow_error or self.why(error))
        self._judged = key
        return replace(before, truth=truth, details=details)

    def why(self, error: Exception) -> str:
        """Return why the state could not be read, in a sentence."""
        return unread(explained_in(self._context, error) or error)
