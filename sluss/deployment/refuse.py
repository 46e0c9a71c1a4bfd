"""A person refuses to approve a version that every gate has passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.deployment.production import user
from sluss.errors import ModelError
from sluss.registry import ledger, versions
from sluss.registry.names import REFUSED_TAG

if TYPE_CHECKING:
    from sluss.context import Context


@dataclass(frozen=True)
class Refused:
    """The version, and who refused it, when and why."""

    version: str
    words: str


def refuse(context: Context, version: str, *, reason: str, by: str = "") -> Refused:
    """Record on a version that a person refused it. It then waits for no approval any more.

    A person who names the version can still deploy it, after the gates.

    Raises:
        ModelError: there is no such version, it is in production, or the reason is empty.
        ServiceError: the lake or MLflow does not answer.
    """
    if not reason.strip():
        raise ModelError(f"Give the reason why version {version} is refused: the next person will look for it.")
    found = versions.by_version(context, version)
    if ledger.in_production(ledger.read(context.lake)) == version:
        raise ModelError(
            f"{context.use_case.model} version {version} is in production. To take it out: "
            f"make rollback USE_CASE={context.use_case.name} REASON=…"
        )
    words = f"{by or user()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {reason.strip()}"
    client = context.client
    with context.reachable():
        client.set_model_version_tag(found.name, version, REFUSED_TAG, words)
    return Refused(version, words)
