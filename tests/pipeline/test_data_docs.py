"""The tables are as docs/data.md describes them."""

from __future__ import annotations

import re

import pytest

from sluss.config.settings import ROOT
from sluss.context import Context
from sluss.curation.curate import curate
from sluss.interval import parse_interval
from sluss.sources.archive import REVIEWS
from sluss.sources.generate import generate
from sluss.sources.vader_reviews import read_reviews
from sluss.storage.lake import Lake
from sluss.storage.warehouse import open_warehouse

DAY = parse_interval("2026-01-06", "day")
TEXT = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
SQL_TYPES = {"string": "text", "int16": "smallint"}


def documented(table: str) -> list[tuple[str, str]]:
    section = TEXT.split(f"### `{table}`\n")[1].split("\n#")[0]
    return re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE)


@pytest.mark.parametrize("table", ["curated", "labels", "quarantine"])
def test_the_lakes_tables_have_the_documented_columns(table, settings, sentiment):
    generate(Context(settings, sentiment), DAY)
    with open_warehouse(settings) as warehouse:
        warehouse.execute("UPDATE sentiment_rows SET text = '' WHERE id = (SELECT min(id) FROM sentiment_rows)")
    curate(Context(settings, sentiment), DAY)
    schema = Lake(settings, "sentiment").dataset(table).schema
    assert documented(table) == [(field.name, str(field.type)) for field in schema]


@pytest.mark.parametrize("table", ["sentiment_rows", "sentiment_labels"])
def test_the_warehouses_tables_have_the_documented_columns(table, settings, sentiment, tmp_path):
    generate(Context(settings, sentiment), DAY)
    query = tmp_path / "all.sql"
    query.write_text(f"SELECT * FROM {table}")  # noqa: S608 - a name of ours
    with open_warehouse(settings) as warehouse:
        (schema,) = {batch.schema for batch in warehouse.read(query, DAY)}
    types = [SQL_TYPES.get(str(field.type), "timestamp with time zone") for field in schema]
    assert documented(table) == list(zip(schema.names, types, strict=True))


def test_the_counts_of_the_data_set_are_the_documented_ones(archive):
    for source, texts in read_reviews(archive).items():
        share = sum(texts["label"].to_pylist()) / texts.num_rows
        assert re.search(rf"\| `{source}` \| [\d,]+ \| {texts.num_rows:,} \| {share:.0%} ".replace("%", " %"), TEXT)
    assert REVIEWS.sha256 in TEXT
