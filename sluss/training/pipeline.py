"""From a use case's config to one scikit-learn pipeline: raw curated rows in, predictions out."""

from __future__ import annotations

from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

from sluss.errors import ConfigError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from sluss.config.training import Branch, Training


def build_pipeline(training: Training) -> Pipeline:
    """Return an unfitted pipeline of the preprocessing branches and the estimator.

    Raises:
        ConfigError: scikit-learn does not have a class, or the class does not take a parameter.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    branches = [(branch.label, _chain(branch), _columns(branch)) for branch in training.preprocessing]
    seeded = {"random_state": training.seed} | training.estimator.params
    estimator = make_part(training.estimator.name, seeded)
    return Pipeline([("preprocessing", ColumnTransformer(branches)), ("estimator", estimator)])


def _chain(branch: Branch) -> object:
    from sklearn.pipeline import make_pipeline

    steps = [make_part(step.name, step.params) for step in branch.steps]
    return steps[0] if len(steps) == 1 else make_pipeline(*steps)


def _columns(branch: Branch) -> str | list[str]:
    """A single name gives the transformer a series, which text vectorisers need; a list gives it a frame."""
    return branch.columns if isinstance(branch.columns, str) else list(branch.columns)


def make_part(dotted: str, params: dict[str, Any]) -> Any:  # noqa: ANN401 - any class of scikit-learn
    """Return an object of a scikit-learn class, with `random_state` if the class takes one.

    Raises:
        ConfigError: scikit-learn does not have the class, or the class does not take a parameter.
    """
    module, _, name = dotted.rpartition(".")
    try:
        cls = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise ConfigError(f"scikit-learn has no '{dotted}'. Correct the name in the use case's config.") from None
    known = sorted(name for name in signature(cls).parameters if name != "self")
    # YAML has lists only, scikit-learn wants tuples for ranges.
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in params.items()}
    if "random_state" not in known:
        values.pop("random_state", None)
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ConfigError(f"{dotted} has no parameter '{unknown[0]}' (it has: {', '.join(known)}). Correct the config.")
    return cls(**values)
