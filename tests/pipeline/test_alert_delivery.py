"""Delivery of alerts to a real SMTP server and a real HTTP receiver, which fail, hang, lie and reset."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from alert_world import SECRET, AlertWorld, alert, day, receiver

from sluss.alerting import deliver as deliver_module
from sluss.alerting import outbox
from sluss.alerting.change import acknowledge, silence
from sluss.alerting.deliver import deliver, deliver_quietly
from sluss.alerting.read import read_lives
from sluss.config.settings import ROOT


@pytest.fixture
def world(tmp_path, sentiment) -> AlertWorld:
    return AlertWorld(sentiment, tmp_path / "home")


@pytest.fixture
def http(tmp_path, monkeypatch):
    with receiver("http", tmp_path / "http") as found:
        monkeypatch.setenv("SLUSS_NOTIFY", found.address)
        yield found


@pytest.fixture
def mail(tmp_path, monkeypatch):
    with receiver("smtp", tmp_path / "smtp") as found:
        monkeypatch.setenv("SLUSS_NOTIFY", found.address)
        yield found


def later(monkeypatch, span: timedelta) -> None:
    """Let the deliveries of this process happen later."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + span

    monkeypatch.setattr(deliver_module, "datetime", Clock)


def bodies(found) -> list[dict]:
    return [json.loads(each["body"]) for each in found.received]


def test_an_alert_arrives_once_with_a_signature_and_one_key_in_header_and_body(world, http):
    world.monitored(2)
    world.monitored(1, alert(1, message="Words differ."))
    result = deliver(world.context)
    assert (result.sent, result.failed, result.waiting) == (1, 0, 0)
    assert deliver(world.context).sent == 0
    world.monitored(1, alert(1, message="Words differ."))  # the interval is monitored again
    assert deliver(world.context).sent == 0
    [request] = http.received
    headers, body = request["headers"], request["body"].encode()
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET.encode(), content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(body)["key"] == headers["webhook-id"]
    assert "Words differ." in json.loads(body)["text"]
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60


@pytest.mark.parametrize("mode", ["fails", "redirects", "lies", "resets", "hangs", "drips"])
def test_a_receiver_that_does_not_take_a_message_gets_it_again_under_its_key(world, http, monkeypatch, mode, caplog):
    caplog.set_level(logging.DEBUG)
    http.behaves(mode)
    world.monitored(1, alert(1))
    started = time.monotonic()
    result = deliver(world.context, longest=2)
    assert time.monotonic() - started < 10
    assert (result.sent, result.failed, result.waiting) == (0, 1, 1)
    assert deliver(world.context).failed == 0  # it waits before it tries again
    http.behaves("ok")
    later(monkeypatch, timedelta(minutes=2))
    assert deliver(world.context).sent == 1
    first, second = http.received
    assert first["headers"]["webhook-id"] == second["headers"]["webhook-id"]
    shown = [*result.problems, caplog.text, json.dumps(world.rows(outbox.TABLE), default=str)]
    assert not [text for text in shown if "hidden-token" in text or "hooks" in text or SECRET in text]


def test_a_receiver_that_is_not_there_is_one_sentence_without_its_address(world, monkeypatch):
    monkeypatch.setenv("SLUSS_NOTIFY", "webhook+http://127.0.0.1:9/hidden-token slack://hidden-token")
    world.monitored(1, alert(1))
    problems = deliver(world.context).problems
    assert len(problems) == 2
    assert "refused or closed the connection." in problems[0]
    assert "docs/alerts.md" in problems[1]
    assert "hidden-token" not in str(problems)


def test_one_receiver_that_fails_does_not_keep_a_message_from_another(world, http, monkeypatch):
    monkeypatch.setenv("SLUSS_NOTIFY", f"webhook+http://127.0.0.1:9/x {http.address}")
    world.monitored(1, alert(1))
    result = deliver(world.context)
    assert (result.sent, result.failed, result.waiting) == (1, 1, 1)
    assert len(http.received) == 1


def test_a_mail_has_a_short_subject_a_text_and_escaped_html(world, mail):
    world.monitored(1, alert(1, severity="critical", message="<b>words</b> differ."))
    assert deliver(world.context).problems == ()
    [received] = mail.received
    assert received["to"] == ["ann@example.org"]
    assert received["headers"]["Subject"] == "[critical] sentiment: data drift"
    assert received["headers"]["X-Sluss-Key"] in received["parts"]["text/plain"]
    assert "&lt;b&gt;words&lt;/b&gt; differ." in received["parts"]["text/html"]
    assert "<b>words</b> differ." in received["parts"]["text/plain"]


@pytest.mark.parametrize("mode", ["fails", "hangs"])
def test_a_mail_that_was_refused_or_hung_is_sent_again(world, mail, monkeypatch, mode):
    mail.behaves(mode)
    world.monitored(1, alert(1))
    assert deliver(world.context, longest=3).failed == 1
    mail.behaves("ok")
    later(monkeypatch, timedelta(minutes=2))
    assert deliver(world.context).sent == 1
    first, second = mail.received
    assert first["headers"]["X-Sluss-Key"] == second["headers"]["X-Sluss-Key"]


KILLED = """
import os, signal, sys
from pathlib import Path
from sluss.alerting import deliver, send
from sluss.config.settings import Settings
from sluss.context import Context
from sluss.use_cases import load_use_case
from sluss.config.settings import ROOT

def send_and_die(*arguments):
    send.send(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

deliver.send = send_and_die
settings = Settings(home=Path(sys.argv[1]), data=None)
deliver.deliver(Context(settings, load_use_case("sentiment", ROOT / "config")))
"""


