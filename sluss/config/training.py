"""Config of a training: pipeline, search, split and metric."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from sluss.config.base import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

# Packages whose classes may stand in a config; `components` is the project's own folder.
PACKAGES = ("sklearn", "lightgbm", "xgboost", "catboost", "components")
_CLASS = re.compile(rf"({'|'.join(PACKAGES)})(\.\w+)+")
# Kind of column by the word that chooses all features of that kind.
COLUMN_CHOICES = {
    "numbers": "number",
    "categories": "category",
    "texts": "text",
    "times": "time",
}


class Part(Frozen):
    """A class and its parameters."""

    name: str = Field(
        alias="class", description="Full name of a class of scikit-learn, LightGBM, XGBoost, CatBoost or `components`"
    )
    params: dict[str, Any] = Field(
        {},
        description="Its parameters, by their own names. A value may be a part (`{class: …, params: …}`), a list of "
        "parts, or the full name of a function, such as `numpy.log1p`",
    )

    @field_validator("name")
    @classmethod
    def _is_of_a_known_package(cls, name: str) -> str:
        if not _CLASS.fullmatch(name):
            raise ValueError(
                f"'{name}' is not the full name of a class; give one that starts with "
                f"{', '.join(f'{package}.' for package in PACKAGES[:-1])} or {PACKAGES[-1]}."
            )
        return name

    @field_validator("params")
    @classmethod
    def _holds_parts(cls, params: dict[str, Any]) -> dict[str, Any]:
        for part in parts_in(params):
            Part.model_validate(part)  # raises where a nested part is wrong
        return params


def parts_in(value: object) -> Iterator[dict[str, Any]]:
    """The parts that a parameter's value contains, `{class: …, params: …}`, without those within them."""
    if isinstance(value, dict):
        if "class" in value:
            yield value
        else:
            for each in value.values():
                yield from parts_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from parts_in(each)


class Branch(Frozen):
    """One branch of the preprocessing: columns, and the transformers they go through in turn."""

    columns: str | tuple[str, ...] = Field(
        description="A column, a list of columns, or all features of a kind: `numbers`, `categories`, `texts`, `times`"
    )
    steps: tuple[Literal["passthrough", "drop"] | Part, ...] = Field(
        min_length=1, description="Transformers, one after the other; `passthrough` takes columns as they are"
    )

    @property
    def named(self) -> tuple[str, ...]:
        """The columns by name; a word that chooses a kind counts as one here."""
        return (self.columns,) if isinstance(self.columns, str) else self.columns

    @property
    def takes_times_for_numbers(self) -> str | None:
        """The first step, which would take a time for a number, unless it drops the columns or calls own code."""
        first = self.steps[0]
        if isinstance(first, str):
            return None if first == "drop" else "the estimator"
        own = '"components.' in first.model_dump_json(by_alias=True)
        return None if own or first.name.endswith(".FunctionTransformer") else first.name.rpartition(".")[2]

    @property
    def label(self) -> str:
        """The branch's name in the run's parameters and in `search.space`."""
        return "+".join(self.named)


class Range(Frozen):
    """Every number between two, for searches that draw at random."""

    low: int | float = Field(description="Smallest value; two whole numbers give whole numbers")
    high: int | float = Field(description="Largest value")
    log: bool = Field(default=False, description="Whether to draw uniformly on a logarithmic scale")

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError("low must be less than high, and above 0 on a logarithmic scale")
        return self


class Search(Frozen):
    """Which parameters to try before a model is fitted, by scikit-learn's own search."""

    name: str = Field(
        pattern=r"^sklearn\.model_selection\.\w*Search\w*$", alias="class", description="Full name of the search"
    )
    params: dict[str, Any] = Field({}, description="Its parameters; folds, metric and seed are those of the training")
    space: dict[str, tuple[Any, ...] | Range] = Field(
        min_length=1,
        description="Values to try, by parameter with its name in the run: `estimator.C`, `text.TfidfTransformer.norm`",
    )


class Training(Frozen):
    """Training and evaluation of a model."""

    window_days: int = Field(ge=1, description="Days of data that are used, the holdout included")
    holdout_days: int = Field(ge=1, description="The last of these days, on which a model is judged and not trained")
    holdout_share: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Share of the rows that are held out by a hash of their ids (or groups), in place of the last "
        "days: for tables without a time",
    )
    folds: int = Field(ge=2, description="Folds of the cross-validation before the holdout")
    min_rows: int = Field(ge=1, description="Fewest labelled rows to train on")
    embargo: str | None = Field(
        None,
        pattern=r"^\d+ ?[dh]$",
        description="Gap between training rows and holdout, in days or hours: `2d`, `12h`",
    )
    purge: bool = Field(
        default=False,
        description="Whether to leave out training rows whose label became known after the holdout had begun",
    )
    sample_weight: str | None = Field(None, description="Number column with the weight of each row in the fit")
    seed: int = Field(description="Seed of the folds, and of the estimator where it has one")
    metric: str = Field(description="The metric that a model is judged by")
    preprocessing: tuple[Branch, ...] = Field(
        min_length=1, description="Transformers from raw columns to the estimator's input"
    )
    estimator: Part = Field(description="A classifier that has `predict_proba`, or a regressor")
    search: Search | None = Field(None, description="Parameters to find; without it the config's are used")
    slices: tuple[str, ...] = Field(
        (),
        description="Columns that divide the holdout into slices, each judged alone; `text.words` divides by length",
    )

    @model_validator(mode="after")
    def _leaves_days_to_learn_from(self) -> Training:
        if self.holdout_share is None and self.holdout_days >= self.window_days:
            raise ValueError(
                f"training.holdout_days: {self.holdout_days} leaves none of training.window_days: {self.window_days} "
                "to learn from; lower the first or raise the second"
            )
        return self

    @property
    def gap(self) -> timedelta:
        """The embargo as a span of time."""
        if self.embargo is None:
            return timedelta()
        size = int(self.embargo[:-1])
        return timedelta(days=size) if self.embargo.endswith("d") else timedelta(hours=size)
