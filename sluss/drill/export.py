"""The export of a use case for a drill: its newest known rows and labels as files, and a config that reads them.

The use case's own stores are only read. If nothing was curated yet, the rows are brought into stores of the drill.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd
import yaml

from sluss.config.settings import Settings
from sluss.context import Context
from sluss.curation.curate import curate
from sluss.errors import DataError
from sluss.interval import Interval, parse_interval
from sluss.sources.generate import generate
from sluss.sources.source import in_place
from sluss.storage.point_in_time import known_labels, known_rows
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from pathlib import Path

    from sluss.config.use_case import UseCase
    from sluss.interval import Unit

ROWS = 10_000  # most rows that a drill works with; of more, a share is chosen by a hash of their ids or groups
LIVE = 3  # intervals after the history, which are scored
_SPREAD = 30  # intervals over which the rows of a table without times are spread
_HELD_OUT = 0.2  # of the rows of such a table
# Limits that count rows of all, and have to be met by the chosen share.
_COUNTS = {
    "curation": ("min_rows", "max_rows"),
    "gates": ("min_training_rows", "min_holdout_rows"),
    "training": ("min_rows",),
    "monitoring": ("min_rows", "quality_rows"),
}


@dataclass(frozen=True)
class Table:
    """Curated rows in force with their labels, and the end of the newest interval."""

    rows: pd.DataFrame  # id, event_time, arrived_at and the other curated columns
    labels: pd.DataFrame  # id, label, label_time
    end: datetime


def export(context: Context, folder: Path) -> None:
    """Write `data/rows`, `data/labels` and `config/` of the use case into a folder.

    Raises:
        DataError: the use case has no labelled rows.
        ServiceError: a store or the source does not answer.
    """
    use_case = context.use_case
    table = _read(context) or _brought(context, folder / "source")
    # Without times, all rows bear the moment at which their file came.
    table = table if use_case.source.has_times else _spread(table, use_case)
    first_live = _first_live(use_case, table.end)
    table, share = _chosen(_of_window(table, use_case, first_live), use_case)
    if table.labels.empty:
        raise DataError(f"{use_case.name} has no labelled rows, so there is nothing to drill with.")
    _write(table, use_case, folder)
    content = _config(use_case, table, first_live, share)
    (folder / "config").mkdir()
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (folder / "config" / f"{use_case.name}.yaml").write_text(text, encoding="utf-8")
    load_use_case(use_case.name, folder / "config")  # raises here and not in every worker


def _read(context: Context) -> Table | None:
    """The known rows and labels of the lake, or None before anything was curated."""
    lake, use_case = context.lake, context.use_case
    curated, labels, newest = lake.dataset("curated"), lake.dataset("labels"), lake.newest("curated")
    if curated is None or labels is None or newest is None:
        return None
    end = parse_interval(newest, use_case.unit).end
    columns = list(dict.fromkeys(["id", "event_time", "arrived_at", *use_case.curation.columns]))
    rows = known_rows(curated, columns, end).to_pandas()
    return Table(rows, known_labels(labels, end), end)


def _brought(context: Context, home: Path) -> Table:
    """The history and a few live intervals, brought from the source into stores of the drill."""
    use_case, own = context.use_case, context.settings
    given: dict[str, Any] = {name: getattr(own, name) for name in Settings.model_fields if name != "tracking_uri"}
    # A table that stands in the warehouse already is read there, and nothing is written to it.
    warehouse = own.warehouse_url if in_place(context) is not None else None
    given |= {"home": home, "lake_url": None, "warehouse_url": warehouse}
    given["MLFLOW_TRACKING_URI"] = f"sqlite:///{home}/mlflow.db"
    ours = Context(Settings(**given), use_case)
    for span in (use_case.history, *_after(use_case.history.end, use_case.unit)):
        if use_case.end_live is None or span.end <= use_case.end_live:
            generate(ours, span)
            curate(ours, span)
    found = _read(ours)
    if found is None:
        raise DataError(f"The source of {use_case.name} has no rows of its history.")
    return found


def _after(moment: datetime, unit: Unit) -> list[Interval]:
    """The live intervals that follow a moment."""
    found: list[Interval] = []
    while len(found) < LIVE:
        found.append(Interval(moment, moment := unit.after(moment)))
    return found


def _first_live(use_case: UseCase, end: datetime) -> datetime:
    """The start of the last live intervals; of intervals shorter than a day, the midnight before them."""
    start = end
    for _ in range(LIVE):
        start = use_case.unit.before(start)
    if use_case.unit.name in {"minute", "hour"}:
        start = datetime(start.year, start.month, start.day, tzinfo=UTC)
    return start


def _spread(table: Table, use_case: UseCase) -> Table:
    """Give the rows of a table without times a time each, by a hash of their ids."""
    start = table.end
    for _ in range(_SPREAD):
        start = use_case.unit.before(start)
    width = table.end - start - timedelta(seconds=1)

    def moments(ids: pd.Series[str]) -> pd.Series[Any]:
        return pd.Series(start + hashed(ids) * width, index=ids.index).dt.as_unit("us")

    rows, labels = table.rows.copy(), table.labels.copy()
    rows["event_time"] = rows["arrived_at"] = moments(rows["id"])
    labels["label_time"] = moments(labels["id"])
    return Table(rows.sort_values("event_time", ignore_index=True), labels, table.end)


def hashed(values: pd.Series[Any]) -> pd.Series[float]:
    """A number from 0 to 1 for each value, the same for equal ones."""
    return pd.Series(pd.util.hash_array(values.astype(str).to_numpy(dtype=object)) / 2**64, index=values.index)


def _of_window(table: Table, use_case: UseCase, first_live: datetime) -> Table:
    start = first_live - timedelta(days=use_case.training.window_days)
    rows = table.rows[table.rows.event_time >= start].reset_index(drop=True)
    labels = table.labels[table.labels["id"].isin(rows["id"])].reset_index(drop=True)
    return Table(rows, labels, table.end)


def _chosen(table: Table, use_case: UseCase) -> tuple[Table, float]:
    """At most `ROWS` rows, whole groups, and the share that they are."""
    share = min(1.0, ROWS / max(len(table.rows), 1))
    if share == 1.0:
        return table, share
    rows = table.rows[hashed(table.rows[use_case.group or "id"]) < share].reset_index(drop=True)
    labels = table.labels[table.labels["id"].isin(rows["id"])].reset_index(drop=True)
    return Table(rows, labels, table.end), share


def _write(table: Table, use_case: UseCase, folder: Path) -> None:
    classes = getattr(use_case, "classes", ())
    labels = table.labels
    if classes:  # by name, as people write them
        labels = labels.assign(label=[classes[int(number)] for number in labels["label"]])
    for name, frame in (("rows", table.rows), ("labels", labels)):
        (folder / "data" / name).mkdir(parents=True)
        frame.to_parquet(folder / "data" / name / f"{name}.parquet", index=False)


def _config(use_case: UseCase, table: Table, first_live: datetime, share: float) -> dict[str, Any]:
    """The content of the drill's config: the use case's own, on the exported files."""
    content: dict[str, Any] = use_case.model_dump(mode="json", by_alias=True)
    times = {"id": "id", "start": str(table.rows.event_time.min().date())}
    content["source"] = {
        "kind": "file",
        "path": "data/rows",
        "time": "event_time",
        "arrived_at": "arrived_at",
        **times,
        "labels": {
            "kind": "file",
            "path": "data/labels",
            "time": "label_time",
            "label_time": "label_time",
            "label": "label",
            **times,
        },
    }
    content["live_start"] = str(first_live.astimezone(ZoneInfo(use_case.schedule_zone)).date())
    content.pop("live_end", None)
    content["deployment"]["approval"] = "none"
    content["training"].pop("search", None)  # it would take its time for each mistake, and so would the folds
    content["training"]["folds"] = 2
    if not use_case.source.has_times:
        content["training"]["holdout_share"] = use_case.training.holdout_share or _HELD_OUT
        for name in ("min_rows", "max_rows", "max_age_hours"):
            content["curation"].pop(name, None)
    _scale(content, share)
    return content


def _scale(content: dict[str, Any], share: float) -> None:
    for section, names in _COUNTS.items():
        for name in names:
            if content[section].get(name):
                content[section][name] = max(int(content[section][name] * share), 1)
