"""A rehearsal before the fit: a few rows go through the pipeline and through a file, so that a mistake shows early.

scikit-learn finds many mistakes only when it fits, and skops only when it saves: after ten minutes, on many rows. The
errors of both are for people who wrote the code; here they become sentences for people who wrote a config.
"""

from __future__ import annotations

import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluss.batches import fitting_rows
from sluss.counted import counted
from sluss.errors import ConfigError
from sluss.problems import problem_of
from sluss.registry.trusted_types import trusted_types, untrusted_types
from sluss.training.branches import BuiltBranch, branches_of
from sluss.training.fingerprint import pipeline_digest
from sluss.training.fitting import fit_weights
from sluss.training.pipeline import build_pipeline

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from sluss.config.use_case import UseCase

# Rows to try. A step that fails on few rows may work on more: a vectorizer with min_df, neighbours, components.
_ROWS = (200, 5_000)
_OF_EACH = 10  # rows of each label, and rows without a value of each column
_CLASSES = 1_000
_FEW = 20  # trees are enough to find a mistake
_IMPUTE = "{class: sklearn.impute.SimpleImputer}"


def rehearse(use_case: UseCase, train: pd.DataFrame) -> None:
    """Fit, score, save and load the use case's pipeline on a few of its training rows.

    Raises:
        ConfigError: it cannot be trained or saved; one sentence names the column or the class, and the cure.
    """
    sample = _sample(use_case, train, _ROWS[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the fit itself will be shown
        try:
            pipeline = _fitted(use_case, sample)
        except Exception:  # noqa: BLE001 - scikit-learn raises anything
            sample = _sample(use_case, train, _ROWS[1])
            try:
                pipeline = _fitted(use_case, sample)
            except Exception as error:
                raise ConfigError(_explained(use_case, sample, error)) from error
        _save_and_load(pipeline, use_case, sample)


def _sample(use_case: UseCase, train: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Rows spread over the window, some of each label and some without a value of each column among them."""
    import numpy as np

    size = int(train[list(use_case.features)].memory_usage(index=False, deep=True).sum())
    rows = fitting_rows(min(rows, len(train)), len(train), size)
    places = [np.linspace(0, len(train) - 1, rows).astype(int)]
    places += [np.flatnonzero(train[name].isna().to_numpy())[:_OF_EACH] for name in use_case.features]
    groups = train.groupby("label", sort=False).indices
    if len(groups) <= _CLASSES:  # in a regression nearly every row has a label of its own
        places += [np.asarray(group[:_OF_EACH]) for group in groups.values()]
    return train.iloc[np.unique(np.concatenate(places))].reset_index(drop=True)


def _shortened(pipeline: Pipeline) -> Pipeline:
    """Reduce the trees of the estimator: a mistake shows with few of them."""
    estimator = pipeline.named_steps["estimator"]
    params = estimator.get_params(deep=False)
    for name in ("n_estimators", "iterations"):
        if isinstance(params.get(name), int) and params[name] > _FEW:
            estimator.set_params(**{name: _FEW})
    return pipeline


def _fitted(use_case: UseCase, rows: pd.DataFrame) -> Pipeline:
    """Fit and score as the training does. Some classes know only then whether they give the scores that are needed."""
    features, scoring = rows[list(use_case.features)], problem_of(use_case).scoring
    pipeline = _shortened(build_pipeline(use_case))
    chosen = pipeline.named_steps["estimator"]
    scoring.assemble(pipeline)
    pipeline.fit(features, rows["label"], **fit_weights(use_case, pipeline, rows))
    if pipeline.named_steps["estimator"] is chosen:
        scoring.check(pipeline)
    scoring.scores(pipeline, features)
    return pipeline


def _explained(use_case: UseCase, rows: pd.DataFrame, error: Exception) -> str:
    """The sentence for an error of the fit: the first branch that fails, else the estimator."""
    if sentence := str(error) if isinstance(error, ConfigError) else _other_kind(use_case):
        return sentence
    features = rows[list(use_case.features)]
    for branch in branches_of(use_case):
        if sentence := _fault_of_branch(branch, features, rows["label"]):
            return sentence
    return _fault_of_estimator(use_case, rows, error)


def _other_kind(use_case: UseCase) -> str | None:
    """The sentence for an estimator of another kind of problem. One that stacks others knows its kind only fitted."""
    pipeline = build_pipeline(use_case)
    if "final_estimator" not in pipeline.named_steps["estimator"].get_params(deep=False):
        try:
            problem_of(use_case).scoring.check(pipeline)
        except ConfigError as error:
            return str(error)
    return None


def _fault_of_branch(branch: BuiltBranch, features: pd.DataFrame, labels: pd.Series[Any]) -> str | None:
    values: Any = features[branch.columns]
    for step in branch.steps:
        if isinstance(step, str):
            continue
        name = type(step).__name__
        if not hasattr(step, "transform"):
            return f"{name} has no method transform, so it cannot prepare new rows. Choose another class."
        try:
            values = step.fit_transform(values, labels)
        except Exception as error:  # noqa: BLE001 - scikit-learn raises anything
            return _fault(branch, name, features, labels, error)
        if isinstance(values, tuple) or getattr(values, "ndim", 2) != 2:
            return f"{name} does not return one table, which is what the estimator takes. Choose another class."
    return None


def _fault(branch: BuiltBranch, step: str, features: pd.DataFrame, labels: pd.Series[Any], error: Exception) -> str:
    columns = [branch.columns] if isinstance(branch.columns, str) else branch.columns
    missing = [name for name in columns if features[name].isna().any()]
    whole = features[columns].notna().all(axis=1)
    if missing and whole.any():
        with suppress(Exception):
            branch.transformer.fit_transform(features.loc[whole, branch.columns], labels[whole])
            return (
                f"The column {missing[0]} has missing values ({features[missing[0]].isna().sum()} of "
                f"{counted(len(features), 'row')} tried), and {step} takes none. Put {_IMPUTE} before it, or leave "
                "these rows out in curation (nullable: false)."
            )
    return f"{step} cannot be fitted on {', '.join(columns[:3])}: {_reason(error)} Correct the branch in training."


def _fault_of_estimator(use_case: UseCase, rows: pd.DataFrame, error: Exception) -> str:
    import numpy as np

    features = rows[list(use_case.features)]
    estimator = use_case.training.estimator.name.rpartition(".")[2]
    if _wants_several_labels(use_case):
        return f"{estimator} predicts several labels of each row, and a use case has one. Choose another estimator."
    for branch in branches_of(use_case):
        if isinstance(branch.transformer, str) and branch.transformer == "drop":
            continue
        made = _output(branch, features, rows["label"])
        columns = branch.columns if isinstance(branch.columns, str) else ", ".join(branch.columns[:3])
        if made.dtype == object and not _numbers(made):
            return (
                f"The column {columns} reaches {estimator} as text, which it cannot use. Encode it: put "
                "{class: sklearn.preprocessing.OneHotEncoder, params: {handle_unknown: ignore}} into its branch."
            )
        if made.dtype.kind == "f" and np.isnan(made).any() and _fits_without(use_case, rows, branch):
            return (
                f"The column {columns} has missing values, and {estimator} takes none. Put {_IMPUTE} into its branch, "
                "or choose an estimator that takes them, such as "
                "sklearn.ensemble.HistGradientBoostingClassifier or HistGradientBoostingRegressor."
            )
    return (
        f"{use_case.training.estimator.name} cannot be fitted on {counted(len(rows), 'row')} of the history: "
        f"{_reason(error)}"
    )


def _wants_several_labels(use_case: UseCase) -> bool:
    from sklearn.utils import get_tags

    estimator = build_pipeline(use_case).named_steps["estimator"]
    return hasattr(estimator, "__sklearn_tags__") and not get_tags(estimator).target_tags.single_output


def _output(branch: BuiltBranch, features: pd.DataFrame, labels: pd.Series[Any]) -> Any:  # noqa: ANN401 - array or sparse
    """The stored values of what a branch makes of the rows."""
    import numpy as np

    values: Any = features[branch.columns]
    if not isinstance(branch.transformer, str):
        values = branch.transformer.fit_transform(values, labels)
    return values.data if hasattr(values, "tocsr") else np.asarray(values)


def _numbers(values: Any) -> bool:  # noqa: ANN401 - an array of objects
    try:
        values.astype(float)
    except (TypeError, ValueError):
        return False
    return True


def _fits_without(use_case: UseCase, rows: pd.DataFrame, branch: BuiltBranch) -> bool:
    """Whether the fit works on the rows in which the branch's columns have values."""
    columns = [branch.columns] if isinstance(branch.columns, str) else branch.columns
    whole = rows[columns].notna().all(axis=1)
    other = rows[list(use_case.features)].notna().all(axis=1)
    for chosen in (whole, other):
        with suppress(Exception):
            _fitted(use_case, rows[chosen].reset_index(drop=True))
            return True
    return False


def _save_and_load(pipeline: Pipeline, use_case: UseCase, rows: pd.DataFrame) -> None:
    """Through a file without pickle, as at registration and before scoring."""
    import skops.io
    from skops.io.exceptions import UnsupportedTypeException

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.skops"
        try:
            skops.io.dump(pipeline, path)
        except UnsupportedTypeException as error:
            raise ConfigError(f"A model of this pipeline cannot be saved without pickle: {_reason(error)}") from error
        if unknown := untrusted_types(path):
            raise ConfigError(
                f"A model of this pipeline would contain types that are not trusted: {', '.join(unknown)}. Choose "
                "another class or parameter; docs/your_code.md explains how to trust a type."
            )
        try:
            loaded: Pipeline = skops.io.load(path, trusted=trusted_types(path))
            same = _same_scores(pipeline, loaded, use_case, rows)
        except Exception as error:
            raise ConfigError(f"A model of this pipeline cannot be loaded again: {_reason(error)}") from error
    if not same or pipeline_digest(loaded) != pipeline_digest(pipeline):
        raise ConfigError(
            "A model of this pipeline changes when it is saved and loaded again, so it cannot be used in production. "
            "Choose another class or parameter."
        )


def _same_scores(one: Pipeline, other: Pipeline, use_case: UseCase, rows: pd.DataFrame) -> bool:
    import numpy as np

    features, scoring = rows[list(use_case.features)], problem_of(use_case).scoring
    scores, again = scoring.scores(one, features), scoring.scores(other, features)
    return bool(np.allclose(scores, again, rtol=1e-12, atol=1e-12, equal_nan=True))


def _reason(error: Exception) -> str:
    """The first sentences of an error, with a full stop."""
    text = " ".join(f"{error}".split())[:300] or type(error).__name__
    return text if text.endswith(".") else f"{text}."
