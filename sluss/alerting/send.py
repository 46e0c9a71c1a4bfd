"""Sends one message to one receiver, in bounded time, without a trace of its address in any log."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sluss.alerting import webhook
from sluss.alerting.failure import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.alerting.message import Message
    from sluss.alerting.targets import Target
    from sluss.config.settings import Settings

LONGEST = 20.0  # seconds for one receiver, whatever it does
_TALKATIVE = ("apprise", "urllib3", "requests")  # their logs name addresses
_QUIET = logging.CRITICAL + 1
_MAIL = ("mailto", "mailtos")


def send(settings: Settings, target: Target, message: Message, longest: float = LONGEST) -> None:
    """Send a message.

    Raises:
        DeliveryError: the receiver has not taken it, or not in time.
    """
    ended: list[Exception | None] = []

    def work() -> None:
        try:
            with _silent():
                _send(settings, target, message)
            ended.append(None)
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            ended.append(error)

    # A receiver that sends one byte every few seconds outlasts the timeouts of every library, and a thread cannot be
    # stopped. As a daemon, it does not keep the process alive.
    thread = threading.Thread(target=work, daemon=True, name=f"deliver-{target.name}")
    thread.start()
    thread.join(longest)
    if not ended:
        raise DeliveryError(f"did not answer within {longest:.0f} s")
    if isinstance(ended[0], DeliveryError):
        raise ended[0]
    if ended[0] is not None:
        # Any other exception is one of a library, and its text may name the address.
        raise DeliveryError(f"failed ({type(ended[0]).__name__})")


def _send(settings: Settings, target: Target, message: Message) -> None:
    if target.is_webhook:
        _post(settings, target, message)
    else:
        _notify(target, message)


def _post(settings: Settings, target: Target, message: Message) -> None:
    if settings.webhook_secret is None or not settings.webhook_secret.get_secret_value():
        raise DeliveryError("gets signed messages only, and SLUSS_WEBHOOK_SECRET is not set")
    body = json.dumps(_finite(message.as_dict()), ensure_ascii=False, sort_keys=True, allow_nan=False).encode()
    secret = settings.webhook_secret.get_secret_value()
    webhook.post(target.url, body, webhook.headers(message.key, int(time.time()), body, secret))


def _finite(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The value without infinities and NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _notify(target: Target, message: Message) -> None:
    """Send by Apprise: mail, Slack, Teams, ntfy and its other services."""
    import apprise

    # It would keep tokens and sent files on the disk.
    asset = apprise.AppriseAsset(app_id="Sluss", storage_mode="memory")
    service = apprise.Apprise.instantiate(_with_key(target.address, message.key), asset=asset)
    if service is None:
        raise DeliveryError("has an address that Apprise does not know; docs/alerts.md has examples")
    is_mail = target.address.startswith(_MAIL)
    form = apprise.NotifyFormat.HTML if is_mail else apprise.NotifyFormat.TEXT
    kind = apprise.NotifyType.FAILURE if message.severity == "critical" else apprise.NotifyType.WARNING
    taken = service.notify(
        body=message.html if is_mail else message.text,
        title=message.subject,
        notify_type=apprise.NotifyType.SUCCESS if message.is_good else kind,
        body_format=form,
    )
    if not taken:
        raise DeliveryError("did not take the message")


def _with_key(address: str, key: str) -> str:
    """The address of a mail with the key as a header, by which a mailbox can find doubles."""
    if not address.startswith(_MAIL):
        return address
    return f"{address}{'&' if '?' in address else '?'}+X-Sluss-Key={key}"


_lock = threading.Lock()
_senders = 0
_levels: dict[str, int] = {}


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the libraries' loggers quiet while any message is sent."""
    global _senders  # noqa: PLW0603 - several threads send at once, and the last one restores the levels
    with _lock:
        if _senders == 0:
            _levels.update({name: logging.getLogger(name).level for name in _TALKATIVE})
            for name in _TALKATIVE:
                logging.getLogger(name).setLevel(_QUIET)
        _senders += 1
    try:
        yield
    finally:
        with _lock:
            _senders -= 1
            if _senders == 0:
                for name, level in _levels.items():
                    logging.getLogger(name).setLevel(level)
