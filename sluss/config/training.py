"""Config of a training: pipeline, search, split and metric."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import (
    Field,
    model_validator,
)

from sluss.config.base import Frozen


class Part(Frozen):
    """A scikit-learn class and its parameters."""

    name: str = Field(pattern=r"^sklearn\.[\w.]+$", alias="class", description="Full name of a scikit-learn class")
    params: dict[str, Any] = Field({}, description="Its parameters, by scikit-learn's own names")


class Branch(Frozen):
    """One branch of the preprocessing: columns, and the transformers they go through in turn."""

    columns: str | tuple[str, ...] = Field(
        description="One column, which text transformers want, or a list of columns, which all others want"
    )
    steps: tuple[Part, ...] = Field(min_length=1, description="Transformers, one after the other")

    @property
    def label(self) -> str:
        """The branch's name in the pipeline."""
        return self.columns if isinstance(self.columns, str) else "+".join(self.columns)


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

    @property
    def gap(self) -> timedelta:
        """The embargo as a span of time."""
        if self.embargo is None:
            return timedelta()
        size = int(self.embargo[:-1])
        return timedelta(days=size) if self.embargo.endswith("d") else timedelta(hours=size)
