"""The content of the page of one version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluss.context import Context
from sluss.errors import ServiceError, SlussError
from sluss.lineage.queries import lineage_of
from sluss.registry import ledger
from sluss.reporting.lineage_picture import picture
from sluss.training.version_plots import FOLDER

if TYPE_CHECKING:
    from datetime import datetime

    from sluss.control_room.known import Known, Seen
    from sluss.lineage.version_record import Provenance
    from sluss.registry.entry import Entry

_PICTURES = (".png", ".svg")


@dataclass(frozen=True)
class Period:
    """A time in which the version was in production."""

    entry: Entry
    until: datetime | None  # None: until now


def content(state: Known, seen: Seen, number: str) -> dict[str, Any] | None:
    """Return what the page shows, or None if neither the ledger nor MLflow knows the version."""
    entries = seen.standing.entries if seen.standing else ()
    made, entry = seen.registered.of(number), ledger.entry_of(entries, number)
    if made is None and entry is None:
        return None
    promoted = ledger.promotion_of(entries, number)
    experiment, pictures, error = _from_run(state, seen, made)
    return {
        "seen": seen,
        "number": number,
        "made": made,
        "entry": entry,
        "periods": periods(entries, number),
        "gates": (made.gates if made and made.gates else None) or (dict(promoted.gates) if promoted else {}),
        "contract": dict(promoted.contract) if promoted else {},
        "experiment": experiment,
        "pictures": pictures,
        "error": error,
    }


def periods(entries: tuple[Entry, ...], number: str) -> list[Period]:
    """Return the times in which a version was in production, the newest first."""
    ends = [*(entry.at for entry in entries[1:]), None]
    found = [Period(entry, end) for entry, end in zip(entries, ends, strict=True) if entry.version == number]
    return found[::-1]


def _from_run(state: Known, seen: Seen, made: Provenance | None) -> tuple[str, list[str], str]:
    """Return the run's experiment, and the names of its plots; or why MLflow does not give them."""
    if made is None or seen.use_case is None:
        return "", [], ""
    context = Context(state.settings, seen.use_case)
    try:
        client = context.client
        with context.reachable():
            experiment = str(client.get_run(made.run_id).info.experiment_id)
            files = [str(each.path) for each in client.list_artifacts(made.run_id, FOLDER)]
    except SlussError as error:
        return "", [], str(error)
    return experiment, [path.removeprefix(f"{FOLDER}/") for path in files if path.endswith(_PICTURES)], ""


def plot(state: Known, seen: Seen, number: str, name: str) -> bytes | None:
    """Return one picture of a version, or None if it has none of that name.

    Raises:
        ServiceError: MLflow does not answer.
    """
    made = seen.registered.of(number)
    _, pictures, error = _from_run(state, seen, made)
    if error:
        raise ServiceError(error)
    if made is None or seen.use_case is None or name not in pictures:
        return None
    context = Context(state.settings, seen.use_case)
    client = context.client
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as scratch, context.reachable():
        return Path(client.download_artifacts(made.run_id, f"{FOLDER}/{name}", scratch)).read_bytes()


def lineage(state: Known, seen: Seen, number: str) -> str:
    """Return the picture of the version's lineage.

    Raises:
        ModelError: it was never registered.
        ServiceError: the lake or MLflow does not answer.
    """
    assert seen.use_case is not None
    return picture(lineage_of(Context(state.settings, seen.use_case), version=number))
