"""The monitor raises alerts rarely without a change and nearly always with one. Seeds are fixed."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest
from problem_world import estimate

from sluss.config.curation import Column
from sluss.config.settings import ROOT
from sluss.errors import ModelError
from sluss.monitoring.conditions import data_drift
from sluss.monitoring.drift import measure_drift
from sluss.monitoring.labelled import newest_enough, pieces
from sluss.monitoring.profile import build_profile, read_profile
from sluss.monitoring.quality_drop import quality_drop
from sluss.monitoring.quality_history import QualityHistory, Track
from sluss.problems.confidence import confidence_trend, low_confidence
from sluss.statistics.figures import Drift, Summary, feature_in_words
from sluss.statistics.sample import Sample, sample_of

ALPHA = 0.001
WORDS = np.array([f"word{i}" for i in range(3000)])


def texts(random, rows, unknown=0.02, mean=18):
    """Texts of Poisson length whose words follow a long tail; some are new."""
    lengths = random.poisson(mean, rows) + 1
    words = WORDS[np.minimum(random.zipf(1.3, lengths.sum()), len(WORDS)) - 1].astype(object)
    fresh = random.random(len(words)) < unknown
    words[fresh] = [f"new{n}" for n in random.integers(0, 10**6, fresh.sum())]
    return [" ".join(part) for part in np.split(words, np.cumsum(lengths)[:-1])]


def scores(random, rows, sure=0.2):
    return np.clip(random.normal(0.5, sure, rows), 0, 1)


@pytest.fixture(scope="module")
def profile(sentiment):
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"text": texts(random, 3000)})
    held, labels = pd.DataFrame({"text": texts(random, 1500)}), random.integers(0, 2, 1500)
    content = build_profile(sentiment, frame, held, scores(random, 1500), labels)
    return read_profile(json.loads(json.dumps(content)))


def drift_verdict(sentiment, profile, random, rows, **change):
    sure = change.pop("sure", 0.2)
    frame = pd.DataFrame({"id": range(rows), "text": texts(random, rows, **change)})
    found = measure_drift(sentiment, profile, frame, scores(random, rows, sure))
    return data_drift(found.drifts, rows, sentiment.monitoring, ALPHA).verdict


def test_data_like_the_training_data_raise_no_alert_in_two_hundred_days(sentiment, profile):
    random = np.random.default_rng(2)
    found = [drift_verdict(sentiment, profile, random, rows) for rows in (60, 130, 400, 1000) for _ in range(50)]
    assert found.count("breached") == 0
    assert found.count("clear") >= 185  # and an alert that lasts would end


@pytest.mark.parametrize("change", [{"unknown": 0.12}, {"mean": 12}, {"sure": 0.07}])
def test_changed_data_raise_an_alert_on_the_first_day(sentiment, profile, change):
    random = np.random.default_rng(3)
    found = [drift_verdict(sentiment, profile, random, 300, **change) for _ in range(20)]
    assert found.count("breached") >= 19


def test_a_small_change_raises_nothing_however_many_rows_show_it(sentiment, profile):
    assert drift_verdict(sentiment, profile, np.random.default_rng(4), 8000, mean=18.3) == "clear"


def test_few_rows_decide_nothing(sentiment, profile):
    assert drift_verdict(sentiment, profile, np.random.default_rng(5), 20, unknown=0.5) == "undecided"


def test_the_share_of_unsure_rows_alarms_when_it_rises_and_only_then(sentiment):
    random, rules = np.random.default_rng(6), sentiment.monitoring
    same = [low_confidence((random.binomial(400, 0.2), 400), (360, 1800), rules, ALPHA).verdict for _ in range(1000)]
    more = [low_confidence((random.binomial(400, 0.32), 400), (360, 1800), rules, ALPHA).verdict for _ in range(100)]
    assert same.count("breached") <= 5  # alpha is 0.001
    assert more.count("breached") >= 90


def test_unsure_rows_that_come_in_clumps_count_for_less(sentiment):
    random, rules = np.random.default_rng(16), sentiment.monitoring

    def alarms(worth):
        clumped = [(5 * random.binomial(80, 0.2), 400) for _ in range(2000)]
        return [low_confidence(now, (360, 1800), rules, ALPHA, worth).verdict for now in clumped].count("breached")

    assert alarms(1.0) > 40
    assert alarms(0.2) <= 6


def test_a_falling_confidence_alarms_and_a_noisy_one_does_not(sentiment):
    random, rules = np.random.default_rng(7), sentiment.monitoring
    noise = [confidence_trend((0.75 + random.normal(0, 0.01, 14)).tolist(), rules, ALPHA).verdict for _ in range(500)]
    wearing = np.linspace(0.77, 0.70, 14)
    falling = [
        confidence_trend((wearing + random.normal(0, 0.01, 14)).tolist(), rules, ALPHA).verdict for _ in range(100)
    ]
    assert noise.count("breached") <= 2
    assert falling.count("breached") >= 95


def test_a_trend_of_a_few_days_is_not_told_from_noise(sentiment):
    assert confidence_trend([0.8, 0.7, 0.6, 0.5, 0.4, 0.3], sentiment.monitoring, ALPHA).verdict == "undecided"


def test_a_new_model_version_starts_its_trend_anew(sentiment):
    assert confidence_trend([0.8], sentiment.monitoring, ALPHA, model_changed=True).verdict == "clear"


def test_quality_alarms_when_it_drops_and_only_then(sentiment):
    random = np.random.default_rng(8)

    def verdict(accuracy, rows):
        history, estimates = labelled(random, (0.77, 1800), (accuracy, rows))
        return quality_drop(sentiment, summary_of(estimates[1]), estimates[0], history).verdict

    same = [verdict(0.77, 300) for _ in range(500)]
    worse = [verdict(0.60, 400) for _ in range(100)]
    assert same.count("breached") <= 8  # the first interval may err three times as often as the later ones: 0.9 %
    assert worse.count("breached") >= 90


def labelled(random, holdout, *intervals):
    """A history of intervals, each given as accuracy and rows, with the estimates of the holdout and of each."""
    samples, estimates = [], []
    for accuracy, rows in (holdout, *intervals):
        right = random.random(rows) < accuracy
        estimates.append(estimate("accuracy", np.where(right, 0.9, 0.1), np.ones(rows, dtype="int8")))
        samples.append(sample_of(right.astype(float)))
    days = {f"2026-01-{number:02}": each for number, each in enumerate(samples[1:], start=1)}
    return QualityHistory("1", "2026-01-01", {"": Track(samples[0], Sample(), days)}), estimates


def summary_of(quality):
    return Summary("2026-01-09", "1", "r", 300, {}, (), (), quality, ("2026-01-09",))


def test_without_labels_quality_is_not_judged(sentiment, profile):
    history, _ = labelled(np.random.default_rng(8), (0.77, 1800))
    assert quality_drop(sentiment, summary_of(None), profile.holdout, history).verdict == "undecided"


def test_numbers_categories_and_gaps_are_watched_as_well_as_texts(sentiment):
    columns = {"price": Column(kind="number", nullable=True), "colour": Column(kind="category")}
    curation = sentiment.curation.model_copy(update={"columns": sentiment.curation.columns | columns})
    use_case = sentiment.model_copy(update={"curation": curation, "features": ("price", "colour")})
    random = np.random.default_rng(9)
    usual = pd.DataFrame({"id": range(1000), "price": random.normal(10, 1, 1000), "colour": ["red", "blue"] * 500})
    profile = read_profile(build_profile(use_case, usual, usual, scores(random, 1000), random.integers(0, 2, 1000)))
    now = usual.assign(price=usual.price.where(usual.id % 4 > 0), colour=["red", "green"] * 500)
    found = {d.feature: d for d in measure_drift(use_case, profile, now, scores(random, 1000)).drifts}
    assert set(found) == {"price", "price.missing", "colour", "score"}
    assert found["colour"].distance == pytest.approx(0.5)
    assert found["price.missing"].distance == pytest.approx(0.25)
    assert found["price"].distance < 0.05
    assert [feature_in_words(name) for name in ("price.missing", "text.words")] == [
        "share of rows without price",
        "words per text",
    ]


def test_the_sentence_names_what_moved(sentiment):
    far = Drift("text.unknown_words", 0.45, 1e-12, 0.05, 0.25)
    condition = data_drift([far, Drift("score", 0.03, 0.9, 0.5, 0.5)], 400, sentiment.monitoring, ALPHA)
    assert condition.severity == "critical"
    assert "share of words in text that training never saw (distance 0.45, mean 5% → 25%)" in condition.message
    assert "scores" not in condition.message


def test_a_profile_is_small_and_made_in_a_moment(sentiment):
    random = np.random.default_rng(10)
    frame, held = (pd.DataFrame({"text": texts(random, rows)}) for rows in (8000, 2000))
    started = time.process_time()
    content = build_profile(sentiment, frame, held, scores(random, 2000), random.integers(0, 2, 2000))
    assert time.process_time() - started < 0.5
    assert len(json.dumps(content)) < 400_000


def test_the_profile_keeps_no_text_of_the_training_data(sentiment):
    frame = pd.DataFrame({"text": ["confidentialword appears here"] * 60})
    content = build_profile(sentiment, frame, frame, np.linspace(0, 1, 60), np.arange(60) % 2)
    assert "confidentialword" not in json.dumps(content)


@pytest.mark.parametrize("content", [{"format": 99}, {}, {"format": 1}])
def test_a_profile_of_another_format_or_none_at_all_says_train_again(content):
    with pytest.raises(ModelError, match="Train the model again"):
        read_profile(content)


def test_every_setting_of_the_monitor_is_explained(sentiment):
    explained = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    missing = [
        key
        for part in (sentiment.monitoring, sentiment.retention)
        for key in type(part).model_fields
        if f"`{key}`" not in explained
    ]
    assert missing == []


def test_a_few_groups_of_many_rows_decide_nothing_about_the_metric(profile, sentiment):
    rules, holdout = sentiment.monitoring, profile.holdout
    labels, groups = np.array([0, *[1] * 9] * 100), np.repeat(np.arange(10), 100)
    one_by_one = estimate("accuracy", np.full(1000, 0.1), labels)
    grouped = estimate("accuracy", np.full(1000, 0.1), labels, groups)
    assert grouped.pieces == 10 < rules.min_rows < one_by_one.pieces == 1000
    promise = sample_of(np.repeat([1.0, 0.0], [900, 100]))

    def history(figures):
        return QualityHistory("1", "2026-01-01", {"": Track(promise, Sample(), {"2026-01-01": sample_of(figures)})})

    right = (labels == 0).astype(float)
    assert quality_drop(sentiment, summary_of(one_by_one), holdout, history(right)).verdict == "breached"
    by_group = np.bincount(groups, weights=right) / 100
    condition = quality_drop(sentiment, summary_of(grouped), holdout, history(by_group))
    assert condition.verdict == "undecided"
    assert "on 1,000 labelled rows (10 groups)" in condition.message


def test_labelled_groups_are_gathered_until_there_are_enough_of_them(sentiment):
    rules = sentiment.monitoring.model_copy(update={"quality_rows": 3})
    grouped = sentiment.model_copy(update={"group": "customer", "monitoring": rules})
    rows = pd.DataFrame(
        {"interval": ["01-01"] * 2 + ["01-02"] * 2 + ["01-03"] * 4, "customer": list("ab") + list("ca") + list("cddd")}
    )
    assert pieces(grouped, rows) == 4
    assert set(newest_enough(grouped, rows).interval) == {"01-02", "01-03"}
    alone = grouped.model_copy(update={"group": None})
    assert pieces(alone, rows) == 8
    assert set(newest_enough(alone, rows).interval) == {"01-03"}
