"""The kind of problem that a target makes, its classes, and the metric that fits their balance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sluss.counted import counted
from sluss.errors import ConfigError
from sluss.profiling.leaks import is_classes

if TYPE_CHECKING:
    from sluss.profiling.columns import ColumnProfile
    from sluss.profiling.whole_table import WholeTable

Kind = Literal["classification", "regression"]

_MOST_CLASSES = 1000
_NO = ("0", "no", "n", "false", "f", "nein", "off")
# Share of the rarer class (of all classes, times their number) from which accuracy and ROC AUC say enough.
_BALANCED, _RARE = 0.35, 0.10
_HEAVY_TAILS = 8.0  # excess kurtosis from which squared errors are those of a few rows


@dataclass(frozen=True)
class TargetColumn:
    """The number or class to predict."""

    column: str
    kind: Kind
    metric: str
    why_metric: str
    classes: tuple[str, ...] = ()
    mapping: dict[str, str] = field(default_factory=dict)  # of values to classes, where they differ
    shares: tuple[float, ...] = ()
    quantiles: tuple[float, float, float] = (0.0, 0.0, 0.0)  # 1 %, 50 % and 99 % of a number
    heavy_tails: bool = False  # a few numbers are far from the others


def target_of(table: WholeTable, column: ColumnProfile) -> TargetColumn:
    """Decide on the kind of problem by the values of the target.

    Raises:
        ConfigError: the target has more classes than a model can tell apart, or is a time.
    """
    if column.kind == "time":
        raise ConfigError(f"The target '{column.name}' is a time. Name a column of classes or numbers as TARGET.")
    if column.kind == "nested":
        raise ConfigError(
            f"The target '{column.name}' is lists or objects. Name a column of classes or numbers as TARGET."
        )
    if not is_classes(column):
        return _number(table, column)
    text = class_text(column)
    counts = dict(
        table.ask(f"SELECT {text}, count(*) FROM data WHERE {column.sql} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1")  # noqa: S608 - quoted
    )
    if len(counts) > _MOST_CLASSES:
        raise ConfigError(
            f"The target '{column.name}' has {counted(len(counts), 'different text')}, and a model tells at most "
            f"{_MOST_CLASSES:,} classes apart. Name another TARGET, or join rare ones first."
        )
    return _classes(column, counts)


def class_text(column: ColumnProfile) -> str:
    """The SQL of a class's name: of a number, its shortest text."""
    if column.kind != "number":
        return column.sql
    whole = f"CAST(CAST({column.sql} AS BIGINT) AS VARCHAR)"
    return f"CASE WHEN {column.sql} = trunc({column.sql}) THEN {whole} ELSE CAST({column.sql} AS VARCHAR) END"


def _classes(column: ColumnProfile, counts: dict[str, int]) -> TargetColumn:
    values = _ordered(counts)
    names = _names(column.name, values)
    total = sum(counts.values())
    shares = tuple(counts[value] / total for value in values)
    metric, why = _metric(shares)
    mapping = {value: name for value, name in zip(values, names, strict=True) if value != name}
    return TargetColumn(column.name, "classification", metric, why, tuple(names), mapping, shares)


def _ordered(counts: dict[str, int]) -> list[str]:
    """Of two, the second one is what is looked for: yes rather than no, or else the rarer one."""
    if len(counts) > 2:
        return sorted(counts)
    often, rare = counts
    return [rare, often] if often.lower() not in _NO and rare.lower() in _NO else [often, rare]


def _names(column: str, values: list[str]) -> list[str]:
    """`no` and `yes` stay; `0` and `1` become `not late` and `late`."""
    if [value.lower() for value in values] in (["0", "1"], ["false", "true"], ["f", "t"]):
        return [f"not {column}", column]
    return values


def _metric(shares: tuple[float, ...]) -> tuple[str, str]:
    rarest = min(shares) * len(shares) / 2
    if len(shares) > 2:
        if rarest >= _BALANCED:
            return "accuracy", "the classes are about equally frequent"
        return "balanced_accuracy", f"the rarest class has {min(shares):.1%} of the rows, so each class counts the same"
    if rarest >= _BALANCED:
        return "accuracy", f"the classes are about equally frequent ({min(shares):.0%} of the rows are the rarer one)"
    if rarest >= _RARE:
        return "roc_auc", f"{min(shares):.0%} of the rows are the rarer class: guessing would have a high accuracy"
    return "average_precision", f"only {min(shares):.1%} of the rows are the rarer class: finding those is what counts"


def _number(table: WholeTable, column: ColumnProfile) -> TargetColumn:
    low, middle, high, tails = table.ask(
        f"SELECT quantile_cont({column.sql}, 0.01), median({column.sql}), quantile_cont({column.sql}, 0.99), "  # noqa: S608 - quoted
        f"kurtosis({column.sql}) FROM data"
    )[0]
    heavy = tails is not None and tails > _HEAVY_TAILS
    metric = "d2_absolute_error_score" if heavy else "r2"
    why = (
        "a few values are far from the others, and would decide squared errors"
        if heavy
        else "the usual share explained"
    )
    quantiles = float(low), float(middle), float(high)
    return TargetColumn(column.name, "regression", metric, why, quantiles=quantiles, heavy_tails=heavy)
