"""The checks of rows, and the reasons that they give."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluss.config.curation import Column
from sluss.curation.checks import repeated_faults, row_faults
from sluss.curation.schema import arrow_schema, label_columns, row_columns, typed
from sluss.errors import ConfigError


def faults(batch: pa.RecordBatch, columns: dict[str, Column]) -> list[str]:
    """Return the faults of each row as a text, empty for a good row."""
    values = pa.Table.from_batches([typed(batch, columns, "q.sql")])
    found = row_faults(pa.Table.from_batches([batch]), values, columns)
    return [found.get(number, "") for number in range(batch.num_rows)]


def reasons(values: list, kind: str, arrow_type: pa.DataType | None = None, **rules) -> list[str]:
    return faults(pa.record_batch({"x": pa.array(values, arrow_type)}), {"x": Column(kind=kind, **rules)})


def test_texts_of_the_wrong_length_are_named():
    found = reasons(["", "a", "abc", None, "äöü"], "text", min_length=1, max_length=2)
    assert found == ["x is empty", "", "x is longer than 2 characters", "x is missing", "x is longer than 2 characters"]


def test_a_short_text_is_told_the_length_it_needs():
    assert reasons(["ab"], "text", min_length=3) == ["x is shorter than 3 characters"]


def test_numbers_out_of_range_are_named():
    found = reasons([-1.0, 0.0, 9.5, float("inf"), float("nan"), None], "number", minimum=0, maximum=9)
    assert found == ["x is below 0", "", "x is above 9", "x is infinite", "x is missing", "x is missing"]


def test_numbers_that_a_driver_sends_as_text_are_read():
    batch = pa.record_batch({"x": ["1.5", " -2e3 ", "ten", "", None]})
    columns = {"x": Column(kind="number", nullable=True)}
    assert typed(batch, columns, "q.sql")["x"].to_pylist() == [1.5, -2000.0, None, None, None]
    assert faults(batch, columns) == ["", "", "x is not a number", "x is not a number", ""]
    assert faults(batch, {"x": Column(kind="number")})[2:] == ["x is not a number", "x is not a number", "x is missing"]


@pytest.mark.parametrize(
    "values",
    [pa.array([1, 0]), pa.array([True, False]), pa.array([Decimal("1.0"), Decimal("0.0")])],
    ids=["int", "bool", "decimal"],
)
def test_whole_numbers_truth_values_and_decimals_are_numbers(values):
    assert typed(pa.record_batch({"x": values}), {"x": Column(kind="number")}, "q.sql")["x"].to_pylist() == [1.0, 0.0]


def test_unknown_categories_are_told_the_known_ones():
    assert reasons(["movies", "books"], "category", categories=("movies", "tweets")) == [
        "",
        "x is none of movies, tweets",
    ]


def test_a_column_that_may_be_empty_may_be_empty():
    for kind, more in (("text", {"min_length": 1}), ("category", {"categories": ("a",)}), ("number", {"minimum": 0})):
        arrow_type = pa.float64() if kind == "number" else pa.string()
        assert reasons([None], kind, arrow_type, nullable=True, **more) == [""]
    assert reasons([None], "time", pa.timestamp("us"), nullable=True) == [""]


def test_all_that_is_wrong_with_a_row_is_said():
    batch = pa.record_batch({"a": ["", "ok"], "b": ["", "ok"], "c": ["ok", "ok"]})
    columns = {name: Column(kind="text", min_length=1) for name in "abc"}
    assert faults(batch, columns) == ["a is empty; b is empty", ""]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([datetime(2026, 1, 5, tzinfo=UTC)], pa.timestamp("ns", "Etc/UTC")),
        pa.array([datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None)], pa.timestamp("s")),
        pa.array([datetime(2026, 1, 4, 23, tzinfo=UTC)], pa.timestamp("us", "UTC")).cast(
            pa.timestamp("us", "Europe/Berlin")
        ),
        pa.array([date(2026, 1, 5)]),
    ],
    ids=["nanoseconds", "naive", "other zone", "date"],
)
def test_times_are_kept_in_utc(values):
    times = typed(pa.record_batch({"x": values}), {"x": Column(kind="time")}, "q.sql")["x"]
    assert times.type == pa.timestamp("us", "UTC")
    assert times.to_pylist()[0] in (
        datetime(2026, 1, 5, tzinfo=UTC),
        datetime(2026, 1, 4, 23, tzinfo=UTC),
    )


@pytest.mark.parametrize("values", [["2026-01-05"], [20260105]], ids=["text", "number"])
def test_a_time_column_of_another_type_is_a_fault_of_the_query(values):
    with pytest.raises(ConfigError, match=r"q.sql gives the column 'x' as \w+, which is not a time. Cast it"):
        reasons(values, "time")


def test_a_query_that_leaves_out_a_column_is_named():
    with pytest.raises(ConfigError, match=r"q.sql does not give the column 'y'. Add it to its SELECT"):
        typed(pa.record_batch({"x": ["a"]}), {"x": Column(kind="text"), "y": Column(kind="text")}, "q.sql")


@pytest.mark.parametrize("label", [0, 1])
def test_labels_are_zero_or_one(label, sentiment):
    batch = pa.record_batch({"id": ["a"], "label": [label], "label_time": [datetime(2026, 1, 5, tzinfo=UTC)]})
    assert faults(batch, label_columns(sentiment)) == [""]


@pytest.mark.parametrize("label", [2, -1, 0.5, None])
def test_other_labels_are_bad(label, sentiment):
    batch = pa.record_batch(
        {"id": ["a"], "label": pa.array([label], pa.float64()), "label_time": [datetime(2026, 1, 5, tzinfo=UTC)]}
    )
    assert faults(batch, label_columns(sentiment))[0].startswith("label is")


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        (-4.0, ""),
        (4.0, ""),
        (0.5, ""),
        (4.5, "label is above 4"),
        (-5.0, "label is below -4"),
        (None, "label is missing"),
    ],
)
def test_labels_of_a_regression_are_numbers_within_its_targets_bounds(label, reason, intensity):
    batch = pa.record_batch(
        {"id": ["a"], "label": pa.array([label], pa.float64()), "label_time": [datetime(2026, 1, 5, tzinfo=UTC)]}
    )
    assert faults(batch, label_columns(intensity)) == [reason]


def test_curated_columns_have_an_order_and_types_that_do_not_depend_on_the_warehouse(sentiment):
    schema = arrow_schema(row_columns(sentiment.curation.columns))
    assert schema.names[:3] == ["id", "event_time", "arrived_at"]
    assert set(schema.names[3:]) == {"source", "text"}
    assert {str(field.type) for field in schema} == {"string", "timestamp[us, tz=UTC]"}


@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-10, 10).map(float))))
@settings(deadline=None, max_examples=30)
def test_a_value_that_passes_is_really_within_its_limits(values):
    batch = pa.record_batch({"x": pa.array(values, pa.float64())})
    found = faults(batch, {"x": Column(kind="number", minimum=-3, maximum=3)})
    for value, reason in zip(values, found, strict=True):
        assert (reason == "") == (value is not None and -3 <= value <= 3)


def test_a_text_that_does_not_match_its_pattern_is_told_the_pattern():
    found = reasons(["AB-1", "AB-1x", "xAB-1", None], "text", pattern=r"[A-Z]{2}-\d", nullable=True)
    assert found == ["", r"x does not match [A-Z]{2}-\d", r"x does not match [A-Z]{2}-\d", ""]


def test_a_pattern_that_is_none_is_refused_when_the_config_is_read():
    with pytest.raises(ValueError, match="not a regular expression"):
        Column(kind="text", pattern="(")


def test_a_pattern_that_arrow_does_not_know_is_a_fault_of_the_config():
    with pytest.raises(ConfigError, match=r"The check of the column 'x' cannot be run .* Correct it under curation"):
        reasons(["a"], "text", pattern="(?=a)a")


def repeated(rows: list[tuple[str, str, int]], **columns) -> dict[int, str]:
    """Faults of rows that are given by id, value and the hour of their arrival."""
    times = [datetime(2026, 1, 5, hour, tzinfo=UTC) for _, _, hour in rows]
    ids, values = ([row[part] for row in rows] for part in (0, 1))
    table = pa.table({"interval": ["2026-01-05"] * len(rows), "id": ids, "x": values, "arrived_at": times})
    return repeated_faults(table, {"x": Column(kind="text", **columns)}, "arrived_at")


def test_a_correction_is_not_a_repetition_but_the_same_arrival_twice_is():
    assert repeated([("a", "v", 1), ("a", "w", 2)]) == {}
    assert repeated([("a", "v", 1), ("b", "v", 1), ("a", "w", 1)]) == {
        2: "id occurs more than once with the same arrival"
    }


def test_a_unique_value_belongs_to_the_id_that_came_with_it_first():
    rows = [("late", "v", 3), ("a", "v", 1), ("a", "v", 2), ("b", None, 1), ("c", None, 1), ("d", "w", 1)]
    assert repeated(rows, unique=True) == {0: "x is that of another id"}
    assert repeated(rows) == {}
