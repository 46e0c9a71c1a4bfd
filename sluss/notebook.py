"""From a notebook to a candidate: a desk with the use case's data, and one call that registers a pipeline.

The notebook's pipeline is first converted to the config of a use case. The step of the training pipeline then builds
and trains it from that config, on the rows that the step reads. No state of the notebook gets into the model, and the
recorded config is enough to reproduce it.
"""

from __future__ import annotations

import inspect
import os
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import yaml

from sluss.config.settings import step_settings
from sluss.config.training import PACKAGES, Branch, Part
from sluss.context import Context
from sluss.errors import ConfigError
from sluss.problems import problem_of
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
    chosen = {"preprocessing": branches, "estimator": _part(estimator), "search": None}
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
    if extra := sorted(set(_params(steps[0])) - {"transformers"}):
        raise ConfigError(f"The config cannot express ColumnTransformer({extra[0]}=…). Leave it at its default.")
    return steps[0], steps[1]


def _branch(_: str, transformer: BaseEstimator, columns: str | list[str]) -> Branch:
    from sklearn.pipeline import Pipeline

    names = [columns] if isinstance(columns, str) else columns
    if not (isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)):
        raise ConfigError(f"A branch names its columns; {columns!r} does not. {_SHAPE}")
    steps = [step for _, step in transformer.steps] if isinstance(transformer, Pipeline) else [transformer]
    chosen = columns if isinstance(columns, str) else tuple(names)
    return Branch(columns=chosen, steps=tuple(_part(step) for step in steps))


def _part(part: BaseEstimator) -> Part:
    """Return a class by its public name, with the parameters that differ from their defaults."""
    cls = type(part)
    # By its public path, because the next release may rename a private module.
    public = cls.__module__.split("._")[0]
    known = public.partition(".")[0] in PACKAGES
    if not known or getattr(import_module(public), cls.__name__, None) is not cls:
        raise ConfigError(
            f"{cls.__module__}.{cls.__qualname__} is not a class of scikit-learn, LightGBM, XGBoost, CatBoost or "
            "components, so the pipeline cannot be built from a config. Move the class to a file in components/."
        )
    params = _params(part)
    if odd := next((name for name, value in params.items() if not _plain(value)), None):
        raise ConfigError(
            f"{cls.__name__}({odd}={params[odd]!r}) cannot be written into a config. "
            "Give numbers, texts, True, False, None, or a tuple of them."
        )
    return Part.model_validate({"class": f"{public}.{cls.__name__}", "params": _as_yaml(params)})


def _params(part: BaseEstimator) -> dict[str, Any]:
    defaults = {name: each.default for name, each in inspect.signature(type(part).__init__).parameters.items()}
    given = part.get_params(deep=False)
    return {name: value for name, value in given.items() if not _same(value, defaults.get(name))}


def _same(value: object, default: object) -> bool:
    # Of the same type, too: 1, 1.0 and True are equal, but a config tells them apart.
    return value is default or (_plain(value) and type(value) is type(default) and value == default)


def _plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def _as_yaml(params: dict[str, Any]) -> dict[str, Any]:
    """Convert tuples to lists, because YAML has no tuples. `build_pipeline` converts them back."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in params.items()}
