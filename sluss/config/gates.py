"""Config of the gates: the limits a version must meet."""

from __future__ import annotations

from pydantic import (
    Field,
)

from sluss.config.base import Frozen


class Gates(Frozen):
    """What a version must show before it may become the champion; [gates](gates.md) says why."""

    min_training_rows: int = Field(ge=1, description="`data`: fewest rows to have learned from")
    min_holdout_rows: int = Field(ge=1, description="`data`: fewest rows to be judged on")
    min_metric: float = Field(ge=0, le=1, description="`quality`: least metric on the holdout")
    min_gain: float = Field(
        ge=0,
        le=1,
        description="`quality`: least gain in accuracy over always guessing the most frequent class; in a regression, "
        "least share of the mean absolute error of always guessing the median that is removed",
    )
    slice_min_rows: int = Field(ge=1, description="`quality`: a slice of the holdout with fewer rows is not judged")
    margin: float = Field(
        ge=0,
        lt=1,
        description="`quality`: a challenger whose accuracy (in a regression, closeness) is lower by more than this is "
        "worse",
    )
    alpha: float = Field(
        gt=0, lt=0.5, description="`quality`: chance of ever promoting a worse challenger, however many are tried"
    )
    max_ms_per_1000_rows: float = Field(gt=0, description="`speed`: most milliseconds for 1,000 rows of a batch")
