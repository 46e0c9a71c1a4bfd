"""Downstream of data and versions: the rows available to a training, and the predictions of a version."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from sluss.errors import DataError
from sluss.storage import table_log
from sluss.storage.lake import INTERVAL, Lake

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from sluss.config.use_case import UseCase


@dataclass(frozen=True)
class Rows:
    """The curated rows of an interval; for each with a label, the moment at which both had arrived, in order."""

    count: int
    complete: list[datetime]

    def known(self, until: datetime) -> int:
        """Return the number of rows available to a training at `until`: both row and label had arrived before."""
        return bisect_left(self.complete, until)


def curated_rows(lake: Lake, use_case: UseCase, interval: str) -> Rows:
    """Read ids and times of a partition's rows, and of their labels.

    Raises:
        DataError: the interval has no curated rows.
    """
    import pyarrow.dataset as ds

    # A label arrives in its row's interval or later.
    curated, labels = (lake.dataset("curated", first=interval, last=interval), lake.dataset("labels", first=interval))
    rows = None if curated is None else _first_arrival(curated.to_table(["id", "arrived_at"]), "arrived_at")
    if not rows:
        raise DataError(
            f"The interval {interval} of {use_case.name} has no curated rows, so nothing depends on it. "
            f"Curate it first: make data USE_CASE={use_case.name} INTERVAL={interval}."
        )
    if labels is None:
        return Rows(len(rows), [])
    known = labels.to_table(["id", "label_time"], filter=ds.field("id").isin(rows["id"]))
    both = rows.join(_first_arrival(known, "label_time"), "id", join_type="inner")
    return Rows(len(rows), sorted(map(max, both["arrived_at"].to_pylist(), both["label_time"].to_pylist())))


def _first_arrival(rows: pa.Table, column: str) -> pa.Table:
    """Keep the first arrival of each id: a correction that arrives later does not change when the row became known."""
    return rows.group_by("id").aggregate([(column, "min")]).rename_columns(["id", column])


def scored_intervals(lake: Lake) -> dict[str, dict[str, int]]:
    """Count predictions by interval and version, the oldest interval first.

    Reads the table's log alone if every file holds the predictions of one version; opens a file only if it holds
    several.
    """
    counts: dict[str, Counter[str]] = {}
    mixed = set()  # intervals with a file of several versions
    for file in table_log.files(lake, "predictions"):
        name, version = file[f"partition.{INTERVAL}"], table_log.constant(file, "model_version")
        counts.setdefault(name, Counter())
        if version is None:
            mixed.add(name)
        else:
            counts[name][version] += file["num_records"]
    for name in mixed:
        counts[name] = _counted(lake, name)
    return {name: dict(sorted(by_version.items())) for name, by_version in sorted(counts.items())}


def _counted(lake: Lake, interval: str) -> Counter[str]:
    rows = lake.dataset("predictions", first=interval, last=interval)
    assert rows is not None
    return Counter(rows.to_table(["model_version"])["model_version"].to_pylist())


def spans(scored: dict[str, dict[str, int]], version: str) -> dict[str, int]:
    """Return the rows that a version scored by span, e.g. `2026-01-01 to 2026-01-05`.

    An interval that only other versions scored ends a span.
    """
    result = {}
    for by_it, group in groupby(scored, key=lambda name: version in scored[name]):
        names = list(group)
        if by_it:
            span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
            result[span] = sum(scored[name][version] for name in names)
    return result
