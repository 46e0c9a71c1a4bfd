"""The reference profile: the distributions of the training data, and of the scores on the holdout.

It is logged with the model as about 100 KB of JSON. Drift is measured against it alone, so the monitor does not need
the training data. The features come from the training rows. Two distributions come from the holdout: the scores, which
flatter the model on rows that it learned from, and the share of unknown words, which is 0 on the training texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sluss.errors import ModelError
from sluss.monitoring.past import Observed, cut, learn, newest, slices
from sluss.monitoring.words import Words, found_once, hashed_words, hashes_of, some_texts, text_numbers, vocabulary
from sluss.problems import problem_of
from sluss.statistics.distributions import Distribution, category_part, number_part
from sluss.statistics.figures import SCORE, Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sluss.arrays import Floats, Labels
    from sluss.config.use_case import UseCase
    from sluss.monitoring.words import Hashes

FORMAT = 3
# Format 1 has no past intervals: drift is judged by rows until enough intervals were seen. Format 2 has no noise within
# intervals: in those of few rows, all noise is taken to grow.
_READ = (1, 2, FORMAT)
_OF_ALL = ("format", "training_rows", "features", "vocabularies", SCORE, "holdout", "past")


@dataclass(frozen=True, slots=True)
class Profile:
    """A reference profile, read from a model's artifacts."""

    features: dict[str, Distribution]  # by name such as `text.words`, `price`, `price.missing`, `colour`
    vocabularies: dict[str, str]  # by text feature
    scores: dict[str, Distribution]  # of the predictions: `score`, and others that the problem compares
    own: dict[str, Any]  # parts that only this kind of problem has
    holdout: Estimate
    past: dict[str, Any] = field(default_factory=dict)  # noise between intervals: `season`, and `columns` by name


def build_profile(
    use_case: UseCase,
    training_rows: pd.DataFrame,
    holdout_rows: pd.DataFrame,
    holdout_scores: Floats,
    holdout_labels: Labels,
) -> dict[str, Any]:
    """Build the profile that is logged as `reference_profile.json` with the model.

    Args:
        use_case: names the features, their kinds and the metric.
        training_rows: the rows that the model learned from, without the holdout.
        holdout_rows: the n rows of the holdout, in the order of scores and labels.
        holdout_scores: the model's scores of the holdout, n of them.
        holdout_labels: the labels of the holdout, shape (n,).
    """
    import numpy as np

    scores = np.asarray(holdout_scores, dtype=float)
    problem = problem_of(use_case)
    groups = holdout_rows[use_case.group].to_numpy() if use_case.group else None
    holdout = problem.judging.estimate(holdout_labels, scores, groups)
    if holdout is None:
        raise ModelError(
            f"The holdout does not define {use_case.training.metric}: it needs labelled rows whose labels differ. "
            "Raise training.holdout_days, or check the labels."
        )
    words = {name: hashed_words(_texts(training_rows[name])) for name in _named(use_case, "text")}
    vocabularies = {name: vocabulary(texts) for name, texts in words.items()}
    alone = independent(use_case, training_rows)
    features = feature_parts(use_case, training_rows[alone], vocabularies, words if alone.all() else None)
    alone = independent(use_case, holdout_rows)
    unseen = feature_parts(use_case, holdout_rows[alone], vocabularies)
    judged = scores[alone]
    reference = {name: (unseen if name.endswith(".unknown_words") else features)[name] for name in features}
    of_scores = problem.reporting.distributions(judged)
    observed = [
        *_training_intervals(use_case, training_rows, words, vocabularies),
        *_holdout_intervals(use_case, holdout_rows, scores, vocabularies),
    ]
    return {
        "format": FORMAT,
        "training_rows": len(training_rows),
        # On its own training texts, a model knows every word; only the holdout shows how many are new on an ordinary
        # day.
        "features": reference,
        "vocabularies": vocabularies,
        **of_scores,
        **problem.reporting.profile(judged),
        "holdout": holdout.as_dict(),
        "past": learn(reference | of_scores, observed, use_case.unit),
    }


