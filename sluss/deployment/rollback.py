"""Go back to the version that was in production before, and record the reason in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sluss.deployment.production import follow, user, verified
from sluss.deployment.register_again import register_again
from sluss.errors import LostModelError, ModelError
from sluss.registry import artifacts, ledger
from sluss.registry.champion import in_ledger
from sluss.registry.entry import Change, Entry

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase
    from sluss.context import Context


@dataclass(frozen=True)
class Rollback:
    """The version in production now, the one that was taken out, and the entry of the ledger that did it."""

    version: str
    replaced: str
    entry: int
    # False where the rollback had been made before; it is the same rollback nevertheless.
    changed: bool = field(default=True, compare=False)
    registered: str = field(default="", compare=False)  # the sentence on a model that MLflow had lost

    def __str__(self) -> str:
        out = f"Version {self.replaced} stays out until a newer one passes the gates"
        if self.changed:
            back = f"version {self.version} is the champion again. {out} (entry {self.entry} of the ledger)."
            return f"{back} {self.registered}".rstrip()
        return (
            f"version {self.version} is the champion since entry {self.entry} of the ledger, which took version "
            f"{self.replaced} out: nothing was left to do, and no new reason was kept. {out}. To go back further, name "
            f"the version to take out, VERSION={self.version}."
        )


def roll_back(context: Context, version: str | None = None, *, reason: str = "", by: str = "") -> Rollback:
    """Take a version (by default the champion) out of production, and put the one before it back.

    The gates do not run, because that version has been in production. Its artifacts must have their digest, and a
    version that MLflow has lost is registered again. Until a newer version passes the gates, no deployment brings back
    the one that was taken out. A second call without `version` finishes the first rollback and goes back no further.

    Raises:
        ModelError: no version was in production before, its artifacts are lost, or the named one is not in production.
        DataError: the ledger was changed by other means.
        ServiceError: the lake or MLflow does not answer.
    """

    lake = context.lake
    entries = verified(context, lake)
    # The same model under another number changes nothing in production.
    last = next((each for each in reversed(entries) if each.action != "restore"), None)
    # A rollback that was killed after its entry is finished here. Otherwise a second call would go back two versions.
    done = last is not None and last.action == "rollback" and version in (None, last.replaced)
    if not done:
        back, now = _back(context.use_case, entries, version)
        _check_artifacts(context, entries, back, now)
        to = ledger.entry_of(entries, back)
        assert to is not None  # it was in production
        why = reason or "no reason given"
        change = Change("rollback", back, now, by or user(), why, {}, model=to.model, contract=to.contract)
        last = ledger.append(lake, change, after=len(entries))
    again = register_again(context, ledger.read_verified(lake), by or user())
    version_now = ledger.in_production(follow(context, lake))
    assert last is not None
    return Rollback(str(version_now), str(last.replaced), last.number, changed=not done, registered=" ".join(again))


def _check_artifacts(context: Context, entries: list[Entry], back: str, now: str) -> None:
    """Raise while nothing was changed, rather than put a version into production that cannot score."""
    use_case = context.use_case
    try:
        artifacts.local_copy(context.settings, in_ledger(context, entries, back))
    except ModelError as error:
        fault = error.fault if isinstance(error, LostModelError) else str(error)
        raise ModelError(
            f"{fault} So it cannot come back: nothing was changed, and version {now} stays in production. Restore the "
            "artifact store from a backup, or train and deploy another: "
            f"make train deploy USE_CASE={use_case.name}."
        ) from error


def _back(use_case: UseCase, entries: list[Entry], version: str | None) -> tuple[str, str]:
    """Return the version to go back to, and the one to take out."""
    now, standing = ledger.in_production(entries), ledger.standing(entries)
    if version and version != now:
        raise ModelError(
            f"{use_case.model} version {version} is not in production: version {now or 'none'} is. "
            f"See who changed it: make history USE_CASE={use_case.name}."
        )
    if now is None or len(standing) < 2:
        there = f"before version {now} there was none" if now else "no version is in production"
        raise ModelError(
            f"There is nothing to go back to: {there}. Train and deploy another: "
            f"make train deploy USE_CASE={use_case.name}."
        )
    return standing[-2], now
