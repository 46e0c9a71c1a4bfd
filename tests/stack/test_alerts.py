"""Alerts reach a person: from a day of other data to a signed webhook and a mail, with a receiver that was down."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from running import CONFIG, PROJECT, ROOT, Stack, told

from sluss import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.stack, pytest.mark.nightly]

NAME = "alarmed"
ENDS = "2026-01-05T00:00:00Z"  # of the first day of another source
CONTAINER = f"{PROJECT}-receiver"


@pytest.fixture
def alarmed(stack: Stack) -> Iterator[str]:
    """A use case of its own, since its alerts start trainings; with receivers in running.RECEIVERS."""
    paths = []
    for path in (ROOT / "config").glob("sentiment*"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"^(name|model): .*$", rf"\1: {NAME}", text, flags=re.MULTILINE)
        paths.append(CONFIG / path.name.replace("sentiment", NAME))
        paths[-1].write_text(text.replace("sentiment_", f"{NAME}_"), encoding="utf-8")
    yield NAME
    stack.wait_until_idle(f"{NAME}_training", f"{NAME}_deployment")
    for path in paths:
        path.unlink()


@contextmanager
def receiver(stack: Stack) -> Iterator[None]:
    """The receiver, in the network from which tasks reach the outside."""
    script = Path(__file__).with_name("receiver.py")
    label = f"com.docker.compose.project={PROJECT}"  # found among the leftovers of a run that was killed
    network = ["--network", f"{PROJECT}_outside", "--network-alias", "receiver", "--name", CONTAINER, "--label", label]
    mounted = ["--volume", f"{script}:/receiver.py:ro"]
    stack.docker("run", "--detach", *network, *mounted, f"sluss-init:{VERSION}", "python", "/receiver.py")
    try:
        yield
    finally:
        stack.docker("rm", "--force", CONTAINER)


def received(stack: Stack, kind: str) -> list[dict[str, Any]]:
    """The messages that the receiver has taken."""
    lines = [json.loads(line) for line in stack.docker("logs", CONTAINER).stdout.splitlines()]
    return [line for line in lines if line["kind"] == kind]


def test_an_alert_reaches_receivers_that_were_down_once_and_gets_an_owner(stack: Stack, alarmed: str) -> None:
    with told("a use case trained and deployed"):
        stack.step("train", "--load-history", use_case=alarmed)
        stack.step("deploy", use_case=alarmed)
    with told("a day of another source scored, while the receivers are down"):
        assert stack.run_dag(f"{alarmed}_scoring", ENDS)["state"] == "success"
    shown = stack.step("alerts", use_case=alarmed)
    assert "messages do not arrive" in shown
    with receiver(stack):
        end = time.monotonic() + 300
        while not (received(stack, "http") and received(stack, "mail")):
            assert time.monotonic() < end
            assert stack.run_dag("alerts", None)["state"] == "success"
            time.sleep(20)  # receivers that failed are asked again after a minute
        assert stack.run_dag("alerts", None)["state"] == "success"
        [posted], [mail] = received(stack, "http"), received(stack, "mail")
    _check_signature(stack, posted)
    drift = next(each for each in json.loads(posted["body"])["news"] if each["type"] == "data_drift")
    assert drift["event"] == "raised"
    assert f"{alarmed}: " in mail["headers"]["Subject"]
    assert drift["sentence"][:40] in mail["parts"]["text/plain"]
    stack.step("ack", "--alert", drift["alert"], "--by", "ann", use_case=alarmed)
    found = json.loads(stack.step("alerts", "--json", use_case=alarmed))["alerts"]
    assert {each["id"]: each["owner"] for each in found}[drift["alert"]] == "ann"
    _check_secrets(stack)


def _check_signature(stack: Stack, posted: dict[str, Any]) -> None:
    headers = posted["headers"]
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{posted['body']}".encode()
    digest = hmac.new(stack.secrets["SLUSS_WEBHOOK_SECRET"].encode(), content, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def _check_secrets(stack: Stack) -> None:
    """No service but the worker knows the receivers, and no log names them."""
    for service in ("airflow-webserver", "airflow-scheduler", "airflow-dag-processor", "mlflow"):
        assert not [line for line in stack.inspect(service)["Config"]["Env"] if "NOTIFY" in line or "WEBHOOK" in line]
    logs = "grep -rl hidden-token /opt/sluss/logs || true"
    assert stack.docker("exec", f"{PROJECT}-airflow-worker-1", "sh", "-c", logs).stdout == ""
