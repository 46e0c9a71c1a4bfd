"""Config of production: deployment, monitoring, retraining, retention."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from sluss.config.base import Frozen
from sluss.config.false_alarms import EXAMPLE, alarms_a_day


class Deployment(Frozen):
    """How a version is brought into production; [deployment](deployment.md) explains it."""

    approval: Literal["none", "manual"] = Field(
        description="`manual`: in Airflow, a person approves what has passed the gates"
    )
    smoke_rows: int = Field(
        ge=1, description="Rows of the smoke prediction, of the newest data and of the holdout each"
    )
    guard: Literal["shadow", "labels", "off"] = Field(
        "shadow",
        description="How a new champion is watched, and rolled back if it is worse than the version that it replaced: "
        "`shadow`: that version scores the labelled rows too; `labels`: by its own labels before; `off`: not at all",
    )


class Monitoring(Frozen):
    """When the monitor raises an alert."""

    window_days: int = Field(ge=1, description="Days that trends and labels look back on …")
    window_intervals: int = Field(ge=3, description="… and intervals, whichever is shorter")
    min_rows: int = Field(
        ge=1,
        description="Fewest rows for a test, or groups where rows come in groups; an interval with fewer is not tested",
    )
    false_alarms: str = Field(
        EXAMPLE,
        description="False alarms that you accept, of all types of alerts together, such as `1 per 90 days` or "
        "`4 per year`",
    )
    drift_distance: float = Field(gt=0, lt=1, description="`data_drift`: distance from the profile that counts")
    quality_drop: float = Field(
        gt=0,
        lt=1,
        description="`quality_drop`: fall of the metric below the holdout's that counts; where lower is better, its "
        "rise as a share of the holdout's; less than half of it raises nothing",
    )
    ignore: tuple[str, ...] = Field(
        (), description="Features whose drift is expected, such as the month: they are not compared with the profile"
    )
    quality_rows: int = Field(
        ge=1, description="Fewest labelled rows, or groups, for the metric, which the newest ones give"
    )

    critical_fails: bool = Field(
        default=False,
        description="`true`: an interval that raises a critical alert has a failed task in Airflow, `critical_alerts`, "
        "after all others have done their work",
    )

    @field_validator("false_alarms")
    @classmethod
    def _is_a_rate(cls, text: str) -> str:
        alarms_a_day(text)
        return text

    @model_validator(mode="before")
    @classmethod
    def _has_a_budget(cls, content: Any) -> Any:  # noqa: ANN401 - unchecked yet
        if isinstance(content, dict) and "alpha" in content:
            raise ValueError(
                "monitoring.alpha, a chance for each test, was replaced by a budget for all alerts together; remove "
                f"it, and write for example false_alarms: {EXAMPLE}"
            )
        return content


class Retraining(Frozen):
    """When a new model is worth training. All times are those of the data, so a replay decides as production does."""

    min_new_labels: int = Field(ge=1, description="New labelled rows since the last training that start a training")
    min_new_labels_on_alert: int = Field(
        ge=1,
        description="Like `min_new_labels` while an alert is active, counted from the beginning of its change",
    )
    every_days: int | None = Field(None, ge=1, description="Days after which any new label starts a training")
    cool_down_hours: float = Field(ge=0, description="Shortest time between the ends of two trainings' data")
    max_per_day: int = Field(ge=1, description="Most trainings within 24 hours")

    @model_validator(mode="after")
    def _an_alert_lowers_the_limit(self) -> Retraining:
        if self.min_new_labels_on_alert > self.min_new_labels:
            raise ValueError("min_new_labels_on_alert must not be above min_new_labels, or an alert delays training")
        return self


class Retention(Frozen):
    """How long predictions, runs and old files are kept, counted back from the interval that is cleaned up."""

    predictions_days: int = Field(ge=1, description="Predictions older than this are deleted")
    monitoring_runs_days: int = Field(ge=1, description="Monitoring runs in MLflow older than this are deleted")
    table_history_hours: int = Field(
        ge=0, description="Older replaced files of tables without training data are deleted"
    )
