"""Many classes and quantiles, from a generated table to a monitored champion; groups, weights and gaps on the way."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from problem_loop import HISTORY, loop, table
from problem_world import CLASSES, QUANTILES, costs_of
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mean_pinball_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sluss.control_room.report import write_report
from sluss.errors import ConfigError, DataError
from sluss.interval import parse_interval
from sluss.registry import versions
from sluss.registry.artifacts import HOLDOUT_FILE, local_copy
from sluss.storage.lake import Lake
from sluss.training.rows import training_rows
from tasks import (
    deploy_model,
    explain_prediction,
    generate_summary,
    plot_model,
    reproduce_model,
    train_model,
    validate_model,
)

DAYS = [f"2026-01-0{day}" for day in range(1, 6)]  # from the fourth on, everything is different
START = pd.Timestamp("2025-12-02", tz="UTC").to_pydatetime()


def results(context, version):
    return {result.gate: result for result in validate_model.run(context, version).results}


@pytest.fixture(scope="module")
def lives(new_home):
    """Each kind of problem once: trained, deployed, five days scored and monitored."""
    made = {}

    def live(kind, metric, **sections):
        if kind not in made:
            known = loop(
                new_home(kind), kind, metric, table(kind, HISTORY + 5, START, shift_from=HISTORY + 3), **sections
            )
            known.curate(known.context.use_case.history)
            version = train_model.run(known.context, known.context.use_case.history.end)
            gates = results(known.context, version.version)
            deploy_model.run(known.context, version.version)
            made[kind] = known, version, gates, [known.live(day) for day in DAYS]
        return made[kind]

    return live


@pytest.fixture
def classes(lives):
    return lives("multiclass", "log_loss", gates={"slice_max_metric": 1.0})


@pytest.fixture
def intervals(lives):
    return lives("quantiles", "pinball", gates={"slice_max_metric": 2.0})


@pytest.mark.parametrize("kind", ["classes", "intervals"])
def test_every_gate_judges_by_the_metric(request, kind):
    known, version, gates, _ = request.getfixturevalue(kind)
    metric = known.context.use_case.training.metric
    assert [name for name, result in gates.items() if not result.passed] == []
    sentence, metrics = gates["quality"].sentence, version.metrics
    assert f"Its {metric} on the holdout is {metrics[f'holdout_{metric}']:.3g}" in sentence
    expected = 1 - metrics[f"holdout_{metric}"] / metrics[f"baseline_{metric}"]
    assert gates["quality"].figures["gain"] == pytest.approx(expected)
    assert 0.2 < expected < 1
    assert f"worst_slice_{metric}" in gates["quality"].figures
    assert 0 < metrics[f"cv_{metric}_mean"] < metrics[f"baseline_{metric}"]


def test_predictions_have_the_class_its_confidence_and_all_probabilities(classes):
    known, version, _, _ = classes
    rows = Lake(known.settings, "multiclass").dataset("predictions").to_table().to_pandas()
    table_ = np.stack(rows.probabilities)
    assert table_.shape == (len(rows), 3)
    np.testing.assert_allclose(table_.sum(axis=1), 1)
    assert [CLASSES[each] for each in rows.prediction] == rows.predicted.tolist()
    np.testing.assert_array_equal(rows.prediction, table_.argmax(axis=1))
    np.testing.assert_allclose(rows.confidence, table_.max(axis=1))
    np.testing.assert_allclose(rows.score, rows.confidence)
    judged = pd.read_parquet(
        local_copy(known.settings, versions.by_version(known.context, version.version)) / HOLDOUT_FILE
    )
    assert np.stack(judged.probabilities).shape == (len(judged), 3)


def test_labels_by_name_are_numbers_in_the_lake(classes):
    known = classes[0]
    labels = Lake(known.settings, "multiclass").dataset("labels").to_table()["label"].to_pandas()
    assert sorted(labels.unique()) == [0, 1, 2]
    assert str(labels.dtype) == "int16"


def test_predictions_have_all_quantiles_in_their_order(intervals):
    known, version, _, _ = intervals
    rows = Lake(known.settings, "quantiles").dataset("predictions").to_table().to_pandas()
    found = np.stack(rows.quantiles)
    assert (np.diff(found, axis=1) >= 0).all()
    np.testing.assert_array_equal(rows.score, found[:, 1])
    judged = pd.read_parquet(
        local_copy(known.settings, versions.by_version(known.context, version.version)) / HOLDOUT_FILE
    )
    scores = np.stack(judged.quantiles)
    expected = np.mean([mean_pinball_loss(judged.label, scores[:, i], alpha=q) for i, q in enumerate(QUANTILES)])
    assert version.metrics["holdout_pinball"] == pytest.approx(expected, rel=1e-9)
    assert 0.7 < version.metrics["holdout_coverage"] < 0.9


@pytest.mark.parametrize("kind", ["classes", "intervals"])
def test_the_monitor_sees_the_change_and_the_fall_of_the_metric(request, kind):
    monitored = request.getfixturevalue(kind)[3]
    raised = {each.summary.interval: each.raised for each in monitored}
    assert {day: raised[day] for day in DAYS[:3]} == dict.fromkeys(DAYS[:3], "")
    assert "data_drift" in raised[DAYS[3]]
    assert "quality_drop" in ", ".join(raised.values())
    assert monitored[-1].summary.quality.metric == request.getfixturevalue(kind)[0].context.use_case.training.metric


@pytest.mark.parametrize(
    ("kind", "words"),
    [("classes", "mean confidence 0."), ("intervals", "pieces from quantile 0.1 to 0.9, on average.")],
)
def test_summary_report_plots_and_receipt_speak_of_it(request, kind, words):
    known = request.getfixturevalue(kind)[0]
    text = generate_summary.run(known.context, day(3)).text
    assert words in text
    page = write_report(known.context).read_text(encoding="utf-8")
    assert "rose from" in page
    assert len(plot_model.run(known.context).files) >= 3
    row = Lake(known.settings, known.name).dataset("predictions").to_table(["id"]).to_pylist()[0]
    assert explain_prediction.run(known.context, row["id"]).again.reproduced


def day(number):
    return parse_interval(DAYS[number], "day")


@pytest.mark.parametrize("kind", ["classes", "intervals"])
def test_it_is_trained_again_to_the_same_model(request, kind):
    known, version, _, _ = request.getfixturevalue(kind)
    assert reproduce_model.run(known.context, version.version).same


@pytest.mark.parametrize("kind", ["classes", "intervals"])
def test_a_challenger_worse_than_the_champion_is_refused(request, kind):
    known = request.getfixturevalue(kind)[0]
    before = known.file.read_text()
    weak = {"class": "sklearn.dummy.DummyClassifier", "params": {"strategy": "prior"}}
    if kind == "intervals":
        weak = {"class": "sklearn.linear_model.QuantileRegressor", "params": {"alpha": 100.0}}
    known.change(training={"estimator": weak}, gates={"min_gain": 0.0})
    try:
        worse = train_model.run(known.context, known.context.use_case.history.end).version
        quality = results(known.context, worse)["quality"]
    finally:
        known.file.write_text(before)
    assert "is not shown to be as good as the champion, version 1: on" in quality.sentence


@pytest.fixture(scope="module")
def rare(new_home):
    """A use case whose second class is one row in ten, curated."""
    known = loop(
        new_home("rare"), "binary", "roc_auc", table("binary", HISTORY, START), training={"class_weight": "balanced"}
    )
    known.curate(known.context.use_case.history)
    return known


def test_balanced_classes_with_a_good_auc_pass(rare):
    version = train_model.run(rare.context, rare.context.use_case.history.end)
    assert version.metrics["holdout_accuracy"] < 0.92
    quality = results(rare.context, version.version)["quality"]
    assert quality.passed
    assert (
        f"Its roc_auc on the holdout is {version.metrics['holdout_roc_auc']:.3f}. Guessing gives 0.500."
        in quality.sentence
    )


def test_the_holdout_metric_is_that_of_bare_scikit_learn(rare):
    use_case = rare.context.use_case
    rows = training_rows(rare.context.lake, use_case, use_case.history.end)
    scaled = ColumnTransformer(
        [("x", StandardScaler(), ["x"]), ("y", StandardScaler(), ["y"]), ("s", OneHotEncoder(), ["shop"])]
    )
    bare = make_pipeline(scaled, LogisticRegression(class_weight="balanced"))
    bare.fit(rows.train[["x", "y", "shop"]], rows.train.label)
    expected = roc_auc_score(rows.holdout.label, bare.predict_proba(rows.holdout[["x", "y", "shop"]])[:, 1])
    version = train_model.run(rare.context, use_case.history.end)
    assert version.metrics["holdout_roc_auc"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("decision", "share"),
    [(None, 0.505), ({"thresholds": {"positive": 0.2}}, 0.8), ({"costs": costs_of(2)}, 1 - 1 / 6)],
)
def test_a_threshold_and_costs_decide_the_class(rare, decision, share):
    before = rare.file.read_text()
    rare.change(decision=decision)
    try:
        judged = rare.context.problem.judging.judged(np.zeros(101), np.linspace(0, 1, 101))
    finally:
        rare.file.write_text(before)
    assert judged.predicted.mean() == pytest.approx(share, abs=0.011)


def test_weights_of_rows_reach_the_fit(rare):
    before = rare.file.read_text()
    plain = train_model.run(rare.context, rare.context.use_case.history.end)
    rare.change(training={"sample_weight": "weight"})
    try:
        weighted = train_model.run(rare.context, rare.context.use_case.history.end)
        assert weighted.metrics["holdout_log_loss"] != plain.metrics["holdout_log_loss"]
        rare.change(training={"estimator": {"class": "sklearn.neighbors.KNeighborsClassifier"}})
        with pytest.raises(ConfigError, match="KNeighborsClassifier takes no weights of rows"):
            train_model.run(rare.context, rare.context.use_case.history.end)
    finally:
        rare.file.write_text(before)


def rows_with(rare, **training):
    """The use case with these keys under `training`, and its rows; the config is restored."""
    before = rare.file.read_text()
    rare.change(training=training)
    try:
        use_case = rare.context.use_case
        return use_case, training_rows(rare.context.lake, use_case, use_case.history.end)
    finally:
        rare.file.write_text(before)


@pytest.mark.parametrize(("embargo", "gap"), [(None, 0), ("2d", 48), ("12h", 12)])
def test_an_embargo_leaves_a_gap_before_the_holdout(rare, embargo, gap):
    use_case, rows = rows_with(rare, embargo=embargo)
    start = use_case.history.end - timedelta(days=6)
    assert rows.holdout.event_time.min() >= start
    assert timedelta(0) < start - rows.train.event_time.max() - timedelta(hours=gap) <= timedelta(hours=1)


def test_a_purge_leaves_out_rows_whose_label_came_after_the_holdout_began(rare):
    use_case, rows = rows_with(rare, purge=True)
    start = use_case.history.end - timedelta(days=6)
    assert rows.train.label_time.max() < start
    assert rows.train.event_time.max() < start - timedelta(hours=6)


def test_a_holdout_of_one_class_is_one_sentence(new_home):
    rows = table("binary", HISTORY, START)
    rows.loc[rows.event_time >= START + timedelta(days=HISTORY - 6), "label"] = "0"
    known = loop(new_home("one_class"), "binary", "roc_auc", rows)
    known.curate(known.context.use_case.history)
    with pytest.raises(DataError) as refused:
        train_model.run(known.context, known.context.use_case.history.end)
    assert "to be judged on before 2026-01-01 00:00, there is none of the class positive." in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_groups_stay_on_one_side_and_count_once(new_home):
    """Five identical rows a customer: neither folds nor split part them, and they are one piece of evidence."""
    known = loop(
        new_home("groups"), "binary", "roc_auc", table("binary", HISTORY + 1, START, group_rows=5), group="customer",
        gates={"min_metric": 0.5},
    )  # fmt: skip
    known.curate(known.context.use_case.history)
    context = known.context
    rows = training_rows(context.lake, context.use_case, context.use_case.history.end)
    assert not set(rows.train.customer) & set(rows.holdout.customer)
    judging = context.problem.judging
    for train, test in judging.folds(3, 7).split(rows.train, rows.train.label, rows.train.customer):
        assert not set(rows.train.customer.iloc[train]) & set(rows.train.customer.iloc[test])
    version = train_model.run(context, context.use_case.history.end)
    gates = results(context, version.version)
    assert [name for name, result in gates.items() if not result.passed] == []
    deploy_model.run(context, version.version)
    monitored = known.live(DAYS[0])
    assert monitored.summary.rows == 60
    assert monitored.summary.figures["groups"] == 12
    assert monitored.summary.quality.trials < monitored.summary.quality.rows
    known.change(
        training={"estimator": {"class": "sklearn.dummy.DummyClassifier"}}, gates={"min_gain": 0.0, "min_metric": 0.1}
    )
    worse = train_model.run(known.context, context.use_case.history.end)
    assert "blocks of rows with each class that neither" in results(known.context, worse.version)["quality"].sentence
