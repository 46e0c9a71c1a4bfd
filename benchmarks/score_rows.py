"""Score an interval of the benchmark, by the step or by bare `predict_proba`.

Arguments: `ours` or `bare`, and the interval. It stops itself when it is ready, and prints its cost as JSON.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd  # noqa: F401 - imported before the measurement starts
import pyarrow.dataset as ds
from measuring import own_peak

from sluss.config.settings import load_settings
from sluss.context import Context
from sluss.interval import parse_interval
from sluss.registry import artifacts
from sluss.registry.champion import champion
from sluss.storage.lake import INTERVAL
from sluss.use_cases import load_use_case
from tasks import batch_predict

if TYPE_CHECKING:
    from collections.abc import Callable

_WARM = "2025-12-31"  # a small interval, scored before the measurement, which is about rows and not about first calls


def main() -> None:
    """Load, warm up, stop, measure, print."""
    contender, day = sys.argv[1:]
    settings = load_settings()
    use_case = load_use_case("sentiment", settings.config_dir)
    scoring = (
        _ours(Context(settings, use_case), day) if contender == "ours" else _bare(Context(settings, use_case), day)
    )
    signal.raise_signal(signal.SIGSTOP)
    started = time.process_time()
    scoring()
    print(json.dumps({"cpu": time.process_time() - started, "memory": own_peak()}))


def _ours(context: Context, day: str) -> Callable[[], object]:
    warm, interval = (parse_interval(name, context.use_case.unit) for name in (_WARM, day))
    batch_predict.run(context, warm)
    return partial(batch_predict.run, context, interval)


def _bare(context: Context, day: str) -> Callable[[], object]:
    pipeline = artifacts.load(context.settings, champion(context)).pipeline
    curated = context.lake.dataset("curated")
    assert curated is not None
    features = list(context.use_case.features)
    warm, rows = (curated.to_table(features, filter=ds.field(INTERVAL) == name).to_pandas() for name in (_WARM, day))
    pipeline.predict_proba(warm)
    return partial(pipeline.predict_proba, rows)


if __name__ == "__main__":
    main()
