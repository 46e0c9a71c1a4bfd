"""The champion as the ledger names it: MLflow's aliases follow the ledger and are never believed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.errors import DataError, ModelError
from sluss.registry import ledger, versions
from sluss.registry.entry import Model
from sluss.registry.names import DIGEST_TAG, INPUTS_TAG, UNTIL_TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow.entities.model_registry import ModelVersion

    from sluss.context import Context
    from sluss.registry.entry import Entry


def champion(context: Context, entries: Sequence[Entry] | None = None) -> ModelVersion:
    """Return the version in production, with the digest and the address that the ledger recorded.

    Args:
        context: settings and use case.
        entries: of the ledger, if they were read and verified already.

    Raises:
        ModelError: no version is in production.
        DataError: the ledger was changed by other means.
        ServiceError: the lake or MLflow does not answer.
    """
    found = current(context, entries)
    if found is None and not entries and context.lake.known.has(ledger.TABLE) and not ledger.read(context.lake):
        name = context.use_case.name
        raise DataError(
            f"The table {context.lake.uri(ledger.TABLE)} is gone, so it is not known which version is in production. "
            f"Restore its folder from a backup, or begin a new one: make repair USE_CASE={name} ACCEPT=1, then make "
            f"deploy USE_CASE={name}."
        )
    if found is None:
        raise ModelError(
            f"No version of {context.use_case.model} is the champion yet, so there is nothing to predict with. "
            f"Train and deploy one: make train deploy USE_CASE={context.use_case.name}."
        )
    return found


def current(context: Context, entries: Sequence[Entry] | None = None) -> ModelVersion | None:
    """Return the version in production, or None; see `champion`.

    Raises:
        DataError: the ledger was changed by other means.
        ServiceError: the lake or MLflow does not answer.
    """
    entries = ledger.read_verified(context.lake) if entries is None else entries
    number = ledger.in_production(entries)
    return None if number is None else in_ledger(context, entries, number)


def scored_by(context: Context, version: str, run_id: str) -> ModelVersion:
    """Return the version that scored some rows, as the ledger recorded it.

    Raises:
        ModelError: neither the ledger nor MLflow knows the version.
        ServiceError: the lake or MLflow does not answer.
    """
    return in_ledger(context, ledger.read(context.lake), version, run_id)


def in_ledger(context: Context, entries: Sequence[Entry], version: str, run_id: str | None = None) -> ModelVersion:
    """Return a version as the ledger recorded it; one that was never in production as MLflow has it.

    Args:
        context: settings and use case.
        entries: of the ledger.
        version: its number.
        run_id: tells two models apart that had the same number.

    Raises:
        ModelError: neither the ledger nor MLflow knows the version.
        ServiceError: MLflow does not answer.
    """
    entry = ledger.entry_of(entries, version, run_id)
    if entry is None or entry.model is None:
        return versions.by_version(context, version)
    return _as_version(version, entry.model)


def _as_version(version: str, model: Model) -> ModelVersion:
    from mlflow.entities.model_registry import ModelVersion, ModelVersionTag

    tags = {DIGEST_TAG: model.digest, UNTIL_TAG: model.until, INPUTS_TAG: model.inputs}
    return ModelVersion(
        name=model.name,
        version=version,
        creation_timestamp=round(datetime.fromisoformat(model.registered).timestamp() * 1000),
        source=model.source,
        run_id=model.run_id,
        tags=[ModelVersionTag(name, value) for name, value in tags.items() if value],
    )


def as_model(version: ModelVersion) -> Model:
    """Return the facts of a registered version that the ledger keeps."""
    tags = version.tags
    return Model(
        name=version.name,
        run_id=str(version.run_id),
        digest=tags.get(DIGEST_TAG, ""),
        source=str(version.source),
        registered=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC).isoformat(),
        until=tags.get(UNTIL_TAG, ""),
        inputs=tags.get(INPUTS_TAG, ""),
    )
