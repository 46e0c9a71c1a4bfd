"""Config of the gates: the limits a version must meet."""

from __future__ import annotations

from pydantic import (
    Field,
)

from sluss.config.base import Frozen


class Gates(Frozen):
    """Limits that a version must meet to become the champion; [gates](gates.md) explains them."""

    min_training_rows: int = Field(ge=1, description="`data`: fewest rows to have learned from")
    min_holdout_rows: int = Field(ge=1, description="`data`: fewest rows to be judged on")
    min_metric: float | None = Field(
        None,
        ge=0,
        le=1,
        description="`quality`: least metric on the holdout, where higher is better",
    )
    max_metric: float | None = Field(
        None, gt=0, description="`quality`: largest metric on the holdout, where lower is better"
    )
    min_gain: float = Field(
        ge=0,
        le=1,
        description="`quality`: least gain in the metric over the best constant guess; where lower values are better, "
        "as a share of the guess's",
    )
    max_chance: float = Field(
        0.05,
        gt=0,
        le=1,
        description="`quality`: largest chance that a first champion which only guesses looks as good on its holdout; "
        "1 asks for no proof",
    )
    slice_min_metric: float | None = Field(
        None, ge=0, le=1, description="`quality`: least metric on each slice of the holdout, where higher is better"
    )
    slice_max_metric: float | None = Field(
        None, gt=0, description="`quality`: largest metric on each slice of the holdout, where lower is better"
    )
    slice_min_rows: int = Field(ge=1, description="`quality`: a slice of the holdout with fewer rows is not judged")
    margin: float = Field(
        ge=0,
        lt=1,
        description="`quality`: a changed recipe is worse if the closeness that stands for the metric, from 0 to 1, is "
        "lower by more than this",
    )
    alpha: float = Field(
        gt=0,
        lt=0.5,
        description="`quality`: chance of ever promoting a changed recipe that is worse, however many are tried",
    )
    max_ms_per_1000_rows: float = Field(gt=0, description="`speed`: most milliseconds for 1,000 rows of a batch")
    retrain_seconds: float = Field(
        300,
        gt=0,
        description="`training`: longest time for one fit on all training rows; a model that takes longer is compared "
        "with fits on a quarter and an eighth of the rows",
    )
    max_calibration_error: float = Field(
        0.25,
        gt=0,
        le=1,
        description="`calibration`: largest distance of probabilities from the shares of what happened, beyond what "
        "chance explains; 1 switches the gate off",
    )
    max_turned_labels: float = Field(
        0.02,
        ge=0,
        le=1,
        description="`labels`: largest share of the rows known before, and of those of each class, that have another "
        "label now",
    )
    max_changed_rows: float = Field(
        0.1,
        ge=0,
        le=1,
        description="`labels`: largest share of the rows known before that have other features now, or are gone",
    )
    max_share_shift: float = Field(
        4,
        gt=1,
        description="`labels`: largest factor by which the odds of a class may change from the intervals before to the "
        "newest labels",
    )
    max_copies: float = Field(
        0.1,
        ge=0,
        le=1,
        description="`leak`: largest share of the holdout's rows that have a copy among the training rows",
    )
    known_leaks: dict[str, str] = Field(
        {},
        description="`leak`: columns that may predict the label alone, each with the reason; `holdout` for a holdout "
        "that is right nearly always, `copies` for rows that are equal",
    )
    max_age_days: float | None = Field(
        None,
        gt=0,
        description="`age`: most days from the end of its rows to the newest ones; without it 14 days, or seven "
        "intervals if they are longer",
    )
