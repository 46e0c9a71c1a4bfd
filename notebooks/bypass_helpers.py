"""Helpers of bypass.ipynb: put a model into the registry without the pipeline, and measure the effect.

Each version that bypasses the pipeline copies all tags and artifacts of the champion and differs from it in one thing.
So each cause meets the gate that checks for it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import skops.io

from sluss.config.settings import Settings
from sluss.digests import artifact_digest
from sluss.errors import DataError, ModelError, ServiceError
from sluss.interval import midnight
from sluss.registry import artifacts, ledger
from sluss.registry.artifacts import HOLDOUT_FILE, MODEL_FILE, LoadedModel
from sluss.registry.champion import champion
from sluss.registry.names import DIGEST_TAG, GATE_TAG
from sluss.storage.point_in_time import known_labels, known_rows
from sluss.tracking.moved_home import current
from sluss.training.recorded_training import recorded, recorded_rows
from sluss.training.rows import TrainingRows, newest_end
from tasks import deploy_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlflow.entities.model_registry import ModelVersion

    from sluss.notebook import Desk

CAUSE_TAG = "sluss.cause"
_KEPT = ("sluss.data.", "sluss.labels.", "sluss.until", "sluss.use_case", "sluss.python", "sluss.lock", "sluss.commit")
# For Python 3.13 the oldest scikit-learn that there is.
_ELSEWHERE = (
    ("scikit-learn==1.4.2", "numpy==1.26.4", "scipy==1.14.1", "pandas==2.2.3", "skops==0.11.0", "joblib==1.4.2")
    if sys.version_info < (3, 13)
    else ("scikit-learn==1.5.2", "numpy==2.1.3", "scipy==1.14.1", "pandas==2.2.3", "skops==0.11.0", "joblib==1.4.2")
)
# Errors of uv if the index does not answer, if it fails, and if uv is set to work offline.
_NO_INDEX = ("error sending request", "HTTP status server error", "the network was disabled")

_HEADINGS = ("Cause", "Where it was made", "Where it is used", "Refused by", "In the gate's words", "In production")


class Bench:
    """The champion, the rows it was made from, and the days that came after."""

    def __init__(self, at: Desk) -> None:
        self.at = at
        self.champion = champion(at)
        self.known = recorded(at, self.champion)
        self.model = artifacts.load(at.settings, self.champion).pipeline
        self.told: list[tuple[str, ...]] = []

    def rows(self) -> TrainingRows:
        """The rows that the champion was trained and judged on."""
        return recorded_rows(self.at.settings, self.known)

    def live(self, *sources: str) -> pd.DataFrame:
        """The labelled rows of these sources since scoring began.

        Raises:
            DataError: not all days have been brought in.
        """
        use_case, lake = self.at.use_case, self.at.lake
        end = newest_end(lake, use_case)
        days = ds.field("event_time") >= midnight(use_case.live_start)
        columns = ["id", "event_time", "source", *use_case.features]
        rows = known_rows(lake.dataset("curated"), columns, end, days & ds.field("source").isin(sources)).to_pandas()
        found = rows.merge(known_labels(lake.dataset("labels"), end)[["id", "label"]], on="id")
        if set(found["source"]) != set(sources):
            raise DataError(f"No labelled rows of {' and '.join(sources)} have come in yet. Run make demo first.")
        return found.sort_values("id", ignore_index=True)

    def register(self, change: Callable[[Path], object] | None = None) -> ModelVersion:
        """Register a version like the champion by MLflow's own client, but for what `change` does to its files."""
        client = self.at.client
        source = client.get_run(self.champion.run_id)
        tags = {name: value for name, value in source.data.tags.items() if name.startswith(_KEPT)}
        run_id = client.create_run(source.info.experiment_id, tags=tags).info.run_id
        client.log_metric(run_id, "baseline_accuracy", source.data.metrics["baseline_accuracy"])
        model = client.create_logged_model(source.info.experiment_id, source_run_id=run_id)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(shutil.copytree(self.known.folder, Path(scratch) / "model"))
            if change is not None:
                change(folder)
            client.log_model_artifacts(model.model_id, str(folder))
            digest = artifact_digest(folder)
        return client.create_model_version(
            self.at.use_case.model,
            f"models:/{model.model_id}",
            run_id,
            tags={DIGEST_TAG: digest},
            model_id=model.model_id,
        )

    def try_to_deploy(self, cause: str, version: Any, gate: str, made: float, used: float | None) -> None:
        """Ask the deployment for a version, print what the gate said, and note it for the table.

        Args:
            cause: its letter and its name.
            version: of the registry.
            gate: the one that checks for this cause.
            made: accuracy where the model was made.
            used: accuracy where it is used; None if it does not load there.
        """
        _settings, _use_case = self.at.settings, self.at.use_case
        self.at.client.set_tag(version.run_id, CAUSE_TAG, cause)
        with suppress(ModelError):
            deploy_model.run(self.at, str(version.version), by="bypass.ipynb")
        tags = self.at.client.get_run(version.run_id).data.tags
        said = {name.removeprefix(GATE_TAG): value for name, value in tags.items() if name.startswith(GATE_TAG)}
        print(f"{gate} {said[gate]}\n\nRefused by {', '.join(n for n, text in said.items() if text[0] == 'r')}.")
        now = ledger.in_production(ledger.read(self.at.lake))
        stands = "the champion, as before" if now == str(self.champion.version) else f"version {now}"
        self.told.append(
            (cause, f"{made:.3f}", "does not load" if used is None else f"{used:.3f}", f"`{gate}`", said[gate], stands)
        )

    def table(self) -> str:
        """The whole story as a table in Markdown, without what is another in each registry."""
        rows = [(*told[:4], _shortened(told[4]), told[5]) for told in self.told]
        return "\n".join(f"| {' | '.join(row)} |" for row in (_HEADINGS, ("---",) * len(_HEADINGS), *rows))


