"""The order in which the stores are copied, so that they agree with each other although steps go on writing.

1. Airflow's database first: all that it takes for done is in every later copy, and the rest it does again.
2. The versions of the Delta tables.
3. MLflow's database and the warehouse: every run that a table of 2 names is in them.
4. If a table got a newer version meanwhile, 2 and 3 again. A ledger that stands still meanwhile agrees with its anchor
   in MLflow.
5. The files last. Those of a table's version and of a run are never changed, so copies of 2 and 3 find theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = ("airflow",)
WITH_THE_LAKE = ("mlflow", "mlflow_auth", "warehouse")
_ATTEMPTS = 5
_LEDGER = "/ledger"


def freeze(pins: Callable[[], dict[str, int]], dump: Callable[[str], None]) -> dict[str, int]:
    """Dump the databases, and return the versions of the Delta tables that belong to them.

    Args:
        pins: reads the newest version of every table.
        dump: copies a database by its name; called again, it replaces the copy.

    Raises:
        ServiceError: the champion changed during each attempt.
    """
    for name in FIRST:
        dump(name)
    before, after = pins(), dict[str, int]()
    for _ in range(_ATTEMPTS):
        for name in WITH_THE_LAKE:
            dump(name)
        after = pins()
        if after == before:
            return before
        before, seen = after, before
    # Steps write all the time: then only the ledgers have to stand still.
    if _ledgers(seen) != _ledgers(after):
        raise ServiceError("The champion changed during each of five attempts at a backup. Try again in a minute.")
    return seen


def _ledgers(found: dict[str, int]) -> dict[str, int]:
    return {name: version for name, version in found.items() if name.endswith(_LEDGER)}
