"""`sluss backup`, `sluss restore` and `sluss verify`: of the stack if there is one here, embedded otherwise."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from commands import place
from sluss.backup import stack_place
from sluss.backup.restore import restore_embedded
from sluss.backup.retention import check_keep, forget
from sluss.backup.save import check_outside, save_embedded
from sluss.backup.show import described, progress, show_findings, show_saved
from sluss.backup.store import open_store
from sluss.backup.verify import Findings, verify, verify_place
from sluss.compat import end_process
from sluss.config.settings import load_settings
from sluss.counted import counted
from sluss.disk import written_to
from sluss.stack import docker
from sluss.training.software import code_commit

if TYPE_CHECKING:
    from sluss.backup.manifest import Manifest
    from sluss.backup.save import Saved
    from sluss.backup.store import Store

PASSPHRASE = "SLUSS_BACKUP_PASSPHRASE"  # noqa: S105 - a name


@click.command()
@click.option("--to", "address", envvar="TO", show_envvar=True, default="", help="A folder, or s3://bucket/prefix.")
@click.option("--keep", envvar="KEEP", show_envvar=True, default="", help="Keep 14: the newest; 30d: of these days.")
def save(address: str, keep: str, where: str | None) -> NoReturn:
    """Back up all stores, consistent with each other, while steps go on; a backup that is broken off does not count."""
    check_keep(keep)
    os.umask(0o077)  # a backup holds all data
    store = open_store(address)
    with written_to(Path(store.root if store.is_local else tempfile.gettempdir())):
        saved = _saved(store, in_stack=in_stack(where))
    show_saved(saved, store.address, with_secrets=bool(os.environ.get(PASSPHRASE)))
    if deleted := forget(store, keep):
        print(f"{counted(deleted, 'older backup', 'was', 'were')} deleted (KEEP={keep}).")
    end_process(0)


def _saved(store: Store, *, in_stack: bool) -> Saved:
    settings = load_settings()
    check_outside(store, settings, in_stack=in_stack)
    if in_stack:
        return stack_place.save(store, code_commit(settings), os.environ.get(PASSPHRASE, ""))
    with progress("Storing files") as say:
        return save_embedded(settings, store, code_commit(settings), say)


@click.command()
@click.option("--from", "address", envvar="FROM", show_envvar=True, default="", help="The folder or s3://… of backups.")
@click.option(
    "--backup", "name", envvar="BACKUP", show_envvar=True, default="", help="Its name; by default the newest."
)
def restore(address: str, name: str, where: str | None) -> NoReturn:
    """Restore a backup to an empty place, and verify the result."""
    store, manifest = _asked_for(address, name)
    found = Findings()
    if (where or manifest.place) == "stack":
        aside, code = stack_place.restore(store, manifest, os.environ.get(PASSPHRASE, ""))
    else:
        place.tell(place.here())
        settings = load_settings()
        with progress("Bringing files back") as say:
            aside, code = restore_embedded(settings, store, manifest, say), 0
        verify_place(settings, manifest, found)
        show_findings(found)
    for path in aside:
        print(f"{path} is what was there before: its place has the backup's file now.")
    end_process(code or bool(found.faults))


@click.command(name="verify")
@click.option("--from", "address", envvar="FROM", show_envvar=True, default="", help="The folder or s3://… of backups.")
@click.option(
    "--backup", "name", envvar="BACKUP", show_envvar=True, default="", help="Its name; by default the newest."
)
def check(address: str, name: str) -> NoReturn:
    """Verify a backup without the place that it was made of; exit code 1 if something is not as it was stored."""
    store, manifest = _asked_for(address, name)
    with progress("Reading files") as say:
        found = verify(store, manifest, say)
    show_findings(found)
    end_process(bool(found.faults))


def _asked_for(address: str, name: str) -> tuple[Store, Manifest]:
    store = open_store(address, "FROM")
    manifest = store.manifest(name) if name else store.newest()
    print(f"Backup {described(manifest)}.", flush=True)
    return store, manifest


def in_stack(where: str | None) -> bool:
    """Whether the stack is meant; printed, as every command does."""
    if where == "stack":  # also one whose tasks cannot run just now
        place.tell(f"in the stack {docker.project()}")
        return True
    return place.choose(where) is not None


for each in (save, restore):
    each.params.append(place.where_option())
