"""Contradictions between the ledger, MLflow's registry and the config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.errors import ModelError
from sluss.registry import aliases, anchor, ledger, versions
from sluss.registry.contract import changed_meaning
from sluss.registry.entry import clock_faults, verify
from sluss.registry.names import CHAMPION, DIGEST_TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.context import Context
    from sluss.registry.entry import Entry, Model


_EMPTY = "The ledger has no entry, but "  # as after `make repair ACCEPT=1` without its table


def mismatches(context: Context, entries: Sequence[Entry]) -> list[str]:
    """Return every contradiction as a sentence, the most serious first; none if all stores agree.

    Raises:
        ServiceError: MLflow does not answer.
    """
    found = damage(context, entries)
    # The end of a damaged ledger is not known, so the registry cannot be compared with it.
    if found:
        return found
    number = ledger.in_production(entries)
    found += [] if number is None else _of_champion(context, number, entries[-1])
    alias = aliases.of(context).get(CHAMPION)
    if alias != number and not entries:
        found.append(_begin(context.use_case.name, str(alias)))
    elif alias != number:
        found.append(
            f"The ledger ends with {_named(number)} in production, but MLflow's alias champion is {_named(alias)}."
        )
    return [*found, *_clocks(context.use_case.name, entries)]


def _clocks(use_case: str, entries: Sequence[Entry]) -> list[str]:
    """Return the faults of clocks, with the command that ends them where no later entry does."""
    accept = f"If the clocks are right now, accept it: make repair USE_CASE={use_case} ACCEPT=1."
    return [f"{fault} {accept}" for fault in clock_faults(entries)]


def repair_helps(faults: Sequence[str], entries: Sequence[Entry]) -> bool:
    """Whether `make repair` mends one of the contradictions: it sets no clock, and begins no ledger."""
    of_clocks = tuple(clock_faults(entries))
    return not all(fault.startswith(of_clocks) for fault in faults) and not (faults and faults[0].startswith(_EMPTY))


def waits_for_deploy(faults: Sequence[str]) -> bool:
    """Whether all that is left is the first deployment of a ledger that begins anew."""
    return bool(faults) and all(fault.startswith(_EMPTY) for fault in faults)


def damage(context: Context, entries: Sequence[Entry]) -> list[str]:
    """Return the faults of the ledger itself, a sentence each: of its chain, and of its end.

    Raises:
        ServiceError: MLflow does not answer.
    """
    return [*verify(entries), *filter(None, [anchor.fault(context, entries)])]


def _of_champion(context: Context, number: str, entry: Entry) -> list[str]:
    use_case, different = context.use_case, not_the_champion(context, number, entry.model)
    found = [different] if different else []
    if entry.contract and (changed := changed_meaning(use_case, entry.contract)):
        found.append(
            f"config/{use_case.name}.yaml has other {' and '.join(changed)} than version {number} was validated with, "
            "so nothing is scored."
        )
    return found


def not_the_champion(context: Context, number: str, model: Model | None) -> str | None:
    """Return how config or registry differ from the model in production, as a sentence, or None.

    Args:
        context: settings and use case.
        number: of the version in production.
        model: that the ledger recorded with it; None in entries of older releases, which are not compared.

    Raises:
        ServiceError: MLflow does not answer.
    """
    use_case = context.use_case
    if model is None:
        return None
    if model.name != use_case.model:
        return f"config/{use_case.name}.yaml names the model {use_case.model}, but {model.name} is in production."
    return registered_differently(context, number, model.digest)


def registered_differently(context: Context, number: str, digest: str) -> str | None:
    """Return how MLflow's version of that number differs from the validated one, as a sentence, or None.

    Raises:
        ServiceError: MLflow does not answer.
    """
    model = context.use_case.model
    try:
        found = versions.by_version(context, number)
    except ModelError:
        return f"Version {number} is in production, but MLflow has no version {number} of {model} any more."
    recorded = found.tags.get(DIGEST_TAG, "")
    if recorded == digest:
        return None
    has = f"the digest {recorded[:12]}" if recorded else "no digest"
    return (
        f"MLflow's version {number} of {model} is not the one that was validated: it has {has}, and the ledger has "
        f"{digest[:12]}. It was registered anew under the old number, or its digest was edited."
    )


def _begin(use_case: str, alias: str) -> str:
    return (
        f"{_EMPTY}MLflow's alias champion is version {alias}. Nothing scores until the gates have passed a version, "
        f"with which the ledger begins: make deploy USE_CASE={use_case} VERSION={alias}."
    )


def _named(version: str | None) -> str:
    return f"version {version}" if version else "no version"
