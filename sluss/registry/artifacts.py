"""A version's artifacts: download, digest, and load without pickle."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sluss.config.settings import load_settings
from sluss.config.yaml_file import owner_of_model
from sluss.digests import artifact_digest
from sluss.errors import LostModelError, ModelError
from sluss.registry.names import DIGEST_TAG
from sluss.registry.trusted_types import trusted_types
from sluss.tracking.client import connect, reachable, service_error
from sluss.tracking.moved_home import local_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from mlflow.entities.model_registry import ModelVersion
    from sklearn.pipeline import Pipeline

    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase
    from sluss.context import Context

MODEL_FILE = "model.skops"
PROFILE_FILE = "reference_profile.json"
CONFIG_FILE = "use_case.json"  # the use case as its config was at training
FOUND_FILE = "found_on_holdout.json"  # values that the config leaves to the holdout, such as a threshold
BOUNDS_FILE = "slice_bounds.json"  # where the quarters of numbers end, by which holdout and live rows are sliced
ESTIMATION_FILE = "estimation.parquet"  # the rows of the holdout that the metric is estimated from
HOLDOUT_FILE = "holdout.parquet"  # id, label, score and slices of every holdout row, as recorded at training


@dataclass(frozen=True)
class LoadedModel:
    """A model whose digest was found equal to the one recorded at its registration."""

    version: str
    run_id: str
    pipeline: Pipeline
    features: tuple[str, ...] = ()  # of its training; empty for a model that was not trained by the pipeline
    found: Mapping[str, float] = field(default_factory=dict)  # values that the config leaves to the holdout

    def as_trained(self, use_case: UseCase) -> UseCase:
        """Return the use case with the features that the model takes: the config may have others by now."""
        return with_features(use_case, self.features).with_found(self.found)


def load(settings: Settings, version: ModelVersion) -> LoadedModel:
    """Check a version's digest, and load the model without pickle.

    Every load checks the digest, also of a local copy: the artifact store and the copies are writable by others than
    the gates, and a model that was validated once must not differ from the one that scores. Hashing takes milliseconds.

    Raises:
        ModelError: an artifact was changed, damaged or lost, or the model contains a type that is not trusted.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    folder = local_copy(settings, version)
    try:
        pipeline: Pipeline = skops.io.load(folder / MODEL_FILE, trusted=trusted_types(folder / MODEL_FILE))
    except UntrustedTypesFoundException as error:
        raise ModelError(f"{version.name} version {version.version} is refused: {error}") from None
    return LoadedModel(str(version.version), str(version.run_id), pipeline, features_in(folder), found_in(folder))


def features_in(folder: Path) -> tuple[str, ...]:
    """Return the features that a version was trained with, from its artifacts; empty without a record of them."""
    path = folder / CONFIG_FILE
    if not path.is_file():
        return ()
    # Not the whole config: an older one may have other keys than this code.
    return tuple(json.loads(path.read_text(encoding="utf-8")).get("features", ()))


def found_in(folder: Path) -> dict[str, float]:
    """Return the values that a version's holdout gave, from its artifacts; most versions have none."""
    path = folder / FOUND_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def as_trained(use_case: UseCase, folder: Path) -> UseCase:
    """Return the use case with the features and the values of the holdout that a version's artifacts record."""
    return with_features(use_case, features_in(folder)).with_found(found_in(folder))


def with_features(use_case: UseCase, features: tuple[str, ...]) -> UseCase:
    """Return the use case with these features, or unchanged if there are none or one is no longer curated."""
    known = features and all(name in use_case.curation.columns for name in features)
    return use_case.model_copy(update={"features": features}) if known else use_case


def local_copy(settings: Settings, version: ModelVersion) -> Path:
    """Return a folder with the version's artifacts: an intact copy with the recorded digest, or a new download.

    Raises:
        ModelError: no digest was recorded, or the downloaded artifacts have another one.
    """
    recorded = recorded_digest(version)
    target = copies(settings) / recorded
    if target.is_dir() and artifact_digest(target) == recorded:
        return target
    # In the folder of the copies, so that `keep` moves the files within one file system, which is atomic: a step that
    # is killed leaves no incomplete copy.
    with tempfile.TemporaryDirectory(dir=copies(settings)) as scratch:
        fresh = download(settings, version, Path(scratch))
        check_digest(version, artifact_digest(fresh))
        return keep(settings, fresh, recorded)


def recorded_digest(version: ModelVersion) -> str:
    """Return the digest that a version's artifacts had at its registration.

    Raises:
        ModelError: the version has no digest.
    """
    recorded = version.tags.get(DIGEST_TAG)
    if not recorded:
        raise ModelError(
            f"{version.name} version {version.version} has no digest, so it cannot be compared with the model that was "
            f"validated. Train it through the pipeline: {_training_of(version)}."
        )
    return str(recorded)


