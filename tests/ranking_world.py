"""Users with tastes who rate items over time, and a use case of ranked lists on them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import yaml
from problem_loop import Loop

from sluss.config.settings import Settings
from sluss.config.use_case import UseCase
from sluss.interval import Interval
from sluss.sources.moments import Moments, rows_of

if TYPE_CHECKING:
    from pathlib import Path

RULES = Moments(at=(3, 6), least_stars=4, label_days=5)
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS, USERS_A_DAY, ITEMS, TASTES = 60, 12, 90, 3
COLUMNS = ("id", "event_time", "arrived_at", "user_id", "day", "liked", "ages", "known", "half_stars")


def ratings(days: int = DAYS, *, shift_from: int = 10_000, seed: int = 3) -> pd.DataFrame:
    """Each user rates twenty items within two days, and likes those of the own taste; later days bring other items."""
    random = np.random.default_rng(seed)
    found = []
    for user in range(days * USERS_A_DAY):
        day = user // USERS_A_DAY
        popularity = 1 / np.arange(1, ITEMS + 1) ** 0.7
        taste = random.integers(TASTES)
        chosen = random.choice(ITEMS, 20, replace=False, p=popularity / popularity.sum())
        moments = np.sort(random.integers(0, 2 * 86_400, 20)) + int(START.timestamp()) + day * 86_400
        liked = (chosen % TASTES == taste) | (random.random(20) < 0.1)
        items = chosen + 1 + (ITEMS if day >= shift_from else 0)
        found.append(
            pd.DataFrame({"user": f"u{user}", "item": items, "stars": np.where(liked, 5.0, 2.0), "time": moments})
        )
    return pd.concat(found, ignore_index=True)


def content(metric: str = "ndcg", **sections: Any) -> dict[str, Any]:
    """The content of the file of a use case."""
    text, number = {"kind": "text"}, {"kind": "number"}
    found: dict[str, Any] = {
        "name": "ranking", "title": "Items", "model": "ranker", "unit": "day", "schedule": "@daily",
        "live_start": "2026-02-10", "source": {"kind": "movielens", "start": "2026-01-01"},
        "curation": {
            "columns": {
                "id": text, "event_time": {"kind": "time"}, "user_id": {"kind": "category"}, "day": number,
                "liked": text, "ages": text, "known": text, "half_stars": number,
            },
            "max_bad_share": 0.1,
        },
        "features": ["user_id", "day", "liked", "ages", "known", "half_stars"], "group": "user_id",
        "ranking": {"items": 5, "liked": "liked", "ages": "ages", "known": "known"},
        "training": {
            "window_days": 60, "holdout_days": 12, "purge": True, "folds": 3, "min_rows": 50, "seed": 1,
            "metric": metric,
            "preprocessing": [
                {"columns": ["user_id", "day", "liked", "ages", "known"], "steps": ["passthrough"]},
                {"columns": "half_stars", "steps": ["drop"]},
            ],
            "estimator": {"class": "components.rankers.EaseRanker", "params": {"regularisation": 30}},
        },
        "gates": {
            "min_training_rows": 50, "min_holdout_rows": 20, "min_metric": 0.2, "min_gain": 0.02, "slice_min_rows": 40,
            "margin": 0.02, "alpha": 0.05, "max_ms_per_1000_rows": 60_000,
        },
        "deployment": {"approval": "none", "smoke_rows": 10},
        "monitoring": {
            "window_days": 30, "window_intervals": 30, "min_rows": 8, "false_alarms": "1 per 90 days",
            "drift_distance": 0.2, "quality_drop": 0.1, "quality_rows": 20, "ignore": ["user_id", "day", "ages"],
        },
        "retraining": {"min_new_labels": 500, "min_new_labels_on_alert": 50, "cool_down_hours": 24, "max_per_day": 1},
        "retention": {"predictions_days": 900, "monitoring_runs_days": 900, "table_history_hours": 168},
    }  # fmt: skip
    for name, value in sections.items():
        found[name] = {**found[name], **value} if isinstance(found.get(name), dict) else value
    return found


def use_case_of(metric: str = "ndcg", **sections: Any) -> UseCase:
    """The use case of this content."""
    return UseCase.model_validate(content(metric, **sections))


def rows_by_ratings(rated: pd.DataFrame) -> pd.DataFrame:
    """All rows of ratings, with `label` and `label_time`."""
    frame: pd.DataFrame = rows_of(rated, RULES).to_pandas()
    return frame


def loop(home: Path, rows: pd.DataFrame, **sections: Any) -> Loop:
    """Write config, queries and warehouse."""
    config = home / "config"
    config.mkdir(parents=True)
    (config / "ranking.yaml").write_text(yaml.safe_dump(content(**sections)))
    made = Loop(Settings(home=home, config_dir=config, data=None), "ranking")
    whole = Interval(START, rows.label_time.max().ceil("D").to_pydatetime())
    with made.context.warehouse() as warehouse:
        for name, time, columns, table in (
            ("ranking_rows", "arrived_at", COLUMNS, rows),
            ("ranking_labels", "label_time", ("id", "label", "label_time"), rows.dropna(subset="label")),
        ):
            warehouse.replace(name, pa.table({each: table[each].tolist() for each in columns}), time, whole)
    return made
