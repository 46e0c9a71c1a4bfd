"""A use case in production, made in a second: a registered version with its profile, and days of scored rows."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from sluss.config.settings import Settings
from sluss.context import Context
from sluss.deployment.production import follow
from sluss.digests import artifact_digest
from sluss.interval import Interval, midnight, parse_interval
from sluss.monitoring.estimate import estimation_rows
from sluss.monitoring.profile import build_profile
from sluss.registry import ledger
from sluss.registry.artifacts import ESTIMATION_FILE, HOLDOUT_FILE, PROFILE_FILE
from sluss.registry.champion import as_model
from sluss.registry.entry import Change
from sluss.registry.names import DIGEST_TAG
from sluss.storage.lake import Lake
from sluss.tracking.client import connect, experiment_id
from tasks import monitor_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlflow import MlflowClient

    from sluss.config.use_case import UseCase
    from sluss.monitoring.monitor import MonitorResult

FIRST = date(2026, 1, 1)
LABEL_DELAY = timedelta(hours=30)
WORDS = np.array([f"word{i}" for i in range(400)], dtype=object)


def texts(random: np.random.Generator, rows: int, strange: bool) -> list[str]:
    """Short texts; strange ones have fewer words, half of them unknown to training."""
    lengths = random.poisson(7 if strange else 16, rows) + 1
    words = WORDS[random.integers(0, 380, lengths.sum())]
    new = random.random(len(words)) < (0.5 if strange else 0.01)
    words[new] = [f"strange{i}" for i in random.integers(0, 10**6, new.sum())]
    return [" ".join(part) for part in np.split(words, np.cumsum(lengths)[:-1])]


def scored(random: np.random.Generator, rows: int, accuracy: float) -> tuple[np.ndarray, np.ndarray]:
    """Return scores, and labels that agree with them with probability `accuracy`."""
    scores = random.beta(1.2, 1.2, rows)
    right = random.random(rows) < accuracy
    return scores, np.where(right, scores >= 0.5, scores < 0.5).astype("int8")


@dataclass
class World:
    """One use case with its lake and hub."""

    settings: Settings
    use_case: UseCase

    @property
    def lake(self) -> Lake:
        return Lake(self.settings, self.use_case.name)

    def day(self, number: int) -> Interval:
        return parse_interval(str(FIRST + timedelta(days=number)), self.use_case.unit)

    def live(self, *days: str, rows: int = 300, version: str = "1") -> None:
        """Score the first days, each "usual" or "strange"; a strange day's text is changed and its accuracy low."""
        frames = []
        for number, kind in enumerate(days):
            random = np.random.default_rng([number, kind == "strange"])
            scores, labels = scored(random, rows, 0.55 if kind == "strange" else 0.8)
            start = midnight(FIRST + timedelta(days=number))
            frame = pd.DataFrame({"text": texts(random, rows, kind == "strange"), "score": scores, "label": labels})
            frame["id"] = [f"{number}-{row}" for row in range(rows)]
            frame["event_time"] = [start + timedelta(days=row / rows) for row in range(rows)]
            frames.append(frame.assign(interval=str(start.date()), source=kind, model_version=version, run_id="r"))
        self._write(pd.concat(frames))

    def monitor(self, *numbers: int) -> list[MonitorResult]:
        return [monitor_model.run(Context(self.settings, self.use_case), self.day(number)) for number in numbers]

    def states(self, *numbers: int, kind: str) -> list[str | None]:
        results = self.monitor(*numbers)
        return [next((a.state for a in result.alerts if a.type == kind), None) for result in results]

    def rows(self, table: str) -> list[dict]:
        dataset = self.lake.dataset(table)
        found = dataset.to_table().to_pylist() if dataset else []
        return sorted(found, key=lambda row: json.dumps(row, default=str, sort_keys=True))

    def runs(self) -> list:
        client = connect(self.settings)
        experiment = experiment_id(self.settings, client, self.use_case.monitoring_experiment)
        return client.search_runs([experiment], order_by=["attributes.start_time"])

    def _write(self, frame: pd.DataFrame) -> None:
        frame["prediction"] = (frame.score >= 0.5).astype("int8")
        frame["confidence"] = (frame.score - 0.5).abs() + 0.5
        frame["arrived_at"] = frame.event_time
        frame["superseded_at"] = None
        tables = {
            "curated": ["id", "event_time", "arrived_at", "superseded_at", "source", "text"],
            "predictions": ["id", "event_time", "score", "prediction", "confidence", "model_version", "run_id"],
        }
        for name, columns in tables.items():
            self.replace(name, frame[["interval", *columns]])
        known = frame.assign(label_time=frame.event_time + LABEL_DELAY)
        known["interval"] = known.label_time.dt.strftime("%Y-%m-%d")
        self.replace("labels", known[["interval", "id", "label", "label_time"]].sort_values("interval"))

    def replace(self, name: str, rows: pd.DataFrame) -> None:
        smaller = {"prediction": pa.int8(), "label": pa.int8(), "superseded_at": pa.timestamp("us", "UTC")}
        columns = {name: pa.array(rows[name].tolist(), smaller.get(name)) for name in rows}
        table = pa.table(columns)
        self.lake.replace(name, table, min(rows["interval"]), "9999")


