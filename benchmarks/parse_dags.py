"""Parsing the DAG folder, relative to the import that every DAG file begins with."""

from __future__ import annotations

from measuring import ROOT, Bench, Cost, Line, in_turns, measured

_BARE = "from airflow.sdk import dag, task"
_FILES = sorted(path.stem for path in (ROOT / "dags").glob("*.py") if not path.stem.startswith("_"))
_OURS = f"import sys; sys.path.insert(0, {str(ROOT / 'dags')!r}); import {', '.join(_FILES)}"


def measure(bench: Bench) -> list[Line]:
    """Measure new processes, because the DAG processor forks one for each file."""

    def run(code: str) -> Cost:
        return measured(["-c", code], bench.environment())

    contenders = {"ours": lambda: run(_OURS), "bare": lambda: run(_BARE)}
    found = in_turns(contenders, 2 * bench.rounds, bench.progress, "Parsing the DAG folder")
    ours, bare = found["ours"], found["bare"]
    return [
        Line("parse_dags", "CPU time", ours.cpu, bare.cpu, limit=1.1),
        Line("parse_dags", "wall time", ours.wall, bare.wall, limit=1.1),
        Line("parse_dags", "memory", ours.memory, bare.memory, unit="MB"),
    ]
