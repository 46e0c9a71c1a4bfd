"""Tables of one's own in the stack: a file, a bucket that grows, and a table that another process keeps filling."""

from __future__ import annotations

import copy
import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import outside
import pytest
import yaml
from running import CONFIG, DATA, Stack, told, wait_for

from commands.new import Answers
from sluss.new.config_text import config_text
from sluss.new.facts import facts_of
from sluss.new.look import look
from sluss.new.quick import try_models
from sluss.profiling.whole_table import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.stack, pytest.mark.weekly]

FIRST_DAY, DAYS, A_DAY = date(2026, 3, 1), 30, 60  # of the trips, and rows of each
FOUND = """
import json, os, sys
from sluss.context import load_context
context = load_context({name!r})
def rows(table, *columns):
    found = context.lake.dataset(table)
    return [] if found is None else found.to_table(columns=list(columns)).to_pylist()
experiment = context.client.get_experiment_by_name({name!r} + "-monitoring")
runs = [] if experiment is None else context.client.search_runs([experiment.experiment_id])
monitored = {run.data.tags["sluss.interval"]: run.data.metrics for run in runs}
curated, labels = rows("curated", "id", "interval"), rows("labels", "id", "interval")
print(json.dumps([curated, rows("predictions", "id", "interval", "model_version"), labels, monitored]))
sys.stdout.flush()
os._exit(0)
"""


def trips() -> str:
    """Trips of a month: late or not, with missing values, and a carrier that appears on the last day."""
    draw, lines = np.random.default_rng(1), []
    for number in range(DAYS * A_DAY):
        day, carrier = number // A_DAY, draw.choice(["AA", "BB", "CC", ""])
        carrier = "NEW" if day == DAYS - 1 and carrier == "AA" else carrier
        started = datetime.combine(FIRST_DAY, datetime.min.time(), UTC) + timedelta(days=day, hours=24 * draw.random())
        length = round(draw.uniform(100, 3000))
        late = draw.random() < (0.7 if carrier == "BB" else 0.2) - (0.15 if length > 1500 else 0)
        shown = "" if draw.random() < 0.1 else length
        lines.append([f"t{number}", f"{started:%Y-%m-%dT%H:%M:%SZ}", carrier, shown, "yes" if late else "no"])
    return as_csv(["trip", "started", "carrier", "length (km)", "late"], lines)


def finds(first: int, number: int) -> str:
    """Animals of three species, without any time."""
    draw, lines = np.random.default_rng(first), []
    for each in range(first, first + number):
        species = draw.choice(["Adelie", "Chinstrap", "Gentoo"])
        middle = {"Adelie": 39, "Chinstrap": 49, "Gentoo": 44}[species]
        island = draw.choice(["Biscoe", "Dream"]) if species != "Gentoo" else "Biscoe"
        lines.append([f"f{each}", round(draw.normal(middle, 2), 1), island, species])
    return as_csv(["find", "bill", "island", "species"], lines)


def as_csv(names: list[str], lines: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *lines])
    return text.getvalue()


def as_new() -> dict[str, Any]:
    """The config that `make new` writes for the trips."""
    outside.write("trips.csv", trips())
    answers = Answers("trips", str(DATA / "trips.csv"), "late", id="trip")
    with opened(answers.data) as table:
        found = look(table, answers.asked, answers.writing)
        facts = facts_of(answers.name, "data/trips.csv", table, found, try_models(table, found))
        content: dict[str, Any] = yaml.safe_load(config_text(facts))
    content["training"]["estimator"]["params"] = {"max_iter": 20}
    return content


def like(new: dict[str, Any], name: str, source: dict[str, Any], columns: dict[str, str], **own: Any) -> dict[str, Any]:
    """The same with another source and other columns; a section given here replaces some of its keys."""
    described = {column: {"kind": kind, "nullable": True} for column, kind in columns.items()}
    content = copy.deepcopy(new) | {"name": name, "model": f"{name}_model", "source": source}
    content["curation"]["columns"] = {"id": {"kind": "text"}, "event_time": {"kind": "time"}} | described
    branches = content["training"]["preprocessing"]
    content["training"]["preprocessing"] = [branch for branch in branches if branch["columns"] != "times"]
    for key, value in own.items():
        content[key] = content[key] | value if isinstance(content.get(key), dict) else value
    return content | {"features": list(columns)}


