"""Compare an interval's scores with the model's reference profile, raise and end alerts, log it all to MLflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.monitoring.monitor import monitor
from sluss.step import chosen_interval, interval_parser, run_step

if TYPE_CHECKING:
    from sluss.context import Context
run = monitor


def main() -> None:
    """Parse, monitor and print."""

    arguments = interval_parser(__doc__ or "").parse_args()

    def step(context: Context) -> None:
        interval = chosen_interval(arguments, context.use_case)
        result = run(context, interval)
        sure = result.summary.figures.get("mean_confidence")
        scores = context.problem.reporting.in_words(result.summary) if sure is None else f"mean confidence {sure:.3f}"
        print(f"{result.summary.rows} rows of {interval}: {scores}.")
        for alert in result.alerts:
            print(f"{alert.state} {alert.type} ({alert.severity}, since {alert.since}): {alert.message}")
        if not result.alerts:
            print("No alerts.")

    run_step(arguments, step)


if __name__ == "__main__":
    main()
