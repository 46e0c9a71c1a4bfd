"""`sluss new` on tables as people have them: each odd value is read, said, or asked about, by all rows."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa
import pytest
import yaml

from sluss.config.settings import ROOT
from sluss.conversion.texts import Texts, as_text
from sluss.conversion.times import as_times
from sluss.errors import ConfigError, DataError
from sluss.monitoring.drift import _ignored
from sluss.monitoring.watchable import cannot_fall
from sluss.new.config_text import config_text
from sluss.new.days import days_of
from sluss.new.enough import check_enough
from sluss.new.expected_rows import expected_rows
from sluss.new.facts import facts_of
from sluss.new.look import Look, look
from sluss.new.quick import Quick, try_models
from sluss.new.written import check_same_table, write
from sluss.profiling.columns import TableProfile, profile
from sluss.profiling.database import database_and_table
from sluss.profiling.roles import Asked
from sluss.profiling.spans import Span
from sluss.profiling.text_file import encoding_of
from sluss.profiling.whole_table import opened
from sluss.profiling.writing import Writing
from sluss.step import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = 200
START = datetime(2026, 1, 1, tzinfo=UTC)


def csv(path: Path, columns: dict[str, Any], rows: int = ROWS, delimiter: str = ",") -> Path:
    """A table of some rows; each column is a function of the row's number."""
    lines = [delimiter.join(columns)]
    lines += [delimiter.join(str(value(row)) for value in columns.values()) for row in range(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def hour(row: int) -> str:
    return f"{START + timedelta(hours=row):%Y-%m-%dT%H:%M:%SZ}"


BASE = {"id": lambda row: f"r{row}", "t": hour, "x": lambda row: row % 7 + 0.5, "y": lambda row: row * row % 3 % 2}


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """The usual table of 200 rows with other columns in it, or in place of its own."""

    def made(delimiter: str = ",", rows: int = ROWS, **columns: Any) -> Path:
        return csv(tmp_path / "table.csv", BASE | columns, rows, delimiter)

    return made


def profiled(path: Path, writing: Writing | None = None) -> TableProfile:
    with opened(str(path)) as found:
        return profile(found, writing or Writing())


def looked(path: Path, asked: Asked | None = None, writing: Writing | None = None) -> tuple[Look, dict[str, Any]]:
    """Return the findings, and the config as it would be read."""
    with opened(str(path)) as found:
        seen = look(found, asked or Asked("y"), writing or Writing())
        quick = Quick(ROWS, 0.9, 0.8, 0.5)
        content = yaml.safe_load(config_text(facts_of("mine", str(path), found, seen, quick)))
    return seen, content


def test_a_plain_table_gives_id_time_label_and_features(table):
    seen, content = looked(table())
    assert {name: role.name for name, role in seen.roles.items()} == {
        "id": "id", "t": "time", "x": "feature", "y": "label",
    }  # fmt: skip
    assert content["source"] == {
        "kind": "file", "path": str(table()), "start": START.date(), "id": "id", "time": "t", "label": "y",
        "mapping": {"0": "not y", "1": "y"},
    }  # fmt: skip
    assert content["features"] == ["x"]
    assert content["classes"] == ["not y", "y"]
    assert content["curation"]["columns"]["x"] == {"kind": "number", "nullable": True}


def test_parts_of_the_calendar_are_not_compared_with_the_profile(table):
    moment = lambda row: START + timedelta(hours=row)  # noqa: E731 - a column
    path = table(weekday=lambda row: moment(row).weekday(), month=lambda _: 1, h=lambda row: moment(row).hour)
    seen, content = looked(path)
    assert content["monitoring"]["ignore"] == ["weekday", "h"]
    assert seen.roles["month"].reason == "each row has the same value"


def test_categories_of_many_values_are_not_compared_with_the_profile(table):
    few, many = (lambda row: f"N{row % 200}"), (lambda row: f"N{row % 201}")
    _, content = looked(table(rows=800, few=few, interval=many, weekday=lambda row: row % 7))
    assert content["monitoring"]["ignore"] == ["weekday", "interval_value"]


def test_an_ignored_feature_raises_no_drift(sentiment):
    ignoring = sentiment.model_copy(
        update={"monitoring": sentiment.monitoring.model_copy(update={"ignore": ("month", "a.b")})}
    )
    parts = ["month", "month.missing", "months", "a.b", "a.b.words", "a.c", "text.words"]
    assert [part for part in parts if _ignored(ignoring, part)] == ["month", "month.missing", "a.b", "a.b.words"]


def test_a_second_time_becomes_calendar_features_and_no_number(table):
    _, content = looked(table(ordered=lambda row: f"{START - timedelta(days=row % 50):%Y-%m-%d}"), Asked("y", "t"))
    branches = {str(branch["columns"]): branch["steps"] for branch in content["training"]["preprocessing"]}
    assert content["curation"]["columns"]["ordered"]["kind"] == "time"
    assert branches["times"] == [{"class": "components.calendar_features.CalendarFeatures"}]
    assert branches["numbers"] == ["passthrough"]


def test_naive_times_ask_for_their_zone(table):
    path = table(t=lambda row: f"{START + timedelta(hours=row):%Y-%m-%d %H:%M}")
    with pytest.raises(ConfigError, match=r"times of 't' have no time zone.*ZONE=UTC"):
        looked(path)
    seen, content = looked(path, writing=Writing(time_zone="America/New_York"))
    assert content["source"]["time_zone"] == "America/New_York"
    assert str(seen.span.first) == "2026-01-01"
    assert str(seen.span.last) == "2026-01-09"  # 200 hours from five o'clock UTC on


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/New_York"])
def test_the_zone_of_the_process_changes_nothing(table, zone, tmp_path):
    path = table(t=lambda row: f"{START + timedelta(hours=row):%Y-%m-%d %H:%M}")
    command = [sys.executable, "-m", "commands", "new", "--name", "mine", "--data", str(path), "--target", "y"]
    command += ["--zone", "UTC", "--dry"]
    known = {"TZ": zone, "PATH": "/usr/bin:/bin", "SLUSS_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=known)
    assert done.returncode == 0, done.stderr
    assert "start: 2026-01-01" in done.stdout
    assert "live_start: 2026-01-09" in done.stdout


def test_a_few_odd_values_make_a_number_column_no_text(table):
    path = table(x=lambda row: {3: "n/a", 4: '"1,5"'}.get(row, row + 0.25))
    seen, content = looked(path)
    assert seen.profile.columns["x"].kind == "number"
    assert content["source"]["missing"] == ["n/a"]
    assert "Not numbers with a decimal point: 1 value of 'x', sent to quarantine with its row." in list(seen.warnings)


def test_a_decimal_comma_is_found(table):
    path = table(";", wann=lambda row: f"{START + timedelta(days=row % 100):%d.%m.%Y}", x=lambda row: f"1.{row:03},5")
    seen, content = looked(path, Asked("y", "wann"))
    assert seen.profile.columns["x"].written == "numbers with a decimal comma"
    assert content["source"]["decimal"] == ","
    assert content["source"]["date_format"] == "%d.%m.%Y"
    assert seen.profile.columns["x"].distinct == ROWS


def test_a_comma_that_may_part_thousands_is_asked_about(table):
    path = table(x=lambda row: f'"1,{row:03}"')
    with pytest.raises(ConfigError, match=r"1,234 may be 1234 or 1\.234.*DECIMAL=,"):
        looked(path)
    for sign in ".,":
        seen, _ = looked(path, writing=Writing(decimal=sign, decimal_is_given=True))
        assert seen.profile.columns["x"].kind == "number"


def test_dates_that_fit_both_orders_are_asked_about_and_others_are_not(table):
    unclear = table(t=lambda row: f"{row % 12 + 1:02}/{row % 11 + 1:02}/2026")
    with pytest.raises(ConfigError, match=r"1 February or 2 January.*DATE_FORMAT=%d/%m/%Y"):
        looked(unclear)
    assert looked(unclear, writing=Writing(date_format="%m/%d/%Y"))[1]["source"]["date_format"] == "%m/%d/%Y"
    american = table(t=lambda row: f"{START + timedelta(days=row):%m/%d/%Y}")
    seen, content = looked(american)
    assert content["source"]["date_format"] == "%m/%d/%Y"
    assert str(seen.span.first) == "2026-01-01"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-8-sig", "utf-16-le"])
def test_other_encodings_are_read(tmp_path, encoding):
    path = tmp_path / "towns.csv"
    town = "5 €" if encoding == "cp1252" else "Größe"
    text = "id,town\n" + "".join(f"{row},{town}\n" for row in range(3))
    path.write_bytes(text.encode(encoding))
    with opened(str(path)) as found:
        assert found.ask("SELECT DISTINCT town FROM data") == [(town,)]
        assert found.files[0].encoding == encoding


def test_a_ragged_row_is_named_by_its_line(tmp_path):
    path = tmp_path / "ragged.csv"
    path.write_text('id,x\n1,"two\nlines"\n3,4,5\n6,7\n')
    with pytest.raises(DataError, match=r"Line 4 of .*ragged\.csv has more fields than the 2 columns: '3,4,5'"):
        profiled(path)


@pytest.mark.parametrize(("header", "fault"), [("id,x,x", "two columns of the name 'x'"), ("id,,x", "without a name")])
def test_a_header_that_does_not_name_each_column_is_refused(tmp_path, header, fault):
    path = tmp_path / "header.csv"
    path.write_text(f"{header}\n1,2,3\n")
    with pytest.raises(DataError, match=fault):
        profiled(path)


def test_words_for_missing_values_leave_a_column_of_numbers(tmp_path):
    path = tmp_path / "missing.csv"
    path.write_text("id,x\n1,NA\n2,3.5\n3,n/a\n4,-\n5,\n")
    found = profiled(path)
    assert (found.columns["x"].kind, found.columns["x"].missing) == ("number", 4)
    assert found.missing_words == ("-", "NA", "n/a")


def test_all_rows_count_and_not_the_first_thousands(table):
    found = profiled(table(rows=30_001, x=lambda row: "n/a" if row == 30_000 else row))
    assert found.columns["x"].kind == "number"
    assert found.columns["x"].missing == 1


@pytest.mark.parametrize(
    ("values", "classes", "mapping"),
    [
        (("yes", "no"), ["no", "yes"], None),
        (("True", "False"), ["not y", "y"], {"False": "not y", "True": "y"}),
        (("1", "2"), ["1", "2"], None),
        (("good", "bad"), ["good", "bad"], None),
    ],
)
def test_labels_of_two_values_become_classes(table, values, classes, mapping):
    _, content = looked(table(y=lambda row: values[row % 5 == 0]))
    if values in (("yes", "no"), ("True", "False")):
        assert content["classes"] == classes
    else:  # the rarer one is what is looked for
        assert content["classes"] == [values[False], values[True]]
    assert content["source"].get("mapping") == mapping


def test_two_numbers_with_decimals_are_two_classes(table):
    _, content = looked(table(y=lambda row: (0.1, 0.4)[row * row % 3 % 2]))
    assert set(content["classes"]) == {"0.1", "0.4"}


def test_the_metric_fits_the_balance(table):
    shares = {2: "accuracy", 5: "roc_auc", 20: "average_precision"}
    for every, metric in shares.items():
        _, content = looked(table(y=lambda row, every=every: "yes" if row % every == 0 else "no"))
        assert content["training"]["metric"] == metric
    _, content = looked(table(y=lambda row: "abc"[row % 3]))
    assert (content["classes"], content["training"]["metric"]) == (["a", "b", "c"], "accuracy")
    _, content = looked(table(y=lambda row: row * 1.5 + row % 3))
    assert "classes" not in content
    assert content["training"]["metric"] == "r2"


def test_whole_numbers_that_a_model_would_round_are_kept_as_texts(table):
    found = profiled(table(x=lambda row: 2**53 + row % 20 + 1)).columns["x"]
    assert (found.kind, found.distinct) == ("category", 20)
    assert "2^53" in found.written


def test_codes_with_leading_zeros_are_no_numbers(table):
    assert profiled(table(x=lambda row: f"{row % 50:05}")).columns["x"].kind == "category"


def test_columns_without_values_or_with_one_are_left_out_with_the_reason(table):
    seen, content = looked(table(empty=lambda _: "", same=lambda _: "a", key=lambda row: f"k{row * 7}"))
    assert seen.roles["empty"].reason == "no row has a value"
    assert seen.roles["same"].reason == "each row has the same value"
    assert seen.roles["key"].reason == "a value of its own in each row, like an id"
    assert content["source"]["exclude"] == ["empty", "same", "key"]


def test_free_texts_become_numbers_and_those_that_are_often_missing_are_left_out(table):
    words = lambda row: " ".join(f"w{(row * part) % 199}" for part in range(1, 7))  # noqa: E731 - a column
    seen, content = looked(table(note=words, remark=lambda row: words(row + 1) if row % 3 else ""))
    assert content["curation"]["columns"]["note"] == {"kind": "text"}
    steps = next(each["steps"] for each in content["training"]["preprocessing"] if each["columns"] == "note")
    assert [step["class"].rpartition(".")[2] for step in steps] == [
        "HashingVectorizer", "TfidfTransformer", "TruncatedSVD",
    ]  # fmt: skip
    assert seen.roles["remark"].reason == "free text that is missing in 34% of the rows"


@pytest.mark.parametrize("missing", [0, 50])
def test_a_table_of_texts_alone_is_tried_on_its_texts(tmp_path, missing):
    """Its words tell the label in nine rows of ten; a text may be missing."""

    def words(row: int) -> str:
        told = ("good", "bad")[BASE["y"](row)] if row % 10 else "odd"
        return f"{told} w{row * 7 % 99} w{row * 11 % 98} w{row % 97} w{row * 5 % 96}" if row != missing else ""

    path = csv(tmp_path / "texts.csv", {name: BASE[name] for name in ("id", "t", "y")} | {"note": words}, 600)
    with opened(str(path)) as found:
        quick = try_models(found, look(found, Asked("y"), Writing()))
    assert quick.strong > quick.guess + 0.2
    assert quick.simple > quick.guess + 0.2


def test_one_day_for_all_rows_says_how_to_go_on(table):
    path = table(t=lambda _: "2026-01-01T00:00:00Z")
    with pytest.raises(ConfigError, match=r"same day in 't'.*TIME=none"):
        looked(path, Asked("y", "t"))
    _, content = looked(path, Asked("y", "none"))
    assert "time" not in content["source"]


def test_leaks_are_left_out_and_said(table):
    label = lambda row: "" if row % 9 == 0 else "yes" if row % 4 == 1 else "no"  # noqa: E731 - a column
    path = table(
        y=label,
        tells=lambda row: f"{row % 4 == 1}" if row % 5 else "",
        alone=lambda row: 10 if row % 4 == 1 else row % 3,
        comes=lambda row: "" if row % 9 == 0 else row % 13,
        after=lambda row: f"{START + timedelta(hours=row, days=2):%Y-%m-%dT%H:%M:%SZ}",
    )
    seen, content = looked(path, Asked("y", "t"))
    assert {*seen.leaks} == {"alone", "comes", "after"} | ({"tells"} & {*seen.leaks})
    assert "alone predicts the label nearly always" in seen.leaks["alone"].reason
    assert "missing where the label is" in seen.leaks["comes"].reason
    assert "later than t" in seen.leaks["after"].reason
    assert {"alone", "comes", "after"} <= {*content["source"]["exclude"]}


def test_duplicates_and_gaps_are_said(table):
    path = table(
        id=lambda row: f"r{max(row, 1)}",
        t=lambda row: f"{START + timedelta(days=max(row, 1) // 10 + (20 if row > 100 else 0)):%Y-%m-%d}",
        x=lambda row: max(row, 1) % 7,
        y=lambda row: max(row, 1) % 2,
    )
    seen, _ = looked(path, Asked("y", "t", ("id",)))
    warnings = " ".join(seen.warnings)
    assert "1 row is equal to another one" in warnings
    assert "1 row has the id of another row" in warnings
    assert "There are no rows for 2026-01-12 to 2026-01-30" in warnings


@pytest.mark.parametrize(
    "name",
    ["price (€)", "Größe cm", "a__b", "select", "Total", 'with "quotes"', "a.b", "#x", "{y}", "a: b", "two\nlines"],
)
def test_a_column_of_any_name_is_read_and_written(table, name):
    header = '"' + name.replace('"', '""') + '"'
    seen, content = looked(table(**{header: lambda row: row % 11}))
    assert seen.roles[name].name == "feature"
    assert name in content["features"]
    assert name in content["curation"]["columns"]


def test_a_target_of_any_name_is_written_on_one_line(tmp_path):
    path = csv(tmp_path / "table.csv", BASE)
    path.write_text(path.read_text().replace("id,t,x,y", 'id,t,x,"two\nlines: #y"'))
    _, content = looked(path, Asked("two\nlines: #y"))
    assert content["source"]["label"] == "two\nlines: #y"
    assert content["name"] == "mine"


def test_a_text_of_any_length_is_read(table):
    seen = profiled(table(rows=20, note=lambda row: f"word{row} " * 40_000))
    assert seen.columns["note"].kind == "text"


def test_a_wrong_target_names_the_columns(table):
    with pytest.raises(ConfigError, match=r"no column 'late'.*id, t, x, y"):
        looked(table(), Asked("late"))


def test_other_formats_are_read_with_their_types(tmp_path):
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet

    days = [START + timedelta(hours=row) for row in range(ROWS)]
    rows = pa.table({"t": days, "x": [row % 7 for row in range(ROWS)], "y": [row % 3 == 0 for row in range(ROWS)]})
    pyarrow.parquet.write_table(rows, tmp_path / "rows.parquet")
    pyarrow.feather.write_feather(rows, tmp_path / "rows.feather")
    rows.to_pandas().to_json(tmp_path / "rows.jsonl", orient="records", lines=True, date_format="iso")
    folder = tmp_path / "folder"
    folder.mkdir()
    for part in range(2):
        pyarrow.parquet.write_table(rows, folder / f"{part}.parquet")
    for path, count in (("rows.parquet", ROWS), ("rows.feather", ROWS), ("rows.jsonl", ROWS), ("folder", 2 * ROWS)):
        found = profiled(tmp_path / path)
        assert found.rows == count
        assert [found.columns[name].kind for name in "txy"] == ["time", "number", "category"], path


def test_the_quick_trial_gives_floors_between_guessing_and_the_model(table):
    path = table(
        rows=1000,
        x=lambda row: row * 7919 % 1000 + row % 5 * 40,
        y=lambda row: "yes" if row * 7919 % 1000 < 300 else "no",
    )
    with opened(str(path)) as found:
        quick = try_models(found, look(found, Asked("y"), Writing()))
    assert quick.guess == 0.5
    assert quick.guess < quick.floor < quick.strong
    assert quick.error < 0.02


@pytest.mark.parametrize(
    ("error", "floor", "gain"), [(0.0, 0.65, 0.1), (0.01, 0.65, 0.1), (0.05, 0.58, 0.08), (0.1, 0.5, 0.0)]
)
def test_on_few_rows_the_floors_are_where_a_sound_model_rarely_comes(error, floor, gain):
    quick = Quick(ROWS, strong=0.8, simple=0.7, guess=0.5, error=error)
    assert (quick.floor, quick.gain) == (floor, gain)


def test_the_address_of_a_database_is_parted_from_its_table():
    assert database_and_table("postgres://me:word@host:5433/shop/orders?sslmode=require") == (
        "postgresql://me:word@host:5433/shop?sslmode=require", "orders",
    )  # fmt: skip
    with pytest.raises(DataError, match="names no table"):
        database_and_table("postgres://host/shop")


def test_a_file_is_replaced_only_while_nobody_has_edited_it(tmp_path):
    path = tmp_path / "config" / "mine.yaml"
    assert write(path, "a: 1\n") == "written"
    assert write(path, "a: 1\n") == "unchanged"
    assert write(path, "a: 2\n") == "written"
    path.write_text(path.read_text().replace("a: 2", "a: 3"))
    edited = path.read_text()
    assert write(path, "a: 4\n") == "kept"
    assert path.read_text() == edited
    path.write_text("a: 5\n")  # a person's own
    assert write(path, "a: 6\n") == "kept"


@pytest.mark.parametrize(
    ("source", "data", "taken"),
    [
        ("{kind: file, path: data/flights.csv}", "elsewhere/flights.csv", None),  # a file that was moved
        ("{kind: table, table: public.orders}", "postgres://ann@host/shop/orders", None),
        ("{kind: file, path: data/flights.csv}", "few.csv", "the rows of data/flights.csv"),
        ("{kind: table, table: orders}", "postgres://ann@host/shop/payments", "the rows of orders"),
        ("{kind: reviews}", "few.csv", "a source of its own"),
    ],
)
def test_a_name_that_is_taken_by_other_rows_is_refused(tmp_path, source, data, taken):
    path = tmp_path / "mine.yaml"
    check_same_table(path, data)
    path.write_text(f"name: mine\nsource: {source}\n")
    if taken is None:
        check_same_table(path, data)
        return
    with pytest.raises(ConfigError, match=f"mine exists already, and has {taken} .*Choose another NAME"):
        check_same_table(path, data)


def test_a_use_case_that_is_called_all_is_refused(tmp_path):
    command = [sys.executable, "-m", "commands", "new", "--name", "all", "--data", "x.csv", "--target", "y"]
    known = {"PATH": "/usr/bin:/bin", "SLUSS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=known)
    assert done.returncode == 2
    assert "'all' cannot be a name (it stands for every use case)" in done.stderr


def test_without_a_terminal_what_is_missing_is_a_sentence(tmp_path):
    command = [sys.executable, "-m", "commands", "new", "--data", "x.csv"]
    known = {"PATH": "/usr/bin:/bin", "SLUSS_HOME": str(tmp_path)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=known, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert "NAME is missing" in done.stderr
    assert "make new NAME=flights DATA=flights.csv TARGET=late" in done.stderr


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"time_zone": "Mars/Base"}, "is not a time zone.*ZONE=UTC"),
        ({"time_zone": "../etc"}, "is not a time zone"),
        ({"decimal": "x"}, "is not a decimal sign.*DECIMAL="),
        ({"date_format": "%Q"}, r"is not a format of dates.*DATE_FORMAT="),
        ({"date_format": "%d.%m"}, r"is not a format of dates"),
    ],
)
def test_what_no_table_can_be_read_with_is_refused_before_it_is_read(given, fault):
    with pytest.raises(ConfigError, match=fault):
        Writing(**given)


@pytest.mark.parametrize(
    ("rows", "columns", "fault"),
    [
        (30, {}, "30 rows with a label, and 40 are needed"),
        (40, {"t": lambda _: ""}, "40 rows with a label, and 50 are needed"),
        (48, {}, r"0 labelled rows to learn from.*another column with TIME=\.$"),
        (60, {"t": lambda row: hour(row % 30)}, "0 labelled rows to learn from.*TIME=none: then rows are split"),
        (200, {"y": lambda row: int(row == 3)}, "class 'y' has 1 row of 200"),
        (200, {"t": lambda _: "", "y": lambda row: int(row < 9)}, "class 'y' has 9 rows of 200"),
        (400, {"y": lambda row: int(row in (3, 4))}, "no row of the class '1' on one side"),
    ],
)
def test_rows_that_do_not_suffice_are_refused_before_a_line_is_written(table, rows, columns, fault):
    with opened(str(table(rows=rows, **columns))) as found, pytest.raises((ConfigError, DataError), match=fault):
        check_enough(found, look(found, Asked("y"), Writing()))


def test_an_id_that_few_rows_have_alone_is_refused_before_a_line_is_written(table):
    with opened(str(table(rows=600, kind=lambda row: f"k{row % 3}"))) as found:
        seen = look(found, Asked("y", None, ("kind",)), Writing())
        with pytest.raises(DataError, match=r"The id 'kind' tells 3 rows apart of 600"):
            check_enough(found, seen)


@pytest.mark.parametrize(("time", "ids"), [(None, ("y",)), ("t", ("t",)), ("y", ())])
def test_a_column_has_one_role(table, time, ids):
    with opened(str(table(rows=200))) as found, pytest.raises(ConfigError, match="is named twice"):
        look(found, Asked("y", time, ids), Writing())


def test_rows_that_suffice_are_not_refused(table):
    with opened(str(table(rows=200))) as found:
        check_enough(found, look(found, Asked("y"), Writing()))
    with opened(str(table(rows=60, t=lambda _: ""))) as found:
        check_enough(found, look(found, Asked("y"), Writing()))


@pytest.mark.parametrize("target", ["t", "tags"])
def test_a_target_that_is_no_class_and_no_number_is_refused(table, target):
    path = table(tags=lambda row: '"[""a"", ""b""]"' if row % 2 else '"[""a""]"')
    with pytest.raises(ConfigError, match=f"target '{target}' is (a time|lists or objects).*TARGET"):
        looked(path, Asked(target))


def test_columns_that_differ_in_upper_case_alone_are_refused(table):
    with pytest.raises(DataError, match=r"'X' and 'x'|'x' and 'X'.*upper and lower case"), opened(str(table(X=hour))):
        pass


def test_a_table_of_the_target_alone_says_so(tmp_path):
    with pytest.raises(ConfigError, match="the table has no other column than the target"):
        looked(csv(tmp_path / "one.csv", {"y": lambda row: row % 2}))


def test_lists_are_part_of_a_rows_hash_but_no_labels():
    lists = pa.array([["a"], ["b", "c"], None])
    assert as_text(lists).to_pylist() == ["['a']", "['b', 'c']", None]
    with pytest.raises(ConfigError, match=r"list<.*lists or objects are no classes.*source\.label"):
        Texts(()).replaced(lists, {})


def test_threads_do_not_spin_in_a_command_that_is_no_step(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "")
    monkeypatch.delenv("OMP_WAIT_POLICY")
    seen = []
    command = click.Command("any", callback=lambda: seen.append(os.environ.get("OMP_WAIT_POLICY")))
    before = gc.get_threshold()
    with pytest.raises(SystemExit):
        main(command, [])
    gc.set_threshold(*before)
    assert seen == ["PASSIVE"]


@pytest.mark.parametrize(
    "texts",
    [
        ["01.02.2026", "13.02.2026"],
        ["01.02.2026 00:00", "13.02.2026 00:00:00"],
        ["01.02.2026", "13.02.2026 00:00"],
        ["2026-02-01", "2026-02-13T00:00:00Z"],
    ],
)
def test_a_format_of_days_also_reads_a_clock_and_a_column_in_iso(texts):
    times = as_times(pa.array([*texts, None]), "when", "UTC", "%d.%m.%Y")
    assert times.to_pylist() == [datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 13, tzinfo=UTC), None]


