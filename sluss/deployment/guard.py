"""The guard: monitor an interval, and take a new champion out of production if its labels show that it is worse."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from sluss.deployment.rollback import roll_back
from sluss.monitoring.monitor import monitor
from sluss.monitoring.probation import TYPE
from sluss.registry import ledger

if TYPE_CHECKING:
    from sluss.context import Context
    from sluss.interval import Interval
    from sluss.monitoring.monitor import MonitorResult

_LOG = logging.getLogger(__name__)


def monitor_and_guard(context: Context, interval: Interval) -> MonitorResult:
    """Monitor an interval, and roll back the champion that scored it if the alert `worse_champion` is active.

    Idempotent: a version that is not in production any more, or was not put there by a promotion, is left alone. So a
    step that is killed between the alert and the rollback is finished by the next one.

    Raises:
        DataError: the interval was not scored, or the ledger was changed by other means.
        ModelError: the version that scored it has no reference profile.
        ServiceError: the lake or MLflow does not answer.
    """
    found = monitor(context, interval)
    alert = next((each for each in found.alerts if each.type == TYPE and each.active), None)
    if alert is None:
        return found
    entries = ledger.read_verified(context.lake)
    last, version = (entries[-1] if entries else None), found.summary.model_version
    if last is None or (last.action, last.version) != ("promote", version):
        return found
    done = roll_back(context, version, reason=alert.message, by=f"guard, after interval {found.summary.interval}")
    _LOG.warning("%s version %s is the champion again. %s", context.use_case.model, done.version, alert.message)
    return replace(found, restored=done.version)
