"""The outbox: which news were delivered to which receiver, in an append-only table of each use case.

News follow from the monitor's rows, so nothing is lost between monitoring and delivery. A delivery is claimed before it
is sent: of two processes, one sends. A process that is killed after sending and before recording leaves a claim without
a result; when it has expired, the same message is sent again under the same key. That is delivery at least once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sluss.storage.append_only import append, read_appended
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

    from sluss.storage.lake import Lake

TABLE = "alert_deliveries"
Outcome = Literal["claimed", "sent", "failed", "released", "covered"]
KEPT = timedelta(days=3)  # how long news are retried
_CLAIM = timedelta(minutes=3)  # longer than any round
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to bring one piece of news to one receiver. `released`: not tried; `covered`: by a silence."""

    event: str  # key of the news
    message: str  # key of the message that held it
    target: str  # digest
    name: str  # of the target
    at: datetime
    outcome: Outcome
    error: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one piece of news stands with one receiver."""

    done: bool = False
    attempts: int = 0
    claimed: Delivery | None = None  # without a result yet
    failed: Delivery | None = None  # the last failure

    def is_due(self, now: datetime) -> bool:
        """Whether it may be sent now."""
        if self.done or (self.claimed is not None and now < self.claimed.at + _CLAIM):
            return False
        return self.failed is None or now >= self.failed.at + wait_after(self.attempts)


def wait_after(attempts: int) -> timedelta:
    """Return the time from a failed attempt to the next: twice as long each time, up to an hour."""
    return min(_FIRST_WAIT * 2 ** min(attempts - 1, 10), _LONGEST_WAIT) if attempts else timedelta()


@dataclass(frozen=True)
class Outbox:
    """The deliveries of the last days, read at one version of the table."""

    lake: Lake
    deliveries: Sequence[Delivery] = field(default_factory=tuple)

    def standing(self) -> dict[tuple[str, str], Standing]:
        """Return where each piece of news stands with each receiver, by key and digest."""
        found: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
        for each in sorted(self.deliveries, key=lambda each: each.at):
            found[each.event, each.target].append(each)
        return {pair: _standing(rows) for pair, rows in found.items()}

    def claim(self, deliveries: Sequence[Delivery]) -> bool:
        """Record that these are about to be sent; False if another process has written to the table meanwhile."""
        return append(self.lake, TABLE, _rows(deliveries), _schema(), alone=True)


def read_outbox(lake: Lake, since: datetime | None) -> Outbox:
    """Read all deliveries, or those since a moment.

    Raises:
        ServiceError: the lake does not answer.
    """
    first = f"{since.astimezone(UTC):%Y-%m-%d}" if since else None
    rows = read_appended(lake, TABLE, first=first)
    return Outbox(lake, [Delivery(**{name: row[name] for name in Delivery.__slots__}) for row in rows])


def record(lake: Lake, deliveries: Sequence[Delivery]) -> None:
    """Add results.

    Raises:
        ServiceError: the lake does not answer.
    """
    append(lake, TABLE, _rows(deliveries), _schema())


def _standing(rows: Sequence[Delivery]) -> Standing:
    failed = [each for each in rows if each.outcome == "failed"]
    last = rows[-1]
    return Standing(
        done=any(each.outcome in {"sent", "covered"} for each in rows),
        attempts=len(failed),
        claimed=last if last.outcome == "claimed" else None,
        failed=failed[-1] if failed else None,
    )


def _rows(deliveries: Iterable[Delivery]) -> list[dict[str, Any]]:
    return [asdict(each) | {INTERVAL: f"{each.at.astimezone(UTC):%Y-%m-%d}"} for each in deliveries]


def _schema() -> Mapping[str, pa.DataType]:
    import pyarrow as pa

    columns: dict[str, Any] = dict.fromkeys((INTERVAL, *Delivery.__slots__), pa.string())
    return columns | {"at": pa.timestamp("us", "UTC")}
