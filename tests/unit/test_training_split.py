"""The split of rows: by a hash of their ids where they have no time, and where labels come late."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from sluss.config.source_section import source_section
from sluss.errors import DataError
from sluss.storage.held_out import never_learned
from sluss.training.split import split

UNTIL = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def rows():
    """Rows that all arrived with one file."""
    count = 4000
    moment = pd.Timestamp("2026-01-01", tz="UTC")
    return pd.DataFrame(
        {"id": [f"r{row}" for row in range(count)], "event_time": moment, "label": [row % 2 for row in range(count)]}
    )


@pytest.fixture
def by_share(sentiment):
    return sentiment.model_copy(update={"training": sentiment.training.model_copy(update={"holdout_share": 0.25})})


def test_a_share_of_the_rows_is_held_out_whatever_their_times(by_share, rows):
    train, holdout = split(by_share, rows, UNTIL)
    assert len(train) + len(holdout) == len(rows)
    assert 0.22 < len(holdout) / len(rows) < 0.28
    assert not {*train.id} & {*holdout.id}


def test_a_row_stays_on_its_side_when_others_come_in_another_order(by_share, rows):
    before = {*split(by_share, rows.head(2000), UNTIL)[1].id}
    after = {*split(by_share, rows.sample(frac=1, random_state=1), UNTIL)[1].id}
    assert before == {each for each in after if int(each[1:]) < 2000}


def test_a_group_stays_together(by_share, rows):
    grouped = by_share.model_copy(update={"group": "customer"})
    rows["customer"] = rows.index % 300
    train, holdout = split(grouped, rows, UNTIL)
    assert not {*train.customer} & {*holdout.customer}


def test_a_metric_of_scored_rows_without_times_counts_the_held_out_ones_alone(by_share, rows):
    source = source_section("file").model_validate({"kind": "file", "path": "x.csv", "start": "2026-01-01"})
    timeless = by_share.model_copy(update={"source": source})
    train, holdout = split(timeless, rows, UNTIL)
    counted = never_learned(timeless, rows)
    assert {*counted.id} == {*holdout.id}
    assert not {*counted.id} & {*train.id}
    assert len(never_learned(by_share, rows)) == len(rows)  # with times, an interval comes after the training


def test_labels_that_come_after_the_holdouts_length_are_named_with_a_cure_that_works(sentiment, rows):
    rows["event_time"] = pd.date_range("2025-12-01", "2025-12-26", periods=len(rows), tz="UTC")
    with pytest.raises(
        DataError, match=r"4,000 labelled rows, but none of the 3 days before 2026-01-02 .*of 2025-12-26"
    ):
        split(sentiment, rows, UNTIL)
    longer = sentiment.model_copy(update={"training": sentiment.training.model_copy(update={"holdout_days": 10})})
    train, holdout = split(longer, rows, UNTIL)
    assert len(train) > len(holdout) > 0
