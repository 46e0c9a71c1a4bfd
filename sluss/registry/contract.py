"""The contract of a version: the meaning of its scores, and the limits that it met. The ledger keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluss.config.use_case import UseCase

_MEANING = ("classes", "decision", "target", "quantiles", "ranking")
LIMITS = "limits"
KNOWN_LEAKS = "known_leaks"  # among the limits, and yet none: what a person knows of the columns
# Of limits whose name does not contain "min", a higher value is looser; these are the exceptions.
_LOOSER_WHEN_HIGHER = {"slice_min_rows"}
_LOOSER_WHEN_LOWER = {"retrain_seconds"}  # within a longer time, the fit on all rows is compared, and not a part's


def contract_of(use_case: UseCase) -> dict[str, Any]:
    """Return the contract of a version that was trained with this config, as JSON values."""
    meaning = use_case.model_dump(mode="json", include=set(_MEANING), exclude_none=True)
    limits = use_case.gates.model_dump(mode="json", exclude_none=True)
    return {"use_case": use_case.name, "features": list(use_case.features), **meaning, LIMITS: limits}


def check_contract(use_case: UseCase, contract: Mapping[str, Any], version: str) -> None:
    """Compare the present config with the contract of a version that is about to score.

    Raises:
        ModelError: the config gives its scores another meaning, such as swapped classes.
    """
    # Entries of older releases have no contract.
    if contract and (changed := changed_meaning(use_case, contract)):
        raise ModelError(
            f"config/{use_case.name}.yaml has other {' and '.join(changed)} than version {version} of {use_case.model} "
            f"was validated with ({_shown(contract, changed)}), so its scores would be read wrongly. Set the config "
            f"back, or train and deploy a version for it: make train deploy USE_CASE={use_case.name}."
        )


def changed_meaning(use_case: UseCase, contract: Mapping[str, Any]) -> list[str]:
    """Return the parts of the config that decide what a score means and differ from the contract's."""
    now = contract_of(use_case)
    found = [name for name in _MEANING if now.get(name) != contract.get(name)]
    return ["use case", *found] if now["use_case"] != contract.get("use_case") else found


def loosened(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the limits that are looser than before, as `min_metric 0.65 → 0`.

    Known leaks are not among them: the gate `leak` asks for them, and `named_leaks` returns those that are new.
    """
    found = []
    for name, old in before.items():
        if name == KNOWN_LEAKS:
            continue
        new = after.get(name)
        if new != old and (new is None or _is_looser(name, old, new)):
            found.append(f"{name} {old} → {'no limit' if new is None else new}")
    return found


def named_leaks(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the leaks that a person has named since, each with the reason, as `odor (known before the label)`."""
    old, new = before.get(KNOWN_LEAKS) or {}, after.get(KNOWN_LEAKS) or {}
    return [f"{name} ({reason})" for name, reason in new.items() if old.get(name) != reason]


def _is_looser(name: str, before: Any, after: Any) -> bool:  # noqa: ANN401 - any value of a config
    if isinstance(before, bool) or not isinstance(before, int | float) or not isinstance(after, int | float):
        return True  # a choice by name: another one has to be judged by a person
    lower_is_looser = ("min" in name and name not in _LOOSER_WHEN_HIGHER) or name in _LOOSER_WHEN_LOWER
    return after < before if lower_is_looser else after > before


def _shown(contract: Mapping[str, Any], names: list[str]) -> str:
    return "; ".join(f"{name}: {contract.get(name.replace(' ', '_'))}" for name in names)
