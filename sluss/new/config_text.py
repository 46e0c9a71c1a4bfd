"""The file of a use case as a person would write it: each choice with its reason beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import yaml

from sluss.counted import counted
from sluss.profiling.database import database_and_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.new.look import Look
    from sluss.new.quick import Quick
    from sluss.profiling.columns import ColumnProfile
    from sluss.profiling.whole_table import WholeTable

_MOST_LIVE = 30  # intervals that are kept for scoring
_LONGEST_WINDOW = 730  # days: what is older helps less than it costs
_SHOWN_BY_THE_FILE = ("utf-8", "utf-8-sig", "utf-16")  # by its first bytes
_SOME_WEEKS = 28  # days
_OWN_NAMES = {
    "id",
    "event_time",
    "arrived_at",
    "label",
    "label_time",
    "interval",
    "superseded_at",
}  # columns of each curated table
_MOST_COMPARED = 200  # categories from which an interval has too few rows of each
_ALL_DAYS = 3650  # where rows have no time of their own
_BAD = 0.05  # share of bad rows from which an interval is refused
_MOST_MS = 500  # for 1,000 rows
_MS_OF_A_CHARACTER = 0.5  # of each of 1,000 rows: vectorisers take a fifth of it on a slow machine
_SCHEDULES = {"hour": "@hourly", "day": "@daily", "week": "0 0 * * 1", "month": "@monthly"}
_STRONG = {
    "classification": "sklearn.ensemble.HistGradientBoostingClassifier",
    "regression": "sklearn.ensemble.HistGradientBoostingRegressor",
}
_SIMPLE = {"classification": "sklearn.linear_model.LogisticRegression", "regression": "sklearn.linear_model.Ridge"}


@dataclass(frozen=True)
class Days:
    """The days of a use case: the history to learn from, and the days to score."""

    start: date
    live_start: date
    window: int
    holdout: int


@dataclass(frozen=True)
class ConfigFacts:
    """Facts that the text is written from."""

    name: str
    data: str
    look: Look
    kind: str  # of the source
    encoding: str
    delimiter: str
    quick: Quick | None


def facts_of(name: str, data: str, table: WholeTable, look: Look, quick: Quick | None) -> ConfigFacts:
    """Gather them."""
    file = table.files[0] if table.files else None
    return ConfigFacts(
        name, data, look, table.kind, file.encoding if file else "utf-8", file.delimiter if file else "", quick
    )


def config_text(facts: ConfigFacts) -> str:
    """The whole file."""
    sections = (_head, _source, _curation, _problem, _training, _gates, _operation)
    return "\n\n".join("\n".join(section(facts)) for section in sections) + "\n"


def days_of(look: Look) -> Days | None:
    """The history and the live days, by the span of the data; None without times."""
    if look.span is None:
        return None
    span, unit = look.span, look.span.days_of_a_unit
    live = unit * max(1, min(_MOST_LIVE, span.days // unit // 10))
    live_start = _start_of(span.last + timedelta(days=1) - timedelta(days=live), span.unit)
    history = (live_start - span.first).days
    window = min(history, _LONGEST_WINDOW)
    return Days(_start_of(span.first, span.unit), live_start, window, max(window // 5, 1))


def fewest_training_rows(rows: int) -> int:
    """Labelled rows of a table of so many rows below which nothing is trained."""
    return max(rows // 10, 30)


def fewest_holdout_rows(rows: int) -> int:
    """Rows below which no model is judged."""
    return max(min(rows // 50, 1000), 10)


def _start_of(day: date, unit: str) -> date:
    match unit:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case _:
            return day


def curated(name: str) -> str:
    """A column's name in the curated table, where some names have a meaning of their own."""
    return f"{name}_value" if name in _OWN_NAMES else name


def scalar(value: object) -> str:
    """A value as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    line = text.removesuffix("\n").removesuffix("...").rstrip()
    # YAML folds a text with a line break; JSON, which is YAML, writes it as a sign.
    return json.dumps(value, ensure_ascii=True) if len(line.splitlines()) > 1 else line


def remark(text: str) -> str:
    """A text as the end of a comment: a line break would end the comment."""
    return " ".join(text.split())


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


def _source(facts: ConfigFacts) -> Iterator[str]:
    look, days = facts.look, days_of(facts.look)
    yield "source:"
    yield f"  kind: {facts.kind}"
    yield from (f"  {line}" for line in _place(facts))
    # Rows without a time arrive with their file, which is there since yesterday at the latest.
    yield f"  start: {days.start if days else date.today() - timedelta(days=1)}"  # noqa: DTZ011 - the person's own day
    ids = [each.name for each in look.columns("id")]
    yield f"  id: {scalar(ids[0] if len(ids) == 1 else ids)}" if ids else "  # no id: a hash of the row is its id"
    if look.time:
        yield f"  time: {scalar(look.time.name)}"
        if any(each.kind == "time" and not each.zoned for each in look.profile.columns.values()):
            zone = scalar(look.profile.writing.time_zone or "UTC")
            yield f"  time_zone: {zone}    # of times and days that have no zone of their own"
    else:
        yield f"  # no time: rows arrive {'with their file' if facts.kind == 'file' else 'when they are found first'}"
    yield f"  label: {scalar(look.target.column)}"
    if look.target.mapping:
        yield f"  mapping: {scalar(look.target.mapping)}"
    yield from (f"  {line}" for line in _written(facts))
    renamed = {each.name: curated(each.name) for each in look.columns("feature") if each.name != curated(each.name)}
    if renamed:
        yield f"  rename: {scalar(renamed)}"
    left_out = [(name, role.reason) for name, role in look.roles.items() if role.name == "left out"]
    if left_out:
        yield "  exclude:"
        yield from (f"    - {scalar(name)}    # {remark(reason)}" for name, reason in left_out)


def _place(facts: ConfigFacts) -> Iterator[str]:
    if facts.kind == "table":
        yield f"table: {scalar(database_and_table(facts.data)[1])}"
        yield f"url_variable: {url_variable(facts.name)}    # the address, with its password, stands in the environment"
    else:
        yield f"path: {scalar(facts.data)}"


def url_variable(name: str) -> str:
    """The variable with the address of a use case's own database."""
    return f"{name.upper()}_DATABASE_URL"


