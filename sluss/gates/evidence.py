"""What the gates look at: a version's run, its artifacts as the store holds them now, its rows. Each is read once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sluss.digests import artifact_digest
from sluss.errors import DataError, ModelError, ServiceError
from sluss.registry import artifacts
from sluss.registry.artifacts import CONFIG_FILE, HOLDOUT_FILE, MODEL_FILE, TRUSTED_TYPES
from sluss.registry.names import DIGEST_TAG

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion
    from sklearn.pipeline import Pipeline

    from sluss.context import Context
    from sluss.gates.clean_process.client import FreshProcess
    from sluss.training.recorded_training import Recorded
    from sluss.training.rows import TrainingRows


class Evidence:
    """A version before the gates.

    Whatever cannot be read raises where it is asked for, and the gate that asked refuses.
    """

    def __init__(self, context: Context, version: ModelVersion, fresh: FreshProcess) -> None:
        self.context = context
        self.use_case = context.use_case
        self.problem = context.problem
        self.version = version
        self.fresh = fresh

    @cached_property
    def run(self) -> Run:
        """The training run that the version came from.

        Raises:
            ModelError: there is none.
        """
        from mlflow.exceptions import MlflowException

        client = self.context.client
        with self.context.reachable():
            try:
                return client.get_run(self.version.run_id or "")  # a version made from a folder has none
            except MlflowException as error:
                if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                    raise
                raise ModelError(
                    f"{self.version.name} version {self.version.version} has no run in MLflow, so nobody knows where "
                    f"it comes from. Train it through the pipeline: make train USE_CASE={self.use_case.name}."
                ) from None

    @cached_property
    def stored(self) -> Path:
        """Folder with the artifacts, fetched anew: a copy from an earlier load says nothing about the store."""
        fresh = artifacts.download(self.context.settings, self.version, self.fresh.scratch)
        digest = artifact_digest(fresh)
        return artifacts.keep(self.context.settings, fresh, digest) if self._recorded(digest) else fresh

    def _recorded(self, digest: str) -> bool:
        return bool(self.version.tags.get(DIGEST_TAG) == digest)

    @property
    def folder(self) -> Path:
        """The same folder, for gates to which it is not the question whether it can be read."""
        try:
            return self.stored
        except ServiceError:
            raise
        except ModelError:
            raise ModelError("Its artifacts cannot be read; the gate identity says why.") from None

    def file(self, name: str, what: str) -> Path:
        """One of the artifacts.

        Raises:
            ModelError: it is not there.
        """
        path = self.folder / name
        if not path.is_file():
            raise ModelError(
                f"Its artifacts hold no {what} ({name}). "
                f"Train it through the pipeline: make train USE_CASE={self.use_case.name}."
            )
        return path

    @cached_property
    def judged(self) -> pd.DataFrame:
        """`id`, `label` and `score` of every holdout row, as recorded at training."""
        import pandas as pd

        return pd.read_parquet(self.file(HOLDOUT_FILE, "predictions of the holdout"))

    @property
    def model_file(self) -> Path:
        """The model among the artifacts."""
        return self.file(MODEL_FILE, "model in the skops format")

    @cached_property
    def pipeline(self) -> Pipeline:
        """The model, loaded from the artifacts without pickle."""
        import skops.io

        pipeline: Pipeline = skops.io.load(self.model_file, trusted=list(TRUSTED_TYPES))
        return pipeline

    @cached_property
    def known(self) -> Recorded:
        """What its run and its artifacts say that it was made from."""
        from sluss.training.recorded_training import Recorded, recorded_config

        config = recorded_config(self.use_case, self.version, self.folder / CONFIG_FILE)
        tags = dict(self.run.data.tags)
        return Recorded(str(self.version.version), str(self.version.run_id), tags, self.folder, config)

    @cached_property
    def read_rows(self) -> TrainingRows:
        """The rows it was trained and judged on, read again from the table versions that its run names.

        Raises:
            DataError: they cannot be read any more.
            ModelError: nobody recorded which they were.
        """
        from sluss.training.recorded_training import recorded_rows

        return recorded_rows(self.context.settings, self.known)

    @property
    def rows(self) -> TrainingRows:
        """The same rows, for gates to which it is not the question whether they can be read."""
        try:
            return self.read_rows
        except ServiceError:
            raise
        except (ModelError, DataError):
            raise DataError("There are no rows to try it on; the gate data says why.") from None

    @property
    def raw(self) -> pd.DataFrame:
        """The holdout's raw rows, as production gives them to a model: the features and nothing else."""
        return self.rows.holdout[list(self.use_case.features)]
