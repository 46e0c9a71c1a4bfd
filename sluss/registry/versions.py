"""Find versions of a registered model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sluss.errors import ModelError
from sluss.registry.names import INPUTS_TAG, SCHEMA_TAG
from sluss.registry.numbers import highest
from sluss.schema import check_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

    from sluss.context import Context

_LOG = logging.getLogger(__name__)


def by_version(context: Context, version: str) -> ModelVersion:
    """Return the version with that number.

    Raises:
        ModelError: it was never registered.
    """
    from mlflow.exceptions import MlflowException

    use_case = context.use_case
    client = context.client
    with context.reachable():
        try:
            return _known(client.get_model_version(use_case.model, version))
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise ModelError(
                f"{use_case.model} has no version {version}. See the versions on MLflow's Models page, "
                f"or train one: make train USE_CASE={use_case.name}."
            ) from None


def asked_for(context: Context, version: str | None) -> ModelVersion:
    """Return the version with this number; without one, the newest.

    Raises:
        ModelError: the version does not exist.
    """
    return by_version(context, version) if version else newest(context)


def newest(context: Context) -> ModelVersion:
    """Return the version that was registered last.

    Raises:
        ModelError: none is registered.
    """
    use_case = context.use_case
    found = every(context)
    if not found:
        raise ModelError(
            f"No version of {use_case.model} is registered. Train one: make train USE_CASE={use_case.name}."
        )
    return _known(found[max(found, key=int)])


def _known(version: ModelVersion) -> ModelVersion:
    """Return the version unless a newer Sluss has made it, whose artifacts this one may misread."""
    check_known(version.tags.get(SCHEMA_TAG), f"{version.name} version {version.version}")
    return version


def newest_candidate(context: Context) -> ModelVersion:
    """Return the newest version that the training pipeline registered.

    A lesson, or a person in MLflow, registers versions too. They are deployed only by their number.

    Raises:
        ModelError: none is registered.
    """
    last = newest(context)
    trained = {number: version for number, version in every(context).items() if INPUTS_TAG in version.tags}
    if not trained or str(last.version) in trained:
        return last
    found = _known(trained[max(trained, key=int)])
    _LOG.warning(
        "%s version %s is newer than version %s, and was not registered by the training pipeline. To deploy it, name "
        "it: make deploy USE_CASE=%s VERSION=%s.",
        found.name, last.version, found.version, context.use_case.name, last.version,
    )  # fmt: skip
    return found


def every(context: Context) -> dict[str, ModelVersion]:
    """Return all versions by number."""
    # MLflow ends the last page with an empty token.
    client, found, page = context.client, dict[str, "ModelVersion"](), None
    with context.reachable():
        while page != "":
            answer = client.search_model_versions(f"name = '{context.use_case.model}'", page_token=page)
            found |= {str(version.version): version for version in answer}
            page = answer.token or ""
    return found


def create(context: Context, made: tuple[str, str], tags: Mapping[str, str]) -> ModelVersion:
    """Register the artifacts at an address, made by a run, as a new version of the use case's model.

    Its number is higher than any that the ledger or a prediction names: MLflow's database may be older than the lake,
    as after a restore, and would give a number again that already stands for another model.
    """
    from mlflow.exceptions import MlflowException

    client, use_case = context.client, context.use_case
    try:
        client.create_registered_model(use_case.model, description=use_case.title)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    _skip_numbers(context, made)
    return with_next_number(client, use_case.model, made, tags)


def _skip_numbers(context: Context, made: tuple[str, str]) -> None:
    """Use up the numbers up to the highest known one. MLflow does not give the number of a deleted version again."""
    client, model, used = context.client, context.use_case.model, highest(context)
    last = max(map(int, every(context)), default=0)
    while last < used:
        # Without tags, neither a training nor the gates take it for a candidate.
        last = int(with_next_number(client, model, made, {}).version)
        client.delete_model_version(model, str(last))


def with_next_number(client: MlflowClient, model: str, made: tuple[str, str], tags: Mapping[str, str]) -> ModelVersion:
    """Register the artifacts at an address under the number that MLflow gives next."""
    source, run_id = made
    # MLflow's server accepts the address of a logged model only together with its id.
    model_id = source.removeprefix("models:/") if source.startswith("models:/m-") else None
    return client.create_model_version(model, source, run_id, tags=dict(tags), model_id=model_id)
