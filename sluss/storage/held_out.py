"""Rows that are held out by a hash of their ids, where they have no times to be split by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from sluss.config.use_case import UseCase

_SHARE = 0.2  # of the rows, where the config gives no share


def splits_by_ids(use_case: UseCase) -> bool:
    """Whether a hash of the ids decides which rows are held out, and not their times."""
    return use_case.training.holdout_share is not None or not use_case.source.has_times


def split_key(use_case: UseCase) -> str:
    """Return the column by which a split by ids keeps rows on one side."""
    return use_case.group or "id"


def held_out(use_case: UseCase, rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows are held out: by id, or by group, so that a row stays on its side when others come."""
    import pandas as pd

    share, key = use_case.training.holdout_share or _SHARE, split_key(use_case)
    hashes = pd.util.hash_array(rows[key].astype(str).to_numpy(dtype=object))
    return pd.Series(hashes < share * 2**64, index=rows.index)


def never_learned(use_case: UseCase, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that no version learns from, for a metric of scored rows.

    With times, an interval is scored by a version that was trained on earlier ones, so these are all rows. Without
    times, the newest interval contains rows of the training: only those that the hash holds out count.
    """
    return rows if use_case.source.has_times else rows[held_out(use_case, rows)]
