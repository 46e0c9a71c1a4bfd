"""An action on an alert that a form asks for, of the control room or of Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.alerting import change

if TYPE_CHECKING:
    from sluss.alerting.actions import Kind
    from sluss.alerting.change import Changed
    from sluss.context import Context


@dataclass(frozen=True)
class Asked:
    """The fields of the form, and the person who sent it."""

    action: Kind
    alert: str
    by: str
    reason: str = ""
    until: str = ""


def carry_out(context: Context, asked: Asked) -> Changed:
    """Do what was asked.

    Raises:
        ConfigError: the use case has no such alert, or its state does not allow the action.
        ServiceError: the lake does not answer.
    """
    match asked.action:
        case "acknowledge":
            return change.acknowledge(context, asked.alert, asked.by, asked.reason)
        case "silence":
            return change.silence(context, asked.alert, asked.until, asked.reason, asked.by)
        case "comment":
            return change.comment(context, asked.alert, asked.reason, asked.by)
        case "reopen":
            return change.reopen(context, asked.alert, asked.reason, asked.by)
        case "close":
            return change.close(context, asked.alert, asked.reason, asked.by)
