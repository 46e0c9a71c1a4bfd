"""`python -m sluss.backup`: the parts of a stack's backup that run next to its stores, in the service `backup`.

It has the keys of both buckets and no password of Postgres. The dumps of the databases are in the folder `--work`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.backup.fetch import Target
from sluss.backup.origin import Origin, Snapshot, folder, lake_of, pins
from sluss.backup.save import Place, save
from sluss.backup.show import progress, show_findings
from sluss.backup.store import open_store
from sluss.backup.verify import Findings, verify_place
from sluss.compat import end_process
from sluss.config.s3_account import account_from_variables
from sluss.config.settings import Settings, load_settings
from sluss.errors import ConfigError, SlussError

if TYPE_CHECKING:
    from collections.abc import Callable

META, RESULT = "place.json", "saved.json"


def artifacts(settings: Settings) -> Origin:
    """The bucket with MLflow's artifacts, reached as the lake is, with MLflow's key."""
    account = account_from_variables("MLFLOW_S3")
    return Origin("artifacts", account.filesystem(), "mlflow", is_bucket=settings.place == "stack")


def show_pins(settings: Settings, _: argparse.Namespace) -> int:
    """Print the newest version of every Delta table."""
    print(json.dumps(pins(lake_of(settings))))
    return 0


def save_stack(settings: Settings, given: argparse.Namespace) -> int:
    """Store the buckets, the dumps and the mounted folders."""
    meta = json.loads((given.work / META).read_text(encoding="utf-8"))
    others = [
        folder("databases", given.work / "databases"),
        folder("secrets", given.work / "secrets"),
        artifacts(settings),
        folder("config", settings.config_dir),
        folder("components", Path("/opt/sluss/components")),
        folder("data", Path("/opt/sluss/data")),
    ]
    snapshot = Snapshot(settings, meta["pins"])
    place = Place("stack", meta["commit"], snapshot, others, meta["images"], tuple(meta["left_out"]))
    with progress("Storing files") as say:
        saved = save(open_store(given.store), place, given.work, say)
    result = {"name": saved.manifest.name, "new_bytes": saved.new_bytes}
    (given.work / RESULT).write_text(json.dumps(result), encoding="utf-8")
    return 0


def put(settings: Settings, given: argparse.Namespace) -> int:
    """Bring the objects of both buckets back."""
    store = open_store(given.store)
    manifest = store.manifest(given.backup)
    buckets = [lake_of(settings), artifacts(settings)]
    if not given.again and (full := [each.root for each in buckets if each.listed()]):
        raise ConfigError(
            f"There are objects already in: {', '.join(full)}. A restore goes to empty buckets, and nothing was "
            "changed."
        )
    for each in buckets:
        with progress(f"Bringing files back to {each.root}") as say:
            Target(each.files, each.root, is_folder=False).bring(store, manifest.part(each.part), say)
    return 0


def check(settings: Settings, given: argparse.Namespace) -> int:
    """Verify the restored place."""
    manifest, found = open_store(given.store).manifest(given.backup), Findings()
    verify_place(settings, manifest, found)
    show_findings(found)
    return 1 if found.faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sluss.backup", description=__doc__)
    parsers = parser.add_subparsers(required=True)
    actions: dict[str, Callable[[Settings, argparse.Namespace], int]] = {
        "pins": show_pins, "save": save_stack, "put": put, "check": check,
    }  # fmt: skip
    for name, action in actions.items():
        one = parsers.add_parser(name, help=action.__doc__)
        one.add_argument("--store", default="")
        one.add_argument("--work", type=Path, default=Path())
        one.add_argument("--backup", default="")
        one.add_argument("--again", action="store_true")
        one.set_defaults(action=action)
    return parser


def main() -> None:
    """Run one part; an error that a person can mend is one sentence and exit code 2."""
    given = _parser().parse_args()
    os.umask(0o077)
    try:
        code = int(given.action(load_settings(), given))
    except SlussError as error:
        print(error, file=sys.stderr)
        code = 2
    end_process(code)


if __name__ == "__main__":
    main()
