"""An estimate of the metric before labels come, and a mark of where it is blind.

The labels of the holdout say how far the model's probabilities can be trusted. Rows of the holdout that resemble the
present rows count more (`sluss.statistics.covariate_shift`), the probabilities of the present rows are calibrated by
them, and the metric is computed on labels drawn from these probabilities. This is confidence-based estimation; NannyML
describes it for binary classification, with the calibration weighted as here as M-CBPE: J. Białek, W. Kuberski, N.
Perrakis, A. Bifet (2024), Estimating Model Performance Under Covariate Shift Without Labels, arXiv:2401.08348.

It sees a change of the inputs, never a change of what they mean. Where few rows of the holdout resemble the present
ones, or texts differ, whose content its numbers do not show, the estimate is marked as blind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.monitoring.words import hashed_words, hashes_of, text_numbers
from sluss.problems import problem_of
from sluss.statistics.covariate_shift import measure_shift
from sluss.statistics.figures import Expected
from sluss.statistics.recalibration import recalibrated

if TYPE_CHECKING:
    import pandas as pd

    from sluss.arrays import Floats, Labels
    from sluss.config.use_case import UseCase
    from sluss.statistics.covariate_shift import Shift

_ROWS = 2_000  # of holdout and interval: more only cost time
_FEWEST = 100  # rows of either side
_DRAWS = 20
_SEED = 20260101
_LABEL = "label"
# Chosen on the demo's reviews and NannyML's car loans; docs/monitoring.md has the figures.
_TEXTS_DIFFER = 0.6  # ROC AUC of telling present texts from those of the holdout
_FEW_ALIKE = 0.1  # share of the holdout's rows that the weights leave


def estimation_rows(
    use_case: UseCase, holdout: pd.DataFrame, judged: tuple[Floats, Labels], vocabularies: dict[str, str]
) -> pd.DataFrame | None:
    """Return the rows of the holdout that estimates are made from, to be kept with the model.

    They hold the label, the scores, numbers and categories of the features, and of texts only the number of words and
    the share of unknown ones. None for a problem without probabilities.

    Args:
        use_case: names the features and their kinds.
        holdout: n rows.
        judged: their scores and labels, n of each.
        vocabularies: the words of the training texts, by feature.
    """
    import numpy as np

    problem, (scores, labels) = problem_of(use_case), judged
    if problem.judging.probabilities(scores[:1]) is None:
        return None
    chosen = np.linspace(0, len(holdout) - 1, min(len(holdout), _ROWS)).astype(int)
    rows = _features(use_case, holdout.iloc[chosen], vocabularies)
    return rows.assign(**{_LABEL: np.asarray(labels)[chosen]}, **problem.scoring.frame(scores[chosen]))


def expected_metric(
    use_case: UseCase, known: pd.DataFrame, present: tuple[pd.DataFrame, Floats], vocabularies: dict[str, str]
) -> Expected | None:
    """Estimate the metric on rows without labels; None where there are too few of them, or of labelled ones.

    Args:
        use_case: names features and metric.
        known: the rows that `estimation_rows` returned.
        present: m raw rows, as `sampled` returned them, and their scores.
        vocabularies: the words of the training texts, by feature.
    """
    import numpy as np

    judging, scoring = problem_of(use_case).judging, problem_of(use_case).scoring
    frame, scores = present
    if min(len(known), len(frame)) < _FEWEST:
        return None
    rows = _features(use_case, frame, vocabularies)
    labels, learned = known[_LABEL].to_numpy(), scoring.read(known)
    shift = measure_shift(_with_scores(known, rows, scoring.scalar(learned)), rows.assign(score=scoring.scalar(scores)))
    before, now = judging.probabilities(learned), judging.probabilities(scores)
    assert before is not None
    assert now is not None
    expected = _expected(use_case, scores, recalibrated((before, labels), shift.weights, now))
    # The calibration is no perfect fit: its error on the holdout itself, where the truth is known, is taken off.
    fitted = _expected(use_case, learned, recalibrated((before, labels), np.ones(len(labels)), before))
    true = judging.value(labels, learned)
    if expected is None or fitted is None or true is None:
        return None
    return Expected(use_case.training.metric, expected + true - fitted, shift.outside, _blind(use_case, shift))


def _with_scores(known: pd.DataFrame, rows: pd.DataFrame, scores: Floats) -> pd.DataFrame:
    return known[list(rows.columns)].assign(score=scores)


def _expected(use_case: UseCase, scores: Floats, probabilities: Floats) -> float | None:
    """Return the mean of the metric over labels that are drawn from the probabilities."""
    import numpy as np

    random, judging = np.random.default_rng(_SEED), problem_of(use_case).judging
    limits = probabilities.cumsum(axis=1)[:, :-1]
    values = [judging.value((random.random(len(scores))[:, None] > limits).sum(axis=1), scores) for _ in range(_DRAWS)]
    found = [value for value in values if value is not None]
    return float(np.mean(found)) if found else None


def _blind(use_case: UseCase, shift: Shift) -> str:
    kinds = {use_case.curation.columns[name].kind for name in use_case.features}
    if shift.effective < _FEW_ALIKE:
        return "hardly any row of the holdout resembles these rows"
    if "text" in kinds and shift.told_apart > _TEXTS_DIFFER:
        return "these texts differ from those of the holdout, and their meaning is not measured"
    return ""


def _features(use_case: UseCase, rows: pd.DataFrame, vocabularies: dict[str, str]) -> pd.DataFrame:
    """Return numbers and categories of the rows as columns; of a text, the numbers that the monitor derives from it."""
    import numpy as np
    import pandas as pd

    found: dict[str, Any] = {}
    for name in use_case.features:
        kind, column = use_case.curation.columns[name].kind, rows[name].reset_index(drop=True)
        if name in use_case.monitoring.ignore or kind == "time":
            continue
        if kind == "text":
            words = hashed_words(["" if text is None or text != text else str(text) for text in column])
            numbers = text_numbers(words, hashes_of(vocabularies.get(name, "")))
            share = np.full(len(column), np.nan)
            share[words.counts > 0] = numbers["unknown_words"]
            found |= {f"feature.{name}.words": numbers["words"], f"feature.{name}.unknown_words": share}
        elif kind == "number":
            found[f"feature.{name}"] = column.to_numpy(dtype=float, na_value=np.nan)
        else:
            found[f"feature.{name}"] = column.astype(object).where(column.notna(), None).astype("string")
    return pd.DataFrame(found, index=range(len(rows)))


def sampled(rows: pd.DataFrame) -> pd.DataFrame:
    """Return enough of an interval's rows for an estimate, evenly by id."""
    import numpy as np

    if len(rows) <= _ROWS:
        return rows
    return rows.sort_values("id").iloc[np.linspace(0, len(rows) - 1, _ROWS).astype(int)]
