"""Failures of receivers that are not set any more need no person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.alerting import outbox
from sluss.alerting.show import listing
from sluss.alerting.targets import Target
from sluss.config.settings import Settings
from sluss.context import Context

if TYPE_CHECKING:
    from pathlib import Path

    from sluss.config.use_case import UseCase


def test_a_failure_lasts_as_long_as_its_receiver_is_set(tmp_path: Path, sentiment: UseCase, monkeypatch) -> None:
    context, target = Context(Settings(home=tmp_path, data=None), sentiment), Target("foo")
    at = datetime.now(UTC)
    outbox.record(
        context.lake, [outbox.Delivery("e", "m", target.digest, target.name, at, "failed", "it has no address.")]
    )
    assert listing(context, []).problems == ()
    monkeypatch.setenv("SLUSS_NOTIFY", "foo")
    [problem] = listing(context, []).problems
    assert problem.endswith("messages do not arrive: it has no address.")
    monkeypatch.setenv("SLUSS_NOTIFY", "json://elsewhere")
    assert listing(context, []).problems == ()
