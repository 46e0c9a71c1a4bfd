"""A use case: one prediction problem, described by one YAML file in config/."""

import re
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from tasks.shared.errors import ConfigError
from tasks.shared.interval import Interval, Unit, midnight

# The same in C where there is libyaml: a file is read within two milliseconds instead of twenty.
_LOADER: "type[yaml.CSafeLoader | yaml.SafeLoader]" = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Kind = Literal["text", "number", "category", "time"]
Metric = Literal["accuracy", "f1", "roc_auc", "r2", "d2_absolute_error_score"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Frozen):
    """What a good value of one curated column looks like."""

    kind: Kind = Field(description="What the values are")
    nullable: bool = Field(default=False, description="Whether a value may be missing")
    min_length: int | None = Field(None, ge=0, description="Fewest characters of a text")
    max_length: int | None = Field(None, ge=1, description="Most characters of a text")
    minimum: float | None = Field(None, description="Smallest number")
    maximum: float | None = Field(None, description="Largest number")
    categories: tuple[str, ...] | None = Field(None, description="The only values that a category may have")
    pattern: str | None = Field(None, description="Regular expression (RE2) that a whole text must match")
    unique: bool = Field(default=False, description="Whether two ids of an interval must not have the same value")

    @field_validator("pattern")
    @classmethod
    def _is_a_regular_expression(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return pattern


class Phase(_Frozen):
    """Some days of a replay that draw their rows from one source."""

    source: str = Field(description="Part of the data set, see [data.md](data.md#the-data-set)")
    days: int = Field(ge=1, description="How many days it lasts; the next phase follows at once")
    rows_per_day: int = Field(ge=1, description="Rows on each of these days")


class ReplaySource(_Frozen):
    """A real data set, played back interval by interval."""

    kind: Literal["replay"] = Field(description="A replay is the only kind of source so far")
    dataset: Literal["vader_reviews"] = Field(description="The data set to play back")
    seed: int = Field(description="Decides the order of the rows, their times and their labels' delays")
    start: date = Field(description="First day of the replay, and of the history")
    phases: tuple[Phase, ...] = Field(min_length=1, description="What arrives when, one phase after the other")
    label_delay_hours: tuple[float, float] = Field(
        description="Shortest and longest time after which a row's label becomes known"
    )
    # Left out where it is the default, so that the replay of a config without it keeps the name of its cached file.
    label: Literal["sign", "mean"] = Field(
        "sign", exclude_if=lambda label: label == "sign",
        description="Of a text's ratings: the `sign` of their mean (0 or 1), or the `mean` itself (−4 to 4)",
    )  # fmt: skip


class Curation(_Frozen):
    """What a row must look like to be used."""

    columns: dict[str, Column] = Field(
        min_length=1, description="What a good row has, by column; `id` and `event_time` must be among them"
    )
    max_bad_share: float = Field(
        ge=0, le=1, description="Share of bad rows above which the interval fails and nothing is written"
    )
    min_rows: int | None = Field(None, ge=1, description="Fewest good rows of an interval; with less it fails too")
    max_rows: int | None = Field(None, ge=1, description="Most good rows of an interval")
    max_age_hours: float | None = Field(
        None, gt=0, description="Longest time between the newest event of an interval and the interval's end"
    )

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

    name: str = Field(pattern=r"^sklearn\.[\w.]+$", alias="class", description="Full name of a scikit-learn class")
    params: dict[str, Any] = Field({}, description="Its parameters, by scikit-learn's own names")


class Branch(_Frozen):
    """One branch of the preprocessing: columns, and the transformers they go through in turn."""

    columns: str | tuple[str, ...] = Field(
        description="One column, which text transformers want, or a list of columns, which all others want"
    )
    steps: tuple[Part, ...] = Field(min_length=1, description="Transformers, one after the other")

    @property
    def label(self) -> str:
        """The branch's name in the pipeline."""
        return self.columns if isinstance(self.columns, str) else "+".join(self.columns)


class Range(_Frozen):
    """Every number between two, for searches that draw at random."""

    low: int | float = Field(description="Smallest value; two whole numbers give whole numbers")
    high: int | float = Field(description="Largest value")
    log: bool = Field(default=False, description="Whether to draw evenly on a logarithmic scale")

    @model_validator(mode="after")
    def _is_a_range(self) -> "Range":
        if self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError("low must be less than high, and above 0 on a logarithmic scale")
        return self


class Search(_Frozen):
    """Which parameters to try before a model is fitted, by scikit-learn's own search."""

    name: str = Field(
        pattern=r"^sklearn\.model_selection\.\w*Search\w*$", alias="class", description="Full name of the search"
    )
    params: dict[str, Any] = Field({}, description="Its parameters; folds, metric and seed are those of the training")
    space: dict[str, tuple[Any, ...] | Range] = Field(
        min_length=1,
        description="Values to try, by parameter as a run names it: `estimator.C`, `text.TfidfTransformer.norm`",
    )


class Training(_Frozen):
    """How a model is made and judged."""

    window_days: int = Field(ge=1, description="Days of data that are used, the holdout included")
    holdout_days: int = Field(ge=1, description="The last of these days: not learned from, only judged on")
    folds: int = Field(ge=2, description="Folds of the cross-validation before the holdout")
    min_rows: int = Field(ge=1, description="Labelled rows without which there is no training")
    seed: int = Field(description="Seed of the folds, and of the estimator where it has one")
    metric: Metric = Field(
        description="What a model is judged by; the first three are of a classification, the others of a regression"
    )
    preprocessing: tuple[Branch, ...] = Field(min_length=1, description="From raw columns to what the estimator takes")
    estimator: Part = Field(description="A classifier that has `predict_proba`, or a regressor")
    search: Search | None = Field(None, description="Parameters to find; without it the config's are used")
    slices: tuple[str, ...] = Field(
        (), description="Columns whose values part the holdout, each judged for itself; `text.words` parts by length"
    )


class ClassificationTraining(Training):
    """How a classifier is made and judged."""

    metric: Literal["accuracy", "f1", "roc_auc"]


class RegressionTraining(Training):
    """How a regressor is made and judged."""

    metric: Literal["r2", "d2_absolute_error_score"]


class Gates(_Frozen):
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


class ClassificationGates(Gates):
    """What a classifier must show."""

    slice_min_accuracy: float = Field(
        ge=0, le=1, description="Classification, `quality`: least accuracy on each slice of the holdout"
    )


class RegressionGates(Gates):
    """What a regressor must show."""

    slice_max_error: float = Field(
        gt=0,
        description="Regression, `quality`: largest mean absolute error on each slice of the holdout, in the target's "
        "unit",
    )
    error_cap: float = Field(
        gt=0,
        description="Regression, `quality`: beside the champion, an error of so much or more, in the target's unit, is "
        "as bad as can be: closeness is 1 without an error and 0 from here on",
    )


class Deployment(_Frozen):
    """How a version gets into production; [deployment](deployment.md) says more."""

    approval: Literal["none", "manual"] = Field(
        description="`manual`: in Airflow, a person approves what has passed the gates"
    )
    smoke_rows: int = Field(
        ge=1, description="Rows of the smoke prediction, of the newest data and of the holdout each"
    )


class Monitoring(_Frozen):
    """When the monitor speaks up."""

    window_days: int = Field(ge=1, description="Days that trends and labels look back on …")
    window_intervals: int = Field(ge=3, description="… and intervals, whichever is shorter")
    min_rows: int = Field(ge=1, description="Rows without which an interval decides nothing")
    alpha: float = Field(gt=0, lt=0.5, description="Chance of a false alarm, per test")
    drift_distance: float = Field(gt=0, lt=1, description="`data_drift`: distance from the profile that counts")
    quality_drop: float = Field(
        gt=0, lt=1, description="`quality_drop`: fall of the metric below the holdout's that counts"
    )
    quality_rows: int = Field(ge=1, description="The newest labelled rows, at least so many, give the metric")


class ConfidenceMonitoring(Monitoring):
    """When the monitor speaks up about a model that says how sure it is."""

    low_confidence: float = Field(
        gt=0, lt=1, description="Classification: the model is unsure of a row whose best class scores less"
    )
    low_confidence_rise: float = Field(
        gt=0,
        lt=1,
        description="Classification, `low_confidence`: rise of the share of unsure rows over the holdout's that counts",
    )
    trend_fall: float = Field(
        gt=0, lt=1, description="Classification, `confidence_trend`: fall of the mean confidence that counts"
    )


class Retraining(_Frozen):
    """When a new model is worth training. All times are those of the data, so a replay decides as production does."""

    min_new_labels: int = Field(ge=1, description="Labelled rows to learn from that the last training did not have")
    min_new_labels_on_alert: int = Field(
        ge=1, description="The same while an alert is active, counted from the interval that raised it on"
    )
    every_days: int | None = Field(None, ge=1, description="Train after so many days in any case, on any new label")
    cool_down_hours: float = Field(ge=0, description="Shortest time between the ends of two trainings' data")
    max_per_day: int = Field(ge=1, description="Most trainings within 24 hours")

    @model_validator(mode="after")
    def _an_alert_lowers_the_limit(self) -> "Retraining":
        if self.min_new_labels_on_alert > self.min_new_labels:
            raise ValueError("min_new_labels_on_alert must not be above min_new_labels, or an alert delays training")
        return self


class Retention(_Frozen):
    """How long things are kept, counted back from the interval that is cleaned up."""

    predictions_days: int = Field(ge=1, description="Predictions older than this are deleted")
    monitoring_runs_days: int = Field(ge=1, description="So are the monitor's runs in MLflow")
    table_history_hours: int = Field(ge=0, description="So are replaced files of the tables that are no training data")


class Target(_Frozen):
    """The number that a regression predicts."""

    title: str = Field(description="What people call it in reports and plots")
    unit: str = Field(description="What it is measured in, such as pieces or °C")
    minimum: float | None = Field(None, description="Smallest label that can be; a smaller one goes to quarantine")
    maximum: float | None = Field(None, description="Largest label that can be; a larger one goes to quarantine")

    @model_validator(mode="after")
    def _is_a_range(self) -> "Target":
        if self.minimum is not None and self.maximum is not None and self.minimum >= self.maximum:
            raise ValueError("minimum must be less than maximum")
        return self


class UseCase(_Frozen):
    """Everything Sluss knows about one prediction problem."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the file, without `.yaml`")
    title: str = Field(description="What people read in reports and pages")
    model: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Name of the registered model")
    unit: Unit = Field(description="Length of an interval")
    schedule: str = Field(description="When an interval is scored: a cron expression or an Airflow preset, in UTC")
    live_start: date = Field(description="First day that is scored; the days before it are the history")
    live_end: date = Field(description="The day after the last one that is scored")
    source: ReplaySource = Field(description="Where new rows come from")
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

    @model_validator(mode="after")
    def _slices_exist(self) -> "UseCase":
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
        """From the replay's first day to the day scoring begins: what the first model learns from."""
        return Interval(midnight(self.source.start), midnight(self.live_start))


class Classification(UseCase):
    """A use case whose labels are one of two classes."""

    training: ClassificationTraining
    gates: ClassificationGates
    monitoring: ConfidenceMonitoring
    classes: tuple[str, str] = Field(description="Classification: names of label 0 and label 1")

    @model_validator(mode="after")
    def _labels_are_classes(self) -> "Classification":
        if self.source.label == "mean":
            raise ValueError("source.label: mean gives numbers, which are no classes; leave it out, or give a target")
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
