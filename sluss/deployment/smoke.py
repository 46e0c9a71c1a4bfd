"""The smoke prediction: right after a promotion, the code path of production scores real rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.deployment.smoke_rows import holdout_rows, newest_rows
from sluss.errors import ModelError
from sluss.problems import problem_of
from sluss.registry import artifacts, versions
from sluss.registry.champion import champion
from sluss.scoring.score import ROUNDING, relative_differences, score

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.registry.artifacts import LoadedModel
    from sluss.registry.entry import Entry

TAG = "sluss.smoke"  # on the version: the hash of the promotion whose smoke prediction it passed


def passed(context: Context, promotion: Entry) -> bool:
    """Return whether the smoke prediction of this promotion has passed before."""

    assert promotion.version is not None
    return bool(versions.by_version(context, promotion.version).tags.get(TAG) == promotion.hash)


def predict(context: Context, promotion: Entry) -> None:
    """Score the newest curated rows and some rows of the holdout as production does, and record the success.

    Every score must be valid (a probability, or a finite number), and those of the holdout must equal the scores
    recorded at training but for rounding.

    Raises:
        ModelError: the model cannot be found, loaded or used, or its scores are invalid or differ.
        DataError: the rows of its holdout were deleted.
        ServiceError: the lake or MLflow does not answer.
    """

    use_case = context.use_case
    version = champion(context)
    model = artifacts.load(context.settings, version)
    lake = context.lake
    use_case = model.as_trained(use_case)
    # The newest rows have the schema of today, the holdout has recorded scores to compare with. A failure of either
    # takes the version back.
    newest = newest_rows(lake, use_case)
    if newest is not None:
        _scores(model, use_case, newest)
    rows, recorded = holdout_rows(context, version, use_case)
    difference = relative_differences(_scores(model, use_case, rows), recorded)
    if (difference > ROUNDING).any():
        raise ModelError(
            f"{use_case.model} version {model.version} gives different scores than at its training: they differ by up "
            f"to {difference.max():.3g} on the last rows of its holdout. Let the gates judge it: "
            f"make gates USE_CASE={use_case.name} VERSION={model.version}."
        )
    with context.reachable():
        context.client.set_model_version_tag(use_case.model, model.version, TAG, promotion.hash)


def _scores(model: LoadedModel, use_case: UseCase, rows: pa.RecordBatch) -> np.ndarray:

    try:
        scores: np.ndarray = score(model, use_case, rows).column("score").to_numpy()
    except Exception as error:  # a foreign model can raise any exception
        raise ModelError(
            f"{use_case.model} version {model.version} cannot score raw rows: {' '.join(str(error).split())[:200]}. "
            "Its preprocessing must be a part of its pipeline."
        ) from error
    if wrong := problem_of(use_case).scoring.wrong(scores):
        raise ModelError(f"{use_case.model} version {model.version} gives scores that are {wrong}.")
    return scores
