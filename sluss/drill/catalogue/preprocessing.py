"""Mistakes between raw rows and the model: preprocessing left in the notebook, or another fit than was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import skops.io
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sluss.digests import artifact_digest
from sluss.drill import needs
from sluss.drill.candidates import (
    copy_of_champion,
    edited_holdout,
    edited_model,
    features,
    files_before,
    fitted,
    plainly,
    registered,
)
from sluss.drill.catalogue.artifact import has_weights
from sluss.drill.mistake import Mistake
from sluss.drill.steps import gates
from sluss.registry.artifacts import MODEL_FILE
from sluss.training.evaluation import judge
from sluss.training.pipeline import build_pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.drill.candidates import Fit, Judge
    from sluss.drill.mistake import Needs, Refusal
    from sluss.drill.world import World
    from sluss.training.evaluation import Verdict
    from sluss.training.rows import TrainingRows

    Frame = pd.DataFrame

_SEED = 22


def cleaned(world: World, frame: Frame) -> Frame:
    """Rows as a notebook prepares them: a few words of each text, standardised numbers, categories in capitals."""
    kinds = world.use_case.curation.columns
    found = {}
    for name in world.use_case.features:
        column = frame[name]
        if kinds[name].kind == "text":
            found[name] = column.str.split().str[:4].str.join(" ")
        elif kinds[name].kind == "number":
            found[name] = (column - column.mean()) / (column.std() or 1)
        elif kinds[name].kind == "category":
            found[name] = column.str.upper()
    return frame.assign(**found)


def shouted(texts: Any) -> Any:  # noqa: ANN401 - a column
    """A function of a notebook."""
    return texts


def _as_fitted(world: World, pipeline: Pipeline, rows: TrainingRows) -> Pipeline:
    return plainly(pipeline, rows.train, features(world))


def _made(
    fit: Callable[[World, Pipeline, TrainingRows], Pipeline],
    judge_by: Callable[[World, Pipeline, TrainingRows], Verdict] | None = None,
) -> Callable[[World], list[Refusal]]:
    def inject(world: World) -> list[Refusal]:
        fit_by: Fit = lambda pipeline, rows: fit(world, pipeline, rows)  # noqa: E731
        by: Judge | None = (lambda pipeline, rows: judge_by(world, pipeline, rows)) if judge_by else None
        return fitted(fit_by, by)(world)

    return inject


def _judged_on_cleaned(world: World, pipeline: Pipeline, rows: TrainingRows) -> Verdict:
    """The verdict on prepared rows, with the record of the raw ones."""
    return judge(pipeline, world.use_case, rows.train, cleaned(world, rows.holdout))


def _fitted_on_cleaned(world: World, pipeline: Pipeline, rows: TrainingRows) -> Pipeline:
    return plainly(pipeline, cleaned(world, rows.train), features(world))


def _on(choose: Callable[[World, Frame], Frame]) -> Callable[[World, Pipeline, TrainingRows], Pipeline]:
    """A fit on other rows than the recorded ones."""
    return lambda world, pipeline, rows: plainly(pipeline, choose(world, rows.train), features(world))


def _class_doubled(_: World, frame: Frame) -> Frame:
    common = frame["label"] == frame["label"].mode()[0]
    parts: list[Frame] = [frame, frame[common], frame[common]]
    return pd.concat(parts, ignore_index=True)


def _labels_turned(world: World, frame: Frame) -> Frame:
    """A tenth of the labels is another one in the fit alone."""
    chosen = np.random.default_rng(_SEED).random(len(frame)) < 0.1
    other = np.random.default_rng(_SEED + 1).permutation(frame["label"].to_numpy())
    del world
    changed: Frame = frame.assign(label=frame["label"].where(~chosen, other))
    return changed


def _with_estimator(classifier: Any, regressor: Any) -> Callable[[World, Pipeline, TrainingRows], Pipeline]:  # noqa: ANN401
    """A fit of another estimator than the recorded one."""

    def fit(world: World, pipeline: Pipeline, rows: TrainingRows) -> Pipeline:
        estimator = clone(classifier if world.classes else regressor)
        pipeline.steps[-1] = (pipeline.steps[-1][0], estimator)
        return plainly(pipeline, rows.train, features(world))

    return fit


def _scaled(by: float, shift: float = 0.0) -> Callable[[World, Pipeline, TrainingRows], Pipeline]:
    """Scores that mean nothing as probabilities: all weights times a factor, before the verdict."""

    def fit(world: World, pipeline: Pipeline, rows: TrainingRows) -> Pipeline:
        pipeline = _as_fitted(world, pipeline, rows)
        estimator = pipeline[-1]
        estimator.coef_ = estimator.coef_ * by
        estimator.intercept_ = estimator.intercept_ * by + shift
        return pipeline

    return fit


def _linear(world: World) -> str:
    if not world.classes:
        return "Labels are numbers."
    return has_weights(world) or ("" if hasattr(world.model[-1], "coef_") else "The estimator has no coefficients.")


def _of_the_notebook(world: World) -> list[Refusal]:
    """The preprocessing takes columns that only the notebook has."""
    new = {name: f"{name}_clean" for name in features(world)}
    pipeline = build_pipeline(world.use_case)
    branches = [(name, part, _each(columns, new)) for name, part, columns in pipeline[0].transformers]
    pipeline.steps[0] = (pipeline.steps[0][0], ColumnTransformer(branches))
    plainly(pipeline, world.trained_on.train.rename(columns=new), list(new.values()))
    folder = copy_of_champion(world)
    skops.io.dump(pipeline, folder / MODEL_FILE)
    return gates(world, registered(world, folder, artifact_digest(folder)))


def _each(columns: str | list[str], new: dict[str, str]) -> str | list[str]:
    return new[columns] if isinstance(columns, str) else [new[name] for name in columns]


def _with_function(pipeline: Pipeline) -> Pipeline:
    return Pipeline([("notebook", FunctionTransformer(shouted)), *pipeline.steps])


def _preprocessing(
    name: str, inject: Callable[[World], list[Refusal]], lock: str = "preprocessing", needed: Needs = needs.nothing
) -> Mistake:
    return Mistake(name, "preprocessing", lock, inject, needed)


MISTAKES = (
    _preprocessing(
        "rows were cleaned in the notebook, for fit and verdict", _made(_fitted_on_cleaned, _judged_on_cleaned)
    ),
    _preprocessing("rows were cleaned in the notebook, for the verdict only", _made(_as_fitted, _judged_on_cleaned)),
    _preprocessing(
        "only the estimator was registered", files_before(edited_model(lambda pipeline: Pipeline(pipeline.steps[-1:])))
    ),
    _preprocessing("the pipeline was never fitted", files_before(edited_model(clone))),
    _preprocessing("the preprocessing asks for a column of the notebook", _of_the_notebook),
    _preprocessing(
        "the preprocessing is a function of the notebook", files_before(edited_model(_with_function)), "safety"
    ),
    _preprocessing(
        "recorded scores are those of another order of rows",
        files_before(edited_holdout(lambda judged: judged.assign(score=judged["score"].to_numpy()[::-1]))),
    ),
    _preprocessing(
        "recorded scores are rounded",
        files_before(edited_holdout(lambda judged: judged.assign(score=judged["score"].round(2)))),
    ),
    _preprocessing(
        "recorded scores are those of the other class",
        files_before(edited_holdout(lambda judged: judged.assign(score=1 - judged["score"]))),
    ),
    _preprocessing(
        "recorded scores are missing", files_before(edited_holdout(lambda judged: judged.assign(score=np.nan)))
    ),
    # Another fit than the run records.
    _preprocessing(
        "fitted on a quarter of the recorded rows", _made(_on(lambda _, frame: frame.head(len(frame) // 4))), "training"
    ),
    _preprocessing("fitted on every second recorded row", _made(_on(lambda _, frame: frame.iloc[::2])), "training"),
    _preprocessing(
        "fitted without the newest tenth of the recorded rows",
        _made(_on(lambda _, frame: frame.head(len(frame) * 9 // 10))),
        "training",
    ),
    _preprocessing("one class was doubled in the fit", _made(_on(_class_doubled)), "training"),
    _preprocessing("a tenth of the labels was another one in the fit", _made(_on(_labels_turned)), "training"),
    _preprocessing(
        "another estimator than the recorded one",
        _made(
            _with_estimator(
                DecisionTreeClassifier(max_depth=12, random_state=0),
                DecisionTreeRegressor(max_depth=12, random_state=0),
            )
        ),
        "training",
    ),
    _preprocessing(
        "a model that always gives the same answer",
        _made(_with_estimator(DummyClassifier(strategy="prior"), DummyRegressor())),
        "quality",
    ),
    _preprocessing(
        "a model that is too slow",
        _made(
            _with_estimator(
                BaggingClassifier(KNeighborsClassifier(50, algorithm="brute"), 6, random_state=0),
                BaggingRegressor(KNeighborsRegressor(50, algorithm="brute"), 6, random_state=0),
            )
        ),
        "speed",
    ),
    _preprocessing("all probabilities are close to one half", _made(_scaled(1e-3)), "calibration", _linear),
    _preprocessing("all probabilities are close to 0 or 1", _made(_scaled(1e3)), "calibration", _linear),
    _preprocessing("all probabilities are too high", _made(_scaled(1.0, 2.5)), "calibration", _linear),
)
