"""Tell a person in one page what an interval brought, from the monitor's table."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tasks.shared.cli import chosen_interval, interval_parser, run_step
from tasks.shared.errors import DataError
from tasks.shared.interval import Interval, partition
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase
from tasks.storage.lake import Lake


@dataclass(frozen=True)
class Summary:
    """The page, and the run it is kept with."""

    text: str  # Markdown
    run_id: str


def run(settings: Settings, use_case: UseCase, interval: Interval) -> Summary:
    """Write the interval's summary and keep it as `summary.md` with the monitor's run.

    Raises:
        DataError: the interval was not monitored.
        ServiceError: the lake or MLflow does not answer.
    """
    from tasks.hub.interval_runs import log_texts
    from tasks.hub.tracking import reachable
    from tasks.monitoring.record import run_of
    from tasks.monitoring.tables import read_monitored
    from tasks.reporting.summary import summary_text

    lake, name = Lake(settings, use_case.name), partition(interval.start, use_case.unit)
    with ThreadPoolExecutor(1) as beside:
        found = beside.submit(run_of, settings, use_case, interval)
        monitored = read_monitored(lake, first=name, last=name)
    if not monitored:
        raise DataError(
            f"The interval {interval} of {use_case.name} was not monitored, so there is nothing to tell. "
            f"Monitor it first: python tasks/monitor_model.py --use-case {use_case.name} --interval {name}."
        )
    text, kept = summary_text(use_case, interval, monitored[0].summary, monitored[0].alerts), found.result()
    with reachable(settings):
        log_texts(kept, {"summary.md": text})
    return Summary(text, str(kept.info.run_id))


def main() -> None:
    """Parse, summarise and print."""
    arguments = interval_parser(__doc__ or "").parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        print(run(settings, use_case, chosen_interval(arguments, use_case)).text)

    run_step(arguments, step)


if __name__ == "__main__":
    main()
