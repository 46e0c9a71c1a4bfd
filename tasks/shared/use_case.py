"""A use case: one prediction problem, described by one YAML file in config/."""

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tasks.shared.errors import ConfigError
from tasks.shared.interval import Interval, Unit, midnight

Kind = Literal["text", "number", "category", "time"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Frozen):
    """What a good value of one curated column looks like."""

    kind: Kind
    nullable: bool = False
    min_length: int | None = Field(None, ge=0)
    max_length: int | None = Field(None, ge=1)
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] | None = None


class Phase(_Frozen):
    """Some days of a replay that draw their rows from one source."""

    source: str
    days: int = Field(ge=1)
    rows_per_day: int = Field(ge=1)


class ReplaySource(_Frozen):
    """A real data set, played back interval by interval."""

    kind: Literal["replay"]
    dataset: Literal["vader_reviews"]
    seed: int
    start: date
    phases: tuple[Phase, ...] = Field(min_length=1)
    label_delay_hours: tuple[float, float]


class Curation(_Frozen):
    """What a row must look like to be used."""

    columns: dict[str, Column] = Field(min_length=1)
    max_bad_share: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _has_the_columns_every_row_needs(self) -> "Curation":
        missing = {"id", "event_time"} - set(self.columns)
        if missing:
            raise ValueError(
                f"the columns {', '.join(sorted(missing))} are missing; every row has an id and an event time"
            )
        return self


class Part(_Frozen):
    """A scikit-learn class and its parameters."""

    name: str = Field(pattern=r"^sklearn\.[\w.]+$", alias="class")
    params: dict[str, Any] = {}  # scikit-learn's own parameters, whatever they are


class Branch(_Frozen):
    """One branch of the preprocessing: columns, and the transformers they go through in turn."""

    columns: str | tuple[str, ...]
    steps: tuple[Part, ...] = Field(min_length=1)

    @property
    def label(self) -> str:
        """The branch's name in the pipeline."""
        return self.columns if isinstance(self.columns, str) else "+".join(self.columns)


class Training(_Frozen):
    """How a model is made and judged."""

    window_days: int = Field(ge=1)
    holdout_days: int = Field(ge=1)
    folds: int = Field(ge=2)
    min_rows: int = Field(ge=1)
    seed: int
    metric: Literal["accuracy", "f1", "roc_auc"]
    min_metric: float = Field(ge=0, le=1)
    min_gain: float = Field(ge=0, le=1)
    preprocessing: tuple[Branch, ...] = Field(min_length=1)
    estimator: Part


class Monitoring(_Frozen):
    """When the monitor speaks up."""

    window_days: int = Field(ge=1)
    window_intervals: int = Field(ge=3)
    min_rows: int = Field(ge=1)
    low_confidence: float = Field(gt=0, lt=1)
    low_confidence_rise: float = Field(gt=0, lt=1)
    trend_fall: float = Field(gt=0, lt=1)
    alpha: float = Field(gt=0, lt=0.5)
    drift_distance: float = Field(gt=0, lt=1)
    quality_drop: float = Field(gt=0, lt=1)
    quality_rows: int = Field(ge=1)


class Retention(_Frozen):
    """How long things are kept, counted back from the interval that is cleaned up."""

    predictions_days: int = Field(ge=1)
    monitoring_runs_days: int = Field(ge=1)
    table_history_hours: int = Field(ge=0)


class UseCase(_Frozen):
    """Everything Sluss knows about one prediction problem."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    model: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    unit: Unit
    schedule: str
    live_start: date
    live_end: date
    source: ReplaySource
    curation: Curation
    features: tuple[str, ...] = Field(min_length=1)
    classes: tuple[str, str]
    training: Training
    monitoring: Monitoring
    retention: Retention

    @model_validator(mode="after")
    def _columns_exist(self) -> "UseCase":
        used = set(self.features)
        for branch in self.training.preprocessing:
            used |= {branch.columns} if isinstance(branch.columns, str) else set(branch.columns)
        unknown = used - set(self.curation.columns)
        if unknown:
            raise ValueError(f"the columns {', '.join(sorted(unknown))} are used but not described under curation")
        if self.live_start >= self.live_end:
            raise ValueError("live_end must be after live_start")
        return self

    @cached_property
    def experiment(self) -> str:
        """MLflow experiment of the training runs."""
        return self.name

    @cached_property
    def monitoring_experiment(self) -> str:
        """The monitor's own experiment: the run that analyses must not be among the runs analysed."""
        return f"{self.name}-monitoring"

    @cached_property
    def history(self) -> Interval:
        """From the replay's first day to the day scoring begins: what the first model learns from."""
        return Interval(midnight(self.source.start), midnight(self.live_start))


def use_case_names(config_dir: Path) -> list[str]:
    """Names of all use cases, sorted."""
    return sorted(path.stem for path in config_dir.glob("*.yaml"))


def load_use_case(name: str, config_dir: Path) -> UseCase:
    """Read and check `config/<name>.yaml`.

    Raises:
        ConfigError: there is no such file, it is no YAML, or a key is missing, unknown or wrong; one sentence names it.
    """
    path = config_dir / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(use_case_names(config_dir)) or "none"
        raise ConfigError(
            f"There is no use case '{name}' in {config_dir} (known: {known}). Check USE_CASE, or add {path.name}."
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        use_case = UseCase.model_validate(content)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is no valid YAML: {' '.join(str(error).split())}. Correct that line.") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_problem(error)}") from None
    if use_case.name != name:
        raise ConfigError(
            f"{path} says name: {use_case.name}, but a use case bears the name of its file. Rename one of them."
        )
    return use_case


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "the file"
    match first["type"]:
        case "missing":
            return f"the key '{key}' is missing. Add it; docs/use_cases.md explains every key."
        case "extra_forbidden":
            return f"the key '{key}' is unknown. Remove it or correct its spelling; docs/use_cases.md lists every key."
        case _:
            return f"'{key}' cannot be used: {first['msg']}. docs/use_cases.md explains it."
