"""The branches of the preprocessing as they are built: columns by name, transformers as objects, unique names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

from sluss.config.training import COLUMN_CHOICES, Branch, Part
from sluss.errors import ConfigError
from sluss.training.parts import make_part

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase


@dataclass(frozen=True)
class BuiltBranch:
    """A branch of the preprocessing.

    `columns` is one name where the transformers take a series, as those of text do, else a list of names.
    """

    label: str
    columns: str | list[str]
    steps: tuple[Any, ...]

    @property
    def transformer(self) -> Any:  # noqa: ANN401 - as a ColumnTransformer takes it
        """The steps as one transformer."""
        from sklearn.pipeline import make_pipeline

        return self.steps[0] if len(self.steps) == 1 else make_pipeline(*self.steps)


def branches_of(use_case: UseCase) -> list[BuiltBranch]:
    """All branches of a use case, unfitted, in the order of the config.

    Raises:
        ConfigError: a branch has no columns, or a part cannot be made.
    """
    found: list[BuiltBranch] = []
    for branch in use_case.training.preprocessing:
        columns = columns_of(branch, use_case)
        steps = _steps(branch, use_case.training.seed)
        if any(map(_takes_texts, steps)):
            # A vectorizer takes one column of texts: each gets one of its own.
            for name in columns:
                label = branch.label if len(columns) == 1 else name
                made = steps if name == columns[0] else _steps(branch, use_case.training.seed)
                found.append(BuiltBranch(unused(label, {each.label for each in found}), name, made))
        else:
            found.append(BuiltBranch(unused(branch.label, {each.label for each in found}), columns, steps))
    return found


def step_name(label: str, used: set[str]) -> str:
    """A name that scikit-learn takes, from a branch's label: no double underscore, no parameter's name, not `used`."""
    from sklearn.compose import ColumnTransformer

    cleaned = re.sub(r"_{2,}", "_", label).strip("_") or "column"
    return unused(cleaned, used | set(signature(ColumnTransformer).parameters))


def columns_of(branch: Branch, use_case: UseCase) -> list[str]:
    """The names of a branch's columns.

    Raises:
        ConfigError: it has none, or one that is not a feature.
    """
    known = use_case.curation.columns
    if isinstance(branch.columns, str) and branch.columns not in known and branch.columns in COLUMN_CHOICES:
        kind = COLUMN_CHOICES[branch.columns]
        chosen = [name for name in use_case.features if known[name].kind == kind]
        if not chosen:
            raise ConfigError(
                f"training.preprocessing has a branch for {branch.columns}, but no feature is of the kind '{kind}'. "
                "Remove the branch, or correct the kinds under curation.columns."
            )
        return chosen
    if missing := [name for name in branch.named if name not in use_case.features]:
        raise ConfigError(
            f"training.preprocessing uses the column {missing[0]}, which is not among the features. "
            "Add it to features, or remove it from the branch."
        )
    return list(branch.named)


def _steps(branch: Branch, seed: int) -> tuple[Any, ...]:
    if "drop" in branch.steps and len(branch.steps) > 1:
        raise ConfigError(f"The branch {branch.label} drops its columns, so no other step can follow or precede it.")
    return tuple(make_part(step.name, step.params, seed) if isinstance(step, Part) else step for step in branch.steps)


def _takes_texts(step: Any) -> bool:  # noqa: ANN401 - any transformer
    """Whether a transformer takes a series of texts, alone or as a part of a pipeline or union."""
    from sklearn.utils import get_tags

    inner = [each for _, each, *_ in (getattr(step, "steps", None) or getattr(step, "transformer_list", None) or ())]
    if inner:
        return any(map(_takes_texts, inner))
    if isinstance(step, str) or not hasattr(step, "__sklearn_tags__"):
        return False
    tags = get_tags(step).input_tags
    return bool(tags.string and not tags.two_d_array)


def unused(label: str, used: set[str]) -> str:
    """The label, with a number behind it if it is in use: the same column may be in two branches."""
    number, result = 1, label
    while result in used:
        number += 1
        result = f"{label} {number}"
    return result
