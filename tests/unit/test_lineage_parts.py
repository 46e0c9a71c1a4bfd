"""The downstream of versions from a log, their deployments, and the picture of a graph."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from sluss.config.settings import Settings
from sluss.lineage.downstream import scored_intervals, spans
from sluss.lineage.graph import Graph, Node, short
from sluss.lineage.upstream import deployment
from sluss.registry.ledger import Entry
from sluss.reporting.lineage_picture import picture
from sluss.storage.lake import Lake


def test_predictions_are_counted_by_version_even_where_two_share_a_file(tmp_path):
    lake = Lake(Settings(home=tmp_path), "shop")
    for day, after, versions in (("01", "02", "11"), ("02", "03", "11"), ("03", "04", "12"), ("04", "05", "2")):
        rows = {"interval": [day] * len(versions), "id": list(versions), "model_version": list(versions)}
        lake.replace("predictions", pa.table(rows), day, after)
    assert scored_intervals(lake) == {"01": {"1": 2}, "02": {"1": 2}, "03": {"1": 1, "2": 1}, "04": {"2": 1}}


def test_nothing_was_scored_without_a_table(tmp_path):
    assert scored_intervals(Lake(Settings(home=tmp_path), "shop")) == {}


def test_a_span_is_broken_by_what_another_version_scored():
    scored = {"01": {"1": 5}, "02": {"1": 5}, "03": {"2": 5}, "04": {"1": 7, "2": 1}}
    assert spans(scored, "1") == {"01 to 02": 10, "04": 7}
    assert spans(scored, "2") == {"03 to 04": 6}
    assert spans(scored, "3") == {}


def test_the_deployment_behind_a_prediction_is_the_last_one_before_it():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    changes = [("promote", "1"), ("promote", "2"), ("rollback", "1"), ("promote", "3")]
    entries = [
        Entry(number, start + timedelta(days=number), action, version, None, "ada", "", {}, "", "")
        for number, (action, version) in enumerate(changes, start=1)
    ]
    assert deployment(entries, "1", start + timedelta(days=2)).number == 1
    assert deployment(entries, "1", start + timedelta(days=9)).number == 3
    assert deployment(entries, "1").number == 3
    assert deployment(entries, "2", start).number == 2, "scored by hand before it was deployed"
    assert deployment(entries, "4") is None


def test_digests_are_shortened_and_runs_are_not():
    assert short("0123456789abcdef" * 4) == "0123456789ab"
    assert short("0123456789" * 4 + "-dirty") == "012345678901-dirty"
    assert short("f" * 32) == "f" * 32
    assert short(0.12345678) == "0.1235"


def test_the_picture_puts_upstream_nodes_left_and_survives_any_id():
    made = Node("predictions", 'prediction for <&"\x00> in 2026-01-01', {"score": 0.5})
    graph = Graph(made)
    run, version = Node("run", "run 1"), Node("version", "version 1", {"digest": "long " * 30})
    graph.link(version, "made", made)
    graph.link(run, "registered", version)
    graph.link(Node("row", "row"), "was input of", made)
    page = ET.fromstring(picture(graph))  # noqa: S314 - it is our own
    x = {each.text: float(each.get("x")) for each in page.iterfind("{*}text[@class='title']")}
    assert x["run 1"] < x["version 1"] == x["row"] < x['prediction for <&" > in 2026-01-01']
    right, bottom = (float(side) for side in page.get("viewBox").split()[2:])
    for box in page.iterfind("{*}rect"):
        assert 0 <= float(box.get("x")) <= right - float(box.get("width"))
        assert 0 <= float(box.get("y")) <= bottom - float(box.get("height"))
    assert len(page.findall("{*}path[@class='arrow']")) == len(graph.edges)
