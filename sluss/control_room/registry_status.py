"""The part of a use case's status that MLflow knows: approvals, refusals, and the champion's artifacts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sluss.control_room.registered import awaiting_approval, refused_newest
from sluss.control_room.status import ORDER, Level, Refused, Status, with_approval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.config.use_case import UseCase
    from sluss.control_room.registered import Registered
    from sluss.registry.entry import Entry


def with_registered(status: Status, use_case: UseCase, entries: Sequence[Entry], registered: Registered) -> Status:
    """Return the status with what MLflow has: a version that waits or was refused, and lost artifacts."""
    if use_case.deployment.approval == "manual":
        status = with_approval(status, awaiting_approval(entries, registered))
    if newest := refused_newest(entries, registered):
        command = f"make gates VERSION={newest.version} USE_CASE={use_case.name}"
        status = _with_refused(status, Refused(newest.version, tuple(newest.refusals), command))
    status = _with_mismatches(status, use_case, registered)
    if registered.lost:
        level: Level = "attention" if registered.has_copy else "critical"
        status = with_need(status, registered.lost, f"make train deploy USE_CASE={use_case.name}", level)
    return status


def _with_mismatches(status: Status, use_case: UseCase, registered: Registered) -> Status:
    """Add the contradictions between the ledger and MLflow that the lake alone does not show, and their cure."""
    suffix = f"USE_CASE={use_case.name}"
    command = f"make repair {suffix}" if registered.cure.startswith("Mend it") else f"make history {suffix}"
    for sentence in (registered.cure, *reversed(registered.mismatches)):
        if sentence and not sentence.startswith(status.waiting):  # a fault of the ledger itself is among them
            status = with_need(status, sentence, command, "critical")
    return status


def with_need(status: Status, sentence: str, command: str, level: Level) -> Status:
    """Return the status with one more sentence, which comes first if it is at least as serious as the others."""
    if ORDER.index(level) > ORDER.index(status.level):
        return replace(status, waiting=(*status.waiting, sentence), next=status.next or command)
    return replace(status, level=level, waiting=(sentence, *status.waiting), next=command)


def _with_refused(status: Status, refused: Refused) -> Status:
    status = replace(status, refused=refused)
    if status.champion:  # it goes on: the refusal is an answer, and asks for nothing
        return status
    return with_need(status, f"No version is in production: {refused}.", refused.command, "attention")
