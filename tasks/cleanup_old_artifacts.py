"""Delete what is past its retention. Models, and the data they were trained on, are never touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.monitoring.retention import clean_up
from sluss.step import chosen_interval, interval_parser, run_step

if TYPE_CHECKING:
    from sluss.context import Context

run = clean_up


def main() -> None:
    """Parse, clean up and print."""
    arguments = interval_parser(__doc__ or "").parse_args()

    def step(context: Context) -> None:
        done = run(context, chosen_interval(arguments, context.use_case))
        print(f"Deleted {done.partitions} partitions of predictions, {done.runs} monitoring runs, {done.files} files.")

    run_step(arguments, step)


if __name__ == "__main__":
    main()
