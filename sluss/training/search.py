"""Hyper-parameter search by scikit-learn's own classes, in the training window and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sluss.config.training import Range, Search
from sluss.errors import ConfigError
from sluss.problems import problem_of
from sluss.training.branches import branches_of
from sluss.training.fitting import Scorer, fit_weights, groups_of, rare_classes_allowed, sign
from sluss.training.parts import make_part

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
    from sklearn.pipeline import Pipeline

    from sluss.config.use_case import UseCase

_ESTIMATOR = "estimator__"  # how the names of its parameters begin in a pipeline


_COPY = re.compile(r"^estimator__q[\d.e-]+__")


@dataclass(frozen=True)
class Trial:
    """One trial of a search: its parameters, and mean and standard deviation of the metric over the folds.

    `rows` is the number of rows it was tried on, if a halving search did not use all.
    """

    params: dict[str, object] = field(hash=False)
    score: float
    spread: float
    chosen: bool
    rows: int | None = None


def search(pipeline: Pipeline, use_case: UseCase, spec: Search, train: pd.DataFrame) -> list[Trial]:
    """Search the space of `training.search`, and set the best parameters on the unfitted pipeline.

    Deterministic for the same rows and seed.

    Raises:
        ConfigError: the space names a parameter that the pipeline does not have, or a value that it refuses.
    """
    names = _paths(pipeline, use_case)
    unknown = sorted(set(spec.space) - set(names))
    if unknown:
        raise ConfigError(
            f"training.search.space names {unknown[0]}, which the pipeline does not have (it has: "
            f"{', '.join(sorted(names))}). Correct the config."
        )
    searched, place = problem_of(use_case).scoring.for_search(pipeline)
    own = {_placed(names[path], place): path for path in spec.space}
    found = _searcher(searched, use_case, spec, own)
    try:
        with rare_classes_allowed():
            groups, weights = groups_of(use_case, train), fit_weights(use_case, pipeline, train)
            found.fit(train[list(use_case.features)], train["label"], groups=groups, **weights)
    except ValueError as error:
        reason = " ".join(str(error).split())[:300]
        raise ConfigError(f"{spec.name} cannot try the space of training.search: {reason} Correct it.") from None
    pipeline.set_params(**{names[own[name]]: value for name, value in found.best_params_.items()})
    return _trials(found, own, sign(problem_of(use_case)))


def _placed(name: str, place: str) -> str:
    """A parameter's name where the estimator stands in another one."""
    return name.replace(_ESTIMATOR, f"{place}__", 1) if name.startswith(_ESTIMATOR) else name


def take_over(pipeline: Pipeline, use_case: UseCase, spec: Search, fitted: Pipeline) -> str | None:
    """Set the parameters that a search had chosen, as a fitted pipeline has them.

    Returns:
        The name of a parameter whose value is not in the space of the search, or None.
    """
    # Of several copies of an estimator side by side, one for each quantile, all have the parameter.
    chosen = {_COPY.sub("estimator__", name): value for name, value in fitted.get_params().items()}
    names = _paths(pipeline, use_case)
    for path, values in spec.space.items():
        value = chosen.get(names[path])
        within = (
            value is not None and values.low <= value <= values.high
            if isinstance(values, Range)
            else any(value == (tuple(each) if isinstance(each, list) else each) for each in values)
        )
        if not within:
            return path
        pipeline.set_params(**{names[path]: value})
    return None


def _paths(pipeline: Pipeline, use_case: UseCase) -> dict[str, str]:
    """scikit-learn's name of every parameter by the name under which a run logs it."""
    labels = [branch.label for branch in branches_of(use_case)]
    steps = {"estimator": ("estimator", pipeline.named_steps["estimator"])}
    branches = pipeline.named_steps["preprocessing"].transformers
    for label, (name, transformer, _) in zip(labels, branches, strict=True):
        for step, each in getattr(transformer, "steps", [(None, transformer)]):
            place = f"preprocessing__{name}" if step is None else f"preprocessing__{name}__{step}"
            steps[f"{label}.{type(each).__name__}"] = (place, each)
    return {
        f"{path}.{key.replace('__', '.')}": f"{place}__{key}"
        for path, (place, each) in steps.items()
        for key in (each.get_params() if hasattr(each, "get_params") else ())
    }


def _searcher(
    pipeline: Pipeline, use_case: UseCase, spec: Search, paths: dict[str, str]
) -> GridSearchCV | RandomizedSearchCV:
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - the halving searches are there only then

    training = use_case.training
    grid = "Random" not in spec.name
    space = {name: _values(spec.space[path], path, grid=grid) for name, path in paths.items()}
    ours = {
        "estimator": pipeline,
        "param_grid" if grid else "param_distributions": space,
        "scoring": Scorer(problem_of(use_case)),
        # The folds of the cross-validation. Both use training rows only, so the choice of parameters has not seen the
        # holdout.
        "cv": problem_of(use_case).judging.folds(training.folds, training.seed),
        "refit": False,  # the training fits the best one itself
        "error_score": "raise",
    }
    taken = sorted(set(spec.params) & set(ours))
    if taken:
        raise ConfigError(f"training.search.params must not set {taken[0]}, which the training sets. Remove it.")
    return make_part(spec.name, spec.params | ours, training.seed)


def _values(values: tuple[Any, ...] | Range, path: str, *, grid: bool) -> Any:  # noqa: ANN401 - SciPy has no public type
    from scipy import stats

    if not isinstance(values, Range):
        # YAML has lists only, scikit-learn wants tuples for ranges.
        return [tuple(value) if isinstance(value, list) else value for value in values]
    if grid:
        raise ConfigError(f"A search over a grid needs a list of values for {path}, not a range. Correct the config.")
    if values.log:
        return stats.loguniform(values.low, values.high)
    if isinstance(values.low, int) and isinstance(values.high, int):
        return stats.randint(values.low, values.high + 1)
    return stats.uniform(values.low, values.high - values.low)


def _trials(found: GridSearchCV | RandomizedSearchCV, paths: dict[str, str], direction: int) -> list[Trial]:
    results = found.cv_results_
    return [
        Trial(
            params={paths[name]: value for name, value in params.items()},
            score=direction * float(results["mean_test_score"][number]),
            spread=float(results["std_test_score"][number]),
            chosen=number == found.best_index_,
            rows=int(results["n_resources"][number]) if "n_resources" in results else None,
        )
        for number, params in enumerate(results["params"])
    ]
