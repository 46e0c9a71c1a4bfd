"""The kinds of prediction problem: one file each, and the table that finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from sluss.config.use_case import UseCase, choose_by
from sluss.problems import classification, forecast, multiclass, quantiles, ranking, regression

if TYPE_CHECKING:
    from sluss.problems.problem import Problem, ProblemKind

# Where several have the same keys, the first that fits is taken.
KINDS: tuple[ProblemKind, ...] = (
    multiclass.KIND,
    classification.KIND,
    forecast.KIND,
    quantiles.KIND,
    regression.KIND,
    ranking.KIND,
)


def problem_of(use_case: UseCase) -> Problem:
    """The problem that the use case is."""
    return next(kind for kind in KINDS if type(use_case) is kind.sections).make(use_case)


def sections_of(content: dict[str, Any]) -> type[UseCase]:
    """The class of a use case with this content: its keys determine the problem.

    Raises:
        ValidationError: no problem has such keys.
        ValueError: the keys of two problems are given.
    """
    given = {kind.keys[0]: kind.noun for kind in KINDS if kind.keys[0] in content}
    if len(given) > 1:
        meanings = ", ".join(f"{key} means {noun}" for key, noun in sorted(given.items()))
        raise ValueError(f"{meanings}; give one of them")
    fitting = [kind for kind in KINDS if all(key in content for key in kind.keys) and kind.fits(content)]
    if not fitting:
        keys = " or ".join(dict.fromkeys(kind.keys[0] for kind in KINDS))
        missing = InitErrorDetails(type="missing", loc=(keys,), input=content)
        raise ValidationError.from_exception_data(UseCase.__name__, [missing])
    return fitting[0].sections


choose_by(sections_of)