def _training_intervals(
    use_case: UseCase, rows: pd.DataFrame, words: dict[str, Words], vocabularies: dict[str, str]
) -> Iterator[Observed]:
    """Each interval of the training, compared with the vocabulary of the others alone."""
    import numpy as np

    every = slices(rows, use_case.unit)
    of_row = np.repeat(np.arange(len(every)), [each.rows for each in every])
    if not every:
        return
    known = {name: hashes_of(text) for name, text in vocabularies.items()}
    once = {name: found_once(words[name], of_row, known[name]) for name in known}
    kept = newest(every, use_case)
    to_cut = cut(kept)
    for each in kept:
        others = {name: known[name][once[name] != every.index(each)] for name in known}
        own = {name: some_texts(texts, each.first, each.end) for name, texts in words.items()}
        parts, *pieces = [
            _parts_by_others(
                use_case,
                rows.iloc[each.first + first : each.first + end],
                (vocabularies, others),
                {name: some_texts(texts, first, end) for name, texts in own.items()},
            )
            for first, end in [(0, each.rows), *(each.pieces if each in to_cut else [])]
        ]
        yield Observed(each.start, parts, pieces, learned=True)


def _parts_by_others(
    use_case: UseCase, rows: pd.DataFrame, known: tuple[dict[str, str], dict[str, Hashes]], words: dict[str, Words]
) -> dict[str, Distribution]:
    """Return the distributions of some rows; a word is known if the other intervals have it, too."""
    alone, (vocabularies, others) = independent(use_case, rows), known
    found = feature_parts(use_case, rows[alone], vocabularies, words if alone.all() else None)
    for name, texts in words.items():
        found[f"{name}.unknown_words"] = number_part(text_numbers(texts, others[name])["unknown_words"])
    return found


def _holdout_intervals(
    use_case: UseCase, rows: pd.DataFrame, scores: Floats, vocabularies: dict[str, str]
) -> Iterator[Observed]:
    """Each interval of the holdout: its features, and the scores that the model gave it."""
    distributions = problem_of(use_case).reporting.distributions
    for each in newest(slices(rows, use_case.unit), use_case):
        frame, judged = rows.iloc[each.first : each.end], scores[each.first : each.end]
        alone = independent(use_case, frame)
        yield Observed(each.start, feature_parts(use_case, frame[alone], vocabularies) | distributions(judged[alone]))


def independent(use_case: UseCase, rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark the rows that tests may take for independent: the first of each group, or all rows without groups."""
    import numpy as np

    return ~rows.duplicated(use_case.group).to_numpy() if use_case.group else np.ones(len(rows), dtype=bool)


def read_profile(content: dict[str, Any]) -> Profile:
    """Read a profile from its JSON.

    Raises:
        ModelError: another version of Sluss wrote it, or it is damaged.
    """
    try:
        if content["format"] not in _READ:
            raise ModelError(
                f"The reference profile has format {content['format']}, but this version reads formats 1 to {FORMAT}. "
                "Train the model again: python tasks/train_model.py."
            )
        if not content[SCORE]["values"]:
            raise KeyError("no scores")
        return Profile(
            content["features"],
            content["vocabularies"],
            {name: part for name, part in content.items() if name.partition(".")[0] == SCORE},
            {name: part for name, part in content.items() if name.partition(".")[0] not in _OF_ALL},
            Estimate(**content["holdout"]),
            content.get("past", {}),
        )
    except (KeyError, TypeError) as error:
        raise ModelError(
            f"The reference profile is damaged ({error}). Train the model again: python tasks/train_model.py."
        ) from None


def feature_parts(
    use_case: UseCase, rows: pd.DataFrame, vocabularies: dict[str, str], words: dict[str, Words] | None = None
) -> dict[str, Distribution]:
    """Return the distribution of every feature; texts become derived numbers.

    Training and monitoring use this one function, so that both sides of a comparison are computed alike. `words` are
    the rows' hashed texts, if they were hashed before.
    """
    parts: dict[str, Distribution] = {}
    for name in use_case.features:
        column, kind = rows[name], use_case.curation.columns[name].kind
        if kind == "text":
            texts = (words or {}).get(name) or hashed_words(_texts(column))
            numbers = text_numbers(texts, hashes_of(vocabularies.get(name, "")))
            parts |= {f"{name}.{key}": number_part(values) for key, values in numbers.items()}
        elif kind == "number":
            parts[name] = number_part(column.dropna().to_numpy(dtype=float))
        elif kind == "category":
            parts[name] = category_part(column.dropna().astype(str).tolist())
        missing = int(column.isna().sum())
        parts[f"{name}.missing"] = {"counts": {"missing": missing, "present": len(column) - missing}}
    return parts


def _named(use_case: UseCase, kind: str) -> list[str]:
    return [name for name in use_case.features if use_case.curation.columns[name].kind == kind]


def _texts(column: pd.Series[str]) -> list[str]:
    return ["" if text is None else text for text in column.astype(object).where(column.notna(), None)]
