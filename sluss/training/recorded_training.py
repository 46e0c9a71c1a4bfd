"""The record of a training: its rows, config and tags, from the version's run and artifacts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from sluss.config.use_case import UseCase
from sluss.counted import counted
from sluss.errors import DataError, ModelError
from sluss.registry import artifacts
from sluss.registry.artifacts import CONFIG_FILE, found_in
from sluss.registry.names import UNTIL_TAG
from sluss.registry.runs import run_of
from sluss.storage.lake import Lake
from sluss.training.rows import newer_rows, training_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd
    from mlflow.entities.model_registry import ModelVersion

    from sluss.config.settings import Settings
    from sluss.context import Context
    from sluss.training.rows import TrainingRows

_T = TypeVar("_T")
_ASIDE = {"gates", "deployment", "monitoring", "retraining", "retention"}  # sections of the config


@dataclass(frozen=True)
class Recorded:
    """A version's tags, a local copy of its artifacts, and the use case with the config of the training."""

    version: str
    run_id: str
    tags: dict[str, str]
    folder: Path
    use_case: UseCase

    def tag(self, name: str) -> str:
        """Return the run's tag of that name.

        Raises:
            ModelError: the run does not have the tag: another program, or an older version of Sluss, made it.
        """
        if name not in self.tags:
            raise ModelError(
                f"{self.use_case.model} version {self.version} does not say what it was trained from (its run has no "
                f"tag {name}). Train a version that does: make train USE_CASE={self.use_case.name}."
            )
        return self.tags[name]


def recorded(context: Context, version: ModelVersion) -> Recorded:
    """Return the record of a version, after checking the digest of its artifacts.

    Raises:
        ModelError: an artifact was changed or lost, or its config cannot be read any more.
        ServiceError: MLflow does not answer.
    """
    folder = artifacts.local_copy(context.settings, version)
    tags = dict(run_of(context, version).data.tags)
    config = recorded_config(context.use_case, version, folder / CONFIG_FILE)
    return Recorded(str(version.version), str(version.run_id), tags, folder, config)


def recorded_config(use_case: UseCase, version: ModelVersion, path: Path) -> UseCase:
    """Return the use case with the config of the training.

    Raises:
        ModelError: the version has no config, or one that this code cannot read.
    """
    try:
        # The recorded config, not the present file, which may have changed since the training.
        found = _validated(json.loads(path.read_text(encoding="utf-8")), use_case)
        return found.with_found(found_in(path.parent))
    except FileNotFoundError:
        raise ModelError(
            f"{use_case.model} version {version.version} does not hold the config that it was trained with. "
            f"Train a version that does: make train USE_CASE={use_case.name}."
        ) from None
    except ValidationError as error:
        raise ModelError(
            f"The config that {use_case.model} version {version.version} was trained with cannot be read by this code "
            f"({counted(error.error_count(), 'error')}). Use the code of the commit that its run names as sluss.commit."
        ) from None


def _validated(content: dict[str, Any], present: UseCase) -> UseCase:
    """Return the recorded config; of an older Sluss, whose keys may differ, the sections that a training reads.

    Raises:
        ValidationError: the rest cannot be read by this code either.
    """
    try:
        return UseCase.model_validate(content)
    except ValidationError:
        return UseCase.model_validate(content | present.model_dump(mode="json", by_alias=True, include=_ASIDE))


def recorded_rows(settings: Settings, known: Recorded) -> TrainingRows:
    """Read the rows that the version was trained and judged on, from the recorded versions of the tables.

    Raises:
        DataError: a table does not have that version any more.
    """
    return _read(settings, known, training_rows)


def recorded_labelled(settings: Settings, known: Recorded) -> pd.DataFrame:
    """Read all labelled rows of the version's window, those too that its split leaves out.

    Raises:
        DataError: a table does not have that version any more.
    """
    window = timedelta(days=known.use_case.training.window_days)
    return _read(settings, known, lambda lake, use_case, until: newer_rows(lake, use_case, until - window, until))


def _read(settings: Settings, known: Recorded, read: Callable[[Lake, UseCase, datetime], _T]) -> _T:
    from deltalake.exceptions import DeltaError

    versions = {"curated": int(known.tag("sluss.data.version")), "labels": int(known.tag("sluss.labels.version"))}
    lake = Lake(settings, known.use_case.name, versions)
    try:
        return read(lake, known.use_case, datetime.fromisoformat(known.tag(UNTIL_TAG)))
    except (DeltaError, FileNotFoundError) as error:
        raise DataError(
            f"The rows of {known.use_case.model} version {known.version} are gone: {lake.uri('curated')} version "
            f"{versions['curated']} or {lake.uri('labels')} version {versions['labels']} cannot be read any more "
            f"({' '.join(str(error).split())[:150]}). Restore the tables from a backup."
        ) from None
