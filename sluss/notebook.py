"""From a notebook to a candidate: a desk with the use case's data, and one call that registers a pipeline.

The notebook's pipeline is first converted to the config of a use case. The step of the training pipeline then builds
and trains it from that config, on the rows that the step reads. No state of the notebook gets into the model, and the
recorded config is enough to reproduce it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from sluss.config.settings import step_settings
from sluss.config.training import Branch
from sluss.context import Context
from sluss.errors import ConfigError
from sluss.problems import problem_of
from sluss.training.part_text import params_of, part_of
from sluss.training.rows import newest_end, training_rows
from sluss.training.train import train
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from datetime import datetime

    from sklearn.base import BaseEstimator
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    from sluss.config.use_case import UseCase
    from sluss.training.rows import TrainingRows
    from sluss.training.train import TrainedModel

_WORDS = ("passthrough", "drop")  # for transformers, as scikit-learn has them
_SHAPE = (
    "A candidate is a pipeline of two steps: a ColumnTransformer, which takes the raw columns by their names, and a "
    "classifier or regressor, e.g. make_pipeline(ColumnTransformer([('text', TfidfVectorizer(), 'text')]), "
    "LogisticRegression())."
)


@dataclass(frozen=True)
class Desk(Context):
    """The context of a notebook's use case."""

    def rows(self, until: datetime | None = None) -> TrainingRows:
        """Read the rows that a candidate would learn from and be judged on, as known at `until` (by default: now).

        Raises:
            DataError: the training window has no curated rows, or too few.
        """
        return training_rows(self.lake, self.use_case, until or newest_end(self.lake, self.use_case))


def desk(use_case: str | None = None) -> Desk:
    """Read the settings and a use case, as every step does; by default the one that USE_CASE names.

    Raises:
        ConfigError: a setting is invalid, or the use case does not exist.
    """
    settings = step_settings()
    return Desk(settings, load_use_case(use_case or os.environ.get("USE_CASE", "sentiment"), settings.config_dir))


def register(pipeline: Pipeline, at: Desk, until: datetime | None = None) -> TrainedModel:
    """Train a copy of this pipeline as the training pipeline does, and register it as a candidate.

    The copy is fitted anew, whether or not `pipeline` is fitted. An estimator without `random_state` gets the config's
    seed.

    Args:
        pipeline: takes raw columns and returns predictions.
        at: the use case, with its settings.
        until: use only rows and labels known at this moment; by default all.

    Raises:
        ConfigError: the pipeline cannot be expressed in a config.
        DataError: the training window has no curated rows, or too few.
        ServiceError: the lake or MLflow does not answer.
    """
    return train(Context(at.settings, use_case_with(pipeline, at.use_case)), until)


def use_case_with(pipeline: Pipeline, use_case: UseCase) -> UseCase:
    """Return the use case with this pipeline in its config.

    Raises:
        ConfigError: the config cannot express the pipeline, or it reads columns that are not features.
    """
    preprocessing, estimator = _two_steps(pipeline, use_case)
    branches = tuple(_branch(*each) for each in preprocessing.transformers)
    used = {
        name
        for branch in branches
        for name in ([branch.columns] if isinstance(branch.columns, str) else branch.columns)
    }
    if unknown := sorted(used - set(use_case.features)):
        raise ConfigError(
            f"The pipeline reads {', '.join(unknown)}; {use_case.name} gives a model {', '.join(use_case.features)}. "
            "Leave that column out, or add it to features in the use case's config."
        )
    # The search space names parameters of the config's own pipeline, and a notebook has chosen its parameters.
    chosen = {"preprocessing": branches, "estimator": part_of(estimator), "search": None}
    training = use_case.training.model_copy(update=chosen)
    return use_case.model_copy(update={"training": training})


def config_text(pipeline: Pipeline, use_case: UseCase) -> str:
    """Return the lines of YAML that make this the pipeline of all later trainings, once they are in the config."""

    section = use_case_with(pipeline, use_case).training.model_dump(
        mode="json", by_alias=True, include={"preprocessing", "estimator"}
    )
    return yaml.safe_dump({"training": section}, sort_keys=False, allow_unicode=True)


def _two_steps(pipeline: Pipeline, use_case: UseCase) -> tuple[ColumnTransformer, BaseEstimator]:
    from sklearn.compose import ColumnTransformer

    steps = [step for _, step in getattr(pipeline, "steps", [])]
    if (
        len(steps) != 2
        or not isinstance(steps[0], ColumnTransformer)
        or not problem_of(use_case).scoring.fits(steps[1])
    ):
        raise ConfigError(_SHAPE)
    if extra := sorted(set(params_of(steps[0])) - {"transformers"}):
        raise ConfigError(f"The config cannot express ColumnTransformer({extra[0]}=…). Leave it at its default.")
    return steps[0], steps[1]


def _branch(_: str, transformer: Any, columns: str | list[str]) -> Branch:  # noqa: ANN401 - a class or a word
    from sklearn.pipeline import Pipeline

    names = [columns] if isinstance(columns, str) else columns
    if not (isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)):
        raise ConfigError(f"A branch names its columns; {columns!r} does not. {_SHAPE}")
    steps = [step for _, step in transformer.steps] if isinstance(transformer, Pipeline) else [transformer]
    chosen = columns if isinstance(columns, str) else tuple(names)
    return Branch(columns=chosen, steps=tuple(step if step in _WORDS else part_of(step) for step in steps))
