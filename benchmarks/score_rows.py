"""One contender of the scoring benchmark in a process of its own. Arguments: `ours` or `bare`, and an interval."""

import json
import resource
import sys
import time

import pandas as pd  # noqa: F401 - so that nobody's time includes an import
import pyarrow.dataset as ds

from tasks import batch_predict
from tasks.hub import registry
from tasks.shared.interval import parse_interval, partition
from tasks.shared.settings import load_settings
from tasks.shared.use_case import load_use_case
from tasks.storage.lake import INTERVAL, Lake

_WARM = "2025-12-31"  # a small interval, predicted before the clock starts: it measures rows, not first calls


def main() -> None:
    """Load, warm up, measure, print."""
    contender, day = sys.argv[1:]
    settings = load_settings()
    use_case = load_use_case("sentiment", settings.config_dir)
    interval = parse_interval(day, use_case.unit)
    model = registry.load(settings, registry.champion(settings, use_case))
    name, features = partition(interval.start, use_case.unit), list(use_case.features)
    table = Lake(settings, use_case.name).dataset("curated")
    assert table is not None
    model.pipeline.predict_proba(table.to_table(features, filter=ds.field(INTERVAL) == _WARM).to_pandas())
    if contender == "bare":
        rows = table.to_table(features, filter=ds.field(INTERVAL) == name).to_pandas()
        started = time.perf_counter(), time.process_time()
        model.pipeline.predict_proba(rows)
    else:
        started = time.perf_counter(), time.process_time()
        batch_predict.run(settings, use_case, interval)
    wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    unit = 1 if sys.platform == "darwin" else 1024
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    print(json.dumps({"wall": wall, "cpu": cpu, "memory": memory}))


if __name__ == "__main__":
    main()
