"""The file of a use case as a person would write it: each choice with its reason beside it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.new.days import days_of, fewest_training_rows
from sluss.new.limits_text import gate_lines, operation_lines
from sluss.new.source_text import source_lines
from sluss.new.yaml_line import curated, remark, scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.new.facts import ConfigFacts
    from sluss.new.look import Look
    from sluss.profiling.columns import ColumnProfile

_SOME_WEEKS = 28  # days
_ALL_DAYS = 3650  # where rows have no time of their own
_BAD = 0.05  # share of bad rows from which an interval is refused
_SCHEDULES = {"hour": "@hourly", "day": "@daily", "week": "0 0 * * 1", "month": "@monthly"}
_SIMPLE = {"classification": "sklearn.linear_model.LogisticRegression", "regression": "sklearn.linear_model.Ridge"}
_STRONG = {
    "classification": "sklearn.ensemble.HistGradientBoostingClassifier",
    "regression": "sklearn.ensemble.HistGradientBoostingRegressor",
}


def config_text(facts: ConfigFacts) -> str:
    """The whole file."""
    sections = (_head, source_lines, _curation, _problem, _training, gate_lines, operation_lines)
    return "\n\n".join("\n".join(section(facts)) for section in sections) + "\n"


def _head(facts: ConfigFacts) -> Iterator[str]:
    look, days = facts.look, days_of(facts.look)
    yield f"# {remark(look.target.column)} from {remark(_shown(facts.data))}, {counted(look.profile.rows, 'row')}."
    yield "# `sluss new` wrote this file; edit it as you like. It changes nothing that you have edited."
    yield "# docs/use_cases.md explains every key."
    yield f"name: {facts.name}"
    yield f"title: {scalar(f'{look.target.column} of {facts.name}'.replace('_', ' '))}"
    yield f"model: {facts.name}_{'classifier' if look.target.kind == 'classification' else 'regressor'}"
    if look.span and days:
        yield (
            f"unit: {look.span.unit}{' ' * 12}# usually {counted(round(look.span.rows_of_a_unit), 'row')} each"
        ).rstrip()
        yield f'schedule: "{_SCHEDULES[look.span.unit]}"'
        yield f"live_start: {days.live_start}    # scored from here on; the days before are the history"
    else:
        yield "unit: day"
        yield 'schedule: "@daily"'
        yield f"live_start: {date.today()}"  # noqa: DTZ011 - the person's own day


def _shown(data: str) -> str:
    """Without a password."""
    return data.rsplit("@", 1)[-1] if "://" in data else data


def _curation(facts: ConfigFacts) -> Iterator[str]:
    yield "curation:"
    yield "  columns:"
    yield "    id: {kind: text, min_length: 1}"
    yield "    event_time: {kind: time}"
    for each in facts.look.columns("feature"):
        nullable = "" if each.kind == "text" else ", nullable: true"  # vectorisers take no missing values
        yield f"    {scalar(curated(each.name))}: {{kind: {each.kind}{nullable}}}{_remark(each)}"
    yield from _most_bad(facts.look)
    if facts.look.span is None:
        yield "  min_rows: 0    # a day may bring no new row"


def _most_bad(look: Look) -> Iterator[str]:
    """Twice the share of bad rows in the table, and usually more."""
    share = look.quarantined_share
    if 2 * share <= _BAD:
        yield f"  max_bad_share: {_BAD}"
        return
    limit = min(-(-int(share * 1000) // 10) * 2 / 100, 1.0)
    yield f"  max_bad_share: {limit:g}    # in this table up to {share:.1%} of the rows are bad or doubled"


def _remark(column: ColumnProfile) -> str:
    share = column.missing / column.rows
    return f"    # missing in {share:.1%} of the rows" if column.missing else ""


def _problem(facts: ConfigFacts) -> Iterator[str]:
    look = facts.look
    named = [curated(each.name) for each in look.columns("feature")]
    yield f"features: {scalar([*named, *(['event_time'] if _takes_the_time(look) else [])])}"
    target = look.target
    if target.kind == "classification":
        shares = ", ".join(f"{share:.1%}" for share in target.shares[:5])
        yield f"classes: {scalar(list(target.classes))}    # {shares} of the labelled rows"
    else:
        low, middle, high = target.quantiles
        yield f"target: {{title: {scalar(target.column)}, unit: units}}"
        yield f"# Median {middle:g}, nearly all from {low:g} to {high:g}."


def _training(facts: ConfigFacts) -> Iterator[str]:
    look, days, target = facts.look, days_of(facts.look), facts.look.target
    yield "training:"
    yield f"  window_days: {days.window if days else _ALL_DAYS}"
    yield f"  holdout_days: {days.holdout if days else _ALL_DAYS}"
    if days is None:
        yield "  holdout_share: 0.2    # by a hash of the ids: the rows have no time"
    yield "  folds: 3"
    yield f"  min_rows: {fewest_training_rows(facts.rows.labelled)}"
    yield "  seed: 7"
    yield f"  metric: {target.metric}    # {target.why_metric}"
    yield "  preprocessing:"
    yield from (f"    {line}" for line in _branches(look))
    yield "  # Gradient boosting takes missing values as they are."
    if facts.quick:
        yield f"  # On the newest fifth its {target.metric} is {facts.quick.strong:.3f}; {_SIMPLE[target.kind]} reaches"
        yield f"  # {facts.quick.simple:.3f}, guessing {facts.quick.guess:.3f}."
    yield "  estimator:"
    yield f"    class: {_STRONG[target.kind]}"
    if target.heavy_tails:
        yield "    params: {loss: absolute_error}    # squared errors would follow the few values far from the others"


def _takes_the_time(look: Look) -> bool:
    """Whether hour, weekday and month are features: where the table has none of them and spans some weeks."""
    return look.span is not None and look.span.days >= _SOME_WEEKS and not look.calendar


def _branches(look: Look) -> Iterator[str]:
    kinds = {each.kind for each in look.columns("feature")}
    if "number" in kinds:
        yield "- columns: numbers"
        yield "  steps: [passthrough]"
    if "category" in kinds:
        yield "- columns: categories"
        yield "  steps:"
        yield "    # Rare values share a number, and one that was never seen gets one of its own."
        yield "    - class: sklearn.preprocessing.OrdinalEncoder"
        yield "      params: {handle_unknown: use_encoded_value, unknown_value: -1, max_categories: 200}"
    if "time" in kinds or _takes_the_time(look):
        yield "- columns: times"
        yield "  steps:"
        yield "    - {class: components.calendar_features.CalendarFeatures}"
    for each in look.columns("feature"):
        if each.kind == "text":
            yield f"- columns: {scalar(curated(each.name))}"
            yield "  steps:"
            yield "    - {class: sklearn.feature_extraction.text.HashingVectorizer, params: {n_features: 65536}}"
            yield "    - {class: sklearn.feature_extraction.text.TfidfTransformer}"
            yield "    - {class: sklearn.decomposition.TruncatedSVD, params: {n_components: 30, random_state: 7}}"
