"""Values that `make new` accepts are the values that the source reads, however they are written."""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluss.conversion.numbers import as_numbers
from sluss.conversion.times import as_times
from sluss.formats.data_file import DataFile, Form
from sluss.formats.read import read_file
from sluss.profiling.columns import profile
from sluss.profiling.whole_table import opened
from sluss.profiling.writing import Writing

if TYPE_CHECKING:
    from pathlib import Path

    from sluss.profiling.columns import TableProfile

_SOME = 20
_SLOW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")
_DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d %b %Y", "%Y%m%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f", " {short}:%M")


def written(path: Path, texts: list[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["value", "y"])
        rows.writerows((text, number % 2) for number, text in enumerate(texts))
    return path


def both(path: Path, writing: Writing) -> tuple[TableProfile, list[object], list[object]]:
    """The profile; and the column `value` as it sees it, and as the source reads it with the profile's writing."""
    from pyarrow import fs

    with opened(str(path)) as table:
        found = profile(table, writing, "value")
        column = found.columns["value"]
        seen = [row[0] for row in table.ask(f"SELECT {column.sql} FROM data")]  # noqa: S608 - quoted
    batches = read_file(DataFile(fs.LocalFileSystem(), str(path), 0), Form())
    values = pa.chunked_array([batch["value"] for batch in batches]).combine_chunks()
    if column.kind == "time":
        read = as_times(values, "value", found.writing.time_zone, found.writing.date_format).to_pylist()
    else:
        read = as_numbers(values, found.writing.decimal).to_pylist()
    return found, seen, read


def times(day: str, clock: str) -> st.SearchStrategy[list[str]]:
    moments = st.datetimes(datetime(1950, 1, 1), datetime(2099, 12, 31))  # noqa: DTZ001 - clocks on the wall

    def text(moment: datetime) -> str:
        return moment.strftime(day + clock.replace("{short}", str(moment.hour)))

    return st.lists(moments.map(text), min_size=_SOME, max_size=_SOME, unique=True)


@given(data=st.data())
@_SLOW
def test_times_are_the_same_in_any_format_and_zone(data, tmp_path):
    day, clock = data.draw(st.sampled_from(_DAYS)), data.draw(st.sampled_from(_CLOCKS))
    zone, texts = data.draw(st.sampled_from(_ZONES)), data.draw(times(day, clock))
    form = None if day == "%Y-%m-%d" else day
    found, seen, read = both(written(tmp_path / "times.csv", texts), Writing(date_format=form, time_zone=zone))
    assert found.columns["value"].kind == "time"
    assert found.columns["value"].odd == 0
    assert None not in seen
    assert [moment.astimezone(UTC) for moment in seen] == read


@given(
    numbers=st.lists(st.floats(-1e9, 1e9, allow_subnormal=False), min_size=_SOME, max_size=_SOME, unique=True),
    decimal=st.sampled_from([".", ","]), thousands=st.booleans(), digits=st.integers(0, 6),
)  # fmt: skip
@_SLOW
def test_numbers_are_the_same_with_either_decimal_sign(numbers, decimal, thousands, digits, tmp_path):
    form = f"{{:{',' if thousands else ''}.{digits}f}}"
    texts = [form.format(number) for number in numbers]
    if decimal == ",":
        texts = [text.translate(str.maketrans(".,", ",.")) for text in texts]
    path = written(tmp_path / "numbers.csv", texts)
    found, seen, read = both(path, Writing(decimal=decimal, decimal_is_given=True))
    assert found.columns["value"].kind == "number"
    assert seen == read
    assert all(
        math.isclose(number, float(form.format(value).replace(",", "")))
        for number, value in zip(read, numbers, strict=True)
    )


@pytest.mark.parametrize(
    ("texts", "form", "expected"),
    [
        (["31.02.2026", "01.02.2026"], "%d.%m.%Y", [None, "2026-02-01T00:00:00+00:00"]),
        (["2026-02-30", "2026-02-28"], None, [None, "2026-02-28T00:00:00+00:00"]),
        (["2016-12-31T23:59:60Z"], None, ["2017-01-01T00:00:00+00:00"]),
        (["31.12.2016 23:59:60"], "%d.%m.%Y", ["2017-01-01T00:00:00+00:00"]),
        (["05.01.2026 7:05:01,25"], "%d.%m.%Y", ["2026-01-05T07:05:01.250000+00:00"]),
        (["05.01.26", "05.01.2026"], "%d.%m.%Y", [None, "2026-01-05T00:00:00+00:00"]),
        (["2026-01-05T13:00:00.1234567891"], None, ["2026-01-05T13:00:00.123456+00:00"]),
        (["9999-12-31"], None, ["9999-12-31T00:00:00+00:00"]),
        (["1767225600", "1767225600.5"], "unix", ["2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00.500000+00:00"]),
    ],
)
def test_days_that_there_are_not_are_no_times_and_leap_seconds_are(texts, form, expected):
    read = as_times(pa.array(texts), "when", "UTC", form).to_pylist()
    assert [each and each.isoformat() for each in read] == expected


def test_a_clock_that_is_set_back_or_forward_is_read_the_same_by_both(tmp_path):
    texts = [
        *(f"2026-10-25 02:{minute:02}" for minute in range(0, 60, 3)),
        *(f"2026-03-29 02:{minute:02}" for minute in range(0, 60, 3)),
    ]
    _, seen, read = both(written(tmp_path / "dst.csv", texts), Writing(time_zone="Europe/Berlin"))
    assert [moment.astimezone(UTC) for moment in seen] == read
    assert read[0] == datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    assert set(read[20:]) == {datetime(2026, 3, 29, 1, 0, tzinfo=UTC)}


def test_a_few_texts_that_are_not_times_never_refuse_the_others():
    times = [(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour)).isoformat() for hour in range(6)]
    read = as_times(pa.array([*times, "soon", "unknown"]), "when", "UTC", None)
    assert read.null_count == 2
    assert as_times(pa.array(["soon"]), "when", "UTC", None).null_count == 1
