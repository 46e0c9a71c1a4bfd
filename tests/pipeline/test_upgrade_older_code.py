"""Homes that the code of older commits made: this code goes on with them, and theirs refuses newer ones."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import duckdb
import pytest
from deltalake import DeltaTable
from older_code import WITHOUT_SCHEMA, checked_out, release_before

from sluss.config.settings import Settings
from sluss.context import Context
from sluss.control_room.overview import overview
from sluss.deployment.history import history
from sluss.errors import ConfigError
from sluss.interval import parse_interval
from sluss.lineage.queries import lineage_of
from sluss.lineage.receipt import explain
from tasks import batch_predict, curate_data, deploy_model, generate_data, monitor_model, train_model

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(900)]

FIRST, NEXT = "2026-01-01", "2026-01-02"
BY_INTERVAL = ("generate_data", "curate_data", "batch_predict", "monitor_model")
STEPS = (["train_model", "--load-history"], ["deploy_model", "--by", "ann"],
         *([each, "--interval", FIRST] for each in BY_INTERVAL))  # fmt: skip


def older_step(code, home, archive, *step):
    """Run a step of an older checkout with the packages of this one."""
    name, *arguments = step
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("SLUSS_", "MLFLOW_"))}
    environment = inherited | {"PYTHONPATH": str(code), "SLUSS_HOME": str(home), "SLUSS_DATA": str(archive)}
    command = [sys.executable, code / "tasks" / f"{name}.py", *arguments]
    return subprocess.run(command, env=environment, cwd=code, capture_output=True, text=True, check=False)


@pytest.fixture(params=[lambda: WITHOUT_SCHEMA, release_before], ids=["without_schema", "release_before"])
def older(request, tmp_path, archive):
    """A home with a champion and a scored day, both by the code of an older commit."""
    with checked_out(request.param(), tmp_path / "code") as code:
        for step in STEPS:
            done = older_step(code, tmp_path / "home", archive, *step)
            assert done.returncode == 0, done.stderr
    return Settings(home=tmp_path / "home", data=archive)


def rows_of(settings, name):
    return DeltaTable(str(settings.home / "lake" / "sentiment" / name)).to_pyarrow_table()


def load(context, day):
    """Bring a day. The SQL of the refusal lists the tables of a warehouse that has no list, one after the other."""
    for _ in range(3):
        try:
            generate_data.run(context, day)
            break
        except ConfigError as error:
            cure = re.search(r"execute (CREATE TABLE .*\))\.$", str(error))[1]
            with duckdb.connect(context.settings.home / "warehouse.duckdb") as warehouse:
                warehouse.execute(cure)
    curate_data.run(context, day)


def test_an_older_home_goes_on(older, sentiment):
    context, day = Context(older, sentiment), parse_interval(NEXT, sentiment.unit)
    ledger, predictions = rows_of(older, "ledger"), rows_of(older, "predictions")
    before = history(context)
    assert [(each.version, each.by) for each in before.entries] == [("1", "ann")]
    assert before.problems == ()
    assert [each.level for each in overview(older, "sentiment").use_cases] == ["well"]
    load(context, day)
    assert batch_predict.run(context, day).version == "1"
    monitor_model.run(context, day)
    trained = train_model.run(context, day.end, force=True)
    deploy_model.run(context)
    after = history(context)
    assert (after.entries[:1], after.problems) == (before.entries, ())
    assert (after.entries[1].version, after.entries[1].replaced) == (trained.version, "1")
    assert "comparison with version 1" in after.entries[1].reason
    # As they were, to the last bit; a column that is new is empty in what was written before.
    ours = rows_of(older, "ledger").sort_by("number").slice(0, 1)
    assert ours.select(ledger.column_names).equals(ledger)
    scored = rows_of(older, "predictions")
    kept = scored.filter([each != NEXT for each in scored["interval"].to_pylist()]).select(predictions.column_names)
    assert kept.sort_by("id").equals(predictions.sort_by("id"))
    # The older champion gives a row the score that it gave it then.
    receipt = explain(context, predictions["id"][0].as_py(), FIRST)
    assert receipt.prediction["model_version"] == "1"
    assert receipt.again.reproduced, receipt.again
    scored_by = lineage_of(context, interval=FIRST).nodes[f"predictions of {FIRST} by version 1"]
    assert scored_by.facts == {"rows": predictions.num_rows}


def test_older_code_refuses_what_a_newer_one_wrote(first_days, tmp_path):
    shutil.copytree(first_days.home, tmp_path / "home")
    curated = DeltaTable(str(tmp_path / "home" / "lake" / "sentiment" / "curated"))
    curated.alter.set_table_description("Written by Sluss, schema 99")
    with checked_out(release_before(), tmp_path / "code") as code:
        done = older_step(code, tmp_path / "home", first_days.data, "batch_predict", "--interval", FIRST)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(r"curated was written by a newer Sluss.*schema 99.*Update Sluss", done.stderr)
