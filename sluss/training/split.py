"""The split of labelled rows: training, then a gap if the config wants one, then the holdout; or by ids."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.errors import DataError
from sluss.problems import problem_of
from sluss.storage.held_out import held_out, splits_by_ids

if TYPE_CHECKING:
    import pandas as pd

    from sluss.config.training import Training
    from sluss.config.use_case import UseCase


def holdout_start(training: Training, until: datetime) -> datetime:
    """Return the moment at which the holdout of a training for `until` begins."""
    return until - timedelta(days=training.holdout_days)


def training_end(training: Training, until: datetime) -> datetime:
    """Return the moment at which its training rows end: the holdout's start less the embargo."""
    return holdout_start(training, until) - training.gap


def split(use_case: UseCase, rows: pd.DataFrame, until: datetime) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split labelled rows, with `label_time`, into training rows and holdout.

    Rows of one group are on one side, that of its first row: otherwise a model that knows the group by heart would be
    judged by what it memorised. With `purge`, rows whose label became known after the holdout had begun are left out:
    at its start, no training could have used them. With `holdout_share`, ids decide and not times.

    Raises:
        DataError: one side has too few rows, or too few different labels.
    """
    if splits_by_ids(use_case):
        by_hash = held_out(use_case, rows)
        train, holdout = rows[~by_hash], rows[by_hash]
        _check(use_case, train, holdout, until)
        return train.reset_index(drop=True), holdout.reset_index(drop=True)
    spec, start = use_case.training, holdout_start(use_case.training, until)
    train, holdout = rows[rows.event_time < training_end(spec, until)], rows[rows.event_time >= start]
    if spec.purge:
        train = train[train.label_time < start]
    if use_case.group:
        first = rows.groupby(use_case.group, dropna=False).event_time.transform("min")
        # Of a group that continues into the holdout, the earlier rows are trained on and the later ones are dropped.
        train, holdout = train[first[train.index] < start], holdout[first[holdout.index] >= start]
    _check(use_case, train, holdout, until)
    return train.reset_index(drop=True), holdout.reset_index(drop=True)


def _span(train: pd.DataFrame, holdout: pd.DataFrame) -> tuple[datetime, datetime]:
    """The first and the last time of all rows; without rows both are no time, which equals nothing."""
    import pandas as pd

    times = pd.concat([train.event_time, holdout.event_time])
    return times.min(), times.max()


def _check(use_case: UseCase, train: pd.DataFrame, holdout: pd.DataFrame, until: datetime) -> None:
    first, last = _span(train, holdout)
    if not splits_by_ids(use_case) and first == last:
        raise DataError(
            f"All labelled rows of {use_case.name} bear one time, {first:%Y-%m-%d %H:%M}, so they cannot "
            "be split by time. Give source.time the column with their times; or leave it out, and a hash of their ids "
            "splits them, as it does with training.holdout_share."
        )
    if holdout.empty and len(train) >= use_case.training.min_rows and not (use_case.group or splits_by_ids(use_case)):
        raise DataError(_without_labels(use_case, train, until))
    if len(train) < use_case.training.min_rows or holdout.empty:
        new = " of groups that begin there" if use_case.group else ""
        raise DataError(
            f"{use_case.name} has {counted(len(train), 'labelled row')} to learn from and {len(holdout)}{new} to be "
            f"judged on before {until:%Y-%m-%d %H:%M}; training.min_rows asks for {use_case.training.min_rows}. Load "
            f"more intervals (make data USE_CASE={use_case.name}), or lower min_rows in its config."
        )
    if train.label.nunique() < 2:
        raise DataError(
            f"All training rows of {use_case.name} have the same label, so there is nothing to learn. "
            "Check the labels in the warehouse, or widen training.window_days."
        )
    judging = problem_of(use_case).judging
    for part, rows, key in (("learn from", train, "window_days"), ("be judged on", holdout, "holdout_days")):
        if fault := judging.unlearnable(rows["label"].to_numpy()):
            raise DataError(
                f"Among the {counted(len(rows), 'row')} of {use_case.name} to {part} before {until:%Y-%m-%d %H:%M}, "
                f"{fault}. Raise training.{key}, or check the labels in the warehouse."
            )


def _without_labels(use_case: UseCase, train: pd.DataFrame, until: datetime) -> str:
    days, newest = use_case.training.holdout_days, train.event_time.max()
    return (
        f"{use_case.name} has {counted(len(train), 'labelled row')}, but none of the {counted(days, 'day')} before "
        f"{until:%Y-%m-%d %H:%M}, which are held out to judge the model: its newest row with a label is of "
        f"{newest:%Y-%m-%d %H:%M}. Wait for newer labels, or raise training.holdout_days in its config above the time "
        "after which labels arrive."
    )
