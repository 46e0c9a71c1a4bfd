"""Files of people's own: what is read as what, and the sentence where it is not clear."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import openpyxl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from any_table import ROWS, START, bring, config, context, rows_of, table, write_csv

from sluss.config.settings import ROOT
from sluss.conversion.ids import row_ids
from sluss.errors import ConfigError, DataError
from sluss.interval import Interval, parse_interval
from sluss.sources.generate import generate

if TYPE_CHECKING:
    from pathlib import Path

DATA = ROOT / "tests" / "data"
X = {"x": {"kind": "number", "nullable": True}}


def counts(done) -> tuple[int, int, int, int]:
    return done.rows, done.labels, done.bad_rows, done.bad_labels


def written(folder: Path, name: str) -> str:
    """The rows in a file of this name, and its path from the project."""
    columns, path = table(), folder / name
    frame = pa.table(columns)
    match name.removesuffix(".gz").rsplit(".", 1)[1]:
        case "csv" | "tsv":
            write_csv(path, columns, "\t" if ".tsv" in name else ",")
        case "parquet":
            pa.parquet.write_table(frame, path)
        case "feather":
            pa.feather.write_feather(frame, path)
        case "jsonl":
            path.write_text("\n".join(json.dumps(row) for row in frame.to_pylist()))
        case "xlsx":
            book = openpyxl.Workbook()
            for row in [list(columns), *zip(*columns.values(), strict=True)]:
                book.active.append(row)
            book.save(path)
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(path.read_bytes()))
    return name


@pytest.mark.parametrize(
    "name", ["a.csv", "a.tsv", "a.csv.gz", "a.parquet", "a.feather", "a.jsonl", "a.jsonl.gz", "a.xlsx"]
)
def test_every_format_gives_the_same_rows(tmp_path, name):
    where = context(tmp_path, config({"path": written(tmp_path, name)}))
    assert counts(bring(where)) == (ROWS, ROWS, 0, 0)
    found = rows_of(where)
    assert sorted(row["x"] for row in found) == [float(number) for number in range(ROWS)]
    assert {row["id"]: row["event_time"] for row in found}["r7"] == START + timedelta(hours=7)
    assert {row["id"]: row["label"] for row in rows_of(where, "labels")}["r7"] == 1


def test_a_folder_and_a_glob_grow(tmp_path):
    whole = table()
    halves = [{name: values[start : start + 100] for name, values in whole.items()} for start in (0, 100)]
    write_csv(tmp_path / "in" / "one.csv", halves[0])
    folder = context(tmp_path, config({"path": "in"}))
    assert bring(folder).rows == 100
    write_csv(tmp_path / "in" / "two.csv", halves[1])
    (tmp_path / "in" / "notes.md").write_text("not rows")
    (tmp_path / "in" / ".hidden.csv").write_text("not rows")
    assert bring(folder).rows == ROWS
    assert bring(context(tmp_path, config({"path": "in/t*.csv"}))).rows == 100


def test_of_many_files_those_outside_an_interval_are_not_read_again(tmp_path):
    whole = table()
    for start in range(0, ROWS, 50):
        part = {name: values[start : start + 50] for name, values in whole.items()}
        write_csv(tmp_path / "in" / f"from-{start:03}.csv", part)
    where = context(tmp_path, config({"path": "in"}))
    assert bring(where).rows == ROWS
    last, before = tmp_path / "in" / "from-150.csv", tmp_path / "in" / "from-000.csv"
    found = before.stat()
    before.write_bytes(b"\xff" * found.st_size)  # not readable any more, which shows only where it is read
    os.utime(before, ns=(found.st_atime_ns, found.st_mtime_ns))
    newest = parse_interval("2026-01-08", where.use_case.unit)
    assert generate(where, newest).rows == 24
    with pytest.raises(DataError, match=r"from-000.csv"):
        generate(where, parse_interval("2026-01-02", where.use_case.unit))
    late = {name: [*values[150:], values[0]] for name, values in whole.items()}
    late |= {"id": [*late["id"][:-1], "new"], "t": [*late["t"][:-1], "2026-01-08T12:30:00+00:00"]}
    write_csv(last, late)  # it has changed, so it is read
    assert generate(where, newest).rows == 25
    (tmp_path / "home" / "cache" / "spans").rename(tmp_path / "gone")
    with pytest.raises(DataError, match=r"from-000.csv"):
        generate(where, newest)


def test_a_missing_file_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(DataError, match=r"There is no file nowhere.csv. Check source.path; a relative one starts at "):
        generate(*[(where := context(tmp_path, config({"path": "nowhere.csv"}))), where.use_case.history])
    assert not (tmp_path / "home" / "warehouse.duckdb").exists()


# 19: naive local times


def local(**changes):
    times = [(datetime(2026, 1, 1) + timedelta(hours=n)).isoformat(" ") for n in range(ROWS)]  # noqa: DTZ001
    return table(t=times, **changes)


def test_naive_times_are_asked_for_their_zone(tmp_path):
    write_csv(tmp_path / "mine.csv", local())
    with pytest.raises(ConfigError, match=r"times of the column 't' have no time zone\. Give it as source\.time_zone"):
        bring(context(tmp_path, config({})))
    assert not (tmp_path / "home" / "warehouse.duckdb").exists()


def test_naive_times_are_those_of_their_zone(tmp_path):
    write_csv(tmp_path / "mine.csv", local())
    where = context(tmp_path, config({"time_zone": "America/New_York"}))
    assert counts(bring(where)) == (ROWS, ROWS, 0, 0)
    assert min(row["event_time"] for row in rows_of(where)) == datetime(2026, 1, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01"])
def test_daylight_saving_neither_drops_nor_doubles_a_row(tmp_path, day):
    minutes = [f"{day}T{n // 60:02}:{n % 60:02}:00" for n in range(0, 1440, 5)]
    names = [f"r{n}" for n in range(len(minutes))]
    write_csv(tmp_path / "mine.csv", {"id": names, "t": minutes, "x": [1] * len(names), "y": [0] * len(names)})
    content = config({"time_zone": "America/New_York", "start": "2026-03-01"}, live_start="2026-12-01")
    where = context(tmp_path, content | {"schedule_zone": "America/New_York", "schedule": "@daily"})
    assert counts(bring(where)) == (len(minutes), len(minutes), 0, 0)
    assert {row["interval"] for row in rows_of(where)} == {day}


# 20, 21: the zone of the process


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/New_York", "UTC"])
def test_the_zone_of_the_process_moves_no_row(tmp_path, zone):
    hours = [(datetime(2026, 1, 1) + timedelta(hours=n)).isoformat(" ") for n in range(209)]  # noqa: DTZ001
    columns = {"id": [f"r{n}" for n in range(209)], "t": hours, "x": [1] * 209, "y": [0] * 209}
    write_csv(tmp_path / "mine.csv", columns)
    where = context(tmp_path, config({"time_zone": "UTC"}))
    program = "from sluss.context import load_context as c; from any_table import bring; print(bring(c('mine')).rows)"
    environment = {
        "TZ": zone, "PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
        "SLUSS_HOME": str(where.settings.home), "SLUSS_CONFIG_DIR": str(where.settings.config_dir),
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip().splitlines()[-1:] == ["209"], done.stderr


def test_an_own_query_on_naive_times_reads_the_session_in_utc(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    where = context(tmp_path, config({"kind": "table", "table": "theirs", "path": None, "time_zone": "UTC"}))
    with where.warehouse() as warehouse:
        warehouse.execute("CREATE TABLE theirs (id TEXT, t TIMESTAMP, x DOUBLE, y INT)")
        warehouse.execute("INSERT INTO theirs SELECT 'r' || i, TIMESTAMP '2026-01-01' + to_hours(i::INT), i, i % 2 "
                          "FROM range(209) r(i)")  # fmt: skip
    (where.settings.config_dir / "mine.sql").write_text(
        "SELECT id, t::TIMESTAMPTZ AS event_time, t::TIMESTAMPTZ AS arrived_at, x FROM theirs "
        "WHERE t::TIMESTAMPTZ >= $1 AND t::TIMESTAMPTZ < $2"
    )
    assert bring(where).rows == 209


# 22: the same id on another day


def test_an_id_that_comes_back_on_another_day_is_counted(tmp_path):
    columns = table()
    columns["id"][150] = "r3"
    write_csv(tmp_path / "mine.csv", columns)
    where = context(tmp_path, config({}))
    done = bring(where)
    assert (done.rows, done.repeated_ids) == (ROWS, 1)
    (run,) = where.client.search_runs([where.client.get_experiment_by_name("mine-data").experiment_id])
    assert run.data.metrics["repeated_ids"] == 1


def test_an_id_that_comes_back_goes_to_quarantine_where_the_config_says_so(tmp_path):
    columns = table()
    columns["id"][150] = "r3"
    write_csv(tmp_path / "mine.csv", columns)
    content = config({})
    content["curation"]["repeated_ids"] = "quarantine"
    where = context(tmp_path, content)
    done = bring(where)
    assert (done.rows, done.bad_rows, done.repeated_ids) == (ROWS - 1, 1, 1)
    assert [(row["id"], row["reason"]) for row in rows_of(where, "quarantine")] == [
        ("r3", "id was in an earlier interval")
    ]


# 23, 24, 29, 30: numbers as people write them


def test_single_texts_in_a_column_of_numbers_go_to_quarantine(tmp_path):
    columns = table()
    columns["x"][3], columns["x"][9] = "n/a", "1,5"
    write_csv(tmp_path / "mine.csv", columns)
    where = context(tmp_path, config({}))
    assert counts(bring(where)) == (ROWS - 2, ROWS, 2, 0)
    found = [(row["id"], row["reason"], json.loads(row["row"])["x"]) for row in rows_of(where, "quarantine")]
    assert found == [("r3", "x is not a number", "n/a"), ("r9", "x is not a number", "1,5")]


def test_a_file_with_decimal_commas_and_german_dates_is_read(tmp_path):
    shutil.copy(DATA / "german.csv", tmp_path / "mine.csv")
    source = {"time": "wann", "label": None, "decimal": ",", "date_format": "%d.%m.%Y", "time_zone": "Europe/Berlin"}
    content = config(source | {"start": "2025-12-25"}, {"betrag": {"kind": "number"}})
    where = context(tmp_path, content)
    assert counts(bring(where)) == (2, 0, 0, 0)
    assert [(row["id"], row["betrag"]) for row in rows_of(where)] == [("1", 1234.5), ("2", 7.25)]
    assert rows_of(where)[0]["event_time"] == datetime(2025, 12, 30, 23, tzinfo=UTC)


def test_words_that_mean_missing_are_missing_numbers(tmp_path):
    lines = (DATA / "missing_words.csv").read_text().splitlines()
    (tmp_path / "mine.csv").write_text(
        "\n".join([f"{lines[0]},t", *(f"{line},2026-01-02T00:00Z" for line in lines[1:])])
    )
    where = context(tmp_path, config({"label": None, "missing": ["NA", "n/a", "-"]}, X))
    assert counts(bring(where)) == (5, 0, 0, 0)
    assert [row["x"] for row in rows_of(where)] == [None, 3.5, None, None, None]


def test_a_late_text_in_a_long_column_of_numbers_is_one_row_in_quarantine(tmp_path):
    rows = 30_001
    times = [(START + timedelta(seconds=20 * n)).isoformat() for n in range(rows)]
    numbers = [str(n) for n in range(rows - 1)] + ["n/a"]
    write_csv(tmp_path / "mine.csv", {"id": [*numbers[:-1], "last"], "t": times, "x": numbers, "y": [0] * rows})
    where = context(tmp_path, config({}))
    assert counts(bring(where)) == (rows - 1, rows, 1, 0)
    assert rows_of(where, "quarantine")[0]["id"] == "last"


# 25, 34: dates as text


def test_days_that_may_be_read_in_two_ways_are_asked_for(tmp_path):
    shutil.copy(DATA / "us_dates.csv", tmp_path / "mine.csv")
    content = config({"label": None, "id": None, "time_zone": "UTC"}, {"t": {"kind": "time"}})
    with pytest.raises(
        ConfigError, match=r"written as '01/02/2026', which may be %m/%d/%Y or %d/%m/%Y\. Give the right"
    ):
        bring(context(tmp_path, content))
    content["source"]["date_format"] = "%m/%d/%Y"
    content["live_start"] = "2026-03-01"
    where = context(tmp_path, content)
    assert bring(where).rows == 2
    assert min(row["event_time"] for row in rows_of(where)) == datetime(2026, 1, 2, tzinfo=UTC)


def test_dates_as_text_are_told_their_format(tmp_path):
    times = [(START + timedelta(hours=number)).strftime("%d.%m.%Y %H:%M") for number in range(ROWS)]
    write_csv(tmp_path / "mine.csv", table(t=times))
    with pytest.raises(ConfigError, match=r"are written as '13\.|Give source\.date_format: \"%d\.%m\.%Y %H:%M\""):
        bring(context(tmp_path, config({})))


# 26, 27, 28: encodings, ragged files, doubled names


@pytest.mark.parametrize(
    ("file", "encoding", "column", "value"),
    [("latin1", "latin-1", "town", "Größe"), ("cp1252", "cp1252", "price", "5 €"), ("utf16", None, "town", "Größe")],
)
def test_encodings_are_read(tmp_path, file, encoding, column, value):
    raw = (DATA / f"{file}.csv").read_bytes().decode(encoding or "utf-16").splitlines()
    text = "\n".join([f"{raw[0]},t", *(f"{line},2026-01-02T00:00Z" for line in raw[1:])])
    (tmp_path / "mine.csv").write_bytes(text.encode(encoding or "utf-16"))
    where = context(tmp_path, config({"label": None, "encoding": encoding}, {column: {"kind": "text"}}))
    bring(where)
    assert [row[column] for row in rows_of(where)] == [value]


def test_another_encoding_than_the_configs_is_one_sentence(tmp_path):
    shutil.copy(DATA / "latin1.csv", tmp_path / "mine.csv")
    with pytest.raises(DataError, match=r"mine\.csv is not written in utf-8 .*Give source\.encoding the right one"):
        bring(context(tmp_path, config({"label": None})))


def test_a_ragged_file_names_the_line(tmp_path):
    shutil.copy(DATA / "ragged.csv", tmp_path / "mine.csv")
    with pytest.raises(DataError, match=r"mine\.csv cannot be read: line #?3: Expected 2 columns, got 3: 3,4,5"):
        bring(context(tmp_path, config({"label": None})))


def test_a_doubled_name_of_a_column_is_one_sentence(tmp_path):
    shutil.copy(DATA / "duplicate_header.csv", tmp_path / "mine.csv")
    with pytest.raises(DataError, match="has two columns of the name 'x'"):
        bring(context(tmp_path, config({"label": None})))


# 31, 32: labels by mapping (which `make new` writes)


@pytest.mark.parametrize(
    ("values", "mapping", "classes"),
    [
        (["yes", "no"], {}, ["no", "yes"]),
        (["Y", "N"], {"Y": "yes", "N": "no"}, ["no", "yes"]),
        (["true", "false"], {}, ["no", "yes"]),
        ([2, 1], {1: "no", 2: "yes"}, ["no", "yes"]),
        ([1, 0], {}, ["no", "yes"]),
        (["late arrival", "on time!"], {}, ["on time!", "late arrival"]),
    ],
)
def test_labels_become_the_numbers_of_their_classes(tmp_path, values, mapping, classes):
    write_csv(tmp_path / "mine.csv", table(y=[values[n % 2] for n in range(ROWS)]))
    where = context(tmp_path, config({"mapping": mapping}, classes=classes))
    assert counts(bring(where)) == (ROWS, ROWS, 0, 0)
    found = {row["id"]: row["label"] for row in rows_of(where, "labels")}
    assert (found["r0"], found["r1"]) == (1, 0)


def test_a_label_that_has_no_class_goes_to_quarantine(tmp_path):
    write_csv(tmp_path / "mine.csv", table(y=["maybe" if n == 5 else "yes" for n in range(ROWS)]))
    where = context(tmp_path, config({}))
    assert counts(bring(where)) == (ROWS, ROWS - 1, 0, 1)


def test_a_mapping_to_an_unknown_class_names_the_classes(tmp_path):
    write_csv(tmp_path / "mine.csv", table())
    with pytest.raises(ConfigError, match="gives '1' the class 'perhaps', which is not among the classes no, yes"):
        bring(context(tmp_path, config({"mapping": {"1": "perhaps"}})))


# 33: integers beyond 2^53


def test_long_integers_are_kept_as_ids_and_categories_and_told_as_numbers(tmp_path):
    long = [2**60 + n for n in range(ROWS)]
    pa.parquet.write_table(pa.table(table(id=long, x=long)), tmp_path / "a.parquet")
    where = context(tmp_path, config({"path": "a.parquet"}, {"x": {"kind": "category"}}))
    bring(where)
    assert {row["id"] for row in rows_of(where)} == {row["x"] for row in rows_of(where)} == {str(n) for n in long}
    with pytest.raises(ConfigError, match=r"integers beyond ±2\^53, which a number cannot hold exactly"):
        bring(context(tmp_path, config({"path": "a.parquet"})))


# 35: a label from before its row


def test_a_label_from_before_its_row_goes_to_quarantine(tmp_path):
    times = [(START + timedelta(hours=n)) for n in range(ROWS)]
    known = [(moment - timedelta(days=3) if n == 100 else moment).isoformat() for n, moment in enumerate(times)]
    write_csv(tmp_path / "mine.csv", table(known=known))
    where = context(tmp_path, config({"label_time": "known"}))
    assert counts(bring(where)) == (ROWS, ROWS - 1, 0, 1)
    (row,) = rows_of(where, "quarantine")
    assert (row["id"], row["kind"], row["reason"]) == (
        "r100",
        "label",
        "label_time is before the event_time of its row",
    )


def test_a_delay_says_when_a_label_is_known(tmp_path):
    write_csv(tmp_path / "mine.csv", table())
    where = context(tmp_path, config({"label_delay": "3 days"}))
    bring(where)
    found = {row["id"]: row["label_time"] for row in rows_of(where, "labels")}
    assert found["r0"] == START + timedelta(days=3)
    assert len(found) == 9 * 24 - 72


# 36: a column without a value


def test_a_column_without_any_value_is_said(tmp_path):
    write_csv(tmp_path / "mine.csv", table(x=[""] * ROWS))
    assert bring(context(tmp_path, config({}, X))).empty_columns == ("x",)


# 44 and the like: ids that are more than an id


def test_ids_with_escapes_and_newlines_are_escaped_where_they_are_printed(tmp_path):
    columns = table()
    columns["id"][0] = "\x1b[31mred\nline"
    columns["x"] = ["bad"] * ROWS
    write_csv(tmp_path / "mine.csv", columns)
    with pytest.raises(DataError) as refused:
        bring(context(tmp_path, config({})))
    assert r"(\x1b[31mred\nline: x is not a number; r1: x is not a number" in str(refused.value)
    assert str(refused.value).isprintable()


def test_without_an_id_the_rows_values_are_one_whatever_the_order_of_columns(tmp_path):
    columns = table()
    del columns["id"]
    write_csv(tmp_path / "mine.csv", columns)
    content = config({"id": None})
    first = context(tmp_path, content)
    bring(first)
    ids = {row["x"]: row["id"] for row in rows_of(first)}
    write_csv(tmp_path / "mine.csv", dict(reversed(columns.items())))
    assert bring(first).repeated_ids == 0
    assert {row["x"]: row["id"] for row in rows_of(first)} == ids
    assert len(set(ids.values())) == ROWS


def test_several_columns_are_one_id_without_collisions(tmp_path):
    columns = table(a=["a|b", "a", *["c"] * 198], b=["c", "b|c", *[str(n) for n in range(198)]])
    write_csv(tmp_path / "mine.csv", columns)
    where = context(tmp_path, config({"id": ["a", "b"]}))
    assert bring(where).rows == ROWS
    assert len({row["id"] for row in rows_of(where)}) == ROWS


# A table without any time


def test_files_without_a_time_arrive_as_a_whole_in_the_first_interval_that_finds_them(tmp_path):
    columns = {name: values for name, values in table().items() if name != "t"}
    write_csv(tmp_path / "in" / "one.csv", columns)
    where = context(tmp_path, config({"path": "in", "time": None}))
    assert counts(bring(where)) == (ROWS, ROWS, 0, 0)
    assert {row["interval"] for row in rows_of(where)} == {"2026-01-09"}
    write_csv(tmp_path / "in" / "two.csv", columns | {"id": [f"s{n}" for n in range(ROWS)]})
    from sluss.curation.curate import curate

    day = parse_interval("2026-01-10", where.use_case.unit)
    assert generate(where, day).rows == ROWS
    assert curate(where, day).rows == ROWS
    assert bring(where).rows == ROWS  # the history again brings the first file alone
    assert {row["id"][0]: row["interval"] for row in rows_of(where)} == {"r": "2026-01-09", "s": "2026-01-10"}


def test_files_without_a_time_do_not_arrive_before_the_history_is_loaded(tmp_path):
    write_csv(tmp_path / "in" / "one.csv", {name: values for name, values in table().items() if name != "t"})
    where = context(tmp_path, config({"path": "in", "time": None}))
    with pytest.raises(DataError, match="The history of mine is not loaded"):
        generate(where, parse_interval("2026-01-10", where.use_case.unit))
    assert counts(bring(where)) == (ROWS, ROWS, 0, 0)
    assert generate(where, parse_interval("2026-01-10", where.use_case.unit)).rows == 0


def test_an_interval_that_has_just_ended_is_read_when_its_rows_have_settled(tmp_path):
    write_csv(tmp_path / "mine.csv", table())
    where = context(tmp_path, config({"settle": "2 seconds"}))
    for ended, waited in ((timedelta(seconds=1), True), (timedelta(seconds=3), False), (-timedelta(hours=1), False)):
        begun, end = time.monotonic(), datetime.now(UTC) - ended
        generate(where, Interval(end - timedelta(days=1), end))
        assert (time.monotonic() - begun > 0.7) is waited


def test_a_process_reads_files_whatever_folder_it_works_in(tmp_path, monkeypatch):
    write_csv(tmp_path / "mine.csv", table())
    monkeypatch.chdir("/")
    assert bring(context(tmp_path, config({}))).rows == ROWS


def json_files(folder: Path, omitting) -> str:
    """Rows by day, one file each; `omitting` returns the keys that a day's objects leave out."""
    path = folder / "days"
    path.mkdir()
    rows = pa.table(table()).to_pylist()
    for day in sorted({row["t"][:10] for row in rows}):
        kept = [{k: v for k, v in row.items() if k not in omitting(day)} for row in rows if row["t"][:10] == day]
        (path / f"{day}.jsonl").write_text("\n".join(map(json.dumps, kept)))
    return "days"


