"""Forecasts: naive baselines with intervals, forecasts that count once, and the estimator of points and intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import skops.io
from problem_world import content_of
from sklearn.pipeline import Pipeline

from components.forecast import ConformalForecast, EachSeries, StepRidge
from sluss.config.use_case import UseCase
from sluss.problems import problem_of
from sluss.problems.naive_forecast import naive_quantiles
from sluss.registry.trusted_types import trusted_types, untrusted_types

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
HORIZON = 8
SECTION = {"horizon": HORIZON, "naive": ["week", "day"], "step": "step", "series": "source"}


def content(metric="pinball", **forecast):
    found = content_of("quantiles", metric)
    columns = {name: {"kind": "number", "nullable": True} for name in ("week", "day", "step")}
    found["curation"]["columns"] |= columns
    return found | {"quantiles": list(LEVELS), "forecast": SECTION | forecast}


def judging(metric="pinball"):
    return problem_of(UseCase.model_validate(content(metric))).judging


def days(count, seed=0, noise=1.0):
    """Rows of days, eight steps each: a daily and a weekly pattern, and what the week and the day before had."""
    random = np.random.default_rng(seed)
    place = np.arange((count + 7) * HORIZON)
    day, step = place // HORIZON, place % HORIZON
    label = 20 + 3 * np.sin(step) + 4 * (day % 7 >= 5) + noise * random.normal(size=len(place))
    frame = pd.DataFrame({"day_number": day, "step": step.astype(float), "source": "movies", "label": label})
    frame["week"], frame["day"] = frame.label.shift(7 * HORIZON), frame.label.shift(HORIZON)
    return frame[frame.day_number >= 7].reset_index(drop=True)


def features(frame):
    return frame[["step", "week", "day"]].assign(weekday=frame.day_number % 7).to_numpy()


def test_the_baseline_is_the_naive_forecast_that_was_best_on_the_training_rows():
    rows = days(60)
    train, holdout = rows[: 40 * HORIZON], rows[40 * HORIZON :]
    found = judging().baseline(train, holdout)
    assert found["baseline_mae"] == pytest.approx((holdout.label - holdout.week).abs().mean(), rel=0.05)
    # Had the day before been better on the training rows, it would be the baseline, whatever the holdout shows.
    other = train.assign(day=train.label, week=train.week + 10)
    assert judging().baseline(other, holdout)["baseline_mae"] > 1.5 * found["baseline_mae"]


def test_figures_are_relative_to_each_naive_forecast_and_to_its_error_in_training():
    rows = days(60)
    train, holdout = rows[: 40 * HORIZON], rows[40 * HORIZON :]
    scores = np.repeat(holdout.label.to_numpy()[:, None] + 0.5, len(LEVELS), axis=1)
    found = judging().compared(train, holdout, scores)
    assert found["mase"] == pytest.approx(0.5 / (train.label - train.week).abs().mean())
    for name in ("week", "day"):
        assert found[f"relative_mae.{name}"] == pytest.approx(0.5 / found[f"naive.{name}.mae"])
    assert {"naive.day.coverage_80", "naive.week.interval_score_95"} <= set(found)


def test_rows_without_a_naive_value_are_left_out_of_its_figures():
    rows = days(60)
    train, holdout = rows[: 40 * HORIZON], rows[40 * HORIZON :].copy()
    holdout.loc[holdout.index[:HORIZON], "week"] = np.nan
    scores = np.repeat(holdout.label.to_numpy()[:, None], len(LEVELS), axis=1)
    scores[:HORIZON] += 100  # where only the model has a value
    assert judging().compared(train, holdout, scores)["relative_mae.week"] == 0
    none = holdout.assign(week=np.nan, day=np.nan)
    assert judging().baseline(train, none) == {}


@pytest.mark.parametrize("seed", range(5))
def test_intervals_of_a_naive_forecast_hold_for_each_step(seed):
    rows = days(400, seed)
    rows["label"] = rows.week + (1 + rows.step) * np.random.default_rng(seed).normal(size=len(rows))
    use_case = UseCase.model_validate(content())
    train, later = rows[: 300 * HORIZON], rows[300 * HORIZON :].reset_index(drop=True)
    scores = naive_quantiles(use_case.forecast, "week", LEVELS, train, later)
    inside = (later.label >= scores[:, 1]) & (later.label <= scores[:, 3])
    assert inside.groupby(later.step).mean().between(0.65, 0.95).all()
    width = pd.Series(scores[:, 3] - scores[:, 1]).groupby(later.step).mean()
    assert width.iloc[-1] > 4 * width.iloc[0]


@pytest.mark.parametrize("metric", ["pinball", "interval_score"])
def test_rows_of_one_forecast_count_once(metric):
    rows, judge = days(10), judging(metric)
    scores = np.sort(rows.label.to_numpy()[:, None] + np.random.default_rng(3).normal(size=(len(rows), 5)), axis=1)
    close = judge.closeness_by_unit(rows.label.to_numpy(), scores)
    assert len(close) == 10
    assert ((close >= 0) & (close <= 1)).all()
    first = judge.closeness_by_unit(rows.label.to_numpy()[:HORIZON], scores[:HORIZON])
    assert close[0] == pytest.approx(first[0])
    assert len(judge.closeness_by_unit(rows.label.to_numpy()[: HORIZON - 2], scores[: HORIZON - 2])) == 1
    assert judge.unit == "forecast"


def test_no_fold_learns_from_a_row_that_comes_later():
    rows = days(30)
    for learned, judged in judging().folds(4, 0).split(rows):
        assert learned.max() + HORIZON < judged.min()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"forecast": SECTION | {"naive": ["month"]}}, "forecast.naive names month, which is not a number"),
        ({"forecast": SECTION | {"series": "text"}}, "forecast.series names text, which is not a category"),
        ({"quantiles": [0.1, 0.9]}, "quantiles of a forecast need 0.5"),
        ({"group": "source"}, "a forecast has no group"),
        ({"forecast": SECTION | {"horizon": 0}}, "greater than or equal to 1"),
    ],
)
def test_a_wrong_config_names_the_key(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        UseCase.model_validate(content() | change)


@pytest.fixture(scope="module")
def fitted():
    rows = days(160)
    return ConformalForecast(LEVELS, iterations=40).fit(features(rows), rows.label.to_numpy())


def test_intervals_cover_their_share_of_later_rows(fitted):
    later = days(200, seed=1)
    found, labels = fitted.transform(features(later)), later.label.to_numpy()
    assert (np.diff(found, axis=1) >= 0).all()
    assert np.mean((labels >= found[:, 1]) & (labels <= found[:, 3])) == pytest.approx(0.8, abs=0.04)
    assert np.mean((labels >= found[:, 0]) & (labels <= found[:, 4])) == pytest.approx(0.95, abs=0.03)
    assert np.abs(labels - found[:, 2]).mean() < 0.9 * np.abs(labels - later.week).mean()


def test_a_row_alone_gets_what_it_gets_among_others(fitted):
    rows = features(days(4, seed=2))
    alone = np.concatenate([fitted.transform(row[None]) for row in rows])
    assert np.array_equal(alone, fitted.transform(rows))


def test_a_model_is_the_same_after_it_was_saved_without_pickle(fitted, tmp_path):
    skops.io.dump(fitted, tmp_path / "model.skops")
    assert untrusted_types(tmp_path / "model.skops") == []
    again = skops.io.load(tmp_path / "model.skops", trusted=trusted_types(tmp_path / "model.skops"))
    rows = features(days(4, seed=2))
    assert np.array_equal(again.transform(rows), fitted.transform(rows))


def test_missing_values_still_give_a_forecast(fitted):
    rows = features(days(4, seed=2))
    rows[::3, 1] = np.nan
    rows[::5, 2] = np.nan
    assert np.isfinite(fitted.transform(rows)).all()


def test_lines_do_not_lead_far_out_of_what_they_learned():
    rows = days(20)
    ridge = StepRidge().fit(features(rows), rows.label.to_numpy())
    far = features(rows) * [1, 50, 50, 1]
    assert ridge.predict(far).max() < rows.label.max() + 0.2 * (rows.label.max() - rows.label.min())


def test_each_series_has_a_model_of_its_own():
    one, other = days(40), days(40, seed=5)
    other["label"], other["week"], other["day"] = other.label * 100, other.week * 100, other.day * 100
    table = np.concatenate([np.column_stack([np.full(len(r), c), features(r)]) for c, r in enumerate((one, other))])
    labels = np.concatenate([one.label, other.label])
    both = EachSeries(ConformalForecast(iterations=20), LEVELS).fit(table, labels)
    alone = ConformalForecast(LEVELS, iterations=20).fit(features(one), one.label.to_numpy())
    assert np.array_equal(both.transform(table)[: len(one)], alone.transform(features(one)))
    assert np.isnan(both.transform(table * [9, 1, 1, 1, 1])[-1]).all()  # a series that was never seen


def test_a_search_tries_parameters_of_an_estimator_that_has_all_levels():
    scoring = problem_of(UseCase.model_validate(content())).scoring
    pipeline = Pipeline([("preprocessing", "passthrough"), ("estimator", ConformalForecast())])
    searched, place = scoring.for_search(pipeline)
    assert place == "estimator"
    assert searched.named_steps["estimator"].levels == LEVELS
    scoring.assemble(pipeline)
    assert pipeline.named_steps["estimator"].levels == LEVELS
    scoring.check(pipeline)
