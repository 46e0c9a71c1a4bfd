"""The evidence for the gates: a version's run, its artifacts as stored, and its rows. Each is read once."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from sluss.digests import artifact_digest
from sluss.disk import full_disk
from sluss.errors import DataError, LostModelError, ModelError, ServiceError
from sluss.gates.retraining import Retraining
from sluss.registry import artifacts, ledger
from sluss.registry.artifacts import CONFIG_FILE, HOLDOUT_FILE, MODEL_FILE
from sluss.registry.champion import current, in_ledger
from sluss.registry.names import DIGEST_TAG, UNTIL_TAG
from sluss.registry.trusted_types import trusted_types
from sluss.training.recorded_training import Recorded, recorded, recorded_config, recorded_labelled, recorded_rows
from sluss.training.rows import newer_rows, newest_end
from sluss.training.split import holdout_start

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats
    from sluss.context import Context
    from sluss.gates.clean_process.process import CleanProcess
    from sluss.registry.artifacts import LoadedModel
    from sluss.training.rows import TrainingRows


class Evidence:
    """The evidence on one version. Each part is read on first use.

    A part that cannot be read raises in the gate that uses it, and that gate refuses.
    """

    def __init__(
        self, context: Context, version: ModelVersion, process: CleanProcess, *, uncompared: bool = False
    ) -> None:
        # Eight gates ask for the same run, files and rows. Each is read once, so that all gates judge the same content
        # even if the store changes meanwhile.
        self.context = context
        self.use_case = context.use_case
        self.problem = context.problem
        self.version = version
        self.process = process
        self.uncompared = uncompared  # a person accepts that a champion cannot be compared with

    @cached_property
    def run(self) -> Run:
        """The training run that the version came from.

        Raises:
            ModelError: the version has no run.
        """
        from mlflow.exceptions import MlflowException

        client, number = self.context.client, f"{self.version.name} version {self.version.version}"
        again = f"Train it through the pipeline: make train USE_CASE={self.use_case.name}."
        with self.context.reachable():
            try:
                run = client.get_run(self.version.run_id or "")  # a version registered from a folder has no run
            except MlflowException as error:
                if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                    raise
                raise ModelError(f"{number} has no run in MLflow, so its origin is unknown. {again}") from None
        if run.info.lifecycle_stage == "deleted":
            raise ModelError(
                f"The run of {number} was deleted in MLflow, so its origin is unknown and no verdict can be kept. "
                f"Restore it: make repair USE_CASE={self.use_case.name}."
            )
        return run

    @cached_property
    def stored(self) -> Path:
        """Folder with the artifacts, always downloaded: an intact local copy proves nothing about the store."""
        fresh = artifacts.download(self.context.settings, self.version, self.process.scratch)
        digest = artifact_digest(fresh)
        return artifacts.keep(self.context.settings, fresh, digest) if self._recorded(digest) else fresh

    def _recorded(self, digest: str) -> bool:
        return bool(self.version.tags.get(DIGEST_TAG) == digest)

    @property
    def folder(self) -> Path:
        """`stored`, for gates other than `identity`: only that gate reports why the folder cannot be read."""
        try:
            return self.stored
        except ServiceError:
            raise
        except ModelError:
            raise ModelError("Its artifacts cannot be read; see the gate identity.") from None

    def file(self, name: str, what: str) -> Path:
        """Return the path of one of the artifacts; `what` describes it in the message.

        Raises:
            ModelError: the file is missing.
        """
        path = self.folder / name
        if not path.is_file():
            raise ModelError(
                f"Its artifacts contain no {what} ({name}). "
                f"Train it through the pipeline: make train USE_CASE={self.use_case.name}."
            )
        return path

    @cached_property
    def judged(self) -> pd.DataFrame:
        """`id`, `label` and `score` of every holdout row, as recorded at training."""
        import pandas as pd

        return pd.read_parquet(self.file(HOLDOUT_FILE, "predictions of the holdout"))

    @cached_property
    def scores(self) -> Floats:
        """The scores of every holdout row, as recorded at training.

        Raises:
            ModelError: some are not numbers that a model of this kind can return.
        """
        scores = self.problem.scoring.read(self.judged)
        if wrong := self.problem.scoring.wrong(scores):
            raise ModelError(
                f"Its predictions of the holdout are {wrong} (such as NaN). Fill missing values in "
                f"training.preprocessing, then train it again: make train USE_CASE={self.use_case.name}."
            )
        return scores

    @property
    def model_file(self) -> Path:
        """Path of the model among the artifacts.

        Raises:
            ModelError: the file is missing, or the artifacts are not those that were registered. A model is not loaded
                then: a forged tree may crash the process that does.
        """
        if self.version.tags.get(DIGEST_TAG) and not self._recorded(artifact_digest(self.folder)):
            raise ModelError("Its artifacts are not those that were registered, so it is not loaded; see identity.")
        return self.file(MODEL_FILE, "model in the skops format")

    @cached_property
    def pipeline(self) -> Pipeline:
        """The model, loaded from the artifacts without pickle."""
        import skops.io

        pipeline: Pipeline = skops.io.load(self.model_file, trusted=trusted_types(self.model_file))
        return pipeline

    @cached_property
    def known(self) -> Recorded:
        """Its provenance, as its run and its artifacts record it."""

        config = recorded_config(self.use_case, self.version, self.folder / CONFIG_FILE)
        tags = dict(self.run.data.tags)
        return Recorded(str(self.version.version), str(self.version.run_id), tags, self.folder, config)

    @cached_property
    def read_rows(self) -> TrainingRows:
        """The rows it was trained and judged on, read again from the table versions that its run names.

        Raises:
            DataError: the rows cannot be read any more.
            ModelError: the run does not record them.
        """

        return recorded_rows(self.context.settings, self.known)

    @property
    def rows(self) -> TrainingRows:
        """`read_rows`, for gates other than `data`: only that gate reports why the rows cannot be read."""
        try:
            return self.read_rows
        except ServiceError:
            raise
        except (ModelError, DataError):
            raise DataError("Its rows cannot be read; see the gate data.") from None

    @cached_property
    def champion(self) -> ModelVersion | None:
        """The version in production, unless it is this one."""
        found = current(self.context)
        return None if found is None or str(found.version) == str(self.version.version) else found

    @cached_property
    def in_production(self) -> bool:
        """Whether this version is the champion."""
        found = current(self.context)
        return found is not None and str(found.version) == str(self.version.version)

    @cached_property
    def champion_model(self) -> LoadedModel:
        """The champion's model."""
        assert self.champion is not None
        return artifacts.load(self.context.settings, self.champion)

    @cached_property
    def champion_lost(self) -> str:
        """Why the champion's model cannot be loaded, as a sentence; empty if it can, or without a champion."""
        if self.champion is None:
            return ""
        try:
            assert self.champion_model
        except LostModelError as error:
            if full := full_disk(error):
                raise full from error
            return error.fault
        return ""

    @property
    def intact_before(self) -> str | None:
        """The version that a rollback of the champion restores, if its artifacts are intact."""
        entries = ledger.read_verified(self.context.lake)
        before = ledger.standing(entries)[-2:-1]
        try:
            for number in before:
                artifacts.local_copy(self.context.settings, in_ledger(self.context, entries, number))
        except ModelError:
            return None
        return before[0] if before else None

    @cached_property
    def champion_rows(self) -> TrainingRows:
        """The rows that the champion was trained and judged on, as they were then.

        Raises:
            DataError: they cannot be read any more.
            ModelError: its run or its artifacts are gone.
        """
        assert self.champion is not None
        known = recorded(self.context, self.champion)
        rows = recorded_rows(self.context.settings, known)
        if _other_holdout(known.folder / HOLDOUT_FILE, rows):
            raise DataError(
                f"The rows of the champion, version {self.champion.version}, are gone: the tables were made anew since."
            )
        return rows

    @cached_property
    def first_labels(self) -> pd.DataFrame | None:
        """`id` and `label` as the oldest version of the table `labels` has them; None without a later one."""
        from deltalake.exceptions import DeltaError

        for version in range(int(self.known.tag("sluss.labels.version"))):
            try:
                table = self.context.lake.dataset("labels", version)
                found: pd.DataFrame | None = (
                    None if table is None else table.to_table(["id", "label", "label_time"]).to_pandas()
                )
            except (DataError, DeltaError, OSError):
                continue  # its files were deleted
            if found is not None and len(found):
                found = found.sort_values("label_time", kind="stable").drop_duplicates("id", keep="last")
                return found[["id", "label"]]
        return None

    @cached_property
    def labelled(self) -> pd.DataFrame:
        """All labelled rows of its window, as the recorded versions of the tables have them; nothing is left out."""
        return recorded_labelled(self.context.settings, self.known)

    @cached_property
    def retraining(self) -> Retraining:
        """The same training once more, in a clean process. It begins when this is read first."""
        return Retraining(self.known.use_case, self.rows, self.pipeline, self.process)

    @property
    def raw(self) -> pd.DataFrame:
        """The features of the holdout's rows, n rows, as production passes them to a model."""
        trained = artifacts.with_features(self.use_case, artifacts.features_in(self.folder))
        return self.rows.holdout[list(trained.features)]

    @cached_property
    def newer(self) -> pd.DataFrame:
        """Labelled rows from its holdout's start on that have become known since its training, in order of events.

        Raises:
            DataError: the rows cannot be read any more.
            ModelError: the run does not record its training.
        """
        config, until = self.known.use_case, datetime.fromisoformat(self.known.tag(UNTIL_TAG))
        now = newest_end(self.context.lake, config)
        if now <= until:
            return self.rows.holdout.head(0)
        found = newer_rows(self.context.lake, config, holdout_start(config.training, until), now)
        for part in (self.rows.train, self.rows.holdout):
            found = found[~found["id"].isin(part["id"])]
        if config.group:
            found = found[~found[config.group].isin(self.rows.train[config.group])]
        return found


def _other_holdout(path: Path, rows: TrainingRows) -> bool:
    """Whether the holdout has other ids than recorded: a table that was lost and made anew counts from 0 again."""
    import pandas as pd

    return path.is_file() and set(pd.read_parquet(path, columns=["id"])["id"]) != set(rows.holdout["id"])
