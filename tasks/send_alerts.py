"""Send the news of alerts that are due to the receivers of SLUSS_NOTIFY."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sluss.alerting.deliver import Delivered, deliver, deliver_quietly
from sluss.alerting.targets import any_target
from sluss.counted import counted
from sluss.step import main, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = deliver
after_monitoring = deliver_quietly


@step_command()
def command(context: Context) -> None:
    """Send the news of alerts that are due to the receivers of SLUSS_NOTIFY; exit code 1 if a message failed."""
    name = context.use_case.name
    if any_target(name):
        result = run(context)
        show(result)
        sys.exit(1 if result.failed else 0)
    else:
        print(f"No receiver is set for {name}: set SLUSS_NOTIFY (docs/alerts.md has examples).")


def show(result: Delivered) -> None:
    """Print what was sent, and what was not."""
    print(f"{counted(result.sent, 'message')} sent, {result.failed} failed, {result.waiting} waiting.")
    for problem in result.problems:
        print(problem)


if __name__ == "__main__":
    main(command)
