"""Make a version the champion if every gate passes it and its smoke prediction succeeds."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sluss.deployment.production import settle, user
from sluss.errors import ConfigError, ModelError, RefusedError
from sluss.gates.validate import validate
from sluss.registry import artifacts, ledger, versions
from sluss.registry.champion import as_model
from sluss.registry.contract import LIMITS, contract_of, loosened, named_leaks
from sluss.registry.entry import Change, Entry, Model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mlflow.entities.model_registry import ModelVersion

    from sluss.config.use_case import UseCase
    from sluss.context import Context

_LOG = logging.getLogger(__name__)
# Verdicts of the gates expire: an approval may take days, in which the environment and the store can change.
_VALID_FOR = timedelta(minutes=15)


@dataclass(frozen=True)
class Checked:
    """A version that may be deployed: the gates' verdicts, and the number of entries in the ledger before they ran."""

    version: str
    ledger: int
    at: str
    gates: Mapping[str, str] = field(default_factory=dict)  # empty for the version that is in production already
    model: Mapping[str, str] = field(default_factory=dict)  # the fields of `Model`, as the gates saw them
    contract: Mapping[str, Any] = field(default_factory=dict)
    lost: str | None = None  # the champion that it was not compared with, because its model is lost
    unlearned: str | None = None  # the champion with which the gate leak compared nothing: its run or rows are gone


@dataclass(frozen=True)
class Deployed:
    """The version in production, and the one before it."""

    version: str
    previous: str | None
    changed: bool = True

    def __str__(self) -> str:
        if not self.changed:
            return f"version {self.version} is the champion already; nothing was changed."
        before = f" (before: version {self.previous})" if self.previous else ""
        return f"version {self.version} is the champion{before}."


def check(context: Context, version: str | None = None, *, announced: bool = False, reason: str = "") -> Checked:
    """Finish an interrupted deployment, then run the gates on a version (by default the newest that was trained here).

    A version that is named may be older than the champion. A version that was `announced` when it was new may not: a
    deployment that runs late, or a second time, must not replace a newer champion. A person's `reason` lets a version
    that is named pass without the comparison with a champion whose artifacts, run or rows are lost, and with no other.

    Raises:
        RefusedError: the version is older than the champion, blocked by a rollback, or refused by a gate; the champion
            stays.
        ModelError: the version does not exist, or this environment may not deploy.
        DataError: the ledger was changed by other means.
        ServiceError: the lake or MLflow does not answer.
    """

    use_case = context.use_case
    if reason and not version:
        raise ConfigError(
            "Name the version that the reason is about, as make gates shows it: make deploy "
            f"USE_CASE={use_case.name} VERSION=… REASON=…."
        )
    entries = settle(context)
    found = versions.by_version(context, version) if version else versions.newest_candidate(context)
    number, now = str(found.version), datetime.now(UTC).isoformat()
    # The gates would compare the champion with itself. `settle` found its digest equal to the ledger's.
    if number == ledger.in_production(entries):
        artifacts.local_copy(context.settings, found)  # raises where it is the champion and can score nothing
        return Checked(number, len(entries), now)
    _refuse(use_case, entries, found, announced=announced)
    # After the ledger's own reasons, which hold in every environment.
    if not context.settings.deploys:
        raise ModelError(
            f"{use_case.model} version {number} is not deployed from here: the gates must judge it with the packages "
            f"that will run it. Deploy it there: make deploy USE_CASE={use_case.name} VERSION={number}."
        )
    validation = validate(context, number, uncompared=bool(reason))
    if validation.refusals:
        reasons = " ".join(f"{result.gate}: {result.sentence}" for result in validation.refusals)
        raise RefusedError(f"{use_case.model} version {number} is refused, and the champion stays. {reasons}")
    verdicts = {result.gate: f"passed: {result.sentence}" for result in validation.results}
    model, contract = vars(as_model(found)), contract_of(use_case)
    return Checked(number, len(entries), now, verdicts, model, contract, validation.lost, validation.unlearned)


