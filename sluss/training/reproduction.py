"""Train a registered version again from what its run recorded, and compare."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.registry import versions
from sluss.registry.artifacts import HOLDOUT_FILE
from sluss.training.blas import one_blas_thread
from sluss.training.differences import differences
from sluss.training.fingerprint import pipeline_digest
from sluss.training.fit import fit_and_judge
from sluss.training.recorded_training import recorded, recorded_rows

if TYPE_CHECKING:
    import pandas as pd

    from sluss.context import Context
    from sluss.training.evaluation import Verdict
    from sluss.training.recorded_training import Recorded


@dataclass(frozen=True)
class Reproduction:
    """Digests of rows and fitted pipeline, recorded and found, and a sentence for each difference."""

    version: str
    data: tuple[str, str]
    pipeline: tuple[str, str]
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether the same rows gave the same pipeline."""
        return self.data[0] == self.data[1] and self.pipeline[0] == self.pipeline[1]


def reproduce(context: Context, version: str | None = None) -> Reproduction:
    """Train a version (by default the newest) again, with its rows by time travel and the config from its artifacts.

    Logs and registers nothing. Code and packages are those of this process; `make reproduce` provides the recorded
    ones.

    Raises:
        DataError: the rows it was trained on were deleted.
        ModelError: the version does not exist, has no complete record, or was changed since.
        ServiceError: the lake or MLflow does not answer.
    """

    found = versions.asked_for(context, version)
    known = recorded(context, found)
    data, pipeline = known.tag("sluss.data.digest"), known.tag("sluss.pipeline")
    rows = recorded_rows(context.settings, known)
    # As in the training: the order of a sum is part of the result.
    with one_blas_thread():
        fitted, verdict = fit_and_judge(known.use_case, rows)
        differing = list(differences(context, known))
    result = Reproduction(known.version, (data, rows.digest), (pipeline, pipeline_digest(fitted)), tuple(differing))
    return result if result.same else _explained(result, known, verdict)


def _explained(result: Reproduction, known: Recorded, verdict: Verdict) -> Reproduction:
    """Add the difference of the scores, and its possible causes."""

    sentences = list(result.differences)
    if result.data[0] != result.data[1]:
        tables = f"{known.tags.get('sluss.data.table')} version {known.tags.get('sluss.data.version')}"
        sentences.insert(0, f"Data: {tables} and its labels give different rows than those it was trained on.")
    elif not sentences:
        sentences.append("The fit: everything recorded is equal, so the estimator itself is not reproducible.")
    sentences.append(_effect(known, verdict.judged))
    return dataclasses.replace(result, differences=tuple(sentences))


def _effect(known: Recorded, judged: pd.DataFrame) -> str:
    import pandas as pd

    both = pd.read_parquet(known.folder / HOLDOUT_FILE).merge(judged, on="id")
    largest = (both["score_x"] - both["score_y"]).abs().max()
    return f"Effect: on the {counted(len(both), 'holdout row')} in both, the scores differ by at most {largest:.1e}."