def of_finds(new: dict[str, Any], today: date) -> dict[str, Any]:
    """Three classes, and files without a time in a bucket with an account of its own."""
    path = {"kind": "file", "path": "s3://partner/finds", "s3_variables": "PARTNER_S3"}
    source = path | {"start": today - timedelta(days=2), "id": "find", "label": "species"}
    spread = {"window_days": 3650, "holdout_days": 3650, "holdout_share": 0.2, "min_rows": 200, "metric": "accuracy"}
    return like(
        new, "finds", source, {"bill": "number", "island": "category"}, training=spread,
        classes=["Adelie", "Chinstrap", "Gentoo"], gates={"min_metric": 0.6, "min_gain": 0.2},
        live_start=today - timedelta(days=1),
    )  # fmt: skip


def of_orders(new: dict[str, Any], today: date, name: str, login: dict[str, str]) -> dict[str, Any]:
    """Numbers, minute by minute, from two tables of another database."""
    database = {"kind": "table", "id": "Order No", "start": today - timedelta(days=3), "settle": "6 seconds"} | login
    labels = database | {"table": "sales.outcomes", "label": "days", "label_time": "known"}
    source = database | {"table": "sales.Orders", "time": "placed", "arrived_at": "arrived", "labels": labels}
    content = like(
        new, name, source, {"price (EUR)": "number", "country": "category", "express": "category"},
        target={"title": "Delivery", "unit": "days"}, unit="1 minute", schedule="* * * * *", live_start=today,
        curation={"min_rows": 0}, gates={"min_metric": 0.4, "min_gain": 0.3, "error_cap": 4},
        training={"window_days": 4, "holdout_days": 1, "min_rows": 200, "metric": "r2"},
    )  # fmt: skip
    content["training"]["estimator"]["class"] = "sklearn.ensemble.HistGradientBoostingRegressor"
    for key in ("low_confidence", "low_confidence_rise", "trend_fall"):
        del content["monitoring"][key]
    del content["classes"]
    return content


def configs() -> dict[str, dict[str, Any]]:
    """Every use case by its name. Of `others`, rows are brought, and nothing is learned from them or scored."""
    new, today = as_new(), datetime.now(UTC).date()
    others = of_orders(new, today, "others", {"airflow_connection": "shop_db"}) | {"unit": "day", "schedule": "@daily"}
    others["training"]["min_rows"] = 1_000_000
    orders = of_orders(new, today, "orders", {"url_variable": "SHOP_URL"})
    return {"trips": new, "finds": of_finds(new, today), "orders": orders, "others": others}


