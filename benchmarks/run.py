"""Measure, and print ratios to a baseline of the same run. A slow result does not fail: the table marks it."""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from measuring import ROOT, Bench, BenchmarkError, Line, measured
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from sluss.config.settings import Settings, load_settings
from sluss.errors import SlussError
from sluss.sources.archive import REVIEWS

BENCHMARKS = (
    "parse_dags",
    "any_table",
    "train",
    "scoring_dag",
    "batch_scoring",
    "scoring_in_stack",
    "idle_memory",
    "false_alarms",
    "quality_alarms",
    "promotions",
    "control_room",
)
ON_REQUEST = ("long_table",)  # minutes, and gigabytes of disk
_OF_REVIEWS = {"train", "scoring_dag", "batch_scoring", "scoring_in_stack"}  # need the history of the reviews


def main() -> None:
    """Prepare a home, run the benchmarks that are asked for, print one table."""
    arguments = _arguments()
    console, lines, problems = Console(), list[Line](), list[str]()
    with tempfile.TemporaryDirectory(prefix="sluss-bench-") as folder, _bars(console) as progress:
        Path(folder).chmod(0o711)  # Postgres, which does not run as root, has to reach its folder below
        home = Path(folder) / "home"
        home.mkdir()
        bench = Bench(home, arguments.rounds, progress)
        names = arguments.benchmarks or BENCHMARKS
        try:
            if _OF_REVIEWS.intersection(names):
                _prepare(bench)
        except (SlussError, BenchmarkError) as error:
            sys.exit(str(error))
        for name in names:
            try:
                # Each works on a copy: the days that one scores would decide which models another may deploy.
                lines += importlib.import_module(name).measure(_copy(bench, name))
            except BenchmarkError as error:
                problems.append(f"{name} was not measured: {error}")
    console.print(_table(lines))
    for problem in problems:
        console.print(problem)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "benchmarks", nargs="*", metavar="NAME", help=f"by default {', '.join(BENCHMARKS)}; also long_table"
    )
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of each contender (default: 5)")
    arguments = parser.parse_args()
    if unknown := set(arguments.benchmarks) - {*BENCHMARKS, *ON_REQUEST}:
        parser.error(f"unknown benchmark '{unknown.pop()}'; choose from {', '.join((*BENCHMARKS, *ON_REQUEST))}")
    return arguments


def _bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


def _prepare(bench: Bench) -> None:
    """The history, brought in and curated by the steps themselves."""
    bar = bench.progress.add_task("Preparing the data", total=2)
    archive = REVIEWS.find(Settings(home=ROOT / "var", data=load_settings().data))
    shutil.copy(archive, bench.home / "archive.tar.gz")
    for step in ("generate_data", "curate_data"):
        measured([ROOT / "tasks" / f"{step}.py", "--history"], bench.environment())
        bench.progress.advance(bar)


def _copy(bench: Bench, name: str) -> Bench:
    """The prepared home once more, for one benchmark alone."""
    home = bench.home.with_name(f"{bench.home.name}-{name}")
    shutil.copytree(bench.home, home)
    return replace(bench, home=home)


def _table(lines: list[Line]) -> Table:
    table = Table("benchmark", "measured", title="Medians of one run", title_justify="left")
    for heading in ("ours", "baseline", "figure", "target", ""):
        table.add_column(heading, justify="right")
    before = ""
    for line in lines:
        if before and line.benchmark != before:
            table.add_section()
        verdict = "" if line.limit is None else "met" if line.is_met else "NOT MET"
        name = "" if line.benchmark == before else line.benchmark
        table.add_row(name, line.what, *_numbers(line), verdict)
        before = line.benchmark
    return table


def _numbers(line: Line) -> tuple[str, str, str, str]:
    baseline = "" if line.baseline is None else _plain(line.baseline, line.unit)
    target = "" if line.limit is None else f"{'≤' if line.at_most else '≥'} {_figure(line, line.limit)}"
    return _plain(line.ours, line.unit), baseline, _figure(line, line.figure), target


def _figure(line: Line, value: float) -> str:
    match line.kind:
        case "ratio":
            return f"{value:.2f} ×"
        case "difference":
            return f"{value:+.2f} {line.unit}"
        case _:
            return _plain(value, line.unit)


def _plain(value: float, unit: str) -> str:
    return f"{value:,.{0 if abs(value) >= 100 else 2}f} {unit}"


if __name__ == "__main__":
    main()
