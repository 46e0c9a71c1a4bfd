"""The whole life cycle on real data, on this machine, without Docker: train, score day by day, react to a change."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

import embedded_airflow
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from story import Story

from sluss.config.settings import ROOT, step_settings
from sluss.context import Context
from sluss.counted import counted
from sluss.errors import ConfigError, ModelError, RefusedError, SlussError
from sluss.interval import Interval, intervals, partition
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sluss.config.use_case import UseCase


@contextmanager
def quiet(log: Path) -> Iterator[TextIO]:
    """Send what Airflow and MLflow print to a file, and give back the terminal they would have printed on."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    terminals = os.dup(1), os.dup(2)
    with log.open("w", encoding="utf-8") as sink, os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8") as terminal:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
        try:
            yield terminal
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(terminals[0], 1)
            os.dup2(terminals[1], 2)
            os.close(terminals[0])
            os.close(terminals[1])


def days(use_case: UseCase) -> list[Interval]:
    """The live intervals, in order."""
    if use_case.end_live is None:
        raise ConfigError(f"{use_case.name} has no last day to tell of. Give it a live_end in its config.")
    return list(intervals(Interval(use_case.first_live, use_case.end_live), use_case.unit))


def run_dag(dag_file: str, dag_id: str, logical_date: datetime, **params: str) -> None:
    """Run a DAG in this process, as a scheduler would run it.

    Raises:
        SlussError: a step failed; its error.
    """
    import importlib

    sys.path.insert(0, str(ROOT / "dags"))
    shared, module = importlib.import_module("_shared"), importlib.import_module(dag_file)
    if not hasattr(module, dag_id):
        importlib.reload(module)  # it was imported for the use case before
    shared.failures.clear()
    finished = getattr(module, dag_id).test(logical_date=logical_date, run_conf=params)
    _correct_start(finished.id)
    # The run of a refused candidate is skipped, which Airflow counts as a success.
    refused = [error for error in shared.failures if isinstance(error, RefusedError)]
    if finished.state != "success" or refused:
        unknown = SlussError(f"The DAG {dag_id} failed for a reason of its own.")
        raise next(iter(refused or shared.failures), unknown)


def _correct_start(run_id: int) -> None:
    """dag.test() notes the logical date as the start, and Airflow's page would show a run of months."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        run = session.get(DagRun, run_id)
        starts = [task.start_date for task in run.task_instances if task.start_date]
        run.start_date = min(starts, default=run.start_date)


def run_what_news_started(use_case: UseCase, moment: datetime) -> list[str]:
    """Run the DAGs that wait for assets with news, and those that these start in turn, as a scheduler would.

    Returns:
        Why candidates were refused: that is an answer, not an accident.
    """
    refusals = []
    while started := embedded_airflow.started_by_news():
        for dag_id, facts in started.items():
            asked = {name: facts[name] for name in ("version",) if name in facts}
            if until := facts.get("until"):
                asked["until"] = partition(use_case.unit.before(datetime.fromisoformat(until)), use_case.unit)
            try:
                run_dag(dag_id.removeprefix(f"{use_case.name}_"), dag_id, moment, **asked)
            except ModelError as refusal:
                refusals.append(str(refusal))
    return refusals


def tell(context: Context, console: Console) -> None:
    """Run every chapter, with a progress bar."""
    use_case = context.use_case
    story = Story(context, console)
    live = days(use_case)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("Creating the databases", total=len(live) + 3)
        # Before Airflow: skops looks for the module of each function of scipy.special among all that are imported.
        import scipy.special  # noqa: F401

        embedded_airflow.prepare_databases(context.settings)
        bar.update(task, advance=1, description="Fetching data and curating the history")
        run_dag("data", f"{use_case.name}_data", use_case.history.start)
        bar.update(task, advance=1, description="Training, validating and deploying a model")
        refusals = run_what_news_started(use_case, use_case.first_live)
        story.trained(refusals)
        bar.update(task, advance=1)
        for day in live:
            bar.update(task, description=f"Scoring and monitoring {day.start:%d %B}")
            # Airflow gives a run that is started by hand the last whole interval before its logical date.
            run_dag("scoring", f"{use_case.name}_scoring", day.end)
            story.scored(day)
            bar.update(task, description=f"Deciding whether to train after {day.start:%d %B}")
            story.learned(day.end, run_what_news_started(use_case, day.end))
            bar.update(task, advance=1)
        bar.update(task, description="Writing the report")
        story.end()


def main(names: list[str]) -> None:
    """Set the stage, tell the story of each use case, and say where to look next."""
    log = None
    try:
        settings = step_settings()
        use_cases = [load_use_case(name, settings.config_dir) for name in names]
        for use_case in use_cases:
            days(use_case)  # refuses one without an end before any other has begun
        embedded_airflow.enter(settings)
        log = settings.home / "log" / "demo.log"
        with quiet(log) as terminal:
            for use_case in use_cases:
                console = Console(file=terminal)
                if len(use_cases) > 1:
                    console.rule(f"[bold]{use_case.title}[/]")
                # Airflow reads the whole folder anew for each run: only the DAGs of the use case that is told.
                os.environ["SLUSS_DAGS_OF"] = use_case.name
                tell(Context(settings, use_case), console)
    except SlussError as error:
        print(error, file=sys.stderr)
        if log is not None:
            print(f"(All that Airflow and MLflow printed is in {log}.)", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Stopped. Nothing is half-done; make demo goes on from here.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    started = time.perf_counter()
    main(sys.argv[1:])
    print(f"That took {counted(round(time.perf_counter() - started), 'second')}.")
