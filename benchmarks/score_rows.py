"""Score an interval of the benchmark in a process of its own, and print what it took.

Arguments: the interval, and the contenders in their order, such as `ours bare bare ours`. They share the process, so
that where its memory happens to lie is the same for both.
"""

import json
import resource
import sys
import time

import pandas as pd  # noqa: F401 - so that nobody's time includes an import
import pyarrow.dataset as ds
from measuring import peak

from tasks import batch_predict
from tasks.hub import registry
from tasks.shared.interval import parse_interval, partition
from tasks.shared.settings import load_settings
from tasks.shared.use_case import load_use_case
from tasks.storage.lake import INTERVAL, Lake

_WARM = "2025-12-31"  # a small interval, scored before the clock starts: it measures rows, not first calls


def main() -> None:
    """Load, warm up, measure, print a list: wall time, CPU time and peak memory so far after each turn."""
    day, *contenders = sys.argv[1:]
    settings = load_settings()
    use_case = load_use_case("sentiment", settings.config_dir)
    interval = parse_interval(day, use_case.unit)
    model = registry.load(settings, registry.champion(settings, use_case))
    name, features = partition(interval.start, use_case.unit), list(use_case.features)
    table = Lake(settings, use_case.name).dataset("curated")
    assert table is not None
    model.pipeline.predict_proba(table.to_table(features, filter=ds.field(INTERVAL) == _WARM).to_pandas())
    batch_predict.run(settings, use_case, parse_interval(_WARM, use_case.unit))
    rows = table.to_table(features, filter=ds.field(INTERVAL) == name).to_pandas() if "bare" in contenders else None
    took = []
    for contender in contenders:
        started = time.perf_counter(), time.process_time()
        if contender == "bare":
            model.pipeline.predict_proba(rows)
        else:
            batch_predict.run(settings, use_case, interval)
        wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
        took.append((wall, cpu, peak(resource.getrusage(resource.RUSAGE_SELF))))
    print(json.dumps(took))


if __name__ == "__main__":
    main()
