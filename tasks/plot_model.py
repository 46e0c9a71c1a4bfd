"""Draw the plots of a registered version and keep them on its run."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.shared.cli import run_step, version_parser
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "plots"


@dataclass(frozen=True)
class Plots:
    """The pictures of a version, by their path among its run's artifacts."""

    version: str
    run_id: str
    files: tuple[str, ...]


def run(settings: Settings, use_case: UseCase, version: str | None = None) -> Plots:
    """Draw a version (by default the newest): its holdout, and its learning curve.

    A step of its own, so that neither training nor validation waits for it. Drawn again, a picture is replaced.

    Raises:
        DataError: the rows it was trained on are gone.
        ModelError: there is no such version, or it is not the one that was validated.
        ServiceError: the lake or MLflow does not answer.
    """
    import pandas as pd

    from tasks.hub import registry
    from tasks.hub.tracking import connect, reachable
    from tasks.training.plots import draw
    from tasks.training.recorded import recorded, recorded_rows
    from tasks.training.threads import one_blas_thread

    found = registry.asked_for(settings, use_case, version)
    known = recorded(settings, use_case, found)
    pipeline = registry.load(settings, found).pipeline
    judged = pd.read_parquet(known.folder / registry.HOLDOUT_FILE)
    with one_blas_thread():
        figures = draw(known.use_case, pipeline, recorded_rows(settings, known).train, judged)
    client = connect(settings)
    with tempfile.TemporaryDirectory() as scratch, reachable(settings):
        names = _write(figures, Path(scratch))
        client.log_artifacts(known.run_id, scratch, FOLDER)
    return Plots(known.version, known.run_id, tuple(f"{FOLDER}/{name}" for name in names))


def _write(figures: "dict[str, Figure]", folder: Path) -> list[str]:
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=120)
    return sorted(path.name for path in folder.iterdir())


def main() -> None:
    """Parse, draw and print."""
    arguments = version_parser(__doc__ or "").parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        plots = run(settings, use_case, arguments.version)
        print(f"{use_case.model} version {plots.version} has on its run in MLflow: {', '.join(plots.files)}.")

    run_step(arguments, step, opens_model=True)


if __name__ == "__main__":
    main()
