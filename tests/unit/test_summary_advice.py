"""The summary has a next step for every type of alert that the monitor raises."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sluss.config.settings import ROOT
from sluss.interval import Interval
from sluss.reporting import summary


def types() -> set[str]:
    """The constants `TYPE` of the monitor's modules."""
    found = set()
    for path in (ROOT / "sluss" / "monitoring").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TYPE":
                found.add(str(ast.literal_eval(node.value)))
    return found


def test_the_types_are_found() -> None:
    assert {"quality_drop", "registry_mismatch", "silent_lock", "worse_champion"} <= types()


@pytest.mark.parametrize("kind", sorted(types()))
def test_every_type_of_alert_has_a_next_step(kind: str, monkeypatch: pytest.MonkeyPatch, sentiment: Any) -> None:
    monkeypatch.setattr(summary, "_figures", lambda *_: "")
    monkeypatch.setattr(summary, "_alert", lambda alert: alert.type)
    day = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    alert: Any = SimpleNamespace(type=kind, active=True)
    text = summary.summary_text(sentiment, day, SimpleNamespace(), [alert])  # type: ignore[arg-type]
    assert f"(`{kind}`)" in text.split("## Next steps")[1]