def test_a_process_that_is_killed_between_sending_and_recording_is_repeated_under_the_same_key(
    world, http, monkeypatch
):
    world.monitored(1, alert(1))
    environment = os.environ | {"SLUSS_WEBHOOK_SECRET": SECRET, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(world.home)], env=environment, check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert deliver(world.context).sent == 0  # for a while, the message may still be on its way
    later(monkeypatch, timedelta(minutes=5))
    assert deliver(world.context).sent == 1
    first, second = http.received
    assert first["headers"]["webhook-id"] == second["headers"]["webhook-id"]
    assert [row["outcome"] for row in world.rows(outbox.TABLE)] == ["claimed", "claimed", "sent"]


def test_of_two_processes_one_sends(world):
    world.monitored(1, alert(1))
    now = datetime.now(UTC)
    first, second = (outbox.read_outbox(world.context.lake, None) for _ in range(2))
    row = outbox.Delivery("event", "message", "target", "name", now, "claimed")
    assert [first.claim([row]), second.claim([row])] == [True, False]
    third, fourth = (outbox.read_outbox(world.context.lake, None) for _ in range(2))
    assert [third.claim([row]), fourth.claim([row])] == [True, False]


def test_an_end_arrives_and_a_later_message_covers_an_earlier_one(world, http):
    world.monitored(2, alert(2))
    world.monitored(1, replace(alert(1, "ended"), since=day(2)))
    assert deliver(world.context).sent == 1
    [body] = bodies(http)
    assert [each["event"] for each in body["news"]] == ["raised", "ended"]
    assert body["subject"] == "[warning] sentiment: over: data drift"


def test_a_backfill_is_one_message_after_it_is_over(world, http, monkeypatch):
    for ago in (40, 30, 20):
        world.monitored(ago, alert(ago))
        world.monitored(ago - 1, replace(alert(ago - 1, "ended"), since=day(ago)))
    world.monitored(18, alert(18, type="quality_drop"))
    assert deliver(world.context).sent == 0
    later(monkeypatch, timedelta(minutes=11))
    assert deliver(world.context).sent == 1
    assert deliver(world.context).sent == 0
    [body] = bodies(http)
    assert len(body["news"]) == 7
    assert body["subject"].startswith("[warning] sentiment: 4 alerts, 1 still on, ")


def test_an_old_interval_that_is_monitored_again_after_weeks_is_not_news(world, http, monkeypatch):
    world.monitored(30, alert(30))
    later(monkeypatch, timedelta(minutes=11))
    assert deliver(world.context).sent == 1
    world.monitored(30, alert(30))
    sent = outbox.read_outbox(world.context.lake, None).deliveries
    shutil.rmtree(world.home / "lake" / "sentiment" / outbox.TABLE)
    outbox.record(world.context.lake, [replace(each, at=each.at - timedelta(days=20)) for each in sent])
    assert deliver(world.context).sent == 0
    assert len(http.received) == 1


def test_a_silenced_alert_is_not_sent_until_it_becomes_more_severe(world, http):
    world.monitored(3, alert(3))
    world.monitored(2, replace(alert(2, "ongoing"), since=day(3)))
    [life] = read_lives(world.context.lake)
    silence(world.context, life.id, "3d", "known", "ann")
    assert deliver(world.context).sent == 0
    world.monitored(1, replace(alert(1, "updated", "critical"), since=day(3)))
    assert deliver(world.context).sent == 1
    [body] = bodies(http)
    assert (body["severity"], body["news"][-1]["event"]) == ("critical", "updated")


def test_an_alert_whose_silence_is_over_is_news_unless_a_person_owns_it(world, http, monkeypatch):
    world.monitored(2, alert(2), alert(2, type="quality_drop"))
    world.monitored(
        1, *(replace(alert(1, "ongoing"), since=day(2), type=kind) for kind in ("data_drift", "quality_drop"))
    )
    first, second = read_lives(world.context.lake)
    for life in (first, second):
        silence(world.context, life.id, "1h", "known", "ann")
    deliver(world.context)
    acknowledge(world.context, second.id, "bob")
    later(monkeypatch, timedelta(hours=2))
    assert deliver(world.context).sent == 1
    assert [each["event"] for body in bodies(http) for each in body["news"]] == ["unsilenced"]


def test_a_failure_of_delivery_never_reaches_the_monitor(world, monkeypatch, caplog):
    monkeypatch.setenv("SLUSS_NOTIFY", "json://hidden-token")
    world.monitored(1, alert(1))
    monkeypatch.setattr(deliver_module, "read_outbox", lambda *_: 1 / 0)
    result = deliver_quietly(world.context)
    assert result.sent == 0
    assert "were not delivered now: ZeroDivisionError" in caplog.text


def test_without_a_receiver_nothing_is_read_or_written(world):
    assert deliver(world.context).sent == 0
    assert not world.home.exists()


def test_a_webhook_without_a_secret_is_not_sent_unsigned(world, http):
    world.monitored(1, alert(1))
    settings = world.settings.model_copy(update={"webhook_secret": None})
    context = replace(world.context, settings=settings)
    assert "SLUSS_WEBHOOK_SECRET is not set" in deliver(context).problems[0]
    assert http.received == []
