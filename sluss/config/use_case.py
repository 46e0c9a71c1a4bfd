"""A use case: one prediction problem, described by one YAML file in config/."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PlainSerializer,
    SerializeAsAny,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from sluss.config.base import Frozen
from sluss.config.curation import Curation
from sluss.config.false_alarms import chance
from sluss.config.gates import Gates
from sluss.config.operation import Deployment, Monitoring, Retention, Retraining
from sluss.config.schedule import check_schedule, known_zone
from sluss.config.source_section import SourceSection
from sluss.config.training import COLUMN_CHOICES, Branch, Training
from sluss.interval import Interval, Unit, midnight, unit_of

_Unit = Annotated[Unit, PlainSerializer(str), WithJsonSchema({"type": "string", "examples": ["day", "15 minutes"]})]


class UseCase(Frozen):
    """Configuration of one prediction problem."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the file, without `.yaml`")
    title: str = Field(description="Title in reports and pages")
    model: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the registered model")
    schedule_zone: str = Field(
        "UTC", description="Time zone of the schedule, and of the calendar by which days, weeks and months are parted"
    )
    unit: _Unit = Field(
        description="Length of an interval: `hour`, `day`, `week` (from Monday), `month`, `quarter`, or some "
        "minutes or hours of UTC: `15 minutes`, `6 hours`"
    )
    schedule: str = Field(
        description="When an interval is scored: a cron expression or an Airflow preset, with one run for each interval"
    )
    live_start: date = Field(description="First day that is scored; the days before it are the history")
    live_end: date | None = Field(None, description="The day after the last one that is scored, if there is a last one")
    catch_up: bool = Field(
        default=False,
        description="Whether Airflow also runs the intervals that it missed, in their order: those since `live_start`, "
        "and those of a time when it was down. Without it, `make backfill` runs them",
    )
    source: SerializeAsAny[SourceSection] = Field(description="Where new rows come from")
    curation: Curation = Field(description="Schema that a row must satisfy, and limits of an interval")
    features: tuple[str, ...] = Field(min_length=1, description="Curated columns that the model takes, raw")
    group: str | None = Field(
        None,
        description="Column of the group of each row, such as a customer: folds and the split keep a group together, "
        "and tests count groups in place of rows",
    )
    training: Training = Field(description="Training and evaluation of a model")
    gates: Gates = Field(description="Limits that a version must meet to become the champion")
    deployment: Deployment = Field(description="How a version is brought into production")
    monitoring: Monitoring = Field(description="When the monitor raises an alert")
    retraining: Retraining = Field(description="When a new model is trained automatically")
    retention: Retention = Field(description="How long predictions, runs and old files are kept")

    @model_validator(mode="wrap")
    @classmethod
    def _of_its_problem(cls, content: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 - unchecked yet
        # A class that was chosen validates itself; to choose again would not end.
        if cls is not UseCase or not isinstance(content, dict):
            return handler(content)
        if not _choosers:
            raise RuntimeError("No kind of problem is registered: import sluss.problems first.")
        return _choosers[0](content).model_validate(content)  # type: ignore[return-value]

    @model_validator(mode="after")
    def _columns_exist(self) -> UseCase:
        used = set(self.features)
        for branch in self.training.preprocessing:
            used |= set(branch.named) if branch.columns not in COLUMN_CHOICES else set()
        unknown = used - set(self.curation.columns)
        if unknown:
            raise ValueError(f"the columns {', '.join(sorted(unknown))} are used but not described under curation")
        return self

    @field_validator("features")
    @classmethod
    def _once_each(cls, features: tuple[str, ...]) -> tuple[str, ...]:
        if twice := [name for name, count in Counter(features).items() if count > 1]:
            raise ValueError(f"'{twice[0]}' stands twice; leave one out")
        return features

    @field_validator("schedule_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return known_zone(name)

    @field_validator("unit", mode="before")
    @classmethod
    def _in_its_zone(cls, unit: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - unchecked yet
        return unit_of(unit, info.data.get("schedule_zone", "UTC")) if isinstance(unit, str) else unit

    @field_validator("schedule")
    @classmethod
    def _fits_the_unit(cls, schedule: str, info: ValidationInfo) -> str:
        if "unit" in info.data:
            check_schedule(schedule, info.data["unit"])
        return schedule

    @model_validator(mode="after")
    def _live_days_fit_the_unit(self) -> UseCase:
        if self.live_end is not None and self.live_start >= self.live_end:
            raise ValueError("live_end must be after live_start")
        for key, moment in (("live_start", self.first_live), ("live_end", self.end_live)):
            if moment is not None and self.unit.start_of(moment) != moment:
                raise ValueError(f"{key} must be the first day of a {self.unit}")
        return self

    @model_validator(mode="after")
    def _times_are_not_numbers(self) -> UseCase:
        """scikit-learn takes a time for its nanoseconds since 1970, without a warning."""
        for branch in self.training.preprocessing:
            times = [name for name in self._columns_of(branch) if self.curation.columns[name].kind == "time"]
            if times and (taker := branch.takes_times_for_numbers):
                raise ValueError(
                    f"the column {times[0]} is a time, which {taker} would take for a number of nanoseconds; put "
                    "{class: components.calendar_features.CalendarFeatures} before it, or leave the column out"
                )
        return self

    def _columns_of(self, branch: Branch) -> list[str]:
        """The curated columns of a branch; a word that chooses a kind stands for the features of that kind."""
        columns = self.curation.columns
        if isinstance(branch.columns, str) and branch.columns not in columns:
            kind = COLUMN_CHOICES.get(branch.columns)
            return [name for name in self.features if name in columns and columns[name].kind == kind]
        return [name for name in branch.named if name in columns]

    @model_validator(mode="after")
    def _groups_and_weights_exist(self) -> UseCase:
        columns, weight = self.curation.columns, self.training.sample_weight
        if self.group is not None and self.group not in columns:
            raise ValueError(f"the group {self.group} is not described under curation")
        if weight is not None and (weight not in columns or columns[weight].kind != "number"):
            raise ValueError(f"training.sample_weight {weight} is not a number column under curation")
        return self

    @model_validator(mode="after")
    def _slices_exist(self) -> UseCase:
        for name in self.training.slices:
            column = self.curation.columns.get(name)
            if not self.in_quarters(name) and (column is None or column.kind != "category"):
                raise ValueError(
                    f"the slice {name} is neither a category or number under curation nor <column>.words of a text"
                )
        return self

    def in_quarters(self, slice_name: str) -> bool:
        """Whether a slice is by number (of a column, or of a text's words), and thus divided at the quartiles."""
        columns = self.curation.columns
        text = slice_name.removesuffix(".words")
        words = text != slice_name and text in columns and columns[text].kind == "text"
        return words or (slice_name in columns and columns[slice_name].kind == "number")

    @property
    def reads_label_times(self) -> bool:
        """Whether a training needs the moment at which each label became known."""
        return self.training.purge

    @property
    def asks_the_holdout(self) -> bool:
        """Whether the config leaves values to the holdout."""
        return False

    @property
    def found_on_holdout(self) -> dict[str, float]:
        """These values, such as a threshold, by name; none before a training."""
        return {}

    def with_found(self, found: Mapping[str, float]) -> UseCase:  # noqa: ARG002 - most kinds leave nothing to it
        """Return the use case with such values."""
        return self

    def chance(self, alert: str) -> float:
        """Return the probability with which one interval may raise a type of alert without a cause."""
        return chance(self.monitoring.false_alarms, alert, self.unit)

    @cached_property
    def experiment(self) -> str:
        """MLflow experiment of the training runs."""
        return self.name

    @cached_property
    def data_experiment(self) -> str:
        """MLflow experiment of the curated data sets."""
        return f"{self.name}-data"

    @cached_property
    def monitoring_experiment(self) -> str:
        """MLflow experiment of the monitor, apart from the runs that it analyses."""
        return f"{self.name}-monitoring"

    @cached_property
    def history(self) -> Interval:
        """From the source's first day to the day scoring begins: what the first model learns from."""
        start = midnight(self.source.start, self.schedule_zone)
        return Interval(self.unit.start_of(start), self.first_live)

    @cached_property
    def first_live(self) -> datetime:
        """Start of the first interval that is scored."""
        return midnight(self.live_start, self.schedule_zone)

    @cached_property
    def end_live(self) -> datetime | None:
        """End of the last interval that is scored; None where there is no last one."""
        return None if self.live_end is None else midnight(self.live_end, self.schedule_zone)


Chooser = Callable[[dict[str, Any]], type[UseCase]]
_choosers: list[Chooser] = []


def choose_by(chooser: Chooser) -> None:
    """Register the function that finds the class of a use case from its file's content.

    Each kind of problem has sections of its own. The kinds know the config and not the other way round, so
    `sluss.problems` registers its table when it is imported.
    """
    _choosers[:] = [chooser]
