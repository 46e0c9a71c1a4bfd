"""Take an interval's rows and labels from the warehouse to the lake; rows that break the schema go to quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.curation.curate import curate
from sluss.step import chosen_interval, interval_parser, run_step

if TYPE_CHECKING:
    from sluss.context import Context

run = curate


def main() -> None:
    """Read the arguments, run the step, say what it did."""
    arguments = interval_parser("Check new rows and bring them to the lake.", history=True).parse_args()

    def step(context: Context) -> None:
        interval = chosen_interval(arguments, context.use_case)
        done = run(context, interval)
        print(
            f"{interval}: {done.rows} good rows (curated, version {done.version}), {done.labels} labels, "
            f"{done.bad_rows + done.bad_labels} in quarantine."
        )

    run_step(arguments, step)


if __name__ == "__main__":
    main()
