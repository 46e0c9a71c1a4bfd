"""The training of a version once more: the recorded config and rows, fitted in a clean process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.gates.clean_process.process import Fit
from sluss.registry.trusted_types import trusted_types
from sluss.training.fit import unfitted
from sluss.training.fitting import fit_weights

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from sluss.config.use_case import UseCase
    from sluss.gates.clean_process.process import CleanProcess, FittingProcess
    from sluss.training.rows import TrainingRows

WHOLE = (Fit(),)


class Retraining:
    """Fits what the config describes on the recorded rows, as often as the gate `training` needs."""

    def __init__(self, use_case: UseCase, rows: TrainingRows, fitted: Pipeline, process: CleanProcess) -> None:
        """Take the recorded config and rows, the version's model, and the process that the new ones end with.

        The model only gives the parameters that a search chose: the gate does not repeat the search.
        """
        self._use_case = use_case
        self._rows = rows
        self._fitted = fitted
        self._process = process
        self._whole: FittingProcess | None = None

    def begin(self) -> None:
        """Start the fit on all rows, unless it has been started."""
        if self._whole is None:
            self._whole = self._ask(WHOLE)

    def whole(self, seconds: float) -> Pipeline:
        """Wait for the fit on all rows.

        Raises:
            TooSlowError: it takes longer than the seconds.
            ModelError: the pipeline cannot be fitted.
        """
        self.begin()
        assert self._whole is not None
        return _load(self._whole, 0, seconds)

    def more(self, fits: tuple[Fit, ...], seconds: float) -> list[Pipeline]:
        """Make other fits, one after the other, each within the seconds.

        Raises:
            TooSlowError: one takes longer.
            ModelError: the pipeline cannot be fitted.
        """
        process = self._ask(fits)
        found = [_load(process, place, seconds) for place in range(len(fits))]
        process.end()
        return found

    def _ask(self, fits: tuple[Fit, ...]) -> FittingProcess:
        use_case, train = self._use_case, self._rows.train
        pipeline = unfitted(use_case, self._fitted)
        given = train[["label"]].assign(**fit_weights(use_case, pipeline, train))
        process = self._process.to_fit()
        process.ask_to_fit(pipeline, train[list(use_case.features)], given, fits)
        return process


def _load(process: FittingProcess, place: int, seconds: float) -> Pipeline:
    import skops.io

    path = process.fitted(place, seconds)
    pipeline: Pipeline = skops.io.load(path, trusted=trusted_types(path))
    return pipeline