def check_digest(version: ModelVersion, found: str) -> None:
    """Compare the digest of a version's artifacts with the recorded one.

    Raises:
        ModelError: the version has no digest, or a different one.
    """
    recorded = recorded_digest(version)
    if found != recorded:
        raise LostModelError(
            f"{version.name} version {version.version} is not the model that was validated: its artifacts have the "
            f"digest {found[:12]}, recorded is {recorded[:12]}. A file in the artifact store was changed or damaged.",
            f"Restore it, or train again: {_training_of(version)}.",
        )


def copies(settings: Settings) -> Path:
    """Return the folder with local copies of versions, each in a folder named by its digest."""
    folder = settings.home / "models"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def keep(settings: Settings, fresh: Path, digest: str) -> Path:
    """Move artifacts with that digest to the local copies, and return their folder."""
    target = copies(settings) / digest
    if target.is_dir() and artifact_digest(target) == digest:
        return target
    # A copy whose content does not match its name was changed since. It is replaced, never repaired.
    shutil.rmtree(target, ignore_errors=True)
    try:
        fresh.rename(target)
    except OSError:  # another step has moved the same artifacts there in between
        if artifact_digest(target) != digest:
            raise
    return target


def download(settings: Settings, version: ModelVersion, folder: Path) -> Path:
    """Download the version's artifacts below `folder`, and return their folder.

    Raises:
        ModelError: the store does not have them.
        ServiceError: MLflow does not answer, or refuses the login.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    connect(settings)
    with reachable(settings):
        try:
            stored = Path(mlflow.artifacts.download_artifacts(version.source, dst_path=str(folder / "model")))
        except (MlflowException, OSError) as error:
            if found := service_error(settings, error):
                raise found from error
            raise LostModelError(
                f"The artifacts of {version.name} version {version.version} cannot be read from {version.source}: "
                f"{' '.join(str(error).split())[:200]}.",
                f"Restore the artifact store, or train again: {_training_of(version)}.",
            ) from error
    # MLflow adds this file to the download. The store does not hold it, so it would change the digest.
    (stored / "registered_model_meta").unlink(missing_ok=True)
    return stored


def is_stored(context: Context, version: ModelVersion) -> bool:
    """Whether the store lists the files of a version's local copy. Without a copy, one file suffices.

    They are listed and not read: every load checks the content.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    connect(context.settings)
    with context.reachable():
        try:
            found = mlflow.artifacts.list_artifacts(artifact_uri=version.source)
        except (MlflowException, OSError) as error:
            if service_error(context.settings, error):
                raise
            return False  # its logged model or its bucket is gone
    copy = copies(context.settings) / version.tags.get(DIGEST_TAG, "-")
    wanted = {path.name for path in copy.iterdir()} if copy.is_dir() else set()
    names = {PurePosixPath(each.path).name for each in found}
    return bool(names) and wanted <= names


def has_copy(settings: Settings, version: ModelVersion) -> bool:
    """Whether this place has an intact local copy of a version's artifacts."""
    recorded = version.tags.get(DIGEST_TAG, "")
    return bool(recorded) and has_digest(copies(settings) / recorded, version)


def has_digest(folder: Path, version: ModelVersion) -> bool:
    """Whether a folder holds a version's artifacts as they were registered."""
    return folder.is_dir() and artifact_digest(folder) == version.tags.get(DIGEST_TAG)


def store_of(context: Context, version: ModelVersion) -> Path | None:
    """Return the folder of a version in the artifact store, if the store is a folder of this machine.

    Raises:
        ServiceError: MLflow does not answer.
    """
    from mlflow.exceptions import MlflowException

    try:
        with context.reachable():
            address = context.client.get_model_version_download_uri(version.name, version.version)
            if address.startswith("models:/"):
                address = context.client.get_logged_model(address.removeprefix("models:/")).artifact_location
    except MlflowException:
        return None  # the download tells why
    return local_path(address, context.settings.mlflow_uri)


def kept_rows(folder: Path) -> pd.DataFrame | None:
    """Return the rows for estimates of the metric from a local copy of a version, or None if it has none."""
    import pandas as pd

    path = folder / ESTIMATION_FILE
    return pd.read_parquet(path) if path.is_file() else None


def reference_profile(folder: Path, version: ModelVersion) -> dict[str, object]:
    """Return the reference profile from the local copy of a version, as plain JSON values.

    Raises:
        ModelError: the version has no profile.
    """
    path = folder / PROFILE_FILE
    if not path.is_file():
        raise ModelError(
            f"{version.name} version {version.version} has no reference profile, so it cannot be monitored. "
            f"Train it again: {_training_of(version)}."
        )
    profile: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return profile


def _training_of(version: ModelVersion) -> str:
    """Return the command that trains a successor."""
    owner = owner_of_model(load_settings().config_dir, version.name)
    return f"make train USE_CASE={owner or '…'}"
