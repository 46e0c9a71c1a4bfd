"""Addresses of artifacts in a home that was moved, copied, or is another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sluss.tracking.moved_home import current, local_path, repository

if TYPE_CHECKING:
    from pathlib import Path

RUN, MODEL = "sentiment/" + "0a" * 16, "sentiment/models/m-" + "0b" * 16


@pytest.fixture(params=["here", "with a space", "größer", "100%"])
def home(request, tmp_path: Path) -> Path:
    folder = tmp_path / request.param
    folder.mkdir()
    return folder


def database(home: Path) -> str:
    return f"sqlite:///{home}/mlflow.db"


def address(home: Path, kept: str) -> str:
    return f"{(home / 'artifacts').as_uri()}/{kept}/artifacts"


@pytest.mark.parametrize("kept", [RUN, MODEL])
@pytest.mark.parametrize("file", ["", "/plots/learning curve.png"])
def test_of_a_moved_home_the_files_are_in_the_new_place(home: Path, tmp_path: Path, kept: str, file: str) -> None:
    old = address(tmp_path / "old place" / "var", kept) + file
    assert local_path(old, database(home)) == home / "artifacts" / kept / f"artifacts{file}"
    assert local_path(address(home, kept), database(home)) == home / "artifacts" / kept / "artifacts"


def test_of_a_copied_home_each_copy_has_its_own_files(home: Path, tmp_path: Path) -> None:
    for each in (tmp_path / "old", home):
        (each / "artifacts" / RUN).mkdir(parents=True)
    assert local_path(address(tmp_path / "old", RUN), database(home)) == home / "artifacts" / RUN / "artifacts"


def test_files_that_were_left_behind_are_found_where_they_are(home: Path, tmp_path: Path) -> None:
    (tmp_path / "old" / "artifacts" / RUN).mkdir(parents=True)
    assert current(address(tmp_path / "old", RUN), database(home)) == address(tmp_path / "old", RUN)


def test_files_of_another_home_are_never_read(home: Path, tmp_path: Path) -> None:
    (tmp_path / "old" / "artifacts" / RUN).mkdir(parents=True)
    (tmp_path / "old" / "mlflow.db").touch()
    assert local_path(address(tmp_path / "old", RUN), database(home)) == home / "artifacts" / RUN / "artifacts"


@pytest.mark.parametrize(
    "other",
    ["file:///data/models/1", "file:///x/mlruns/0/" + "0a" * 16 + "/artifacts", "s3://b/artifacts/" + RUN, "/a/b"],
)
def test_another_address_stays_as_it_is(home: Path, other: str) -> None:
    assert current(other, database(home)) == other


def test_where_a_server_keeps_the_runs_nothing_is_looked_for_here(tmp_path: Path) -> None:
    assert current(address(tmp_path, RUN), "http://127.0.0.1:5000") == address(tmp_path, RUN)
    assert local_path("mlflow-artifacts:/1", "http://127.0.0.1:5000") is None


def test_what_mlflow_logs_after_a_move_is_in_the_new_place(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "note.txt"
    source.write_text("new")
    repository(address(tmp_path / "old", RUN), database(home)).log_artifact(str(source))
    assert (home / "artifacts" / RUN / "artifacts" / "note.txt").read_text() == "new"
    assert not (tmp_path / "old").exists()