def test_a_column_in_another_format_is_still_refused():
    with pytest.raises(ConfigError, match=r"are written as '02/13/2026', not as %d\.%m\.%Y"):
        as_times(pa.array(["02/13/2026"]), "when", "UTC", "%d.%m.%Y")


def test_a_file_in_two_encodings_is_refused_with_a_line_of_each(tmp_path):
    path = tmp_path / "mixed.csv"
    path.write_bytes("x,y\nGröße,1\n".encode() + "Maß,0\n".encode("latin-1"))
    with pytest.raises(DataError, match="two encodings: line 2 is UTF-8, line 3 is not"):
        encoding_of(path)


@pytest.mark.parametrize("years", [1, 3, 11, 40])
def test_a_long_span_leaves_more_days_to_learn_from_than_to_be_judged_on(years):
    first, last = date(2026, 1, 1) - timedelta(days=365 * years), date(2026, 1, 1)
    days = days_of(SimpleNamespace(span=Span(first, last, "day", 30, last, ())))
    assert 3 * days.holdout < days.window


@pytest.mark.parametrize("wrong", ["2016-03-01", "2226-03-01", "1970-01-01"])
def test_a_mistyped_year_does_not_move_the_span(table, wrong):
    path = table(rows=400, t=lambda row: wrong if row == 7 else f"{START + timedelta(hours=12 * row):%Y-%m-%d}")
    with opened(str(path)) as found:
        seen = look(found, Asked("y"), Writing())
        check_enough(found, seen)
    assert (seen.span.first, seen.span.last) == (START.date(), START.date() + timedelta(days=199))
    assert f"1 row lies outside 2026-01-01 to 2026-07-19, where the others are (on {wrong})" in " ".join(seen.warnings)


