"""Register the champion's artifacts as a new version, where MLflow does not have them under their name and number."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sluss.errors import ModelError
from sluss.registry import anchor, artifacts, ledger, versions
from sluss.registry.champion import as_model, in_ledger
from sluss.registry.entry import Change
from sluss.registry.mismatch import not_the_champion
from sluss.tracking.client import experiment_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sluss.context import Context
    from sluss.registry.entry import Entry, Model


def register_again(context: Context, entries: Sequence[Entry], by: str) -> list[str]:
    """Register the champion again if MLflow has lost, renamed or replaced it, and return a sentence about that.

    Raises:
        ModelError: its artifacts were changed or lost.
        ServiceError: the lake or MLflow does not answer.
    """
    use_case, number = context.use_case, ledger.in_production(entries)
    model = entries[-1].model if entries else None
    if number is None or model is None or (wrong := not_the_champion(context, number, model)) is None:
        return []
    known = in_ledger(context, entries, number)
    try:
        folder = artifacts.local_copy(context.settings, known)
    except ModelError as error:
        raise ModelError(
            f"{wrong} It cannot be registered again: {error} To go back to the version before: make rollback "
            f"USE_CASE={use_case.name}."
        ) from error
    with context.reachable():
        made = versions.create(context, (_source(context, model, folder), model.run_id), known.tags)
    # The time of the first registration: later candidates are newer than that, not than the repair.
    again = replace(as_model(made), registered=model.registered)
    reason = f"{wrong} The same model, digest {model.digest[:12]}, is registered again."
    new = str(made.version)
    change = Change("restore", new, number, by, reason, {}, model=again, contract=entries[-1].contract)
    anchor.move(context, entries)  # of two entries without an anchor, the second would pass for a forged one
    ledger.append(context.lake, change, after=len(entries))
    return [f"{reason} It is version {new} of {use_case.model} now."]


def _source(context: Context, model: Model, folder: Path) -> str:
    """The address of the model's artifacts; a new one, from the copy, where MLflow has forgotten the logged model."""
    from mlflow.exceptions import MlflowException

    client, model_id = context.client, model.source.removeprefix("models:/")
    if not model_id.startswith("m-"):
        return model.source
    try:
        client.get_logged_model(model_id)
    except MlflowException as error:
        # Its database is one of before the training, as after a restore.
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        experiment = experiment_id(context.settings, client, context.use_case.experiment)
        logged = client.create_logged_model(experiment, name="model")
        client.log_model_artifacts(logged.model_id, str(folder))
        client.finalize_logged_model(logged.model_id, "READY")
        return f"models:/{logged.model_id}"
    return model.source
