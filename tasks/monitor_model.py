"""Compare an interval's scores with the model's reference profile, raise and end alerts, log it all to MLflow."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from sluss.alerting.deliver import deliver_quietly
from sluss.alerting.for_log import fail_if_critical, sentences
from sluss.counted import counted
from sluss.deployment.guard import monitor_and_guard
from sluss.step import chosen_interval, interval_option, main, step_command

if TYPE_CHECKING:
    from sluss.context import Context
    from sluss.interval import Interval
    from sluss.monitoring.monitor import MonitorResult

__all__ = ["command", "fail_if_critical", "run", "run_and_warn"]

_LOG = logging.getLogger(__name__)

run = monitor_and_guard


def run_and_warn(context: Context, interval: Interval) -> MonitorResult:
    """Run the step, and log each alert that was raised or became worse as a warning in plain words."""
    result = run(context, interval)
    lines = sentences(context, result.alerts)
    for line in lines:
        _LOG.warning("%s", line)
    return replace(result, news="\n".join(lines))


@step_command()
@interval_option
def command(context: Context, interval: str) -> None:
    """Compare an interval's scores with the model's reference profile, raise and end alerts, log it all to MLflow."""
    span = chosen_interval(context, interval)
    result = run(context, span)
    sure = result.summary.figures.get("mean_confidence")
    scores = context.problem.reporting.in_words(result.summary) if sure is None else f"mean confidence {sure:.3f}"
    print(f"{counted(result.summary.rows, 'row')} of {span}: {scores}.")
    for alert in result.alerts:
        print(f"{alert.state} {alert.type} ({alert.severity}, since {alert.since}): {alert.message}")
    if not result.alerts:
        print("No alerts.")
    if result.restored:
        print(f"The guard has rolled back: version {result.restored} is the champion again.")
    for problem in deliver_quietly(context, seconds=20).problems:
        print(problem)


if __name__ == "__main__":
    main(command)
