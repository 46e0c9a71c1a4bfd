"""Verify a backup, or the place that it was restored to: digests, ledger, rows, and predictions scored again."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.backup.as_place import as_place, lay_out
from sluss.backup.fetch import damaged
from sluss.backup.rescore import rescore
from sluss.backup.sound import fault_of, is_file_of
from sluss.backup.store import copied
from sluss.context import Context
from sluss.counted import counted
from sluss.errors import ConfigError, DataError, ModelError, SlussError
from sluss.registry import anchor, artifacts, ledger
from sluss.registry.champion import in_ledger
from sluss.registry.entry import verify as verify_chain
from sluss.storage import table_log
from sluss.storage.lake import Lake
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sluss.backup.manifest import Manifest, Table
    from sluss.backup.store import Store
    from sluss.config.settings import Settings
    from sluss.registry.artifacts import LoadedModel

    Say = Callable[[int, int], None]

PREDICTIONS = 1000  # that are scored again


@dataclass
class Findings:
    """Facts that were verified, by name, and faults; a sentence each."""

    facts: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def verify(store: Store, manifest: Manifest, say: Say) -> Findings:
    """Verify a backup, without the place that it was made of.

    Raises:
        ServiceError: the place of the backups does not answer.
    """
    found = Findings()
    digests(store, manifest, found, say)
    if not found.faults:
        _databases(store, manifest, found)
    if not found.faults:
        with as_place(store, manifest) as settings:
            # Postgres' dumps can only be read by a Postgres; a restored place has its anchors again.
            verify_place(settings, manifest, found, with_mlflow=manifest.place == "embedded")
    return found


def _databases(store: Store, manifest: Manifest, found: Findings) -> None:
    """Read the databases that are files: one that was damaged before the backup has the right digest."""
    databases = {path: file for path, file in manifest.part("databases").items() if is_file_of(path)}
    with tempfile.TemporaryDirectory(prefix="sluss-verify-", ignore_cleanup_errors=True) as folder:
        lay_out(store, databases, Path(folder))
        faults = {path: fault_of(Path(folder) / path) for path in sorted(databases)}
    found.faults += [
        f"databases/{path} was damaged before it was stored: {fault}. Choose another backup."
        for path, fault in faults.items()
        if fault
    ]
    if databases and not any(faults.values()):
        found.facts["databases"] = f"{counted(len(databases), 'file')} read as a whole"


def digests(store: Store, manifest: Manifest, found: Findings, say: Say) -> None:
    """Read every file of a backup, and compare it with the digest that was noted.

    Raises:
        ServiceError: the place of the backups does not answer.
    """
    contents = {file.sha256: file for file in manifest.files}
    for number, file in enumerate(contents.values(), start=1):
        try:
            with store.reading(file.sha256) as stream:
                if copied(stream) != (file.sha256, file.size):
                    raise damaged(store, file)
        except DataError as error:
            found.faults.append(f"{file.path}: {error}")
        say(number, len(contents))
    if not found.faults:
        found.facts["digests"] = f"{counted(len(manifest.files), 'file')} as they were stored"


def verify_place(settings: Settings, manifest: Manifest, found: Findings, *, with_mlflow: bool = True) -> None:
    """Compare a place with the manifest: rows of each table, the ledgers' chains and anchors, and predictions.

    Args:
        settings: of the place.
        manifest: of the backup.
        found: gets what is found.
        with_mlflow: whether MLflow's database is there, which keeps the anchors.
    """
    by_use_case: dict[str, dict[str, Table]] = {}
    for name, table in manifest.tables.items():
        folder, _, short = name.partition("/")
        by_use_case.setdefault(folder, {})[short] = table
    for name, tables in sorted(by_use_case.items()):
        _rows(Lake(settings, name), tables, found)
        try:
            use_case = load_use_case(name, settings.config_dir)
        except ConfigError as error:
            # An older experiment, whose file was deleted: its tables are there, and nothing runs on them.
            found.facts[f"{name}: config"] = str(error)
            continue
        _ledger(Context(settings, use_case), found, with_anchor=with_mlflow)
        _predictions(Context(settings, use_case), found)


def _rows(lake: Lake, tables: Mapping[str, Table], found: Findings) -> None:
    words = []
    for name, noted in sorted(tables.items()):
        try:
            rows = sum(int(file["num_records"] or 0) for file in table_log.files(lake, name))
        except SlussError as error:
            found.faults.append(str(error))
            continue
        if rows == noted.rows:
            words.append(f"{name} {rows:,}")
        else:
            found.faults.append(
                f"The table {lake.use_case}/{name} has {counted(rows, 'row')}; the backup noted {noted.rows:,}."
            )
    found.facts[f"{lake.use_case}: rows"] = ", ".join(words)


def _ledger(context: Context, found: Findings, *, with_anchor: bool) -> None:
    name, entries = context.use_case.name, ledger.read(context.lake)
    faults = verify_chain(entries)
    if with_anchor and (fault := anchor.fault(context, entries)):
        faults.append(fault)
    found.faults += [f"The ledger of {name}: {fault}" for fault in faults]
    if not faults and entries:
        version = entries[-1].version or "none"
        found.facts[f"{name}: ledger"] = f"{counted(len(entries), 'entry')}, whole; version {version} in production"


def _predictions(context: Context, found: Findings) -> None:
    name, entries = context.use_case.name, ledger.read(context.lake)

    @cache
    def load(version: str, run_id: str) -> LoadedModel:
        if ledger.entry_of(entries, version, run_id) is None:
            raise ModelError(f"The ledger of {name} has no version {version} of the run {run_id}.")
        return artifacts.load(context.settings, in_ledger(context, entries, version, run_id))

    try:
        again = rescore(context.settings, context.use_case, load, PREDICTIONS)
    except SlussError as error:
        found.faults.append(f"Predictions of {name} cannot be scored again: {error}")
        return
    found.faults += again.faults
    if again.rows:
        found.facts[f"{name}: predictions"] = f"{again.equal:,} of {again.rows:,} scored again are equal"
