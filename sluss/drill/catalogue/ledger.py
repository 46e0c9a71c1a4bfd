"""Mistakes with the ledger: entries that were changed, removed or forged, and clocks that go wrong."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake import write_deltalake

from sluss.deployment.history import history
from sluss.digests import artifact_digest
from sluss.drill.candidates import copy_of_champion, registered, second_champion, unsound
from sluss.drill.mistake import Mistake, Refusal, hopeless
from sluss.drill.steps import attempt, deployment, watch
from sluss.registry import aliases, anchor, ledger, versions
from sluss.registry.champion import as_model
from sluss.registry.entry import START, Entry, hash_of
from sluss.registry.names import CHAMPION
from sluss.scoring.score_interval import score_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sluss.drill.world import World

    Entries = Sequence[Entry]

_TEXTS = ("gates", "model", "contract")


def _refusals(world: World) -> list[Refusal]:
    """Deploy the newest version, score and monitor the next interval, and show the history."""
    interval = world.live[1]
    found = deployment(world)
    scored, refused = attempt("ledger", lambda: score_interval(world.context, interval))
    found += [*refused, *(watch(world, interval) if scored else [])]
    shown, refused = attempt("ledger", lambda: history(world.context))
    return [*found, *refused, *(Refusal("history", each) for each in (shown.problems if shown else ()))]


def _rewritten(change: Callable[[list[Entry]], list[Entry]]) -> Callable[[World], list[Refusal]]:
    """Write other entries into the ledger's table, by another program than Sluss."""

    def inject(world: World) -> list[Refusal]:
        second_champion(world)
        _write(world, change(ledger.read(world.context.lake)))
        return _refusals(world)

    return inject


def _write(world: World, entries: Entries) -> None:
    lake = world.context.lake
    table = lake.table(ledger.TABLE)
    assert table is not None
    rows = [_row(entry) for entry in entries]
    names = list(_row(ledger.read(lake)[0]))
    schema = pa.schema([(name, pa.timestamp("us", "UTC") if name == "at" else pa.string()) for name in names])
    write_deltalake(table, pa.Table.from_pylist(rows, schema), mode="overwrite")


def _row(entry: Entry) -> dict[str, object]:
    found = asdict(entry)
    texts = {name: json.dumps(found[name], sort_keys=True) for name in _TEXTS}
    return found | texts | {"number": f"{entry.number:08d}"}


def _chained(entries: Entries) -> list[Entry]:
    """The entries with hashes computed anew, so that the chain is whole."""
    found: list[Entry] = []
    for number, entry in enumerate(entries, start=1):
        bare = replace(entry, number=number, before=found[-1].hash if found else START, hash="")
        found.append(replace(bare, hash=hash_of(bare)))
    return found


def _version(entries: list[Entry]) -> list[Entry]:
    return [*entries[:-1], replace(entries[-1], version="1", replaced="2")]


def _exchanged_times(entries: list[Entry]) -> list[Entry]:
    first, second = entries
    return [replace(first, at=second.at), replace(second, at=first.at)]


def _cut_off(world: World) -> list[Refusal]:
    """Delete the last entry, and set the alias back."""
    second_champion(world)
    context = world.context
    _write(world, ledger.read(context.lake)[:-1])
    aliases.point(context, CHAMPION, "1")
    return _refusals(world)


def _restored(world: World) -> list[Refusal]:
    """Set the ledger's table back to the version before the last entry."""
    table = world.context.lake.table(ledger.TABLE)
    assert table is not None
    version = table.version()
    second_champion(world)
    table = world.context.lake.table(ledger.TABLE)
    assert table is not None
    table.restore(version)
    return _refusals(world)


def _table_deleted(world: World) -> list[Refusal]:
    second_champion(world)
    shutil.rmtree(world.context.lake.uri(ledger.TABLE))
    return _refusals(world)


def _forged_entry(world: World) -> list[Refusal]:
    """Append an entry with a right hash, that puts a version into production that no gate has seen."""
    second_champion(world)
    context = world.context
    entries = ledger.read(context.lake)
    number = unsound(world)
    model = as_model(versions.by_version(context, number))
    for _ in range(2):
        entries = _chained([*entries, replace(entries[-1], version=number, replaced=entries[-1].version, model=model)])
    _write(world, entries)
    return _refusals(world)


def _anchor(value: str) -> Callable[[World], list[Refusal]]:
    """Edit the anchor in MLflow."""

    def inject(world: World) -> list[Refusal]:
        second_champion(world)
        context = world.context
        experiment = context.client.get_experiment_by_name(context.use_case.experiment)
        context.client.set_experiment_tag(experiment.experiment_id, anchor.TAG, value)
        return _refusals(world)

    return inject


def _clock(days: int) -> Callable[[World], list[Refusal]]:
    """The clock of the machine that wrote the newest entry was ahead, so that of the next one seems to go back."""

    def inject(world: World) -> list[Refusal]:
        entries = ledger.read(world.context.lake)
        _write(world, _chained([replace(entry, at=entry.at + timedelta(days=days)) for entry in entries]))
        context = world.context
        anchor.move(context, ledger.read(context.lake))
        folder = copy_of_champion(world)
        return deployment(world, registered(world, folder, artifact_digest(folder)))

    return inject


def _ledger(name: str, inject: Callable[[World], list[Refusal]]) -> Mistake:
    return Mistake(name, "ledger", "ledger", inject)


MISTAKES = (
    _ledger("the last entry was deleted, and the alias set back", _cut_off),
    _ledger("the table was restored to the version before the last entry", _restored),
    _ledger("the table was deleted", _table_deleted),
    _ledger("the first entry was deleted", _rewritten(lambda entries: entries[1:])),
    _ledger("the version of the last entry was edited", _rewritten(_version)),
    _ledger(
        "the version was edited, and all hashes computed anew", _rewritten(lambda entries: _chained(_version(entries)))
    ),
    _ledger(
        "the author of an entry was edited",
        _rewritten(lambda entries: [replace(entries[0], by="another person"), *entries[1:]]),
    ),
    _ledger(
        "the author was edited, and all hashes computed anew",
        _rewritten(lambda entries: _chained([replace(entries[0], by="another person"), *entries[1:]])),
    ),
    _ledger(
        "the gates' verdicts in an entry were edited",
        _rewritten(lambda entries: [*entries[:-1], replace(entries[-1], gates={"quality": "passed: by hand"})]),
    ),
    _ledger(
        "the digest of the champion in an entry was edited",
        _rewritten(
            lambda entries: [
                *entries[:-1],
                replace(entries[-1], model=entries[-1].model and replace(entries[-1].model, digest="0" * 64)),
            ]
        ),
    ),
    _ledger("two entries have exchanged their times", _rewritten(_exchanged_times)),
    _ledger("an entry is there twice", _rewritten(lambda entries: [*entries, entries[-1]])),
    _ledger("entries were forged with right hashes", _forged_entry),
    _ledger("the anchor was deleted", _anchor("0 ")),
    _ledger("the anchor names another hash", _anchor(f"2 {'0' * 64}")),
    _ledger("the anchor is ahead of the ledger", _anchor(f"9 {'0' * 64}")),
    _ledger("the clock goes back by a year at a deployment", _clock(365)),
    _ledger("the clock goes back by an hour and a day at a deployment", _clock(1)),
    hopeless(
        "ledger, anchor and registry were all rewritten by one person",
        "ledger",
        "Whoever may write to the lake and to MLflow can write a history that agrees with itself. Give the two stores "
        "different logins, and keep backups.",
    ),
)
