"""A use case: one prediction problem, described by one YAML file in config/."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import yaml
from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    SerializeAsAny,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from sluss.config.base import Frozen
from sluss.config.data import Curation
from sluss.config.gates import ClassificationGates, Gates, RegressionGates
from sluss.config.operation import ConfidenceMonitoring, Deployment, Monitoring, Retention, Retraining
from sluss.config.source import SourceSection
from sluss.config.training import ClassificationTraining, RegressionTraining, Training
from sluss.errors import ConfigError
from sluss.interval import Interval, Unit, midnight

if TYPE_CHECKING:
    from pathlib import Path

# The same in C where there is libyaml: a file is read within two milliseconds instead of twenty.
_LOADER: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Target(Frozen):
    """The number that a regression predicts."""

    title: str = Field(description="What people call it in reports and plots")
    unit: str = Field(description="What it is measured in, such as pieces or °C")
    minimum: float | None = Field(None, description="Smallest label that can be; a smaller one goes to quarantine")
    maximum: float | None = Field(None, description="Largest label that can be; a larger one goes to quarantine")

    @model_validator(mode="after")
    def _is_a_range(self) -> Target:
        if self.minimum is not None and self.maximum is not None and self.minimum >= self.maximum:
            raise ValueError("minimum must be less than maximum")
        return self


class UseCase(Frozen):
    """Everything Sluss knows about one prediction problem."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the file, without `.yaml`")
    title: str = Field(description="What people read in reports and pages")
    model: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the registered model")
    unit: Unit = Field(description="Length of an interval")
    schedule: str = Field(description="When an interval is scored: a cron expression or an Airflow preset, in UTC")
    live_start: date = Field(description="First day that is scored; the days before it are the history")
    live_end: date = Field(description="The day after the last one that is scored")
    source: SerializeAsAny[SourceSection] = Field(description="Where new rows come from")
    curation: Curation = Field(description="What a row must look like to be used")
    features: tuple[str, ...] = Field(min_length=1, description="Curated columns that the model takes, raw")
    training: Training = Field(description="How a model is made and judged")
    gates: Gates = Field(description="What a version must show before it may become the champion")
    deployment: Deployment = Field(description="How a version gets into production")
    monitoring: Monitoring = Field(description="When the monitor speaks up")
    retraining: Retraining = Field(description="When a new model is trained by itself")
    retention: Retention = Field(description="How long things are kept")

    @model_validator(mode="wrap")
    @classmethod
    def _of_its_kind(cls, content: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 - unchecked yet
        if cls is not UseCase or not isinstance(content, dict):
            return handler(content)
        kinds: dict[str, Any] = {"classes": Classification, "target": Regression}
        given = [kind for key, kind in kinds.items() if key in content]
        if len(given) > 1:
            raise ValueError(
                "classes say that it is a classification, target that it is a regression; give one of them"
            )
        if not given:
            missing = InitErrorDetails(type="missing", loc=(" or ".join(kinds),), input=content)
            raise ValidationError.from_exception_data(cls.__name__, [missing])
        return given[0].model_validate(content)  # type: ignore[no-any-return]

    @model_validator(mode="after")
    def _columns_exist(self) -> UseCase:
        used = set(self.features)
        for branch in self.training.preprocessing:
            used |= {branch.columns} if isinstance(branch.columns, str) else set(branch.columns)
        unknown = used - set(self.curation.columns)
        if unknown:
            raise ValueError(f"the columns {', '.join(sorted(unknown))} are used but not described under curation")
        if self.live_start >= self.live_end:
            raise ValueError("live_end must be after live_start")
        return self

    @model_validator(mode="after")
    def _slices_exist(self) -> UseCase:
        for name in self.training.slices:
            column = self.curation.columns.get(name)
            if not self.in_quarters(name) and (column is None or column.kind != "category"):
                raise ValueError(
                    f"the slice {name} is no category or number under curation, nor <column>.words of a text"
                )
        return self

    def in_quarters(self, slice_name: str) -> bool:
        """Whether a slice is by number (of a column, or of a text's words), and so parted at the quartiles."""
        columns = self.curation.columns
        text = slice_name.removesuffix(".words")
        words = text != slice_name and text in columns and columns[text].kind == "text"
        return words or (slice_name in columns and columns[slice_name].kind == "number")

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
        """The monitor's own experiment: the run that analyses must not be among the runs analysed."""
        return f"{self.name}-monitoring"

    @cached_property
    def history(self) -> Interval:
        """From the source's first day to the day scoring begins: what the first model learns from."""
        return Interval(midnight(self.source.start), midnight(self.live_start))


class Classification(UseCase):
    """A use case whose labels are one of two classes."""

    training: ClassificationTraining
    gates: ClassificationGates
    monitoring: ConfidenceMonitoring
    classes: tuple[str, str] = Field(description="Classification: names of label 0 and label 1")

    @model_validator(mode="after")
    def _labels_are_classes(self) -> Classification:
        if reason := self.source.not_classes:
            raise ValueError(reason)
        return self


class Regression(UseCase):
    """A use case whose labels are numbers."""

    training: RegressionTraining
    gates: RegressionGates
    target: Target = Field(description="Regression: the number to predict")


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
        content = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - both are safe
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