def _written(facts: ConfigFacts) -> Iterator[str]:
    writing, missing = facts.look.profile.writing, facts.look.profile.missing_words
    if facts.encoding not in _SHOWN_BY_THE_FILE:
        yield f"encoding: {facts.encoding}"
    if facts.delimiter not in ("", ","):
        yield f"delimiter: {scalar(facts.delimiter)}"
    if writing.decimal != ".":
        yield f"decimal: {scalar(writing.decimal)}"
    if writing.date_format:
        yield f"date_format: {scalar(writing.date_format)}"
    if missing:
        yield f"missing: {scalar(list(missing))}    # words for a missing value"


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
    if 2 * look.bad_share <= _BAD:
        yield f"  max_bad_share: {_BAD}"
        return
    share = min(-(-int(look.bad_share * 1000) // 10) * 2 / 100, 1.0)
    yield f"  max_bad_share: {share:g}    # in this table up to {look.bad_share:.1%} of the rows are bad"


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
    yield f"  min_rows: {fewest_training_rows(look.profile.rows)}"
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


def _gates(facts: ConfigFacts) -> Iterator[str]:
    look, quick = facts.look, facts.quick
    rows = look.profile.rows
    yield "# The floors lie between guessing and what a quick trial reached, so that a sound model passes."
    yield "gates:"
    yield f"  min_training_rows: {max(rows // 10, 20)}"
    yield f"  min_holdout_rows: {fewest_holdout_rows(rows)}"
    yield f"  min_metric: {quick.floor if quick else 0.0}"
    yield f"  min_gain: {quick.gain if quick else 0.01}"
    yield "  slice_min_rows: 100"
    yield "  margin: 0.02"
    yield "  alpha: 0.05"
    yield f"  max_ms_per_1000_rows: {_most_milliseconds(look)}"
    if look.target.kind == "regression":
        low, _, high = look.target.quantiles
        yield f"  error_cap: {_two_digits((high - low) / 2)}    # half of what nearly all values span"


def _most_milliseconds(look: Look) -> int:
    """A generous limit for 1,000 rows: a text takes as long as its characters are many."""
    characters = sum(each.length for each in look.columns("feature"))
    return max(_MOST_MS, round(_two_digits(characters * _MS_OF_A_CHARACTER)))


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}") or 1.0


def _operation(facts: ConfigFacts) -> Iterator[str]:
    look, days = facts.look, days_of(facts.look)
    per_unit = int(look.span.rows_of_a_unit) if look.span else look.profile.rows
    window = max(30, (look.span.days_of_a_unit if look.span else 1) * 10)
    yield "deployment: {approval: none, smoke_rows: 100}"
    yield "monitoring:"
    yield f"  window_days: {window}"
    yield "  window_intervals: 50"
    yield f"  min_rows: {max(min(per_unit // 4, 50), 5)}"
    if look.target.kind == "classification":
        yield "  low_confidence: 0.60"
        yield "  low_confidence_rise: 0.10"
        yield "  trend_fall: 0.05"
    yield "  false_alarms: 1 per 90 days    # of all types of alerts together"
    # Without times, rows are taken for independent at first, and a small distance may be due to clumps of them.
    yield f"  drift_distance: {0.05 if look.span else 0.15}"
    yield "  quality_drop: 0.05"
    yield f"  quality_rows: {max(min(per_unit * 3, 1000), 100)}"
    yield from _ignored(look)
    yield "retraining:"
    yield f"  min_new_labels: {max(per_unit * max((days.window if days else 10) // 10, 5), 100)}"
    yield f"  min_new_labels_on_alert: {max(per_unit * 2, 50)}"
    yield "  cool_down_hours: 96"
    yield "  max_per_day: 1"
    yield "retention: {predictions_days: 365, monitoring_runs_days: 90, table_history_hours: 168}"


def _ignored(look: Look) -> Iterator[str]:
    """Features whose distance from the training data says nothing, each with its reason."""
    reasons = dict.fromkeys(look.calendar, "the calendar always moves on")
    for each in look.columns("feature"):
        if each.kind == "category" and each.distinct > _MOST_COMPARED:
            reasons[each.name] = f"{counted(each.distinct, 'different value')}: two samples always differ much"
    if reasons:
        yield "  ignore:"
        yield from (f"    - {scalar(curated(name))}    # {reason}" for name, reason in reasons.items())
