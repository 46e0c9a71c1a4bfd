"""Score an interval's curated rows with the champion, in constant memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.scoring.score_interval import score_interval
from sluss.step import chosen_interval, interval_parser, run_step

if TYPE_CHECKING:
    from sluss.context import Context
run = score_interval


def main() -> None:
    """Parse, score and print."""
    arguments = interval_parser(__doc__ or "").parse_args()

    def step(context: Context) -> None:
        interval = chosen_interval(arguments, context.use_case)
        scored = run(context, interval)
        print(f"{scored.rows} rows of {interval} scored by {context.use_case.model} version {scored.version}.")

    run_step(arguments, step, opens_model=True)


if __name__ == "__main__":
    main()
