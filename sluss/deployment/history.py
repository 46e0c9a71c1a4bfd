"""The ledger read as a history of production, and checked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sluss.deployment.restore_ledger import cure
from sluss.registry import ledger
from sluss.registry.mismatch import mismatches

if TYPE_CHECKING:
    from sluss.context import Context
    from sluss.registry.entry import Entry


@dataclass(frozen=True)
class History:
    """All entries, the oldest first, and their faults, a sentence each."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]


def history(context: Context) -> History:
    """Read the ledger, verify it, and compare it with MLflow and the config.

    Raises:
        ServiceError: the lake or MLflow does not answer.
    """

    entries = ledger.read(context.lake)
    problems = mismatches(context, entries)
    if mended := cure(context, entries, problems):
        problems.append(mended)
    return History(tuple(entries), tuple(problems))


def as_json(history: History) -> str:
    """Return the entries as JSON, each with the time at which its version was replaced."""
    ends = [entry.at.isoformat() for entry in history.entries[1:]]
    entries = [
        asdict(entry) | {"at": entry.at.isoformat(), "until": until}
        for entry, until in zip(history.entries, [*ends, None], strict=False)
    ]
    return json.dumps({"entries": entries, "problems": history.problems}, indent=2, ensure_ascii=False)
