"""Take an interval's rows and labels from the warehouse to the lake; rows that break the schema go to quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.curation.curate import curate
from sluss.step import chosen_interval, interval_parser, run_step

if TYPE_CHECKING:
    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase

run = curate


def main() -> None:
    """Read the arguments, run the step, say what it did."""
    arguments = interval_parser("Check new rows and bring them to the lake.", history=True).parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        interval = chosen_interval(arguments, use_case)
        done = run(settings, use_case, interval)
        print(
            f"{interval}: {done.rows} good rows (curated, version {done.version}), {done.labels} labels, "
            f"{done.bad_rows + done.bad_labels} in quarantine."
        )

    run_step(arguments, step)


if __name__ == "__main__":
    main()
