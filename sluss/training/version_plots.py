"""Draw the plots of a registered version and keep them on its run."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.registry import artifacts, versions
from sluss.registry.artifacts import HOLDOUT_FILE
from sluss.training.blas import one_blas_thread
from sluss.training.learning_curve import draw
from sluss.training.recorded_training import recorded, recorded_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sluss.context import Context


FOLDER = "plots"


@dataclass(frozen=True)
class Plots:
    """The pictures of a version, by their path among its run's artifacts."""

    version: str
    run_id: str
    files: tuple[str, ...]


def plot_version(context: Context, version: str | None = None) -> Plots:
    """Draw the plots of a version (by default the newest) on its holdout, and its learning curve.

    It is a step of its own, so that neither training nor validation waits for it. Running it again replaces the
    pictures.

    Raises:
        DataError: the rows it was trained on were deleted.
        ModelError: the version does not exist, or its artifacts were changed.
        ServiceError: the lake or MLflow does not answer.
    """
    import pandas as pd

    found = versions.asked_for(context, version)
    known = recorded(context, found)
    pipeline = artifacts.load(context.settings, found).pipeline
    judged = pd.read_parquet(known.folder / HOLDOUT_FILE)
    with one_blas_thread():
        figures = draw(known.use_case, pipeline, recorded_rows(context.settings, known).train, judged)
    client = context.client
    with tempfile.TemporaryDirectory() as scratch, context.reachable():
        names = _write(figures, Path(scratch))
        client.log_artifacts(known.run_id, scratch, FOLDER)
    return Plots(known.version, known.run_id, tuple(f"{FOLDER}/{name}" for name in names))


def _write(figures: dict[str, Figure], folder: Path) -> list[str]:
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=120)
    return sorted(path.name for path in folder.iterdir())
