"""The kinds of prediction problem: one file each, and the table that finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from sluss.config.use_case import UseCase, choose_by
from sluss.problems import classification, regression

if TYPE_CHECKING:
    from sluss.problems.problem import Problem, ProblemKind

KINDS: tuple[ProblemKind, ...] = (classification.KIND, regression.KIND)


def problem_of(use_case: UseCase) -> Problem:
    """The problem that the use case is."""
    return next(kind for kind in KINDS if type(use_case) is kind.sections).make(use_case)


def sections_of(content: dict[str, Any]) -> type[UseCase]:
    """The class of a use case with this content: its keys determine the problem.

    Raises:
        ValidationError: no problem has such keys.
        ValueError: the keys of two problems are given.
    """
    given = [kind for kind in KINDS if any(key in content for key in kind.keys)]
    if len(given) > 1:
        first, *others = given
        rest = ", ".join(f"{kind.keys[0]} that it is {kind.noun}" for kind in others)
        raise ValueError(f"{first.keys[0]} say that it is {first.noun}, {rest}; give one of them")
    if not given:
        keys = " or ".join(kind.keys[0] for kind in KINDS)
        missing = InitErrorDetails(type="missing", loc=(keys,), input=content)
        raise ValidationError.from_exception_data(UseCase.__name__, [missing])
    return given[0].sections


choose_by(sections_of)
