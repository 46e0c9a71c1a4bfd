"""Lineage in both directions and one prediction's receipt, on the real loop."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import write_deltalake

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.errors import ConfigError, DataError, ModelError
from sluss.interval import parse_interval
from sluss.registry import ledger
from sluss.registry.champion import champion
from sluss.registry.ledger import Change
from sluss.registry.names import DIGEST_TAG
from sluss.reporting import lineage_tree
from sluss.storage.lake import Lake
from sluss.storage.point_in_time import with_supersession
from sluss.tracking.client import connect
from tasks import batch_predict, explain_prediction, show_lineage

DAY = "2026-01-01"


@pytest.fixture(scope="module")
def scored(first_days, sentiment) -> Settings:
    """The first days with their first day scored."""
    batch_predict.run(Context(first_days, sentiment), parse_interval(DAY, sentiment.unit))
    return first_days


@pytest.fixture
def own_lake(scored, tmp_path) -> Settings:
    """The scored days with a copy of the lake that a test may change."""
    for table in ("curated", "predictions"):
        shutil.copytree(f"{scored.lake}/sentiment/{table}", tmp_path / "lake" / "sentiment" / table)
    return Settings(home=scored.home, lake_url=str(tmp_path / "lake"))


@pytest.fixture
def row_id(scored) -> str:
    rows = Lake(scored, "sentiment").dataset("predictions").to_table(["id", "interval"])
    return rows.filter(pc.equal(rows["interval"], DAY))["id"][7].as_py()


def rows_of(settings, table):
    return Lake(settings, "sentiment").dataset(table).to_table()


def replace_day(settings, table, rows):
    Lake(settings, "sentiment").replace(table, rows, DAY, "2026-01-02")


@pytest.fixture(scope="module")
def made_by(scored, sentiment):
    """The version that scored the day, and the tags of its run."""
    version = champion(Context(scored, sentiment))
    return version, connect(scored).get_run(version.run_id).data.tags


def test_a_prediction_leads_back_to_all_that_made_it(scored, sentiment, row_id, made_by):
    graph, (version, tags) = show_lineage.run(Context(scored, sentiment), row_id=row_id), made_by
    [prediction] = rows_of(scored, "predictions").filter(pc.field("id") == row_id).to_pylist()
    assert graph.root.facts["score"] == prediction["score"]
    makers = {node.kind: node for _, node in graph.sources(graph.root)}
    assert makers["version"].title == f"sentiment_classifier version {version.version}"
    assert makers["version"].facts["digest"] == version.tags[DIGEST_TAG]
    assert 0 <= int(makers["row"].facts["version"]) <= Lake(scored, "sentiment").table("curated").version()
    earlier = {node.kind: node for _, node in graph.sources(makers["version"])}
    assert earlier["run"].title == f"run {version.run_id}"
    gates = {name.removeprefix("sluss.gate."): said for name, said in tags.items() if name.startswith("sluss.gate.")}
    assert earlier["gates"].facts == gates != {}
    inputs = {node.kind: node.facts for _, node in graph.sources(earlier["run"])}
    assert inputs["data"]["version"] == tags["sluss.data.version"]
    assert inputs["data"]["digest of the rows"] == tags["sluss.data.digest"]
    assert inputs["data"]["intervals"].endswith(f"to before {tags['sluss.until'][:10]}")
    assert inputs["code"]["commit"] == tags["sluss.commit"]
    assert inputs["environment"]["lock file"] == tags["sluss.lock"]


@pytest.mark.parametrize("days_before", [1, 2, 30, 70])
def test_an_interval_leads_to_the_versions_that_knew_labels_of_it(scored, sentiment, made_by, days_before):
    version, tags = made_by
    until = datetime.fromisoformat(tags["sluss.until"])
    day = f"{until - timedelta(days=days_before):%Y-%m-%d}"
    if days_before > sentiment.training.window_days:
        with pytest.raises(DataError, match="has no curated rows"):
            show_lineage.run(Context(scored, sentiment), interval=day)
        return
    graph = show_lineage.run(Context(scored, sentiment), interval=day)
    known = rows_of(scored, "labels").filter(pc.field("label_time") < pa.scalar(until))["id"]
    ids = rows_of(scored, "curated").filter(pc.field("interval") == day)["id"]
    labelled = len(set(known.to_pylist()) & set(ids.to_pylist()))
    role = "judged" if days_before <= sentiment.training.holdout_days else "taught"
    found = {node.title: (verb, node.facts["labelled rows"]) for verb, node in graph.targets(graph.root)}
    expected = (role, labelled) if labelled else None
    assert found.get(f"sentiment_classifier version {version.version}") == expected


def test_an_interval_leads_to_its_predictions(scored, sentiment, made_by):
    graph = show_lineage.run(Context(scored, sentiment), interval=DAY)
    found = {node.title: (verb, node.facts) for verb, node in graph.targets(graph.root)}
    assert found[f"predictions of {DAY} by version {made_by[0].version}"] == ("were input of", {"rows": 200})


def test_a_version_leads_to_its_makers_and_its_predictions(scored, sentiment, made_by):
    graph = show_lineage.run(Context(scored, sentiment), version=str(made_by[0].version))
    assert {node.kind for _, node in graph.sources(graph.root)} == {"run", "gates", "deployment"}
    [(_, made)] = graph.targets(graph.root)
    assert any(span.startswith(DAY) for span in made.facts)


def test_the_ledger_says_who_put_a_version_into_production_and_whether_it_was_changed(
    own_lake, sentiment, row_id, made_by
):
    lake, number = Lake(own_lake, "sentiment"), str(made_by[0].version)

    def deployment():
        nodes = show_lineage.run(Context(own_lake, sentiment), row_id=row_id).nodes.values()
        return next(node for node in nodes if node.kind == "deployment")

    assert deployment().facts == {"ledger": "not recorded"}
    ledger.append(lake, Change("promote", number, None, "ada", "better", {"quality": "passed: so"}), 0)
    assert (deployment().title, deployment().facts["by"]) == ("entry 1 of the ledger", "ada")
    assert "ledger" not in deployment().facts
    rows = rows_of(own_lake, "ledger")
    forged = rows.set_column(rows.schema.get_field_index("by"), "by", pa.array(["eve"]))
    write_deltalake(lake.uri("ledger"), forged, mode="overwrite", partition_by=["number"])
    assert "Entry 1 was changed" in deployment().facts["ledger"]


def test_a_receipt_reproduces_the_score_in_a_process_of_its_own(scored, run_step, row_id):
    environment = {"SLUSS_HOME": scored.home}
    finished = run_step("explain_prediction", "--id", row_id, "--json", **environment)
    assert finished.returncode == 0, finished.stderr
    receipt = json.loads(finished.stdout)
    [row] = rows_of(scored, "curated").filter(pc.field("id") == row_id).to_pylist()
    assert receipt["features"] == {"text": row["text"]}
    assert receipt["again"]["difference"] == 0
    assert receipt["again"]["score"] == receipt["prediction"]["score"]


def test_a_changed_score_is_not_reproduced(own_lake, sentiment, row_id, capsys):
    rows = rows_of(own_lake, "predictions").filter(pc.field("interval") == DAY)
    moved = rows.set_column(rows.schema.get_field_index("score"), "score", pc.divide(rows["score"], 2))
    replace_day(own_lake, "predictions", moved)
    receipt = explain_prediction.run(Context(own_lake, sentiment), row_id)
    assert not receipt.again.reproduced
    assert receipt.again.difference == pytest.approx(receipt.prediction["score"])
    explain_prediction.show(receipt)
    assert "Not reproduced" in capsys.readouterr().out


def test_a_correction_that_arrived_after_the_interval_is_named_and_not_used(own_lake, sentiment, row_id):
    rows = rows_of(own_lake, "curated").filter(pc.field("interval") == DAY).drop_columns("superseded_at")
    [row] = rows.filter(pc.field("id") == row_id).to_pylist()
    late = row | {"text": "changed", "arrived_at": row["arrived_at"] + timedelta(days=3)}
    both = pa.concat_tables([rows, pa.Table.from_pylist([late], rows.schema)])
    replace_day(own_lake, "curated", with_supersession(both))
    receipt = explain_prediction.run(Context(own_lake, sentiment), row_id)
    assert receipt.row == row
    assert receipt.corrections == 1
    assert receipt.again.reproduced


def test_a_row_that_is_gone_cannot_be_scored_again(own_lake, sentiment, row_id):
    rows = rows_of(own_lake, "curated").filter(pc.field("interval") == DAY)
    replace_day(own_lake, "curated", rows.filter(pc.field("id") != row_id))
    receipt = explain_prediction.run(Context(own_lake, sentiment), row_id)
    assert receipt.row is None
    assert str(receipt.again).startswith("Not reproduced: curated no longer has a row with this id")


def test_a_version_whose_files_were_changed_is_not_scored_with(scored, sentiment, row_id, made_by, tmp_path):
    own_home = Settings(home=tmp_path, lake_url=scored.lake, MLFLOW_TRACKING_URI=scored.mlflow_uri)  # no local copy
    model = made_by[0].source.removeprefix("models:/")
    [file] = (scored.home / "artifacts").rglob(f"{model}/artifacts/model.skops")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"!")
    try:
        receipt = explain_prediction.run(Context(own_home, sentiment), row_id)
    finally:
        file.write_bytes(whole)
    assert not receipt.again.reproduced
    assert "is not the model that was validated" in str(receipt.again)


def test_the_page_about_lineage_shows_a_receipt_as_it_is_printed(scored, sentiment, row_id, capsys):
    def names(text):
        return set(re.findall(r"^[│├└─ ]*(\w[\w ()]*?)  +\S", text, re.MULTILINE))

    explain_prediction.show(explain_prediction.run(Context(scored, sentiment), row_id))
    page = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8")
    assert names(page.split("```")[1]) == names(capsys.readouterr().out)


def test_text_json_and_picture_show_the_same_things(scored, sentiment, run_step, row_id, capsys):
    graph = show_lineage.run(Context(scored, sentiment), row_id=row_id, interval=DAY)
    lineage_tree.show(graph)
    text = capsys.readouterr().out
    assert all(title in text for title in graph.nodes)
    drawn = run_step("show_lineage", "--id", row_id, "--svg", "-", SLUSS_HOME=scored.home)
    page = ET.fromstring(drawn.stdout)  # noqa: S314 - it is our own
    titles = {each.text for each in page.iterfind("{*}text[@class='title']")}
    assert titles == set(graph.nodes)
    assert {node["title"] for node in graph.as_json()["nodes"]} == set(graph.nodes)


def test_wrong_questions_are_answered_in_one_sentence(scored, sentiment, tmp_path):
    with pytest.raises(DataError, match=r"^No row 'nobody's' of sentiment was scored\. .*make score"):
        explain_prediction.run(Context(scored, sentiment), "nobody's")
    with pytest.raises(ConfigError, match="Choose one lineage to show"):
        show_lineage.run(Context(scored, sentiment))
    with pytest.raises(ModelError, match="has no version 999"):
        show_lineage.run(Context(scored, sentiment), version="999")
    with pytest.raises(DataError, match=r"has no curated rows.*make data"):
        show_lineage.run(Context(scored, sentiment), interval="2027-01-01")
    with pytest.raises(DataError, match="No row 'x' of sentiment was scored in 2026-01-01"):
        show_lineage.run(Context(Settings(home=tmp_path), sentiment), row_id="x", interval=DAY)
