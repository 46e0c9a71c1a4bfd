"""Airflow imports this module when a component starts; in the scheduler it loads what the steps are built from, once.

LocalExecutor's workers are forked from the scheduler and every task from a worker, so a task finds these packages in
memory instead of importing them for seconds. Their pages are shared: workers add a few megabytes each, not all of it.
None of them has a thread of its own before the fork but jemalloc's, which jemalloc brings back after it.

The steps themselves are loaded as well. A task that finds that one of their files has changed since forgets them all,
and imports what is there now.
"""

import contextlib
import gc
import importlib
import importlib.util
import os
import pkgutil
import sys
import tempfile
import warnings
from pathlib import Path

# Airflow copies public names into its own settings.
__all__: list[str] = []

PRELOADED = (
    "scipy.special",  # first, as in tasks/shared/lean_imports.py
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
# What they look for again and again, in every folder, where it is not installed.
OPTIONAL = ("geopandas", "pyspark", "dbruntime", "IPython")

_steps: dict[str, tuple[Path, float]] = {}  # by module, its file and when that was changed


def preload() -> None:
    """Import, and keep the garbage collector from touching (and so copying) what the children share."""
    with warnings.catch_warnings():
        # skops looks at every attribute of every module, deprecated ones of Airflow included.
        warnings.simplefilter("ignore")
        for name in PRELOADED:
            try:
                importlib.import_module(name)
            except ModuleNotFoundError as error:
                # Slower tasks are no reason for no tasks.
                print(f"Not preloaded: {error}", file=sys.stderr)
        for name in OPTIONAL:
            if importlib.util.find_spec(name) is None:
                sys.modules[name] = None  # type: ignore[assignment] - how Python is told that there is no such module
        load_steps()
        with contextlib.suppress(Exception):  # nor is this one
            _warm_up()
    gc.collect()
    gc.freeze()
    # LocalExecutor thaws after it has forked. The scheduler's next full collection would then write to every page
    # that it shares with its workers, and so copy it.
    gc.unfreeze = lambda: None


def _warm_up() -> None:
    """What libraries would find out again in every task, at their first use: where they run, their plugins, types."""
    if headers := sys.modules.get("mlflow.tracking.request_header.registry"):
        headers.resolve_request_headers()
    # MLflow has no public name for this. Without it a task takes 0.03 s longer.
    getattr(sys.modules.get("mlflow.tracking._model_registry.utils"), "_get_store_registry", lambda: None)()
    rows = sys.modules["pandas"].DataFrame({"text": ["one"]})
    if preprocessing := sys.modules.get("sklearn.preprocessing"):
        for data in (rows, [["one"]]):  # what reads the names of a frame's columns, and what looks for other frames
            preprocessing.FunctionTransformer().fit(data)
    if pandera := sys.modules.get("pandera.pandas"):
        pandera.DataFrameSchema({"text": pandera.Column(checks=pandera.Check.str_length(min_value=1))}).validate(rows)
    # Last, because a use case whose config is wrong ends it.
    if (steps := sys.modules.get("tasks.shared.settings")) and (config := sys.modules.get("tasks.shared.use_case")):
        settings = steps.load_settings()
        for name in config.use_case_names(settings.config_dir):
            config.load_use_case(name, settings.config_dir)


def load_steps() -> None:
    """Import all of tasks/, and note when each file was changed."""
    try:
        tasks = importlib.import_module("tasks")
        for found in pkgutil.walk_packages(tasks.__path__, "tasks."):
            importlib.import_module(found.name)
    except Exception as error:  # noqa: BLE001 - whose task needs it will say so
        print(f"Not all of tasks/ is preloaded: {error}", file=sys.stderr)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "tasks" and (file := getattr(module, "__file__", None)):
            _steps[name] = Path(file), Path(file).stat().st_mtime


def forget_changed_steps() -> None:
    """Let the next import read tasks/ again if a file has changed since it was loaded."""
    try:
        is_old = any(file.stat().st_mtime != changed for file, changed in _steps.values())
    except OSError:
        is_old = True
    if is_old:
        for name in _steps:
            sys.modules.pop(name, None)
        _steps.clear()


if sys.argv[1:2] == ["scheduler"]:
    preload()
    os.register_at_fork(after_in_child=forget_changed_steps)
# Our code is mounted read-only, so what Python compiles of it has to lie elsewhere, or every task and every parsing
# would compile it again. What Airflow is made of lies compiled in the image.
os.register_at_fork(after_in_child=lambda: setattr(sys, "pycache_prefix", f"{tempfile.gettempdir()}/pycache"))
