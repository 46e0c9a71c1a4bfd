"""The checks of rows in a use case's `curation`, run by pandera on columns that stay Arrow arrays."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sluss.errors import ConfigError
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import pandera.pandas as pandera
    import pyarrow as pa

    from sluss.config.data import Column

REPEATED = "id occurs more than once with the same arrival"


def row_faults(raw: pa.Table, values: pa.Table, columns: Mapping[str, Column]) -> pd.Series[str]:
    """Return the faults of each bad row by its position: the first of each column, in the order of the columns.

    Args:
        raw: n rows as the driver returned them.
        values: the same rows in the types of `columns`.
        columns: the checks by column.

    Raises:
        ConfigError: a check of the config cannot be run.
    """
    import pandas as pd

    frame = values.to_pandas(types_mapper=pd.ArrowDtype)
    found = pd.concat([*_unreadable(raw, values, columns), _failures(_row_schema(values.schema, columns), frame)])
    return _joined(found, list(columns))


def repeated_faults(rows: pa.Table, columns: Mapping[str, Column], arrival: str) -> pd.Series[str]:
    """Return the faults that only a comparison of the interval's rows shows: repeated ids and values.

    A row is compared with those that arrived before it, so that a later arrival does not change its verdict. Rows with
    one id and different arrivals are corrections. With the same arrival their order is unknown: all but one are bad.

    Args:
        rows: n rows that passed `row_faults`, with the column `interval`.
        columns: the checks by column; `unique` ones are compared.
        arrival: the column that says when a row arrived.
    """
    import pandas as pd
    import pandera.pandas as pandera

    unique = [name for name, column in columns.items() if column.unique and name != "id"]
    wanted = list(dict.fromkeys([INTERVAL, "id", arrival, *unique]))
    frame = rows.select(wanted).to_pandas(types_mapper=pd.ArrowDtype).sort_values(arrival, kind="stable")
    schema = pandera.DataFrameSchema(
        checks=[
            pandera.Check(partial(_is_its_own, name=name), error=f"{name} is that of another id", ignore_na=False)
            for name in unique
        ],
        unique=[INTERVAL, "id", arrival],
        report_duplicates="exclude_first",
    )
    found = _failures(schema, frame)
    # pandera reports a failed check of a whole row once for every column.
    return _joined(found.assign(column=found.reason), [REPEATED, *found.reason.unique()])


def _row_schema(schema: pa.Schema, columns: Mapping[str, Column]) -> pandera.DataFrameSchema:
    import pandas as pd
    import pandera.pandas as pandera

    return pandera.DataFrameSchema(
        {
            name: pandera.Column(
                pd.ArrowDtype(schema.field(name).type), _checks(name, column), nullable=column.nullable
            )
            for name, column in columns.items()
        }
    )


def _checks(name: str, column: Column) -> list[pandera.Check]:
    return _number_checks(name, column) if column.kind == "number" else _text_checks(name, column)


def _text_checks(name: str, column: Column) -> list[pandera.Check]:
    from pandera.pandas import Check

    checks = []
    if column.min_length is not None:
        what = "empty" if column.min_length == 1 else f"shorter than {column.min_length} characters"
        checks.append(Check.str_length(min_value=column.min_length, error=f"{name} is {what}"))
    if column.max_length is not None:
        longer = f"{name} is longer than {column.max_length} characters"
        checks.append(Check.str_length(max_value=column.max_length, error=longer))
    if column.pattern is not None:
        checks.append(Check.str_matches(f"^(?:{column.pattern})$", error=f"{name} does not match {column.pattern}"))
    if column.categories is not None:
        checks.append(Check.isin(column.categories, error=f"{name} is none of {', '.join(column.categories)}"))
    return checks


def _number_checks(name: str, column: Column) -> list[pandera.Check]:
    from pandera.pandas import Check

    checks = [Check(lambda numbers: numbers.abs() < float("inf"), error=f"{name} is infinite")]
    if column.minimum is not None:
        checks.append(Check.ge(column.minimum, error=f"{name} is below {column.minimum:g}"))
    if column.maximum is not None:
        checks.append(Check.le(column.maximum, error=f"{name} is above {column.maximum:g}"))
    return checks


def _is_its_own(rows: pd.DataFrame, name: str) -> pd.Series[bool]:
    """Return whether each value is missing, or occurred first with this id."""
    first: pd.Series[str] = rows.groupby([INTERVAL, name])["id"].transform("first")
    return rows[name].isna() | (first == rows["id"]).fillna(False)  # noqa: FBT003 - pandas takes the value by position


def _failures(schema: pandera.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """Return `row` (its label in the frame), `column` and `reason` of each failure."""
    import pandas as pd
    from pandera.errors import SchemaErrors

    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        broken = cases[cases["index"].isna()]
        if len(broken):
            first = broken.iloc[0]
            raise ConfigError(
                f"The check of the column '{first.column}' cannot be run ({first.check}: {first.failure_case}). "
                "Correct it under curation.columns."
            ) from None
        reasons = cases["check"].where(cases["check"] != "not_nullable", cases["column"] + " is missing")
        reasons = reasons.where(cases["check"] != "multiple_fields_uniqueness", REPEATED)
        return pd.DataFrame({"row": cases["index"].astype(int), "column": cases["column"], "reason": reasons})
    return pd.DataFrame({"row": pd.Series(dtype=int), "column": pd.Series(dtype=str), "reason": pd.Series(dtype=str)})


def _unreadable(raw: pa.Table, values: pa.Table, columns: Mapping[str, Column]) -> list[pd.DataFrame]:
    """Return the failures of numbers that the driver returned as unreadable text."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    found = []
    for name, column in columns.items():
        if column.kind == "number" and pa.types.is_string(raw.schema.field(name).type):
            rows = pc.indices_nonzero(pc.and_(raw[name].is_valid(), values[name].is_null())).to_numpy()
            found.append(pd.DataFrame({"row": rows.astype(int), "column": name, "reason": f"{name} is not a number"}))
    return found


def _joined(found: pd.DataFrame, order: list[str]) -> pd.Series[str]:
    places = found.assign(place=found["column"].map(order.index))
    first = places.drop_duplicates(["row", "column"]).sort_values(["row", "place"], kind="stable")
    joined: pd.Series[str] = first.groupby("row")["reason"].agg("; ".join)
    return joined
