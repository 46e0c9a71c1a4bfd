"""A fall of a mean is found whenever it began; without one, alarms keep to their chance. Seeds are fixed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluss.config.false_alarms import chance
from sluss.interval import unit_of
from sluss.monitoring.quality_drop import allowed_chance, fell_again, judge_tracks, verdict_on_quality
from sluss.monitoring.quality_history import QualityHistory, Track, begin, read_history
from sluss.problems.metrics import closeness_limit
from sluss.statistics.confidence_sequence import mixture
from sluss.statistics.dispersion import block_ratio, interval_ratio, steps_of
from sluss.statistics.fall_scan import adjusted, scan, score
from sluss.statistics.figures import Estimate
from sluss.statistics.sample import Sample, sample_of, together

BUDGET = chance("1 per 90 days", "quality_drop", unit_of("day"))


def hits(random, share, rows):
    return sample_of((random.random(rows) < share).astype(float))


def raised(random, levels, held, rows=300):
    """The days that raise the alert, given the accuracy of the holdout and of each day."""
    track, found, active = Track(hits(random, levels[0], held)), [], False
    for day, level in enumerate(levels[1:], start=1):
        track = track.updated({f"{day:03}": hits(random, level, rows)}, f"{day:03}", f"{day - 30:03}")
        verdict = verdict_on_quality(judge_tracks({"": track}, (), {"": 0.05}, BUDGET))
        if verdict == "breached" and not active:
            found.append(day)
        active = verdict == "breached" or (active and verdict == "undecided")
    return found


@pytest.mark.parametrize(
    ("fall", "held", "days", "least"), [(0.1, 2000, 2, 0.95), (0.1, 369, 2, 0.78), (0.05, 2000, 5, 0.7)]
)
def test_a_fall_is_found_within_days(fall, held, days, least):
    random = np.random.default_rng([1, held, days])
    found = [bool(raised(random, [0.8] + [0.8 - fall] * days, held)) for _ in range(300)]
    assert np.mean(found) >= least


def test_a_fall_after_a_month_is_found_too_and_ends_when_it_is_over():
    random = np.random.default_rng(2)
    stories = [raised(random, [0.8] * 31 + [0.7] * 4 + [0.8] * 20, 369) for _ in range(40)]
    assert sum(any(31 <= day <= 32 for day in story) for story in stories) >= 36
    # It ends, and long windows that contain the bad days do not raise it again.
    assert sum(len([day for day in story if day > 34]) for story in stories) <= 2


def test_without_a_fall_the_alarms_keep_to_their_budget():
    random = np.random.default_rng(3)
    stories = [raised(random, [0.8] * 91, 369) for _ in range(100)]
    assert sum(map(len, stories)) / len(stories) <= 0.4


def test_the_budget_of_ninety_intervals_is_spent_and_not_exceeded():
    assert sum(allowed_chance(1 / 90, interval) for interval in range(1, 91)) == pytest.approx(1.11, abs=0.01)


@given(st.floats(0.0, 6.0), st.integers(1, 7))
def test_more_windows_never_make_evidence_stronger(found, windows):
    assert adjusted(found, windows) <= adjusted(found, windows + 1) <= 1


samples = st.lists(st.lists(st.floats(0, 1), max_size=60).map(np.array).map(sample_of), max_size=12)


@given(samples, samples)
def test_samples_add_up_however_they_are_joined(some, others):
    whole = together([*some, *others])
    parts = together(some) + together(others)
    assert whole.as_list() == pytest.approx(parts.as_list())
    assert whole.deviations >= 0


@given(samples)
def test_a_history_survives_its_json(found):
    days = {f"2026-01-{day:02}": each for day, each in enumerate(found, start=1)}
    history = QualityHistory("3", "2026-01-01", {"": Track(Sample(2, 1, 1, 1), Sample(), days)})
    assert read_history(history.as_json()) == history


def test_clumps_of_rows_count_as_what_they_are():
    random = np.random.default_rng(4)
    clumped = sample_of(np.repeat((random.random(400) < 0.8).astype(float), 5))
    single = hits(random, 0.8, 2000)
    assert block_ratio(clumped) == pytest.approx(5, rel=0.4)
    assert block_ratio(single) == 1


def test_the_next_version_knows_how_much_days_differ():
    random = np.random.default_rng(5)
    days = {f"{day:03}": hits(random, random.normal(0.8, 0.05), 2000) for day in range(30)}
    before = QualityHistory("1", "000", {"": Track(hits(random, 0.8, 2000), Sample(), days)})
    learned = begin("2", "030", {"": hits(random, 0.8, 2000)}, before).learned
    assert interval_ratio(learned) > 10


def test_a_fall_is_not_taken_for_days_that_differ_and_lasts_in_the_next_version():
    seen, taken, next_seen = [], [], []
    for seed in range(40):
        random = np.random.default_rng([7, seed])
        # As in the demo, where other reviews come on the fourth day.
        days = {f"{day:03}": hits(random, level, 450) for day, level in enumerate([0.8] * 3 + [0.6] * 6)}
        taken.append(interval_ratio(steps_of(list(days.values()))) > 1)
        promise, before = hits(random, 0.8, 369), None
        for day in range(4, 10):
            before = QualityHistory("1", "000", {"": Track(promise, Sample(), dict(list(days.items())[:day]))})
            seen.append(verdict_on_quality(judge_tracks(before.tracks, (), {"": 0.05}, BUDGET)) == "breached")
        learned = begin("2", "009", {"": promise}, before).learned
        later = [hits(random, level, 480) for level in (0.73, 0.72, 0.64, 0.64)]
        fall = scan(hits(random, 0.74, 564), Sample(), later, learned)
        next_seen.append(fall is not None and fall.p_value < BUDGET)
    assert np.mean(seen) > 0.95
    assert np.mean(taken) <= 0.15
    assert np.mean(next_seen) > 0.85


def test_a_single_error_after_none_is_no_evidence():
    perfect, one = sample_of(np.ones(300)), sample_of(np.append(np.ones(99), 0.0))
    fall = scan(perfect, Sample(), [one])
    assert fall is not None
    assert fall.p_value > 0.02
    assert score(sample_of(np.ones(50)), perfect) == 0


def test_nothing_is_scanned_without_labels_or_promise():
    assert scan(Sample(), Sample(), [sample_of(np.ones(5))]) is None
    assert scan(sample_of(np.ones(5)), Sample(), [Sample(), Sample()]) is None


def test_a_limit_on_the_metric_becomes_one_on_the_closeness():
    def limit(metric, value, closeness):
        return closeness_limit(Estimate(metric, value, 0, 1, 100, 100, 0), closeness, 0.1)

    assert limit("accuracy", 0.8, 0.8) == 0.1
    assert limit("brier", 0.2, 0.9) == pytest.approx(0.01)  # a tenth of the loss
    assert limit("r2", 0.5, 0.95) == pytest.approx(0.01)  # a fifth of what is not explained


def test_the_mixture_of_a_random_walk_hardly_ever_reaches_a_hundred():
    random = np.random.default_rng(6)
    sums = random.normal(0, 1, (1000, 100)).cumsum(axis=1)
    reached = [
        max(mixture(float(value) / np.sqrt(step), 50.0 * step) for step, value in enumerate(walk, start=1)) >= 100
        for walk in sums
    ]
    assert 0.001 < np.mean(reached) <= 0.01


def raised_anew(random, levels, rows=300):
    """The days that raise an alert anew that is on since the first day, given the accuracy of each day."""
    track, since, found = Track(hits(random, 0.8, 2_000)), "001", []
    for day, level in enumerate(levels, start=1):
        track = track.updated({f"{day:03}": hits(random, level, rows)}, f"{day:03}", f"{day - 30:03}")
        if fell_again(track, (), 0.05, BUDGET, since):
            found.append(day)
            since = f"{day:03}"
    return found


def test_while_the_alert_is_on_another_fall_is_found_and_a_lasting_level_is_not_news():
    random = np.random.default_rng(31)
    lasting = [len(raised_anew(random, [0.6] * 60)) for _ in range(100)]
    assert sum(lasting) / 100 < 0.25  # of 60 days
    again = [raised_anew(random, [0.6] * 6 + [0.45] * 4) for _ in range(100)]
    assert sum(any(7 <= day <= 9 for day in each) for each in again) >= 95
    assert np.mean([len(each) for each in again]) < 1.2  # once for each change
