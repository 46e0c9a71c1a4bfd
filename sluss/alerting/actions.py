"""Actions of people on alerts: an append-only table of each use case."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from sluss.storage.append_only import append, read_appended
from sluss.storage.lake import INTERVAL
from sluss.typed import as_typed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from sluss.problems.condition import Severity
    from sluss.storage.lake import Lake

TABLE = "alert_actions"
Kind = Literal["acknowledge", "silence", "comment", "reopen", "close"]


@dataclass(frozen=True, slots=True)
class Action:
    """One act of one person. `seen` and `severity` are those of the alert when the person acted."""

    alert: str  # its id
    type: str
    since: str
    action: Kind
    by: str
    at: datetime
    seen: str  # the newest monitored interval
    severity: Severity
    reason: str = ""
    until: datetime | None = None  # of a silence
    number: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def place(self) -> tuple[str, datetime, str]:
        """Its place among all actions. Its interval comes first: clocks of two machines may differ."""
        return self.seen, self.at, self.number


def read_actions(lake: Lake) -> list[Action]:
    """Read all actions, in their order.

    Raises:
        ServiceError: the lake does not answer.
    """
    found = [Action(**{name: row[name] for name in Action.__slots__}) for row in read_appended(lake, TABLE)]
    return sorted(found, key=lambda action: action.place)


def record(lake: Lake, action: Action) -> None:
    """Add an action to the table.

    Raises:
        ServiceError: the lake does not answer.
    """
    action = replace(action, by=as_typed(action.by), reason=as_typed(action.reason))
    row = asdict(action) | {INTERVAL: f"{action.at.astimezone(UTC):%Y-%m}"}
    append(lake, TABLE, [row], _schema())


def _schema() -> Mapping[str, pa.DataType]:
    import pyarrow as pa

    columns: dict[str, Any] = dict.fromkeys((INTERVAL, *Action.__slots__), pa.string())
    return columns | dict.fromkeys(("at", "until"), pa.timestamp("us", "UTC"))
