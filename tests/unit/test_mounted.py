"""A checkout that was made with `umask 077`: the containers' user could not read it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sluss.config.settings import ROOT
from sluss.stack import mounted
from sluss.stack.error import StackError

if TYPE_CHECKING:
    from pathlib import Path


def test_every_folder_of_the_compose_file_is_looked_at() -> None:
    found = mounted.folders({"SLUSS_CONFIG_DIR": "./config", "SLUSS_DATA_DIR": "/data"})
    assert {ROOT / name for name in ("sluss", "tasks", "dags", "components", "config")} <= set(found)
    assert any(str(path) == "/data" for path in found)


@pytest.mark.parametrize(("mode", "folder"), [(0o600, False), (0o640, False), (0o700, True), (0o744, True)])
def test_what_another_user_cannot_read_is_named_with_the_command_that_opens_it(
    tmp_path: Path, mode: int, *, folder: bool
) -> None:
    (tmp_path / "code" / "inner").mkdir(parents=True)
    (tmp_path / "code" / "inner" / "a.py").write_text("")
    mounted.check([tmp_path / "code", tmp_path / "missing"])
    shut = tmp_path / "code" / "inner" / ("" if folder else "a.py")
    shut.chmod(mode)
    with pytest.raises(StackError, match="1 file that the containers mount cannot be read") as refused:
        mounted.check([tmp_path / "code"])
    assert re.search(r"chmod go\+rX (.*)'", str(refused.value))[1] == str(shut)  # type: ignore[index]
    shut.chmod(0o755)
    mounted.check([tmp_path / "code"])
