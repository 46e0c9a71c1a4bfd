"""A use case of any kind of problem on a generated table, from the warehouse to the monitor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import yaml
from problem_world import CLASSES, content_of

from sluss.config.settings import Settings
from sluss.context import Context
from sluss.interval import Interval, parse_interval
from sluss.problems import problem_of
from sluss.use_cases import load_use_case
from tasks import batch_predict, curate_data, monitor_model

if TYPE_CHECKING:
    from pathlib import Path

    from sluss.monitoring.monitor import MonitorResult

ROWS = 60  # of a day
HISTORY = 30  # days


@dataclass
class Loop:
    """One use case in a home of its own, with rows and labels in its warehouse."""

    settings: Settings
    name: str

    @property
    def context(self) -> Context:
        return Context(self.settings, load_use_case(self.name, self.settings.config_dir))

    @property
    def file(self) -> Path:
        return self.settings.config_dir / f"{self.name}.yaml"

    def change(self, **sections: Any) -> None:
        """Change keys of the config; those of a section one by one."""
        content = yaml.safe_load(self.file.read_text())
        for name, value in sections.items():
            content[name] = {**content[name], **value} if isinstance(content.get(name), dict) else value
        self.file.write_text(yaml.safe_dump(content))

    def curate(self, span: Interval) -> None:
        curate_data.run(self.context, span)

    def live(self, day: str) -> MonitorResult:
        """Curate, score and monitor a day."""
        interval = parse_interval(day, "day")
        curate_data.run(self.context, interval)
        batch_predict.run(self.context, interval)
        return monitor_model.run(self.context, interval)


def table(kind: str, days: int, start: datetime, *, shift_from: int = 10_000, group_rows: int = 1) -> pd.DataFrame:
    """Rows with a number, a category, a weight, a group and a label, evenly over the days.

    From the day `shift_from` on, the numbers mean something else. Rows of one group are the same.
    """
    count = days * ROWS
    random = np.random.default_rng(3)
    units = -(-count // group_rows)
    x, y = random.normal(size=(2, units)).repeat(group_rows, axis=1)[:, :count]
    shop = random.choice(["a", "b"], units).repeat(group_rows)[:count]
    day = np.arange(count) // ROWS
    labels = _labels(kind, random, (np.where(day >= shift_from, -x, x), y), units, group_rows)
    moved = np.where(day >= shift_from, x + 3, x)
    times = [start + timedelta(days=1) * row / ROWS for row in range(count)]
    frame = pd.DataFrame({"id": [f"r{row}" for row in range(count)], "event_time": times})
    weight = random.uniform(0.5, 2, count)
    return frame.assign(
        arrived_at=frame.event_time, x=moved, y=y, shop=shop, weight=weight,
        customer=[f"c{row // group_rows}" for row in range(count)], label=labels,
        label_time=frame.event_time + timedelta(hours=6),
    )  # fmt: skip


def _labels(kind: str, random: Any, features: tuple[Any, Any], units: int, group_rows: int) -> list[str] | list[float]:
    x, y = features
    noise = random.normal(0, 0.5, (3, units)).repeat(group_rows, axis=1)[:, : len(x)]
    if kind == "binary":
        return [str(int(each)) for each in x + noise[0] > 1.4]  # one in ten
    if kind == "multiclass":
        return [CLASSES[each] for each in np.argmax(np.stack([x, y, -x - y]) + noise, axis=0)]
    return (10 + 3 * x + y + noise[0]).tolist()


def loop(home: Path, kind: str, metric: str, rows: pd.DataFrame, **sections: Any) -> Loop:
    """Write config, queries and warehouse."""
    config = home / "config"
    config.mkdir(parents=True)
    content = content_of(kind, metric) | {"name": kind, "model": f"{kind}_model", "features": ["x", "y", "shop"]}
    number, category = {"kind": "number"}, {"kind": "category"}
    content["curation"]["columns"] = {
        "id": {"kind": "text"}, "event_time": {"kind": "time"}, "x": number, "y": number, "shop": category,
        "weight": number | {"minimum": 0}, "customer": category,
    }  # fmt: skip
    estimator = {
        "regression": "sklearn.linear_model.Ridge", "quantiles": "sklearn.linear_model.QuantileRegressor",
    }.get(kind, "sklearn.linear_model.LogisticRegression")  # fmt: skip
    params = {"alpha": 0.0} if kind == "quantiles" else {}
    content["training"] |= {
        "preprocessing": [
            {"columns": ["x"], "steps": [{"class": "sklearn.preprocessing.StandardScaler"}]},
            {"columns": ["y"], "steps": [{"class": "sklearn.preprocessing.StandardScaler"}]},
            {"columns": ["shop"], "steps": [{"class": "sklearn.preprocessing.OneHotEncoder"}]},
        ],
        "estimator": {"class": estimator, "params": params}, "slices": ["shop", "x"], "min_rows": 300,
        "holdout_days": 6, "folds": 3,
    }  # fmt: skip
    content["gates"] |= {"min_training_rows": 300, "slice_min_rows": 40, "max_ms_per_1000_rows": 5000}
    content["monitoring"] |= {"min_rows": 40, "quality_rows": 100}
    for name, value in sections.items():
        content[name] = {**content[name], **value} if isinstance(content.get(name), dict) else value
    (config / f"{kind}.yaml").write_text(yaml.safe_dump(content))
    columns = "id, event_time, arrived_at, x, y, shop, weight, customer"
    _query(config / f"{kind}.sql", columns, f"{kind}_rows", "event_time")
    _query(config / f"{kind}_labels.sql", "id, label, label_time", f"{kind}_labels", "label_time")
    made = Loop(Settings(home=home, config_dir=config, data=None), kind)
    whole = Interval(rows.event_time.min().floor("D").to_pydatetime(), rows.label_time.max().ceil("D").to_pydatetime())
    with made.context.warehouse() as warehouse:
        for name, time, names in (
            (f"{kind}_rows", "arrived_at", columns.split(", ")),
            (f"{kind}_labels", "label_time", ["id", "label", "label_time"]),
        ):
            warehouse.replace(name, pa.table({each: rows[each].tolist() for each in names}), time, whole)
    assert problem_of(made.context.use_case)
    return made


def _query(path: Path, columns: str, name: str, time: str) -> None:
    sql = f"SELECT {columns} FROM {name} WHERE {time} >= $1 AND {time} < $2 ORDER BY {time}, id"  # noqa: S608 - ours
    path.write_text(sql)
