"""Labels of one class only, as a broken join or a swap of columns gives them: part of the alert `quality_drop`.

Of one class, a metric such as the ROC AUC is not defined, so no fall of it can be seen; others may even rise. So the
newest labels are compared with the class shares of the holdout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, lgamma
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.monitoring.quality_drop import OF_CLASSES, TYPE
from sluss.problems.condition import in_parentheses
from sluss.registry.artifacts import HOLDOUT_FILE
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from sluss.config.use_case import UseCase
    from sluss.problems.condition import Condition


@dataclass(frozen=True)
class Run:
    """The newest intervals whose labels are all of one class, compared with the holdout."""

    name: str  # of the class
    units: int  # rows, or groups
    since: str  # the first of these intervals
    share: float  # of the class on the holdout
    p_value: float


def with_one_class(
    use_case: UseCase, conditions: Sequence[Condition], labelled: pd.DataFrame, folder: Path
) -> list[Condition]:
    """Return the conditions; `quality_drop` is breached if the newest labels are of one class, and chance is excluded.

    Args:
        use_case: gives classes, group and the chance of a false alarm.
        conditions: of the interval.
        labelled: rows that the version scored, with `label` and the interval.
        folder: the version's artifacts, with its holdout.
    """
    run = newest_run(use_case, labelled, folder)
    if run is None or run.units < use_case.monitoring.min_rows or run.p_value >= use_case.chance(TYPE) * OF_CLASSES:
        return list(conditions)
    return [_breached(each, run) if each.type == TYPE else each for each in conditions]


def newest_run(use_case: UseCase, labelled: pd.DataFrame, folder: Path) -> Run | None:
    """Return the newest intervals whose labels are of one class; None if the newest one has several, or no holdout."""
    import pandas as pd

    classes: Sequence[str] = getattr(use_case, "classes", ())
    path = folder / HOLDOUT_FILE
    if not classes or labelled.empty or not path.is_file():
        return None
    label, since = _one_label(labelled)
    if label is None:
        return None
    held = _units(use_case, pd.read_parquet(path))["label"]
    units, same = len(_units(use_case, labelled[labelled[INTERVAL] >= since])), int((held == label).sum())
    # Each class could be the only one.
    p_value = min(1.0, len(classes) * chance_of_one_class(same, len(held), units))
    return Run(classes[label], units, since, same / max(len(held), 1), p_value)


def _one_label(labelled: pd.DataFrame) -> tuple[int | None, str]:
    """Return the label that all rows of the newest intervals share, and the first of these; None if they differ."""
    label, since = None, ""
    for interval, found in sorted(labelled.groupby(INTERVAL)["label"].unique().items(), reverse=True):
        if len(found) > 1 or label not in (None, int(found[0])):
            break
        label, since = int(found[0]), str(interval)
    return label, since


def _units(use_case: UseCase, rows: pd.DataFrame) -> pd.DataFrame:
    """Return independent rows: one of each group."""
    return rows.drop_duplicates(use_case.group) if use_case.group else rows


def chance_of_one_class(same: int, held: int, units: int) -> float:
    """Return the chance that all new units are of a class to which `same` of the holdout's `held` units belong.

    Fisher's exact test, in which the holdout's own chance counts: if all units are alike, each choice of as many of
    them is equally likely to be the new ones. Source: R. A. Fisher (1935), JRSS 98, 39–82.
    """
    alike, all_ = same + units, held + units
    return exp(lgamma(alike + 1) - lgamma(same + 1) - lgamma(all_ + 1) + lgamma(held + 1))


def _breached(condition: Condition, run: Run) -> Condition:
    message = (
        f"All of the newest {counted(run.units, 'label')}, since {run.since}, are “{run.name}”; on the holdout, "
        f"{run.share:.0%} were{in_parentheses(run.p_value)}. Check where labels come from."
    )
    figures = condition.figures | {"one_class": run.name, "one_class_rows": run.units, "one_class_p_value": run.p_value}
    return replace(
        condition,
        verdict="breached",
        severity="critical",
        figures=figures,
        message=f"{message} {condition.message}" if condition.verdict == "breached" else message,
    )
