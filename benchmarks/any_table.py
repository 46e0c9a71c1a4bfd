"""Curating, training and scoring a generated table, relative to bare pandas and scikit-learn on the same rows.

Both have a fixed start, such as the imports. Each runs on one percent of the rows as well, with as many days,
and the ratio is that of the costs of the other rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

from generated_table import generate
from measuring import HERE, ROOT, Bench, Cost, Line, in_turns, measured, middle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

HISTORY_DAYS, _LIVE_DAYS = 300, 20
_MANY, _FEW = 1_000, 10  # rows a day
_ROUNDS = 3
_BARE = HERE / "bare" / "any_table.py"
_LIVE_START = date(2025, 10, 28)


@dataclass(frozen=True)
class Project:
    """A generated table with its config and a home of its own."""

    bench: Bench
    folder: Path

    def environment(self) -> dict[str, str]:
        """The variables of its steps."""
        return self.bench.environment(
            SLUSS_HOME=str(self.folder / "home"),
            SLUSS_CONFIG_DIR=str(self.folder / "config"),
            USE_CASE="generated",
            WHERE="embedded",
        )

    def step(self, name: str, *options: str) -> Cost:
        """Run a step as a process."""
        return measured([ROOT / "tasks" / f"{name}.py", *options], self.environment())

    def score(self, day: str) -> Cost:
        """`make score` for a day whose rows are not there yet: bring, curate, score, monitor, summarise."""
        return measured(["-m", "commands", "score", "--interval", day], self.environment())

    def bare(self, work: str) -> Cost:
        """Run the same work in bare pandas and scikit-learn."""
        return measured([_BARE, work, self.folder], self.environment())


@dataclass(frozen=True)
class Work:
    """The same work, in bare libraries and as a step with its options."""

    bare: str
    step: tuple[str, ...]


def make_project(bench: Bench, name: str, path: str) -> Project:
    """A folder with the config of the table at a path in it."""
    folder = bench.home / name
    (folder / "config").mkdir(parents=True)
    config = (HERE / "generated.yaml").read_text(encoding="utf-8").replace("{path}", path)
    (folder / "config" / "generated.yaml").write_text(config, encoding="utf-8")
    return Project(bench, folder)


def _with_rows(bench: Bench, rows_a_day: int) -> Project:
    project = make_project(bench, str(rows_a_day), "table.csv")
    generate(HISTORY_DAYS + _LIVE_DAYS, rows_a_day).to_csv(project.folder / "table.csv", index=False)
    project.step("generate_data", "--history")
    return project


def measure(bench: Bench) -> list[Line]:
    """Measure each kind of work on many rows and on few, and single days."""
    many, few = _with_rows(bench, _MANY), _with_rows(bench, _FEW)
    projects = {"many": many, "few": few}
    curating = _compared(bench, "Curating", projects, Work("curate", ("curate_data", "--history")))
    training = _compared(bench, "Training", projects, Work("train", ("train_model", "--force")))
    many.step("deploy_model")
    turns = bench.progress.track(range(min(bench.rounds, _LIVE_DAYS - 1) + 1), description="Scoring days")
    # The first day makes tables that the others find.
    days = [many.score((_LIVE_START + timedelta(days=number)).isoformat()) for number in turns][1:]
    rows = f"{HISTORY_DAYS * _MANY:,} rows"
    memory = training["ours, many"].memory, training["bare, many"].memory
    return [
        Line("any_table", f"curating {rows}, CPU", *_of_rows(curating), limit=3.0),
        Line("any_table", f"training on {rows}, CPU", *_of_rows(training), limit=1.3),
        Line("any_table", f"training on {rows}, memory", *memory, 2.0, "MB"),
        Line("any_table", f"bring to summary, {_MANY:,} rows, CPU", middle(days).cpu, None, 6.0, kind="value"),
    ]


def _compared(bench: Bench, what: str, projects: Mapping[str, Project], work: Work) -> dict[str, Cost]:
    contenders: dict[str, Callable[[], Cost]] = {}
    for rows, project in projects.items():
        contenders[f"ours, {rows}"] = partial(project.step, *work.step)
        contenders[f"bare, {rows}"] = partial(project.bare, work.bare)
    return in_turns(contenders, min(bench.rounds, _ROUNDS), bench.progress, what)


def _of_rows(found: Mapping[str, Cost]) -> tuple[float, float]:
    """CPU time that the rows cost, above the fixed start."""
    ours, bare = (found[f"{name}, many"].cpu - found[f"{name}, few"].cpu for name in ("ours", "bare"))
    return ours, bare
