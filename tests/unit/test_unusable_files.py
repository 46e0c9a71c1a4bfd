"""Files and folders that cannot be used, and typed text that would command a terminal, in the library."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE

from sluss.alerting.actions import Action, read_actions, record
from sluss.config.settings import ROOT, Settings, load_settings
from sluss.config.yaml_file import read_yaml
from sluss.control_room import report
from sluss.errors import ConfigError, ServiceError
from sluss.registry import ledger
from sluss.registry.entry import Change
from sluss.storage.lake import Lake
from sluss.tracking.client import connect, service_error
from sluss.typed import as_typed
from sluss.use_cases import load_use_case, use_case_names

if TYPE_CHECKING:
    from pathlib import Path


def test_a_home_that_is_a_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").touch()
    monkeypatch.setenv("SLUSS_HOME", str(tmp_path / "home"))
    with pytest.raises(ConfigError, match=r"is not a folder\. Set SLUSS_HOME"):
        load_settings()


def test_a_folder_among_the_configs_disturbs_no_use_case(tmp_path: Path) -> None:
    shutil.copy(ROOT / "config" / "sentiment.yaml", tmp_path)
    (tmp_path / "other.yaml").mkdir()
    assert use_case_names(tmp_path) == ["sentiment"]
    assert load_use_case("sentiment", tmp_path).name == "sentiment"
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(tmp_path / "other.yaml")


def test_a_report_that_cannot_be_written_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "read_once", lambda _: None)
    monkeypatch.setattr(report, "render_report", lambda *_: "a page")
    (tmp_path / "report").touch()
    context: Any = SimpleNamespace(use_case=SimpleNamespace(name="sentiment"), settings=Settings(home=tmp_path))
    with pytest.raises(ConfigError, match="report cannot be written"):
        report.write_report(context)


def test_a_database_of_mlflow_that_another_process_holds_is_named_and_not_a_server(tmp_path: Path) -> None:
    settings, held = Settings(home=tmp_path, tracking_uri=None), sqlite3.connect(tmp_path / "held.db")
    held.execute("create table t (n)")
    held.commit()
    held.execute("begin exclusive")
    with closing(held), closing(sqlite3.connect(tmp_path / "held.db", timeout=0)) as other:
        with pytest.raises(sqlite3.OperationalError) as locked:
            other.execute("insert into t values (1)")
        wrapped = MlflowException("(sqlite3.OperationalError) database is locked", TEMPORARILY_UNAVAILABLE)
        wrapped.__cause__ = locked.value
        found = str(service_error(settings, wrapped))
    assert "database is locked. Another process writes to it. Wait for its end, then run this again." in found
    assert service_error(settings, MlflowException("other")) is None


def test_a_damaged_database_of_mlflow_is_named(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is not a database" * 100)
    with pytest.raises(ServiceError, match=r"mlflow\.db cannot be used: .*not a database"):
        connect(Settings(home=tmp_path, tracking_uri=None))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\x1b[31mred\x07", "a[31mred"),
        ("one\r\ntwo\rthree\tx", "one\ntwo\nthree\tx"),
        ("abc\u202edef\u2066", "abcdef"),
        ("zwölf 十二 👩‍🔬 <b>", "zwölf 十二 👩‍🔬 <b>"),
    ],
)
def test_typed_text_cannot_command_a_terminal(text: str, kept: str) -> None:
    assert as_typed(text) == kept


def test_ledger_and_alert_keep_only_text(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    lake = Lake(Settings(home=tmp_path), "sentiment")
    ledger.append(lake, Change("rollback", "1", "2", "ann\x1b[5m", "bad\x1b]0;x\x07", {}), after=0)
    assert (ledger.read_verified(lake)[0].by, ledger.read(lake)[0].reason) == ("ann[5m", "bad]0;x")
    now = datetime.now(UTC)
    record(lake, Action("abc", "t", "2026-01-01", "comment", "ann\x07", now, "2026-01-01", "warning", "\x1b[2Jgone"))
    assert [(each.by, each.reason) for each in read_actions(lake)] == [("ann", "[2Jgone")]
