"""Files that are older than some days are deleted, and nothing else."""

from __future__ import annotations

import os
import time

from sluss.storage.old_files import remove_old_files


def write(path, days):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("log")
    then = time.time() - days * 86_400
    os.utime(path, (then, then))


def test_old_files_and_the_folders_that_they_leave_empty_are_deleted(tmp_path):
    folder = tmp_path / "logs"
    write(folder / "dag_id=a" / "run_id=1" / "task_id=b" / "attempt=1.log", 91)
    write(folder / "dag_id=a" / "run_id=2" / "task_id=b" / "attempt=1.log", 89)
    write(folder / "dag_id=a" / "run_id=2" / "task_id=b" / "attempt=2.log", 91)
    assert remove_old_files(folder, 90) == 2
    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert left == ["dag_id=a/run_id=2/task_id=b/attempt=1.log"]
    assert not (folder / "dag_id=a" / "run_id=1").exists()
    assert folder.is_dir()
    assert remove_old_files(folder, 90) == 0


def test_links_and_what_they_lead_to_stay(tmp_path):
    folder = tmp_path / "logs"
    write(tmp_path / "elsewhere" / "notes.txt", 200)
    write(folder / "old.log", 200)
    (folder / "latest").symlink_to(tmp_path / "elsewhere")
    (folder / "latest.log").symlink_to(tmp_path / "elsewhere" / "notes.txt")
    assert remove_old_files(folder, 90) == 1
    assert (folder / "latest").is_symlink()
    assert (folder / "latest.log").is_symlink()
    assert (tmp_path / "elsewhere" / "notes.txt").is_file()


def test_a_folder_that_does_not_exist_is_no_error(tmp_path):
    assert remove_old_files(tmp_path / "none", 90) == 0