def _shortened(said: str) -> str:
    """The first sentence of a verdict."""
    sentence = re.sub(r" \(.*\)", "", said.partition(": ")[2].split(". ")[0])
    return re.sub(r"\b[0-9a-f]{12}\b", "…", re.sub(r"version \d+", "version n", sentence)) + "."


@contextmanager
def trained_elsewhere(bench: Bench, raw: pd.DataFrame) -> Iterator[Path]:
    """The champion's rows and parameters in a second environment, made for real: the folder with what it saved.

    Raises:
        ServiceError: the package index does not answer.
        ModelError: the environment cannot be made for another reason.
    """
    training = bench.known.use_case.training.model_dump(mode="json", by_alias=True)
    told = training | {"packages": [pin.partition("==")[0] for pin in _ELSEWHERE]}
    told["estimator"]["params"] |= {"random_state": training["seed"]}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        python = _environment(folder / "elsewhere")
        bench.rows().train.to_json(folder / "train.jsonl", orient="records", lines=True)
        raw[list(bench.at.use_case.features)].to_json(folder / "raw.jsonl", orient="records", lines=True)
        (folder / "pipeline.json").write_text(json.dumps(told), encoding="utf-8")
        script = Path(__file__).with_name("train_elsewhere.py")
        subprocess.run(
            [python, "-I", script, folder], check=True, capture_output=True, env={"OPENBLAS_NUM_THREADS": "1"}
        )
        yield folder


def _environment(folder: Path) -> Path:
    uv = Path(sys.executable).with_name("uv")
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, folder],
        [uv, "pip", "install", "--quiet", "--only-binary", ":all:", "--python", folder / "bin" / "python", *_ELSEWHERE],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = " ".join(done.stderr.split())
            if any(sign in said for sign in _NO_INDEX):
                raise ServiceError(f"The package index does not answer, so no second environment was made: {said}")
            raise ModelError(f"The second environment could not be made: {said}")
    return folder / "bin" / "python"


def pack(folder: Path, elsewhere: Path) -> None:
    """Put a model that was trained elsewhere, and the versions it was trained with, among a version's files."""
    for name in (MODEL_FILE, "requirements.txt"):
        shutil.copy(elsewhere / name, folder / name)


def swap(bench: Bench, version: ModelVersion, model: Any) -> None:
    """Write another model over a version's own, where the store keeps it."""
    address = bench.at.client.get_logged_model(version.source.removeprefix("models:/")).artifact_location
    place = current(address, bench.at.settings.mlflow_uri)
    skops.io.dump(model, Path(place.removeprefix("file://")) / MODEL_FILE)


def load_on_a_new_machine(at: Desk, version: ModelVersion) -> LoadedModel:
    """Load a version where no copy of it is at hand, as a new container does.

    Raises:
        ModelError: the store holds other bytes than the recorded ones.
    """
    with tempfile.TemporaryDirectory() as home:
        return artifacts.load(Settings(home=Path(home), MLFLOW_TRACKING_URI=at.settings.mlflow_uri), version)


def scores_of(model: Any, rows: Any) -> np.ndarray:
    """Probability of the second class for each row, however loudly scikit-learn warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.predict_proba(rows)[:, 1]


def accuracy(scores: Any, rows: pd.DataFrame) -> float:
    """Share of rows whose class the scores choose."""
    return float(((np.asarray(scores) >= 0.5) == (rows["label"] == 1)).mean())


def with_scores(folder: Path, scores: Any) -> None:
    """Record other predictions of the holdout, as the model gave them where it was made."""
    judged = pd.read_parquet(folder / HOLDOUT_FILE)
    judged.assign(score=scores).to_parquet(folder / HOLDOUT_FILE, index=False)