def test_of_a_table_with_a_pause_of_years_the_newest_part_is_used(table):
    day = lambda row: START + timedelta(days=row // 2 - (3650 if row < 200 else 0))  # noqa: E731 - a column
    path = table(rows=400, t=lambda row: f"{day(row):%Y-%m-%d}")
    with opened(str(path)) as found:
        seen = look(found, Asked("y"), Writing())
        check_enough(found, seen)
    assert seen.span.first == START.date() + timedelta(days=100)
    assert seen.span.rows_outside == 200


@pytest.mark.parametrize("days", [(0, 40, 80, 120, 160), (0, 1, 2, 3, 4, 30), (0, 365, 730, 1095)])
def test_rows_that_are_as_far_apart_as_usual_are_all_used(table, days):
    path = table(t=lambda row: f"{START + timedelta(days=days[row % len(days)]):%Y-%m-%d}")
    with opened(str(path)) as found:
        assert not look(found, Asked("y"), Writing()).span.outside


def test_a_few_rows_without_a_time_are_said_and_the_others_split_by_it(table):
    path = table(rows=400, t=lambda row: "soon" if row % 40 == 0 else "" if row % 40 == 1 else hour(12 * row))
    seen, content = looked(path)
    assert content["source"]["time"] == "t"
    assert content["curation"]["max_bad_share"] == 0.1
    warnings = " ".join(seen.warnings)
    assert "10 values of 't', sent to quarantine with their rows" in warnings
    assert "10 rows have no time in 't': sent to quarantine" in warnings


def test_a_column_that_is_mostly_without_a_time_is_not_the_rows_time(table):
    path = table(t=lambda row: hour(row) if row % 3 == 0 else "")
    assert "time" not in looked(path)[1]["source"]
    with pytest.raises(ConfigError, match=r"66% of the rows have no time in 't'.*TIME=none"):
        looked(path, Asked("y", "t"))


@pytest.mark.parametrize("number", [1.234, 0.123, -0.5])
def test_numbers_of_three_decimals_are_numbers_with_a_point(table, number):
    found = profiled(table(x=lambda row: f"{number + row % 5:.3f}"))
    assert found.columns["x"].kind == "number"
    assert found.writing.decimal == "."


@pytest.mark.parametrize(("rows", "days"), [(100, 1), (150, 1 / 3), (400, 1 / 12), (400, 1 / 98), (400, 20)])
def test_the_monitor_can_watch_a_table_of_any_size(table, rows, days):
    path = table(rows=rows, t=lambda row: f"{START + timedelta(days=days * row):%Y-%m-%dT%H:%M:%SZ}")
    with opened(str(path)) as found:
        seen = look(found, Asked("y"), Writing())
        check_enough(found, seen)
        there = expected_rows(found, seen)
        content = yaml.safe_load(config_text(facts_of("mine", str(path), found, seen, None)))
    assert 0 < there.largest <= there.labelled <= rows
    rules = content["monitoring"]
    assert there.untested(rules["min_rows"], content["unit"]) == ""
    assert there.unwatched(rules["quality_rows"]) == ""


@pytest.mark.parametrize(
    ("rows", "a_day", "unit"),
    [(60, 2, "week"), (90, 1, "week"), (150, 1, "month"), (60, 1, "week"), (60, 25, "day"), (9, 3, "day")],
)
def test_the_newest_interval_of_a_short_table_leaves_a_history(table, rows, a_day, unit):
    path = table(rows=rows, t=lambda row: hour(24 * row // a_day), y=lambda row: row * 1.5)
    with opened(str(path)) as found:
        seen = look(found, Asked("y"), Writing())
    assert seen.span.unit == unit
    assert days_of(seen).window > 0


def test_equal_rows_and_rows_without_a_label_are_not_expected(table):
    # Each row comes twice, without an id, and one of five has no label.
    path = table(
        rows=400, t=lambda row: hour(row // 2 * 8), id=lambda row: row // 2 % 2, x=lambda row: row // 2 % 9,
        y=lambda row: "" if row // 2 % 5 == 0 else row // 2 % 3 % 2,
    )  # fmt: skip
    with opened(str(path)) as found:
        seen = look(found, Asked("y"), Writing())
        assert seen.merged_rows == 200
        there = expected_rows(found, seen)
    in_history = (days_of(seen).live_start - START.date()).days * 3
    assert there.labelled == pytest.approx(in_history * 4 / 5, rel=0.02)
    assert there.largest == 21  # of a week


@pytest.mark.parametrize(
    ("usual", "strong", "low", "drop"), [(0.9, 0.8, 0.6, 0.05), (0.31, 0.4, 0.31, 0.05), (0.11, 0.04, 0.11, 0.013)]
)
def test_limits_of_the_confidence_and_of_the_metric_can_be_passed(table, usual, strong, low, drop):
    path = table(y=lambda row: f"class {row % 10}")
    with opened(str(path)) as found:
        seen = look(found, Asked("y"), Writing())
        quick = Quick(ROWS, strong, 0.0, 0.0, usual)
        rules = yaml.safe_load(config_text(facts_of("mine", str(path), found, seen, quick)))["monitoring"]
    assert (rules["low_confidence"], rules["quality_drop"]) == (low, drop)
    assert not cannot_fall("accuracy", strong, rules["quality_drop"])


def test_without_a_trial_the_confidence_that_counts_as_unsure_depends_on_the_classes(table):
    path = table(y=lambda row: f"class {row % 10}")
    with opened(str(path)) as found:
        seen = look(found, Asked("y"), Writing())
        rules = yaml.safe_load(config_text(facts_of("mine", str(path), found, seen, None)))["monitoring"]
    assert (rules["low_confidence"], rules["quality_drop"]) == (0.2, 0.05)


def test_rows_that_come_twice_without_an_id_do_not_stop_a_load(table):
    path = table(
        rows=400, t=lambda row: hour(row // 2 * 8), id=lambda row: row // 2 % 2, x=lambda row: row // 2 % 9,
        y=lambda row: row // 2 % 3 % 2,
    )  # fmt: skip
    seen, content = looked(path, Asked("y"))
    assert seen.merged_rows > 100
    assert content["curation"]["max_bad_share"] >= min(2 * seen.merged_rows / 400, 1.0)


def test_a_target_with_heavy_tails_is_learned_by_absolute_errors(table):
    path = table(rows=400, y=lambda row: 10.0 ** (row % 20 / 3) * (1 + row % 7))
    seen, content = looked(path, Asked("y"))
    assert seen.target.metric == content["training"]["metric"] == "d2_absolute_error_score"
    assert content["training"]["estimator"]["params"] == {"loss": "absolute_error"}
    _, usual = looked(table(rows=400, y=lambda row: row % 37 * 1.5), Asked("y"))
    assert usual["training"]["metric"] == "r2"
    assert "params" not in usual["training"]["estimator"]


def test_of_a_table_of_many_years_the_rows_of_its_window_suffice(table):
    path = table(rows=10_000, t=lambda row: f"{START - timedelta(days=row):%Y-%m-%d}", x=lambda row: row * 7919 % 997)
    with opened(str(path)) as found:
        seen = look(found, Asked("y"), Writing())
        check_enough(found, seen)
        there = expected_rows(found, seen)
        content = yaml.safe_load(config_text(facts_of("mine", str(path), found, seen, None)))
    assert there.labelled < 2_000
    assert content["training"]["min_rows"] <= there.labelled * 0.7
    assert content["gates"]["min_training_rows"] <= there.labelled * 0.7


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("%Y%m%d", "when"),
        ("%b %d, %Y %I:%M %p", "when"),
        ("%Y/%m/%d %H:%M", "x"),
        ("unix", "timestamp"),
        ("unix_ms", "at_time"),
    ],
)
def test_a_time_that_is_not_read_is_named_with_the_way_to_read_it(tmp_path, form, name):
    seconds = {"unix": 1, "unix_ms": 1000}
    moment = lambda row: START + timedelta(days=row // 4)  # noqa: E731 - a column
    written = lambda row: (  # noqa: E731
        str(int(moment(row).timestamp()) * seconds[form]) if form in seconds else f'"{moment(row).strftime(form)}"'
    )
    others = {"z": lambda row: row % 7 + 0.5, "y": lambda row: row * row % 3 % 2}
    path = csv(tmp_path / "table.csv", {name: written, **others})
    warned = [each for each in looked(path)[0].warnings if "looks like a time" in each]
    shown = f'"{form}"' if " " in form else form
    assert len(warned) == 1
    assert warned[0].endswith(f"TIME={name} DATE_FORMAT={shown}.")
    seen, _ = looked(path, Asked("y", time=name), Writing(date_format=form, time_zone="UTC"))
    assert seen.roles[name].name == "time"
    assert not [each for each in seen.warnings if "looks like a time" in each]
    assert not looked(path, Asked("y", time="none"))[0].unread_times


@pytest.mark.parametrize(
    ("name", "value", "warns"),
    [
        ("week", lambda row: f"2025-W{row % 52 + 1:02}-1", True),
        ("date", lambda row: 45658.25 + row, True),
        ("when", lambda row: f"{row % 28 + 1}/{row % 12 + 1}/25" if row % 2 else f"2025-01-{row % 28 + 1:02}", True),
        ("amount", lambda row: 45658.25 + row, False),
        ("amount", lambda row: 1_700_000_000 + row * row, False),
        ("time_spent", lambda row: row * 3 % 97, False),
        ("code", lambda row: f"A-{row % 9}", False),
        ("number", lambda row: 20_251_399 + row * 2, False),
    ],
)
def test_what_looks_like_a_time_and_has_no_format_is_to_be_written_in_iso(table, name, value, warns):
    seen, _ = looked(table(**{name: value}))
    assert [name] * warns == [each for each, _ in seen.unread_times]
    assert all("ISO 8601" in cure for _, cure in seen.unread_times)


@pytest.mark.parametrize(("name", "left"), [("id", True), ("order_id", True), ("orderId", True), ("paid", False)])
def test_an_id_that_rows_share_is_left_out_with_a_warning(table, name, left):
    path = table(**{"id": lambda row: row * 7} | {name: lambda row: max(row, 20) * 13})
    seen, _ = looked(path)
    warned = [each for each in seen.warnings if f"'{name}' looks like an id, but 20 rows have the one of an" in each]
    assert len(warned) == left
    assert (seen.roles[name].name == "left out") is left
    if left:
        assert f"ID={name}" in warned[0]
        assert looked(path, Asked("y", id=(name,)))[0].doubled_ids == 20


def test_a_customer_of_many_rows_is_no_id_of_the_row(table):
    seen, _ = looked(table(customer_id=lambda row: row * row % 97))
    assert seen.roles["customer_id"].name == "feature"
