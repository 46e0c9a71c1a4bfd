"""The ledger read as a history of production, and checked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sluss.registry import aliases, ledger
from sluss.registry.names import CHAMPION

if TYPE_CHECKING:
    from sluss.context import Context
    from sluss.registry.ledger import Entry


@dataclass(frozen=True)
class History:
    """All entries, the oldest first, and their faults, a sentence each."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]


def history(context: Context) -> History:
    """Read the ledger, verify its chain, and compare it with the aliases in MLflow.

    Raises:
        ServiceError: the lake or MLflow does not answer.
    """

    entries = ledger.read(context.lake)
    problems = ledger.verify(entries)
    # An alias can be changed in MLflow by hand, which the ledger would not show.
    alias = aliases.of(context).get(CHAMPION)
    champion = ledger.in_production(entries)
    if alias != champion:
        problems.append(
            f"The ledger ends with {_named(champion)} in production, but MLflow's alias champion is {_named(alias)}. "
            f"The next deployment corrects the alias: make deploy USE_CASE={context.use_case.name}."
        )
    return History(tuple(entries), tuple(problems))


def _named(version: str | None) -> str:
    return f"version {version}" if version else "no version"


def as_json(history: History) -> str:
    """Return the entries as JSON, each with the time at which its version was replaced."""
    ends = [entry.at.isoformat() for entry in history.entries[1:]]
    entries = [
        asdict(entry) | {"at": entry.at.isoformat(), "until": until}
        for entry, until in zip(history.entries, [*ends, None], strict=False)
    ]
    return json.dumps({"entries": entries, "problems": history.problems}, indent=2, ensure_ascii=False)
