"""Ranked lists, from ratings to a monitored champion; and the models of lists that a gate refuses."""

from __future__ import annotations

import numpy as np
import pytest
from ranking_world import loop, ratings, rows_by_ratings

from sluss.control_room.report import write_report
from sluss.interval import parse_interval
from sluss.storage.lake import Lake
from tasks import (
    deploy_model,
    explain_prediction,
    generate_summary,
    plot_model,
    reproduce_model,
    train_model,
    validate_model,
)

LIVE = [f"2026-02-{day}" for day in range(10, 20)]  # from the fourth on, users rate other items
SHIFT = 43
ALL_TIME = {"class": "components.rankers.PopularityRanker", "params": {"recent_days": None}}


def trained(home, rows, **sections):
    """A candidate with the results of its gates."""
    known = loop(home, rows, **sections)
    known.curate(known.context.use_case.history)
    version = train_model.run(known.context, known.context.use_case.history.end)
    gates = validate_model.run(known.context, version.version).results
    return known, version, {result.gate: result for result in gates}


@pytest.fixture(scope="module")
def life(new_home):
    """A sound model, deployed; ten days scored and monitored."""
    known, version, gates = trained(new_home("ranking"), rows_by_ratings(ratings(shift_from=SHIFT)))
    deploy_model.run(known.context, version.version)
    return known, version, gates, [known.live(day) for day in LIVE]


def test_a_sound_model_passes_every_gate(life):
    _, version, gates, _ = life
    assert [str(result.sentence) for result in gates.values() if not result.passed] == []
    assert version.metrics["holdout_ndcg"] > version.metrics["baseline_ndcg"] + 0.05
    assert "The recent popularity gives" in gates["quality"].sentence
    assert gates["leak"].figures["told_items"] < 0.05
    assert "it comes out the same" in gates["training"].sentence


def test_predictions_are_lists_of_items_that_the_user_does_not_know(life):
    known = life[0]
    lake = Lake(known.settings, "ranking")
    rows = lake.dataset("predictions").to_table().to_pandas()
    curated = lake.dataset("curated").to_table().to_pandas().set_index("id")
    ids = np.stack(rows["items"])
    assert ids.shape == (len(rows), 5)
    assert ids.dtype == "int64"
    assert all(len(set(row)) == 5 for row in ids)
    for row_id, row in zip(rows.id, ids, strict=True):
        assert not {str(item) for item in row} & {*curated.liked[row_id].split(), *curated.known[row_id].split()}
    np.testing.assert_allclose(rows.score, -np.log2(np.stack(rows.shares)).mean(axis=1))


def test_the_monitor_sees_that_users_rate_other_items_and_the_labels_confirm_it(life):
    monitored = life[3]
    raised = {each.summary.interval: each.raised for each in monitored}
    assert {day: raised[day] for day in LIVE[:3]} == dict.fromkeys(LIVE[:3], "")
    assert "data_drift" in " ".join(raised[day] for day in LIVE[3:5])
    assert "quality_drop" in ", ".join(raised.values())
    assert monitored[-1].summary.quality.metric == "ndcg"
    assert monitored[-1].summary.quality.value < monitored[4].summary.promise.value


def test_summary_report_plots_and_receipt_speak_of_lists(life):
    known, _, _, monitored = life
    text = generate_summary.run(known.context, parse_interval(LIVE[-1], "day")).text
    assert "% of the items of two lists in common" in text
    page = write_report(known.context).read_text(encoding="utf-8")
    assert "How alike lists are" in page
    assert len(plot_model.run(known.context).files) == 3
    row = Lake(known.settings, "ranking").dataset("predictions").to_table(["id"]).to_pylist()[0]
    assert explain_prediction.run(known.context, row["id"]).again.reproduced
    assert 0 < monitored[0].summary.figures["sameness"] < 0.9


def test_it_is_trained_again_to_the_same_model(life):
    known, version, _, _ = life
    assert reproduce_model.run(known.context, version.version).same


@pytest.mark.parametrize(
    ("wrong", "sections", "words"),
    [
        ("shuffled labels", {}, "below the floor"),
        pytest.param(
            "no history",  # neither learned from nor left out of the lists
            {
                "training": {
                    "preprocessing": [{"columns": ["user_id", "day"], "steps": ["passthrough"]}] + 3 * [
                        {"columns": ["half_stars"], "steps": ["passthrough"]}
                    ]
                }
            },
            "It beats the recent popularity",
            marks=pytest.mark.weekly,
        ),
        pytest.param(
            "a popularity that is over",
            {"training": {"estimator": ALL_TIME}},
            "It beats the recent popularity",
            marks=pytest.mark.weekly,
        ),
        ("a column that knows the label", {}, "holds 100% of the items of the label"),
    ],
)  # fmt: skip
def test_a_wrong_model_is_refused(new_home, wrong, sections, words):
    rated = ratings(42, shift_from=20) if wrong == "a popularity that is over" else ratings(42)
    rows = rows_by_ratings(rated)
    if wrong == "shuffled labels":
        labelled = rows.label.notna()
        rows.loc[labelled, "label"] = np.random.default_rng(1).permutation(rows.label[labelled])
    if wrong == "a column that knows the label":
        rows["known"] = rows.known + " " + rows.label.fillna("")
    _, _, gates = trained(new_home(wrong.replace(" ", "_")), rows, **sections)
    refused = " ".join(result.sentence for result in gates.values() if not result.passed)
    assert words in refused
