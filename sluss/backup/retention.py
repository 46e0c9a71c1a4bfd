"""Backups that are kept: so many of the newest, or those of the last days."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sluss.backup.manifest import moment
from sluss.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.backup.store import Store


def check_keep(keep: str) -> None:
    """Check the text before a backup is made for it.

    Raises:
        ConfigError: it is neither a number nor days.
    """
    if keep and not re.fullmatch(r"[1-9][0-9]{0,4}d?", keep):
        raise ConfigError(f"KEEP={keep} is neither a number of backups, such as 14, nor of days, such as 30d.")


def superseded(names: Sequence[str], keep: str, now: datetime | None = None) -> list[str]:
    """Return the names of the backups that `keep` does not cover; never the newest one.

    Args:
        names: of all backups, the oldest first.
        keep: a number of backups, or of days as `30d`; empty keeps all.
        now: by default the present.
    """
    check_keep(keep)
    if not keep:
        return []
    if not keep.endswith("d"):
        return list(names[: -int(keep)])
    oldest = (now or datetime.now(UTC)) - timedelta(days=int(keep[:-1]))
    return [name for name in names[:-1] if moment(name) < oldest]


def forget(store: Store, keep: str) -> int:
    """Delete the backups that `keep` does not cover, and return their number."""
    old = superseded(store.names(), keep)
    if old:
        store.forget(old)
    return len(old)