def register(
    world: World,
    folder: Path,
    client: MlflowClient,
    spoil: Callable[[dict], object] = dict,
    *,
    estimates: bool = False,
) -> str:
    """Register a version that consists of a profile, spoilt or not, and the holdout; the monitor needs nothing else.

    An empty profile is none. With `estimates`, the metric is estimated before labels come.
    """
    random = np.random.default_rng(42)
    train, held = (pd.DataFrame({"text": texts(random, rows, strange=False)}) for rows in (3000, 1500))
    scores, labels = scored(random, 1500, 0.8)
    profile = build_profile(world.use_case, train, held, scores, labels)
    promised, vocabularies = profile["holdout"]["value"], profile["vocabularies"]
    spoil(profile)
    folder.mkdir(parents=True)
    if profile:
        (folder / PROFILE_FILE).write_text(json.dumps(profile))
    if estimates:
        estimation_rows(world.use_case, held, (scores, labels), vocabularies).to_parquet(folder / ESTIMATION_FILE)
    judged = pd.DataFrame({"id": [f"held-{row}" for row in range(1500)], "label": labels, "score": scores})
    judged = judged.assign(text=held.text, source="usual")  # which a test may take for groups
    judged.to_parquet(folder / HOLDOUT_FILE, index=False)
    experiment = experiment_id(world.settings, client, world.use_case.experiment)
    run = client.create_run(experiment)
    client.log_metric(run.info.run_id, f"holdout_{world.use_case.training.metric}", promised)
    version = client.create_model_version(
        world.use_case.model, folder.as_uri(), run.info.run_id, tags={DIGEST_TAG: artifact_digest(folder)}
    )
    number, entries = str(version.version), ledger.read(world.lake)
    change = Change("promote", number, ledger.in_production(entries), "ann", "made by hand", {}, as_model(version))
    ledger.append(world.lake, change, after=len(entries))
    follow(Context(world.settings, world.use_case), world.lake)
    return number


def embedded(home: Path) -> Settings:
    """Settings that name their hub: MLflow keeps the last one used in this process's environment."""
    return Settings(home=home, data=None, MLFLOW_TRACKING_URI=f"sqlite:///{home}/mlflow.db")


def make_home(home: Path, use_case: UseCase) -> None:
    """A home with one registered version, to be copied for each test."""
    world = World(embedded(home), use_case)
    client = connect(world.settings)
    client.create_registered_model(use_case.model)
    register(world, home / "versions" / "1", client)


def world_from(template: Path, home: Path, use_case: UseCase) -> World:
    """Copy a home to a world for one test."""
    shutil.copytree(template, home)
    return World(embedded(home), use_case)
