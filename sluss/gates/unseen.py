"""The rows that neither challenger nor champion learned from, and how close both are to their labels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sluss.errors import DataError, ModelError
from sluss.registry import artifacts
from sluss.registry.artifacts import CONFIG_FILE, HOLDOUT_FILE
from sluss.registry.names import UNTIL_TAG
from sluss.registry.runs import run_of

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from mlflow.entities.model_registry import ModelVersion
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats
    from sluss.gates.evidence import Evidence


@dataclass(frozen=True)
class NewRows:
    """The rows of a holdout that are new to the champion, as a mask, and whether its own rows are known."""

    rows: NDArray[np.bool_]
    is_known: bool


def new_to_champion(evidence: Evidence) -> NewRows:
    """Mark the rows of the holdout that the champion did not learn from."""
    assert evidence.champion is not None
    rows = evidence.rows.holdout
    try:
        return NewRows(~rows["id"].isin(evidence.champion_rows.train["id"]).to_numpy(), is_known=True)
    # Its run or its rows are gone for good: then fewer rows, of which its artifacts tell that they are new to it.
    except (ModelError, DataError):
        return NewRows(unseen_by(evidence, evidence.champion, rows).to_numpy(dtype=bool), is_known=False)


def unseen_closeness(evidence: Evidence, version: ModelVersion, champion: Pipeline) -> tuple[Floats, Floats]:
    """Return the closeness of challenger and champion, each of shape (n,), in the order of event time.

    The rows are the challenger's holdout, and those whose labels have become known since, without the ones that the
    champion learned from. Each figure is of a row, or of the unit that `Judging.unit` names.
    """
    import pandas as pd

    judging, scoring = evidence.problem.judging, evidence.problem.scoring
    held_out = evidence.rows.holdout.merge(evidence.judged[["id", *scoring.stored]], on="id")
    later = evidence.newer
    if len(later):
        # The config may have changed since: a model may take other columns than the present one.
        own = scoring.scores(evidence.pipeline, later[_features(evidence, evidence.pipeline)])
        held_out = pd.concat([held_out, later.assign(**scoring.frame(own))])
    rows = held_out[unseen_by(evidence, version, held_out)]
    # The test bets row by row, so the order is part of the result: by time, and by id within a moment.
    rows = rows.sort_values(["event_time", "id"], ignore_index=True)
    labels, challengers = rows["label"].to_numpy(), scoring.read(rows)
    champions = scoring.scores(champion, rows[_features(evidence, champion)]) if len(rows) else challengers
    groups = rows[evidence.use_case.group].to_numpy() if evidence.use_case.group else None
    return judging.closeness_by_unit(labels, challengers, groups), judging.closeness_by_unit(labels, champions, groups)


def _features(evidence: Evidence, pipeline: Pipeline) -> list[str]:
    return list(getattr(pipeline, "feature_names_in_", evidence.use_case.features))


def unseen_by(evidence: Evidence, champion: ModelVersion, rows: pd.DataFrame) -> pd.Series[bool]:
    """Mark rows that the champion did not learn from: its own holdout, and all from its start on."""
    import pandas as pd

    # The ledger has it as well, of entries since it records models; the run may be gone.
    until = champion.tags.get(UNTIL_TAG) or run_of(evidence.context, champion).data.tags.get(UNTIL_TAG)
    if until is None:
        raise ModelError(f"The run of the champion, version {champion.version}, has no tag {UNTIL_TAG}.")
    folder = artifacts.local_copy(evidence.context.settings, champion)
    held_out = pd.read_parquet(folder / HOLDOUT_FILE, columns=["id"])["id"]
    return (rows["event_time"] >= _learned_before(evidence, folder, until)) | rows["id"].isin(held_out)


def _learned_before(evidence: Evidence, folder: Path, until: str) -> datetime:
    """Return a moment from which on the champion learned from no row: with a split by time, its holdout's start.

    Labels of rows in the holdout's days that arrived after its training are new to it, too.
    """
    path, end = folder / CONFIG_FILE, datetime.fromisoformat(until)
    # Not validated, so that the config of an older release can be read too.
    training = json.loads(path.read_text(encoding="utf-8"))["training"] if path.is_file() else {}
    by_time = evidence.use_case.source.has_times and training.get("holdout_share") is None
    return end - timedelta(days=training.get("holdout_days", 0)) if by_time else end
