"""Memory of bringing, curating and scoring a day of ten million rows. It runs only when it is asked for."""

from __future__ import annotations

from any_table import HISTORY_DAYS, make_project
from generated_table import generate
from measuring import Bench, Line

_PARTS, _ROWS = 10, 1_000_000
_FEW = 30  # rows a day of the history, on which the model is trained
_DAY = "2025-10-28"


def measure(bench: Bench) -> list[Line]:
    """Measure the peak of each step, and its CPU time."""
    project = make_project(bench, "long", "table")
    folder = project.folder / "table"
    folder.mkdir()
    generate(HISTORY_DAYS, _FEW).to_parquet(folder / "history.parquet", index=False)
    for part in bench.progress.track(range(_PARTS), description="Generating ten million rows"):
        generate(1, _ROWS, HISTORY_DAYS, part).to_parquet(folder / f"day-{part:02}.parquet", index=False)
    for step, *options in (("generate_data", "--history"), ("curate_data", "--history"), ("train_model",)):
        project.step(step, *options)
    project.step("deploy_model")
    lines = []
    steps = {"bringing": "generate_data", "curating": "curate_data", "scoring": "batch_predict"}
    for what, step in bench.progress.track(steps.items(), description="Ten million rows"):
        cost = project.step(step, "--interval", _DAY)
        rows = f"{_PARTS * _ROWS:,} rows"
        lines += [
            Line("long_table", f"{what} {rows}, memory", cost.memory, None, 1_500, "MB", "value"),
            Line("long_table", f"{what} {rows}, CPU", cost.cpu, None, kind="value"),
        ]
    return lines
