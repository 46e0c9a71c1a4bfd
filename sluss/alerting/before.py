"""Changes before an alert: the version and its config, production since, and the volume of data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from statistics import median
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.monitoring.tables import MONITORING
from sluss.registry import ledger
from sluss.storage.table_log import in_common

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.context import Context
    from sluss.registry.entry import Entry

_USUAL = 30  # intervals whose rows are the usual volume
_DIGITS = 8
_ACTIONS = {
    "promote": "promoted", "rollback": "brought back by a rollback", "return": "brought back", "restore": "restored",
}  # fmt: skip
_UNUSUAL = 0.25  # a difference in volume that is named


@dataclass(frozen=True)
class Before:
    """Facts from before an alert, a sentence each."""

    rows: int | None  # of the interval
    production: str
    config: str
    volume: str

    @property
    def sentences(self) -> list[str]:
        """Those that are known."""
        return [each for each in (self.production, self.config, self.volume) if each]


def before(context: Context, since: str, interval: str) -> Before:
    """Find what changed before an alert.

    Args:
        context: of the use case.
        since: the interval that raised it.
        interval: the interval of the news.

    Raises:
        ServiceError: the lake does not answer.
    """
    known = in_common(context.lake, MONITORING, ("model_version", "rows"))
    entries = ledger.read(context.lake)
    versions = {name: str(each["model_version"]) for name, each in known.items() if "model_version" in each}
    rows = {name: int(each["rows"]) for name, each in known.items() if "rows" in each}
    return Before(
        rows.get(interval, rows.get(since)),
        _production(entries, versions, since),
        *_config_and_volume(entries, versions, rows, since),
    )


def _config_and_volume(
    entries: Sequence[Entry], versions: dict[str, str], rows: dict[str, int], since: str
) -> tuple[str, str]:
    return _config(entries, versions.get(since)), _volume(rows, since)


def _production(entries: Sequence[Entry], versions: dict[str, str], since: str) -> str:
    version = versions.get(since)
    entry = ledger.entry_of(entries, version) if version else None
    if entry is None:
        return ""
    earlier = max((name for name in versions if name < since), default=None)
    first = earlier is not None and versions[earlier] != version
    taken = f", which took over from version {versions[earlier]} with this interval" if first and earlier else ""
    found = f"Version {version} scored{taken}; {_entry(entry)}."
    newest = entries[-1]
    return found if newest == entry else f"{found} Since then, {_entry(newest)}."


def _entry(entry: Entry) -> str:
    words = {
        "promote": "promoted",
        "rollback": "brought back by a rollback",
        "return": "returned",
        "restore": "restored",
    }
    version = f"version {entry.version}" if entry.version else "no version"
    return f"{version} was {words[entry.action]} on {entry.at:%Y-%m-%d %H:%M} UTC by {entry.by} ({entry.reason})"


def _config(entries: Sequence[Entry], version: str | None) -> str:
    entry = ledger.entry_of(entries, version) if version else None
    if entry is None or not entry.contract:
        return ""
    earlier = ledger.entry_of(entries[: entry.number - 1], str(entry.replaced)) if entry.replaced else None
    now = _digest(entry)
    if earlier is None or not earlier.contract:
        return f"Its config has the digest {now}."
    was = _digest(earlier)
    if was == now:
        return f"Its config ({now}) is that of version {earlier.version} before it."
    return f"Its config ({now}) differs from that of version {earlier.version} before it ({was})."


def _digest(entry: Entry) -> str:
    return sha256(json.dumps(dict(entry.contract), sort_keys=True).encode()).hexdigest()[:_DIGITS]


def _volume(rows: dict[str, int], since: str) -> str:
    if since not in rows:
        return ""
    usual = [rows[name] for name in sorted(rows) if name < since][-_USUAL:]
    now = counted(rows[since], "row")
    if not usual:
        return f"{since} has {now}; no interval before it was monitored."
    middle = median(usual)
    change = rows[since] / middle - 1 if middle else 0.0
    size = f", {change:+.0%}" if abs(change) >= _UNUSUAL else ""
    return f"{since} has {now}; usual are {middle:,.0f}{size}."
