"""What a version was trained from, as its run and its artifacts recorded it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from sluss.config.use_case import UseCase
from sluss.errors import DataError, ModelError
from sluss.registry import artifacts
from sluss.registry.artifacts import CONFIG_FILE
from sluss.registry.names import UNTIL_TAG
from sluss.storage.lake import Lake

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.entities.model_registry import ModelVersion

    from sluss.config.settings import Settings
    from sluss.context import Context
    from sluss.training.rows import TrainingRows


@dataclass(frozen=True)
class Recorded:
    """A version's tags, its artifacts on this machine, and the use case as its config was then."""

    version: str
    run_id: str
    tags: dict[str, str]
    folder: Path
    use_case: UseCase

    def tag(self, name: str) -> str:
        """The run's tag of that name.

        Raises:
            ModelError: the run has none, so another program or an older version of Sluss made it.
        """
        if name not in self.tags:
            raise ModelError(
                f"{self.use_case.model} version {self.version} does not say what it was trained from (its run has no "
                f"tag {name}). Train a version that does: make train USE_CASE={self.use_case.name}."
            )
        return self.tags[name]


def recorded(context: Context, version: ModelVersion) -> Recorded:
    """What was recorded of a version, after its artifacts were found to be the validated ones.

    Raises:
        ModelError: an artifact was changed or lost, or its config cannot be read any more.
        ServiceError: MLflow does not answer.
    """
    folder = artifacts.local_copy(context.settings, version)
    client = context.client
    with context.reachable():
        tags = dict(client.get_run(version.run_id).data.tags)
    config = recorded_config(context.use_case, version, folder / CONFIG_FILE)
    return Recorded(str(version.version), str(version.run_id), tags, folder, config)


def recorded_config(use_case: UseCase, version: ModelVersion, path: Path) -> UseCase:
    """The use case as its config was when the version was trained.

    Raises:
        ModelError: the version holds no config, or one that this code cannot read.
    """
    try:
        return UseCase.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ModelError(
            f"{use_case.model} version {version.version} does not hold the config that it was trained with. "
            f"Train a version that does: make train USE_CASE={use_case.name}."
        ) from None
    except ValidationError as error:
        raise ModelError(
            f"The config that {use_case.model} version {version.version} was trained with cannot be read by this code "
            f"({error.error_count()} keys differ). Use the code of the commit that its run names as sluss.commit."
        ) from None


def recorded_rows(settings: Settings, known: Recorded) -> TrainingRows:
    """The rows that the version was trained and judged on, from its tables as they were then.

    Raises:
        DataError: a table has lost that version.
    """
    from deltalake.exceptions import DeltaError

    from sluss.training.rows import training_rows

    versions = {"curated": int(known.tag("sluss.data.version")), "labels": int(known.tag("sluss.labels.version"))}
    lake = Lake(settings, known.use_case.name, versions)
    try:
        return training_rows(lake, known.use_case, datetime.fromisoformat(known.tag(UNTIL_TAG)))
    except (DeltaError, FileNotFoundError) as error:
        raise DataError(
            f"The rows of {known.use_case.model} version {known.version} are gone: {lake.uri('curated')} version "
            f"{versions['curated']} or {lake.uri('labels')} version {versions['labels']} cannot be read any more "
            f"({' '.join(str(error).split())[:150]}). Restore the tables from a backup."
        ) from None
