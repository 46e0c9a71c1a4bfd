"""The features of card payments: what was known at the moment of each, in both warehouses."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from fraud_tables import fill_tables

from sluss.config.settings import ROOT, Settings
from sluss.interval import Interval
from sluss.storage.warehouse import open_warehouse

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
WHOLE = Interval(START, END)
DELAY = timedelta(days=7)
QUERY = ROOT / "config" / "fraud.sql"


def payments(seed, rows=400):
    """Rows of few cards and terminals, many at the same moment, and every second one late and out of order."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    moments = [START + timedelta(days=random.randrange(59), seconds=random.randrange(3)) for _ in range(rows)]
    return [
        {
            "id": f"p{number}", "event_time": moment,
            "arrived_at": moment + random.choice([timedelta(), timedelta(), timedelta(hours=2), timedelta(days=3)]),
            "customer_id": f"c{random.randrange(4)}", "terminal_id": f"t{random.randrange(5)}",
            "amount": random.choice([0.0, 0.01, -3.5, 19.99, 220.0, random.randrange(100_000) / 100]),
            "label": int(random.random() < 0.2),
            "label_time": moment + (DELAY if random.random() < 0.8 else timedelta(days=30)),
        }
        for number, moment in enumerate(moments)
    ]  # fmt: skip


def load(settings, rows):
    with open_warehouse(settings) as warehouse:
        fill_tables(warehouse, rows, rows)


def features(settings, interval=WHOLE):
    with open_warehouse(settings) as warehouse:
        found = [row for batch in warehouse.read(QUERY, interval) for row in batch.to_pylist()]
    return {row["id"]: row for row in found}


def expected(rows, row):
    """The definition, by a loop."""
    found = {"weekend": int(row["event_time"].weekday() >= 5), "night": int(row["event_time"].hour < 7)}
    for days in (1, 7, 30):
        begin = row["event_time"] - timedelta(days=days)
        own = [
            each["amount"] for each in rows
            if each["customer_id"] == row["customer_id"] and each["amount"] >= 0
            and begin <= each["arrived_at"] < row["event_time"]
        ]  # fmt: skip
        own.append(row["amount"])
        reported = [
            each["label"] for each in rows
            if each["terminal_id"] == row["terminal_id"] and begin <= each["label_time"] < row["event_time"]
        ]  # fmt: skip
        found[f"customer_count_{days}"] = len(own)
        found[f"customer_mean_{days}"] = sum(own) / len(own)
        found[f"terminal_count_{days}"] = len(reported)
        found[f"terminal_risk_{days}"] = sum(reported) / len(reported) if reported else 0
    mean = found["customer_mean_30"]
    return found | {"amount_to_month": row["amount"] / mean if mean > 1e-9 else 1}


@pytest.fixture(params=["duckdb", "postgres"])
def settings(request, tmp_path):
    if request.param == "duckdb":
        return Settings(home=tmp_path)
    from adbc_driver_postgresql import dbapi

    url = request.getfixturevalue("postgres")
    with dbapi.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        name = f"fraud_{uuid.uuid4().hex}"
        cursor.execute(f"CREATE DATABASE {name}")
    return Settings(home=tmp_path, warehouse_url=url.rsplit("/", 1)[0] + "/" + name)


@pytest.mark.parametrize("seed", range(3))
def test_each_feature_is_what_its_definition_counts(settings, seed):
    rows = payments(seed)
    load(settings, rows)
    found = features(settings)
    assert len(found) == len(rows)
    for row in rows:
        for name, value in expected(rows, row).items():
            assert found[row["id"]][name] == pytest.approx(value, abs=1e-9), (row["id"], name)


def test_a_span_a_day_and_a_single_moment_give_the_same_features(settings):
    rows = payments(7)
    load(settings, rows)
    whole = features(settings)
    days = [Interval(START + timedelta(days=n), START + timedelta(days=n + 1)) for n in range(59)]
    assert {key: row for day in days for key, row in features(settings, day).items()} == whole
    for row in rows[:20]:
        moment = Interval(row["event_time"], row["event_time"] + timedelta(microseconds=1))
        alone = features(settings, moment)
        assert alone == {key: whole[key] for key in alone}
        assert row["id"] in alone


@pytest.mark.parametrize("change", ["deleted", "moved", "relabelled"])
def test_the_future_moves_nothing_in_the_past(settings, change):
    rows, now = payments(11), START + timedelta(days=40)
    load(settings, rows)
    before = {key: row for key, row in features(settings).items() if row["arrived_at"] < now}
    other = []
    for row in rows:
        is_future, unknown = row["arrived_at"] >= now, row["label_time"] >= now
        if is_future and change == "deleted":
            continue
        moved = (
            timedelta(hours=7) if is_future and change == "moved" and row["event_time"] < END - DELAY else timedelta()
        )
        turned = 1 - row["label"] if unknown and change == "relabelled" else row["label"]
        times = {name: row[name] + moved for name in ("event_time", "arrived_at", "label_time")}
        other.append(row | times | {"label": turned})
    load(settings, other)
    after = {key: row for key, row in features(settings).items() if row["arrived_at"] < now}
    assert after == before
