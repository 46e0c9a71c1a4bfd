"""Limits of the monitor that can be passed: a gate refuses the others, and `sluss new` writes none of them."""

from __future__ import annotations

from dataclasses import dataclass

from sluss.counted import counted

_FROM_ZERO = {"accuracy", "balanced_accuracy", "f1", "f1_macro", "roc_auc", "average_precision"}


@dataclass(frozen=True)
class WatchableRows:
    """Rows that the monitor can expect."""

    largest: int  # of an interval so far
    labelled: int  # of a whole training window

    def untested(self, min_rows: int, unit: str) -> str:
        """Why no interval would have the rows that a test asks for, or nothing."""
        if min_rows <= self.largest:
            return ""
        return (
            f"monitoring.min_rows is {min_rows:,}, and no {unit} so far has more than {counted(self.largest, 'row')}: "
            "none would ever be tested. Lower it, or choose a longer unit."
        )

    def unwatched(self, quality_rows: int) -> str:
        """Why no window would have the labels that the metric asks for, or nothing."""
        if quality_rows <= self.labelled:
            return ""
        return (
            f"monitoring.quality_rows is {quality_rows:,}, and its whole training window has "
            f"{counted(self.labelled, 'labelled row')}: the metric would never be watched. Lower it."
        )


def cannot_fall(metric: str, promised: float, quality_drop: float) -> bool:
    """Whether a metric that is never below 0 would have to fall to 0 or less for an alert."""
    return metric in _FROM_ZERO and promised <= quality_drop
