"""Inputs that no command can work with: each ends in one sentence and exit code 2, never in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from functools import partial
from typing import TYPE_CHECKING

import pytest

from sluss.config.settings import ROOT, Settings, load_settings
from sluss.errors import ConfigError, DataError
from sluss.interval import given_interval, span_of_days
from sluss.profiling.whole_table import opened

if TYPE_CHECKING:
    from pathlib import Path

LONG = "a" * 300


def sluss(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    known = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "WHERE": "embedded", "SLUSS_HOME": str(home),
        "SLUSS_ENV_FILE": str(home / "none.env"), "COLUMNS": "200",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "commands", *words],
        capture_output=True, text=True, errors="surrogateescape", check=False, cwd=ROOT, env=known | variables,
    )  # fmt: skip


def with_broken_sheet(path: Path) -> None:
    """An archive that lacks the parts of a workbook."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<not closed")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("not.xlsx", b"a,b\n1,2\n", "is not a workbook of Excel"),
        ("empty.xlsx", b"", "is not a workbook of Excel"),
        ("parts.xlsx", with_broken_sheet, "is not a workbook of Excel"),
        ("x.csv.gz", b"a,b\n1,2\n", "cannot be read: .*zlib"),
        ("x.csv.bz2", b"a,b\n1,2\n", "cannot be read: "),
        ("x.csv.zst", b"a,b\n1,2\n", "cannot be read: "),
        ("x.jsonl.gz", b"{}\n", "cannot be read"),
        ("x.parquet", b"a,b\n1,2\n", "cannot be read"),
        ("x.arrow", b"a,b\n1,2\n", "cannot be read"),
    ],
)
def test_a_file_that_is_not_what_its_name_shows_is_named(
    tmp_path: Path, name: str, content: object, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content) if isinstance(content, bytes) else content(path)
    with pytest.raises(DataError, match=f"{name} {words}"), opened(str(path)):
        pass


@pytest.mark.parametrize("text", ["9999-12-31", "9999-12-30", "0001-01-01", "1699-12-31", "2200-01-01"])
@pytest.mark.parametrize("unit", ["day", "hour", "month", "quarter"])
def test_an_interval_of_another_age_is_refused(text: str, unit: str) -> None:
    with pytest.raises(ConfigError, match="is too far from today"):
        given_interval(text, unit)
    with pytest.raises(ConfigError, match="is too far from today"):
        span_of_days(text, text, "Europe/Berlin")


@pytest.mark.parametrize("text", ["1700-01-05", "2026-01-05", "2199-11-01"])
def test_an_interval_of_any_other_time_is_taken(text: str) -> None:
    assert given_interval(text, "day").start.year == int(text[:4])


@pytest.mark.parametrize(
    ("words", "variables", "said"),
    [
        (["status"], {"USE_CASE": LONG}, "is too long"),
        (["status"], {"SLUSS_HOME": f"/tmp/{LONG}"}, "is too long"),
        (["status"], {"SLUSS_CONFIG_DIR": f"/tmp/{LONG}"}, "is too long"),
        (["new"], {"NAME": LONG, "DATA": "a.csv", "TARGET": "b"}, "is too long"),
        (["new"], {"NAME": "a", "DATA": f"/tmp/{LONG}", "TARGET": "b"}, "is too long"),
        (["backup"], {"TO": f"/tmp/{LONG}"}, "is too long"),
        (["score"], {"INTERVAL": "9999-12-31"}, "is too far from today"),
        (["status"], {"JSON": "maybe"}, "JSON cannot be used: "),
        (["history"], {"WHERE": "moon"}, "WHERE cannot be used: "),
        (["lineage"], {"ID": "a", "SVG": "/nope/x.svg"}, "its folder does not exist"),
        (["lineage"], {"ID": "a", "SVG": "/tmp"}, "that is a folder"),
        (["lineage"], {"ID": "a", "SVG": "a.svg", "JSON": "1"}, "SVG=path or JSON=1"),
        (["train"], {"SLUSS_HOME": "/tmp/L\udce9"}, "is not written in UTF-8"),
        (["train"], {"SLUSS_HOME": "/tmp/a?b#c"}, "has the sign ?"),
        (["train"], {"SLUSS_HOME": "s3://bucket/home"}, "is not a folder of this machine"),
    ],
    ids=lambda each: " ".join(each)[:40] if isinstance(each, (list, dict)) else "",
)
def test_a_name_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, words: list[str], variables: dict[str, str], said: str
) -> None:
    done = sluss(tmp_path, *words, **variables)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("embedded, ")]
    assert (done.returncode, done.stdout, len(lines)) == (2, "", 1), done.stderr
    assert said in lines[0]
    assert len(lines[0]) < 300


@pytest.mark.parametrize("name", ["SLUSS_HOME", "SLUSS_CONFIG_DIR", "SLUSS_LAKE_URL", "SLUSS_WAREHOUSE_URL"])
def test_a_setting_without_a_value_is_its_default(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    assert load_settings() == Settings()
    assert load_settings().home == ROOT / "var"


@pytest.mark.parametrize("buffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", [["status"], ["history"], ["--help"]], ids=" ".join)
def test_an_output_that_cannot_be_written_ends_in_one_line(tmp_path: Path, words: list[str], buffered: str) -> None:
    command = f"exec {sys.executable} -m commands {' '.join(words)} >/dev/full"
    environment = {
        "PATH": os.environ["PATH"], "WHERE": "embedded", "SLUSS_HOME": str(tmp_path), "PYTHONUNBUFFERED": buffered,
        "SLUSS_ENV_FILE": str(tmp_path / "none.env"),
    }  # fmt: skip
    run = partial(subprocess.run, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    done = run(["sh", "-c", command])
    lines = [line for line in done.stderr.splitlines() if not line.startswith("embedded, ")]
    assert (done.returncode, lines) == (
        2, ["The output cannot be written: No space left on device. Lead it elsewhere."]
    )  # fmt: skip
    assert run(["sh", "-c", f"{command} 2>/dev/full"]).returncode == 2
