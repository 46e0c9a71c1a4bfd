"""Each curated span is one run in MLflow, with its data set, schema and figures."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from pydantic import SecretStr

from sluss.context import Context
from sluss.curation.curate import curate
from sluss.errors import ServiceError
from sluss.interval import Interval, parse_interval
from sluss.sources.generate import generate
from sluss.storage.lake import Lake
from sluss.storage.warehouse import open_warehouse
from sluss.tracking.client import connect, experiment_id, reachable
from sluss.tracking.interval_runs import IntervalRun, keep_run, log_texts, look

DAY, NEXT = (parse_interval(day, "day") for day in ("2026-01-05", "2026-01-06"))


def runs(context, view=ViewType.ACTIVE_ONLY):
    client = context.client
    return client.search_runs(
        [experiment_id(context.settings, client, context.use_case.data_experiment)], run_view_type=view
    )


def test_a_day_is_logged_with_its_tables_versions_digest_schema_and_statistics(settings, sentiment):
    brought = generate(Context(settings, sentiment), DAY)
    done = curate(Context(settings, sentiment), DAY)
    (run,) = runs(Context(settings, sentiment))
    assert (run.info.run_id, run.info.run_name, run.info.status) == (done.run_id, "2026-01-05", "FINISHED")
    lake = Lake(settings, "sentiment")
    rows = lake.dataset("curated").to_table()
    curated, labels = sorted((entry.dataset for entry in run.inputs.dataset_inputs), key=lambda dataset: dataset.name)
    assert (curated.name, labels.name) == ("curated", "labels")
    assert json.loads(curated.source) == {"path": lake.uri("curated"), "delta_table_version": done.version}
    assert run.data.tags["sluss.data.digest"].startswith(curated.digest)
    names = [column["name"] for column in json.loads(curated.schema)["mlflow_colspec"]]
    assert names == ["id", "event_time", "arrived_at", "source", "text"]
    figures = json.loads(curated.profile)
    lengths = [len(text) for text in rows["text"].to_pylist()]
    assert figures["num_rows"] == len(rows) == run.data.metrics["rows"] == brought.rows
    assert figures["columns"]["source"] == {"missing": 0, **Counter(rows["source"].to_pylist())}
    assert (
        run.data.metrics["text.mean_length"] == figures["columns"]["text"]["mean_length"] == sum(lengths) / len(lengths)
    )
    assert run.data.metrics["labels"] == lake.dataset("labels").count_rows()


def test_a_day_that_is_curated_again_keeps_its_run_until_its_rows_change(settings, sentiment):
    generate(Context(settings, sentiment), DAY)
    first = curate(Context(settings, sentiment), DAY)
    assert curate(Context(settings, sentiment), DAY).run_id == first.run_id
    assert len(runs(Context(settings, sentiment), ViewType.ALL)) == 1
    with open_warehouse(settings) as warehouse:
        warehouse.execute(
            "UPDATE sentiment_rows SET text = 'other', arrived_at = TIMESTAMPTZ '2026-01-07 00:00:00+00' "
            "WHERE id = (SELECT min(id) FROM sentiment_rows)"
        )
    changed = curate(Context(settings, sentiment), DAY)
    (run,) = runs(Context(settings, sentiment))
    assert run.info.run_id == changed.run_id != first.run_id
    assert run.data.metrics["late_rows"] == 1
    assert run.data.tags["sluss.data.version"] == str(changed.version)


def test_a_span_of_days_is_one_run(settings, sentiment):
    days = Interval(DAY.start, NEXT.end)
    brought = generate(Context(settings, sentiment), days)
    curate(Context(settings, sentiment), days)
    (run,) = runs(Context(settings, sentiment))
    assert run.info.run_name == "2026-01-05 to 2026-01-07"
    assert run.data.metrics["rows"] == brought.rows


def test_a_step_that_was_killed_before_it_had_logged_everything_is_made_good(settings, sentiment):
    generate(Context(settings, sentiment), DAY)
    done = curate(Context(settings, sentiment), DAY)
    connect(settings).update_run(done.run_id, "RUNNING")
    assert curate(Context(settings, sentiment), DAY).run_id == done.run_id
    (run,) = runs(Context(settings, sentiment))
    assert run.info.status == "FINISHED"
    assert len(run.inputs.dataset_inputs) == 2


def test_a_run_that_another_step_takes_away_is_logged_to_the_one_it_keeps(settings, sentiment):
    client = connect(settings)
    seen = look(settings, client, sentiment.data_experiment, "2026-01-05")
    asked = []

    def log(run):
        asked.append(run.info.run_id)
        if len(asked) == 1:
            client.delete_run(run.info.run_id)
        log_texts(settings, run, {"file.txt": ""})
        client.set_tag(run.info.run_id, "logged", "yes")

    kept = keep_run(client, seen, IntervalRun("2026-01-05", DAY, "digest", {}, {"rows": 1.0}), log)
    (run,) = runs(Context(settings, sentiment))
    assert len(asked) == 2
    assert (run.info.run_id, run.info.status, run.data.metrics) == (kept, "FINISHED", {"rows": 1})


def test_an_error_is_a_refused_login_only_where_mlflow_says_so(settings):
    with pytest.raises(MlflowException, match="4010403"), reachable(settings):
        raise MlflowException("The run 4010403 must be in the 'active' state.")
    with pytest.raises(ServiceError, match="refuses the login"), reachable(settings):
        raise MlflowException("Failed to download: 403 Client Error: FORBIDDEN for url: http://localhost")


def test_several_at_once_leave_one_run_and_one_table(settings, sentiment, postgres):
    # DuckDB allows one process at a time.
    where = settings.model_copy(update={"warehouse_url": SecretStr(postgres)})
    brought = generate(Context(where, sentiment), DAY)
    with ThreadPoolExecutor(3) as pool:
        found = {done.run_id for done in pool.map(lambda _: curate(Context(where, sentiment), DAY), range(3))}
    (run,) = runs(Context(where, sentiment))
    assert run.info.run_id in found
    ids = Lake(where, "sentiment").dataset("curated").to_table(["id"])["id"].to_pylist()
    assert len(ids) == len(set(ids)) == brought.rows
