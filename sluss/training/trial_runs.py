"""The trials of a hyper-parameter search as nested runs below the run of the training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.tracking.processes import PROCESS_TAG, this_process
from sluss.tracking.safe_names import safe_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow import MlflowClient

    from sluss.training.search import Trial


def log_trials(client: MlflowClient, parent: str, experiment: str, trials: Sequence[Trial], metric: str) -> None:
    """Log a run for each trial, with its parameters and its metric over the folds, and tag the chosen one."""
    from mlflow.entities import Metric, Param
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

    for number, trial in enumerate(trials, start=1):
        tags = {MLFLOW_PARENT_RUN_ID: parent, "sluss.trial": "chosen" if trial.chosen else "tried"}
        tags[PROCESS_TAG] = this_process().tag
        info = client.create_run(experiment, run_name=f"trial {number}", tags=tags).info
        measured = {f"cv_{metric}_mean": trial.score, f"cv_{metric}_std": trial.spread}
        if trial.rows is not None:
            measured["rows"] = trial.rows
        client.log_batch(
            info.run_id,
            metrics=[Metric(safe_name(name), value, info.start_time, 0) for name, value in measured.items()],
            params=[Param(safe_name(name), str(value)) for name, value in trial.params.items()],
        )
        client.set_terminated(info.run_id)


def chosen_parameters(trials: Sequence[Trial]) -> dict[str, object]:
    """Return the parameters of the chosen trial, or none without a search."""
    return next((trial.params for trial in trials if trial.chosen), {})
