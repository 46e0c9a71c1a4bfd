"""The replay: which text arrives when, and when its label becomes known."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluss.errors import ConfigError
from sluss.sources.replay import Phase, ReplaySource, days_with_rows, replay

START = date(2025, 11, 2)


def texts(rows: int = 60) -> dict[str, pa.Table]:
    return {
        name: pa.table(
            {
                "key": [str(number) for number in range(rows)],
                "source": [name] * rows,
                "text": [f"{name} says {number}" for number in range(rows)],
                "label": pa.array([number % 2 for number in range(rows)], pa.int16()),
            }
        )
        for name in ("movies", "tweets")
    }


def source(*phases: tuple[str, int, int], seed: int = 1, delay: tuple[float, float] = (24, 60)) -> ReplaySource:
    return ReplaySource(
        kind="replay",
        dataset="vader_reviews",
        seed=seed,
        start=START,
        phases=tuple(Phase(source=name, days=days, rows_per_day=rows) for name, days, rows in phases),
        label_delay_hours=delay,
    )


phases = st.lists(
    st.tuples(st.sampled_from(["movies", "tweets"]), st.integers(1, 4), st.integers(1, 5)), min_size=1, max_size=3
)


@given(phases=phases, seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_playing_it_again_gives_the_same_rows(phases, seed):
    assert replay(source(*phases, seed=seed), texts()) == replay(source(*phases, seed=seed), texts())


@given(phases=phases, seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_every_day_has_its_rows_and_no_text_comes_twice(phases, seed):
    rows = replay(source(*phases, seed=seed), texts()).to_pylist()
    assert len({row["id"] for row in rows}) == len(rows)
    expected = [(name, count) for name, days, count in phases for _ in range(days)]
    for number, (name, count) in enumerate(expected):
        day = START + timedelta(days=number)
        assert [row["source"] for row in rows if row["event_time"].date() == day] == [name] * count
    assert len(rows) == sum(count for _, count in expected)


@given(low=st.floats(0, 100), span=st.floats(0, 100), seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_a_label_comes_as_late_as_the_config_says(low, span, seed):
    rows = replay(source(("movies", 3, 5), seed=seed, delay=(low, low + span)), texts()).to_pylist()
    for row in rows:
        hours = (row["label_time"] - row["event_time"]) / timedelta(hours=1)
        assert low - 1e-6 <= hours <= low + span + 1e-6
        assert row["arrived_at"] == row["event_time"]


def test_a_row_keeps_its_text_and_label():
    for row in replay(source(("movies", 4, 5)), texts()).to_pylist():
        number = row["id"].removeprefix("movies-")
        assert (row["text"], row["label"]) == (f"movies says {number}", int(number) % 2)


def test_another_seed_gives_another_order():
    first, second = (replay(source(("movies", 4, 10), seed=seed), texts()) for seed in (1, 2))
    assert first["id"].to_pylist() != second["id"].to_pylist()


def test_the_replay_is_the_same_on_every_machine_and_release_of_numpy():
    rows = replay(source(("movies", 3, 7), ("tweets", 2, 9)), texts()).to_pylist()
    content = "\n".join(f"{row['id']} {row['event_time'].isoformat()} {row['label_time'].isoformat()}" for row in rows)
    assert hashlib.sha256(content.encode()).hexdigest()[:16] == "86a1c4b31b68a42b"


def test_a_replay_that_wants_more_rows_than_there_are_says_how_many_there_are():
    with pytest.raises(ConfigError, match="draw 70 rows from the source 'movies', which has 60"):
        replay(source(("movies", 5, 10), ("tweets", 1, 1), ("movies", 2, 10)), texts())


def test_a_replay_of_an_unknown_source_names_the_known_ones():
    with pytest.raises(ConfigError, match=r"no source 'books'. Choose one of movies, tweets"):
        replay(source(("books", 1, 1)), texts())


def test_the_days_with_rows_are_those_of_all_phases():
    span = days_with_rows(source(("movies", 3, 7), ("tweets", 2, 9)))
    assert (span.start, span.end) == (datetime(2025, 11, 2, tzinfo=UTC), datetime(2025, 11, 7, tzinfo=UTC))