def _refuse(use_case: UseCase, entries: list[Entry], version: ModelVersion, *, announced: bool) -> None:
    """Raise where the ledger alone decides against the version."""
    champion, number, model = ledger.in_production(entries), str(version.version), as_model(version)
    if announced and champion and not ledger.is_newer(number, model, entries[-1]):
        raise RefusedError(
            f"{use_case.model} version {number} comes too late: version {champion} is in production, and stays. "
            f"To deploy it anyway, name it: make deploy USE_CASE={use_case.name} VERSION={number}."
        )
    if hold := ledger.held_by(entries, number, model):
        raise RefusedError(
            f"{use_case.model} version {number} is refused, and the champion stays: version {hold.replaced} was taken "
            f"out of production by {hold} ({hold.reason}), and that holds until a newer version passes the gates. "
            f"Train one: make train USE_CASE={use_case.name}."
        )


def deploy(
    context: Context, version: str | None = None, *, by: str = "", checked: Checked | None = None, reason: str = ""
) -> Deployed:
    """Put a version into production: an entry in the ledger, then the aliases, then a smoke prediction.

    Running it again for the champion changes nothing. Of two deployments at once, the first to write its entry wins.

    Args:
        context: settings and use case.
        version: its number; by default the newest that the training pipeline registered.
        by: the person or process that deploys; by default the user of this process.
        checked: the result of `check` for this version. Without it, or when it is older than 15 minutes, `check` runs.
        reason: see `check`; it is kept in the ledger.

    Raises:
        ModelError: the version is refused, another deployment was faster, or the smoke prediction failed, after which
            the previous version is in production again.
        DataError: the ledger was changed by other means.
        ServiceError: the lake or MLflow does not answer.
    """

    use_case = context.use_case
    checked = _current(context, checked) if checked else check(context, version, reason=reason)
    lake = context.lake
    entries = ledger.read(lake)
    before = ledger.in_production(entries)
    if before != checked.version:
        why = f"every gate passed{_compared(before, checked, reason)}{_new_limits(entries, checked.contract)}"
        model = Model(**checked.model) if checked.model else None
        change = Change(
            "promote",
            checked.version,
            before,
            by or user(),
            why,
            checked.gates,
            model=model,
            contract=checked.contract,
        )
        # The number of entries from before the gates, not from now: had the champion changed since, the gates would
        # have compared the version with another one, and the ledger must reject the entry.
        ledger.append(lake, change, after=checked.ledger)
    entries = settle(context)
    if ledger.in_production(entries) != checked.version:
        raise ModelError(
            f"{use_case.model} version {checked.version} is not in production: version {entries[-1].version or 'none'} "
            f"is, by {entries[-1]}. {entries[-1].reason}"
        )
    previous = [None, *ledger.standing(entries)][-2]
    deployed = Deployed(checked.version, previous, changed=before != checked.version)
    _LOG.info("%s %s", use_case.model, deployed)
    return deployed


def _compared(before: str | None, checked: Checked, reason: str) -> str:
    if before is None:
        return ""
    if checked.lost == before:
        return f", without the comparison with version {before}, whose model is lost: {reason}"
    if checked.unlearned == before:
        gap = f"except by the gate leak, since the run or the rows of version {before} are gone"
        return f", including the comparison with version {before}, {gap}: {reason}"
    return f", including the comparison with version {before}"


def _current(context: Context, checked: Checked) -> Checked:
    """Return valid verdicts: those given, or new ones if they have expired. The number of ledger entries stays."""
    if datetime.now(UTC) - datetime.fromisoformat(checked.at) < _VALID_FOR:
        return checked
    # The ledger's number stays the old one: if the champion has changed since the approval, the entry must be rejected,
    # because the person approved a comparison with another champion.
    anew = check(context, checked.version)
    return replace(anew, ledger=checked.ledger)


def _new_limits(entries: list[Entry], contract: Mapping[str, Any]) -> str:
    """Name looser limits, and leaks that were named, since the promotion before: an entry must not hide them."""
    before = next((each.contract for each in reversed(entries) if each.action == "promote" and each.contract), None)
    if not before or not contract:
        return ""
    looser, named = (each(before[LIMITS], contract[LIMITS]) for each in (loosened, named_leaks))
    return (f"; looser limits than for the version before: {', '.join(looser)}" if looser else "") + (
        f"; leaks that the config names since then: {', '.join(named)}" if named else ""
    )
