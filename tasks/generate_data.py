"""Bring an interval's new rows and labels into the warehouse; a demo use case plays a real data set back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.shared.cli import chosen_interval, interval_parser, run_step
from tasks.shared.errors import DataError
from tasks.shared.interval import Interval
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase

if TYPE_CHECKING:
    import pyarrow as pa

ROW_COLUMNS = ["id", "event_time", "arrived_at", "source", "text"]
LABEL_COLUMNS = ["id", "label", "label_time"]


@dataclass(frozen=True)
class GeneratedData:
    """How much reached the warehouse."""

    rows: int
    labels: int


def run(settings: Settings, use_case: UseCase, interval: Interval) -> GeneratedData:
    """Replace the rows that arrive in the interval, and the labels that become known in it, in one transaction.

    What arrived later, such as a correction, stays.

    Raises:
        ConfigError: the replay in the config cannot be played.
        DataError: the interval has no rows, or the data set is damaged or cannot be fetched.
        ServiceError: the warehouse does not answer.
    """
    from tasks.sources.replay import days_with_rows, load_replay
    from tasks.storage.warehouse import open_warehouse

    replay = load_replay(settings, use_case.source)
    rows = _within(replay, "arrived_at", interval).select(ROW_COLUMNS)
    labels = _within(replay, "label_time", interval).select(LABEL_COLUMNS)
    if rows.num_rows == 0:
        raise DataError(
            f"The use case {use_case.name} has no rows for {interval}. "
            f"Choose an interval within {days_with_rows(use_case.source)}, or lengthen source.phases in its config."
        )
    with open_warehouse(settings) as warehouse:
        warehouse.replace(f"{use_case.name}_rows", rows, "arrived_at", interval)
        warehouse.replace(f"{use_case.name}_labels", labels, "label_time", interval)
    return GeneratedData(rows.num_rows, labels.num_rows)


def _within(table: "pa.Table", column: str, interval: Interval) -> "pa.Table":
    import pyarrow.compute as pc

    times = table[column]
    return table.filter(pc.and_(pc.greater_equal(times, interval.start), pc.less(times, interval.end)))


def main() -> None:
    """Read the arguments, run the step, say what it brought."""
    arguments = interval_parser("Bring new rows and labels into the warehouse.", history=True).parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        interval = chosen_interval(arguments, use_case)
        brought = run(settings, use_case, interval)
        print(f"{interval}: {brought.rows} rows and {brought.labels} labels are in the warehouse.")

    run_step(arguments, step)


if __name__ == "__main__":
    main()
