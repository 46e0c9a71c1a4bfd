"""The condition `silent_lock`: in the newest nightly drill, a mistake went through that a lock is there for.

The drill keeps its result in the table `drill`, of which only the newest is needed; the monitor turns it into an alert,
which then lives, is sent and is owned like every other.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sluss.counted import counted
from sluss.problems.condition import Condition
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.monitoring.alerts import Alert
    from sluss.storage.lake import Lake

TYPE = "silent_lock"
_TABLE, _NEWEST, _AFTER = "drill", "newest", "newest~"  # one partition, and a name after it
_SHOWN = 5  # mistakes in a sentence


@dataclass(frozen=True)
class Silence:
    """A mistake that no lock refused, the lock that is there for it, and how the steps went through."""

    mistake: str
    lock: str
    sentence: str


@dataclass(frozen=True)
class DrillRecord:
    """The newest drill: its moment, and the mistakes that went through."""

    at: datetime
    silent: tuple[Silence, ...]


def read(lake: Lake) -> DrillRecord | None:
    """Return the newest drill, or None before the first one.

    Raises:
        ServiceError: the lake does not answer.
    """
    dataset = lake.dataset(_TABLE)
    if dataset is None:
        return None
    with lake.reachable():
        rows = dataset.to_table().to_pylist()
    silent = tuple(
        Silence(*(str(row[name]) for name in ("mistake", "lock", "sentence"))) for row in rows if row["lock"]
    )
    return DrillRecord(rows[0]["at"], silent)


def write(lake: Lake, silent: Sequence[Silence]) -> None:
    """Keep the result of a drill in the place of the one before.

    Raises:
        ServiceError: the lake does not answer.
    """
    import pyarrow as pa

    names = ("mistake", "lock", "sentence")
    schema = pa.schema({INTERVAL: pa.string(), "at": pa.timestamp("us", "UTC"), **dict.fromkeys(names, pa.string())})
    at: dict[str, Any] = {INTERVAL: _NEWEST, "at": datetime.now(UTC)}
    nothing = dict.fromkeys(names, "")  # a row without a lock, so that a drill without silence has its moment too
    rows = [at | asdict(each) for each in silent] or [at | nothing]
    lake.replace(_TABLE, pa.Table.from_pylist(rows, schema), _NEWEST, _AFTER)


def silent_lock(use_case: str, found: DrillRecord | None, last: Alert | None) -> Condition:
    """Judge the newest drill; `last` is the alert after the interval before, and other locks raise it anew."""
    if found is None or not found.silent:
        return Condition(TYPE, "clear", "critical", {}, "No lock stayed silent in the newest drill.")
    silent = found.silent
    named = "; ".join(f"{each.mistake} ({each.lock}: {each.sentence})" for each in silent[:_SHOWN])
    more = f", and {counted(len(silent) - _SHOWN, 'other')}" if len(silent) > _SHOWN else ""
    message = (
        f"{counted(len(silent), 'mistake')} of the drill of {found.at:%Y-%m-%d %H:%M} UTC went through: {named}{more}. "
        f'Try one again: make drill USE_CASE={use_case} NAME="{silent[0].mistake}".'
    )
    figures = {"silent": {each.mistake: each.lock for each in silent}}
    before = set(last.figures.get("silent", ())) if last is not None and last.active else set()
    anew = bool(before) and not {each.mistake for each in silent} <= before
    return Condition(TYPE, "breached", "critical", figures, message, anew=anew)
