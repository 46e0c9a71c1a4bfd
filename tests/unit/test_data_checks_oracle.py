"""The checks in Arrow find what pandera finds, on generated columns."""

from __future__ import annotations

import math

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sluss.config.curation import Column
from sluss.curation.checks import row_faults
from sluss.curation.keys import hashes
from sluss.curation.schema import typed

texts = st.one_of(st.none(), st.text("abä1 \n", max_size=6))
numbers = st.one_of(st.none(), st.floats(), st.integers(-9, 9).map(float))
text_columns = st.builds(
    lambda nullable, low, more, pattern, categories: Column(
        kind="text" if categories is None else "category", nullable=nullable, min_length=low,
        max_length=None if more is None else max((low or 0) + more, 1), pattern=pattern, categories=categories,
    ),
    st.booleans(), st.one_of(st.none(), st.integers(0, 3)), st.one_of(st.none(), st.integers(0, 3)),
    st.sampled_from([None, "a.*", "[ab]+", r"\d?"]), st.sampled_from([None, ("a", "b"), ("ä",)]),
)  # fmt: skip
number_columns = st.builds(
    lambda nullable, low, high: Column(kind="number", nullable=nullable, minimum=low, maximum=high),
    st.booleans(), st.one_of(st.none(), st.integers(-5, 5)), st.one_of(st.none(), st.integers(-5, 5)),
)  # fmt: skip


def by_pandera(frame: pd.DataFrame, columns: dict[str, Column]) -> set[int]:
    """Rows in which pandera finds a fault."""
    schema = pandera.DataFrameSchema(
        {name: pandera.Column(checks=_checks(column), nullable=column.nullable) for name, column in columns.items()}
    )
    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        return set(error.failure_cases["index"].astype(int))
    return set()


def _checks(column: Column) -> list[pandera.Check]:
    check, found = pandera.Check, []
    if column.kind == "number":
        found.append(check(lambda values: values.abs() < math.inf))
        found += [check.ge(column.minimum)] if column.minimum is not None else []
        return found + ([check.le(column.maximum)] if column.maximum is not None else [])
    found += [check.str_length(min_value=column.min_length)] if column.min_length is not None else []
    found += [check.str_length(max_value=column.max_length)] if column.max_length is not None else []
    found += [check.str_matches(f"^(?:{column.pattern})$")] if column.pattern is not None else []
    return found + ([check.isin(column.categories)] if column.categories is not None else [])


@given(rows=st.lists(st.tuples(texts, numbers), min_size=1, max_size=30), text=text_columns, number=number_columns)
@settings(deadline=None, max_examples=100)
def test_the_same_rows_are_bad(rows, text, number):
    columns = {"a": text, "b": number}
    batch = pa.record_batch(
        {"a": pa.array([a for a, _ in rows], pa.string()), "b": pa.array([b for _, b in rows], pa.float64())}
    )
    values = typed(batch, columns, "q")
    frame = pa.Table.from_batches([values]).to_pandas(types_mapper=pd.ArrowDtype)
    assert set(row_faults(batch, values, columns)) == by_pandera(frame, columns)


@given(values=st.lists(st.one_of(st.none(), st.text(max_size=8)), max_size=60), start=st.integers(0, 5))
@settings(deadline=None, max_examples=200)
def test_equal_texts_have_equal_numbers_and_others_have_not(values, start):
    array = pa.array(values, pa.string())[start:]
    given_texts = ["" if value is None else value for value in array.to_pylist()]
    found = hashes(array).tolist()
    assert len(set(zip(given_texts, found, strict=True))) == len(set(given_texts)) == len(set(found))
