"""Numbers of versions that were given once, also those that MLflow forgot, as after a restore of its database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.registry import ledger
from sluss.storage import table_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.context import Context

_PREDICTIONS, _COLUMN = "predictions", "model_version"


def highest(context: Context) -> int:
    """Return the highest number that the ledger or a prediction names; 0 if none does.

    Raises:
        ServiceError: the lake does not answer.
    """
    named = {*_of_ledger(context), *_of_predictions(context)}
    return max((int(number) for number in named if number.isdecimal()), default=0)


def _of_ledger(context: Context) -> Iterator[str]:
    for entry in ledger.read(context.lake):
        yield from filter(None, (entry.version, entry.replaced))


def _of_predictions(context: Context) -> Iterator[str]:
    """From the log: the first and the last number of each file, as texts. Most files have one."""
    for file in table_log.files(context.lake, _PREDICTIONS):
        yield from filter(None, (file.get(f"{bound}.{_COLUMN}") for bound in ("min", "max")))