@pytest.fixture(scope="module")
def tables(stack: Stack) -> Iterator[dict[str, str]]:
    """The tables' use cases with a champion each, by Airflow alone; their versions by name."""
    outside.prepare(stack)
    with told("what make new writes for a table"):
        written = configs()
    outside.put(stack, "finds/first.csv", finds(0, 600))
    login = {"host": "postgres", "port": 5432, "schema": "shop", "login": "shop", "password": "the-shop-itself"}
    stack.airflow_api("connections", {"connection_id": "shop_db", "conn_type": "postgres", **login})
    outside.fill(stack)
    for name, content in written.items():
        (CONFIG / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    learned = {name: content["model"] for name, content in written.items() if name != "others"}
    try:
        with told("from the configs to Airflow's DAGs"):
            stack.wait_until_found(*(f"{name}_{kind}" for name in written for kind in ("data", "scoring")))
        with told("from history to champion, three at a time"):
            started = [stack.trigger(f"{name}_data", None) for name in written]
            assert {stack.ended(run)["state"] for run in started} == {"success"}
            stack.wait_for_champions(learned)
        yield {name: stack.champion(model)["version"] for name, model in learned.items()}
        stack.wait_until_idle(*(f"{name}_{kind}" for name in learned for kind in ("training", "deployment")))
    finally:
        for name in written:
            (CONFIG / f"{name}.yaml").unlink()
        outside.stop(stack)


def state(stack: Stack, name: str) -> Any:
    script = FOUND.replace("{name!r}", repr(name))
    return json.loads(stack.python_in("airflow-worker", script).splitlines()[-1])


def scheduled(stack: Stack, name: str) -> list[dict[str, Any]]:
    runs = stack.airflow_api(f"dags/{name}_scoring/dagRuns?limit=100&order_by=run_after")["dag_runs"]
    return [run for run in runs if run["run_type"] == "scheduled"]


def test_days_of_a_file_are_scored_by_a_backfill_and_monitored(stack: Stack, tables: dict[str, str]) -> None:
    last = FIRST_DAY + timedelta(days=DAYS - 1)
    days = [last - timedelta(days=1), last]
    with told("a backfill of two days"):
        stack.command("backfill", "--use-case", "trips", "--from", days[0].isoformat(), "--to", last.isoformat())
        runs = stack.airflow_api("dags/trips_scoring/dagRuns?run_type=backfill")["dag_runs"]
        assert len(runs) == len(days)
        for run in runs:
            assert stack.ended(f"dags/trips_scoring/dagRuns/{run['dag_run_id']}")["state"] == "success"
    curated, predictions, _, monitored = state(stack, "trips")
    assert len(curated) == len({row["id"] for row in curated})
    for day in days:
        there = {row["id"] for row in curated if row["interval"] == day.isoformat()}
        scored = [row["id"] for row in predictions if row["interval"] == day.isoformat()]
        assert sorted(scored) == sorted(there)
        assert len(there) == A_DAY
        assert monitored[day.isoformat()]["rows"] == A_DAY
        assert monitored[day.isoformat()]["labelled_rows"] >= A_DAY
    assert {row["model_version"] for row in predictions} == {tables["trips"]}


def test_a_file_that_comes_into_a_bucket_of_someone_else_is_scored_and_no_other(
    stack: Stack, tables: dict[str, str]
) -> None:
    outside.put(stack, "finds/second.csv", finds(600, 80))
    with told("a new file scored"):
        assert stack.run_dag("finds_scoring", f"{datetime.now(UTC).date()}T00:00:00Z")["state"] == "success"
    _, predictions, labels, _ = state(stack, "finds")
    assert sorted(row["id"] for row in predictions) == sorted(f"f{number}" for number in range(600, 680))
    assert len(labels) == len({row["id"] for row in labels}) == 680
    assert {row["model_version"] for row in predictions} == {tables["finds"]}


def test_of_a_table_that_is_being_filled_nothing_is_lost_or_doubled(stack: Stack, tables: dict[str, str]) -> None:
    begun = datetime.now(UTC)

    def scored() -> list[dict[str, Any]]:
        runs = [run for run in scheduled(stack, "orders") if run["start_date"] and moment(run["start_date"]) > begun]
        return [run for run in runs if run["state"] in {"success", "failed"}]

    with told("until an interval was scored on schedule"):
        wait_for(scored, "a scheduled run", poll=0.5)
    outside.stop(stack)
    runs = [run for run in scheduled(stack, "orders") if run["state"] in {"success", "failed"}]
    assert runs[-1]["state"] == "success"
    spans = [span(run) for run in runs]
    there, found = outside.compare(stack, "orders", spans)
    assert there == [["sales", "Orders"], ["sales", "outcomes"]]
    print(f"\n  {len(spans)} minutes, {sum(len(each['rows']) for each in found)} rows")
    for each in found:
        assert each["brought"] == each["rows"]
        assert each["brought_labels"] == each["labels"]
        assert each["curated"] == each["rows"]
    assert found[-1]["scored"] == found[-1]["punctual"]
    assert len(found[-1]["scored"]) > 20
    _, predictions, labels, monitored = state(stack, "orders")
    assert {row["model_version"] for row in predictions} == {tables["orders"]}
    assert monitored[spans[-1][2]]["rows"] == len(found[-1]["scored"])
    assert {row["interval"] for row in labels} >= {spans[-1][2]}


def test_an_airflow_connection_reads_the_same_table(stack: Stack, tables: dict[str, str]) -> None:
    del tables
    curated, predictions, labels, _ = state(stack, "others")
    assert len(curated) == len(labels) == 900
    assert predictions == []


def span(run: dict[str, Any]) -> tuple[str, str, str]:
    """Start, end and partition of a run's interval."""
    start, end = (moment(run[f"data_interval_{side}"]) for side in ("start", "end"))
    return start.isoformat(), end.isoformat(), f"{start:%Y-%m-%dT%H:%M}"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
