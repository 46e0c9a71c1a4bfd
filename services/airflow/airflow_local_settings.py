"""Airflow imports this module when a component starts; in the scheduler it loads what the steps are built from, once.

LocalExecutor's workers are forked from the scheduler and every task from a worker, so a task finds these packages in
memory instead of importing them for seconds. Their pages are shared: workers add a few megabytes each, not all of it.
None of them has a thread of its own before the fork but jemalloc's, which jemalloc brings back after it.

Our own packages are loaded as well. A task that finds that one of their files has changed since forgets all of their
modules, and imports what is there now.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pkgutil
import sys
import tempfile
import warnings
from pathlib import Path

# Airflow copies public names into its own settings.
__all__: list[str] = []

# Our own packages: the library and the steps.
OWN = ("sluss", "tasks")
PRELOADED = (
    "pandas",
    "pandera.pandas",
    "pyarrow.acero",
    "pyarrow.dataset",
    "scipy.stats",
    "sklearn.pipeline",
    "sklearn.feature_extraction.text",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.preprocessing",
    "mlflow.sklearn",
    "mlflow.tracking.request_header.registry",
    "skops.io",
    "deltalake.fs",
    "adbc_driver_postgresql.dbapi",
    "pydantic_settings",
    "jinja2",
    "netrc",
    "encodings.cp437",
    # What Airflow itself imports only in a worker and in every task.
    "airflow.sdk.execution_time.supervisor",
    "airflow.providers.standard.decorators.short_circuit",
)
_OLDEST = 2  # generation of a full collection
_loaded: dict[str, tuple[Path, float]] = {}  # by module of ours, its file and when that was changed


def preload() -> None:
    """Import, and keep the garbage collector from touching (and so copying) the memory that the children share."""
    with warnings.catch_warnings():
        # skops looks at every attribute of every module, deprecated ones of Airflow included.
        warnings.simplefilter("ignore")
        for name in PRELOADED:
            try:
                importlib.import_module(name)
            except ModuleNotFoundError as error:
                # Slower tasks are better than none.
                print(f"Not preloaded: {error}", file=sys.stderr)
        load_own()
        with contextlib.suppress(Exception):  # for the same reason
            _warm_up()
    gc.collect()
    gc.freeze()
    gc.callbacks.append(freeze_again)


def freeze_again(phase: str, collection: dict[str, int]) -> None:
    """Freeze before a full collection that finds nothing frozen: called by the garbage collector.

    LocalExecutor unfreezes after it has forked its workers. The scheduler's next full collection would then write to
    every page that it shares with them, and so copy it: 120 MB. All that exists by then stays for good; later
    collections free what was made since.
    """
    if phase == "start" and collection["generation"] == _OLDEST and not gc.get_freeze_count():
        gc.freeze()


def _warm_up() -> None:
    """Find out once what libraries would find out in every task at their first use: platform, plug-ins, types."""
    if headers := sys.modules.get("mlflow.tracking.request_header.registry"):
        headers.resolve_request_headers()
    rows = sys.modules["pandas"].DataFrame({"text": ["one"]})
    if preprocessing := sys.modules.get("sklearn.preprocessing"):
        for data in (
            rows,
            [["one"]],
        ):  # a frame, whose column names are read, and a list, which is compared with frames
            preprocessing.FunctionTransformer().fit(data)
    if pandera := sys.modules.get("pandera.pandas"):
        pandera.DataFrameSchema({"text": pandera.Column(checks=pandera.Check.str_length(min_value=1))}).validate(rows)
    # Last, because a use case whose config is wrong ends it.
    if (settings := sys.modules.get("sluss.config.settings")) and (use_cases := sys.modules.get("sluss.use_cases")):
        folder = settings.load_settings().config_dir
        for name in use_cases.use_case_names(folder):
            use_cases.load_use_case(name, folder)


def load_own() -> None:
    """Import all of our own packages, and note when each file was changed."""
    for package in OWN:
        try:
            for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
                if not found.name.endswith(".__main__"):
                    importlib.import_module(found.name)
        except Exception as error:  # noqa: BLE001 - the task that needs it reports it
            print(f"Not all of {package}/ is preloaded: {error}", file=sys.stderr)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in OWN and (file := getattr(module, "__file__", None)):
            _loaded[name] = Path(file), Path(file).stat().st_mtime


def forget_changed() -> None:
    """Let the next import read our packages again if a file has changed since it was loaded."""
    try:
        is_old = any(file.stat().st_mtime != changed for file, changed in _loaded.values())
    except OSError:
        is_old = True
    if is_old:
        for name in _loaded:
            sys.modules.pop(name, None)
        _loaded.clear()


if sys.argv[1:2] == ["scheduler"]:
    preload()
    os.register_at_fork(after_in_child=forget_changed)
# Our code is mounted read-only, so what Python compiles of it has to lie elsewhere, or every task and every parsing
# would compile it again. What Airflow is made of lies compiled in the image.
os.register_at_fork(after_in_child=lambda: setattr(sys, "pycache_prefix", f"{tempfile.gettempdir()}/pycache"))
