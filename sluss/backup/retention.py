"""Backups that are kept: so many of the newest, or those of the last days."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sluss.backup.manifest import moment
from sluss.errors import ConfigError
from sluss.registry.entry import CLOCK_TOLERANCE

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


def check_clock(names: Sequence[str], now: datetime | None = None) -> None:
    """Refuse to tell old backups from new ones by a wrong clock.

    Raises:
        ConfigError: a backup is dated in the future.
    """
    if names and moment(names[-1]) > (now or datetime.now(UTC)) + CLOCK_TOLERANCE:
        raise ConfigError(
            f"The backup {names[-1]} is dated in the future, so a clock is wrong and no older backup was deleted. Set "
            "the clock of this machine right, or delete that backup if another machine's was wrong."
        )


def forget(store: Store, keep: str) -> int:
    """Delete the backups that `keep` does not cover, and return their number.

    Raises:
        ConfigError: a backup is dated in the future: the newest ones might be deleted.
    """
    if keep:
        check_clock(store.names())
    old = superseded(store.names(), keep)
    if old:
        store.forget(old)
    return len(old)
