"""Training, logging and registration, relative to the same fit and cross-validation in bare scikit-learn."""

from __future__ import annotations

from functools import partial

from measuring import HERE, ROOT, Bench, Cost, Line, in_turns, measured
from mlflow_server import mlflow_server

_OURS = (ROOT / "tasks" / "train_model.py", "--use-case", "sentiment", "--until", "2025-12-31", "--force")
_BARE = HERE / "bare" / "train.py"


def measure(bench: Bench) -> list[Line]:
    """Measure embedded training, without a server, and training with an MLflow server."""
    with mlflow_server(bench) as address:

        def ours(uri: str) -> Cost:
            return measured(_OURS, bench.environment(MLFLOW_TRACKING_URI=uri))

        def bare() -> Cost:
            return measured((_BARE, bench.home / "lake" / "sentiment"), bench.environment())

        embedded, server = partial(ours, f"sqlite:///{bench.home}/mlflow.db"), partial(ours, address)
        embedded(), server()  # create databases and experiments
        found = in_turns(
            {"embedded": embedded, "bare": bare, "with a server": server}, bench.rounds, bench.progress, "Training"
        )
    return [line for name in ("embedded", "with a server") for line in _lines(name, found[name], found["bare"])]


def _lines(name: str, ours: Cost, bare: Cost) -> list[Line]:
    return [
        Line("train", f"{name}, wall time", ours.wall, bare.wall, limit=4.0, kind="difference"),
        Line("train", f"{name}, CPU time", ours.cpu, bare.cpu, kind="difference"),
    ]