@pytest.mark.parametrize("days", [{"2026-01-01"}, {"2026-01-09"}, {f"2026-01-0{day}" for day in range(1, 9)}])
def test_a_key_that_all_objects_of_a_file_leave_out_has_no_value(tmp_path, days):
    path = json_files(tmp_path, lambda day: ("x", "y") if day in days else ())
    where = context(tmp_path, config({"path": path}, X))
    bring(where)
    without = {row["id"] for row in rows_of(where) if row["x"] is None}
    assert without == {row["id"] for row in rows_of(where) if f"{row['event_time']:%Y-%m-%d}" in days}
    assert len(rows_of(where)) == ROWS
    assert {row["id"] for row in rows_of(where, "labels")} == {f"r{n}" for n in range(ROWS)} - without


def test_a_key_that_no_object_has_is_a_wrong_name(tmp_path):
    path = json_files(tmp_path, lambda _: ())
    where = context(tmp_path, config({"path": path}, {"xx": {"kind": "number", "nullable": True}}))
    with pytest.raises(ConfigError, match=r"days has no column 'xx'; the nearest is 'x'\. Correct the name"):
        bring(where)


def test_a_column_that_a_file_of_another_format_lacks_is_named(tmp_path):
    (tmp_path / "days").mkdir()
    write_csv(tmp_path / "days" / "a.csv", table())
    write_csv(tmp_path / "days" / "b.csv", {name: values for name, values in table().items() if name != "x"})
    with pytest.raises(ConfigError, match="days has no column 'x'"):
        bring(context(tmp_path, config({"path": "days"}, X)))


def test_the_hash_of_a_row_is_the_same_with_a_key_left_out_and_without_a_value():
    both = row_ids({"a": pa.array(["1", "2", None]), "b": pa.array([None, "3", None], pa.string())}).to_pylist()
    alone = row_ids({"a": pa.array(["1", "2", None])}).to_pylist()
    assert both[0] == alone[0]
    assert both[1] != alone[1]
    assert both[2] == alone[2]
    assert len({*both, *row_ids({"b": pa.array(["1", "2"])}).to_pylist()}) == 5
