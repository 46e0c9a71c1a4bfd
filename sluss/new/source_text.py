"""The section `source` of a new config."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from sluss.new.days import days_of
from sluss.new.yaml_line import curated, remark, scalar
from sluss.profiling.database import database_and_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.new.facts import ConfigFacts

_SHOWN_BY_THE_FILE = ("utf-8", "utf-8-sig", "utf-16")  # by its first bytes


def source_lines(facts: ConfigFacts) -> Iterator[str]:
    """The origin of the rows, and how they are written."""
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
