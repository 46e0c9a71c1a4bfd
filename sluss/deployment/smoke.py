"""The smoke prediction: the path that production uses, tried on real rows right after a promotion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.registry.artifacts import LoadedModel
    from sluss.registry.ledger import Entry

TAG = "sluss.smoke"  # on the version: the hash of the promotion whose smoke prediction it passed


def passed(context: Context, promotion: Entry) -> bool:
    """Whether this promotion's smoke prediction has passed before."""
    from sluss.registry import versions

    assert promotion.version is not None
    return bool(versions.by_version(context, promotion.version).tags.get(TAG) == promotion.hash)


def predict(context: Context, promotion: Entry) -> None:
    """Score the newest curated rows and some rows of the holdout as production would, and keep that it went well.

    Every score must be one that can be (a probability, or a finite number); those of the holdout must be the ones that
    were recorded at training.

    Raises:
        ModelError: the model cannot be found, loaded or used, or it does not give these scores.
        DataError: the rows that it was judged on are gone.
        ServiceError: the lake or MLflow does not answer.
    """
    from sluss.deployment.smoke_rows import holdout_rows, newest_rows
    from sluss.registry import artifacts, versions
    from sluss.scoring.score import ROUNDING, apart

    use_case = context.use_case
    version = versions.champion(context)
    model = artifacts.load(context.settings, version)
    lake = context.lake
    newest = newest_rows(lake, use_case)
    if newest is not None:
        _scores(model, use_case, newest)
    rows, recorded = holdout_rows(context, version)
    difference = apart(_scores(model, use_case, rows), recorded)
    if (difference > ROUNDING).any():
        raise ModelError(
            f"{use_case.model} version {model.version} gives other scores than at its training: on the last rows of "
            f"its holdout they differ by up to {difference.max():.3g}. Let the gates look at it: "
            f"make gates VERSION={model.version}."
        )
    with context.reachable():
        context.client.set_model_version_tag(use_case.model, model.version, TAG, promotion.hash)


def _scores(model: LoadedModel, use_case: UseCase, rows: pa.RecordBatch) -> np.ndarray:
    from sluss.problems import problem_of
    from sluss.scoring.score import score

    try:
        scores: np.ndarray = score(model, use_case, rows).column("score").to_numpy()
    except Exception as error:  # whatever a model raises, it is no model to predict with
        raise ModelError(
            f"{use_case.model} version {model.version} cannot score raw rows: {' '.join(str(error).split())[:200]}. "
            "Its preprocessing must be a part of its pipeline."
        ) from error
    if wrong := problem_of(use_case).wrong(scores):
        raise ModelError(f"{use_case.model} version {model.version} gives scores that are {wrong}.")
    return scores
