"""Airflow imports this module when a component starts; in the scheduler it loads what the steps are built from, once.

LocalExecutor's workers are forked from the scheduler and every task from a worker, so a task finds these packages in
memory instead of importing them for seconds. Their pages are shared: workers add a few megabytes each, not all of it.
None of them has a thread of its own before the fork but jemalloc's, which jemalloc brings back after it.
"""

import contextlib
import gc
import importlib
import os
import sys
import tempfile
import warnings

# Airflow copies public names into its own settings.
__all__: list[str] = []

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
    # What Airflow itself imports only in a worker and in every task.
    "airflow.sdk.execution_time.supervisor",
    "airflow.providers.standard.decorators.short_circuit",
)


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
        with contextlib.suppress(Exception):  # nor is this one
            _warm_up()
    gc.collect()
    gc.freeze()
    # LocalExecutor thaws after it has forked. The scheduler's next full collection would then write to every page
    # that it shares with its workers, and so copy it.
    gc.unfreeze = lambda: None


def _warm_up() -> None:
    """What MLflow and pandera would find out again in every task, at their first use: where they run, their plugins."""
    if headers := sys.modules.get("mlflow.tracking.request_header.registry"):
        headers.resolve_request_headers()
    # MLflow has no public names for these. Without the first a task takes 0.03 s longer, without the second, which
    # asks every installed package for its modules, a training 0.4 s.
    getattr(sys.modules.get("mlflow.tracking._model_registry.utils"), "_get_store_registry", lambda: None)()
    getattr(sys.modules.get("mlflow.utils.requirements_utils"), "_init_modules_to_packages_map", lambda: None)()
    rows = sys.modules["pandas"].DataFrame({"text": ["one"]})
    if preprocessing := sys.modules.get("sklearn.preprocessing"):
        preprocessing.FunctionTransformer().fit(rows)  # what reads the names of a frame's columns
    if pandera := sys.modules.get("pandera.pandas"):
        pandera.DataFrameSchema({"text": pandera.Column(checks=pandera.Check.str_length(min_value=1))}).validate(rows)


if sys.argv[1:2] == ["scheduler"]:
    preload()
# Our code is mounted read-only, so what Python compiles of it has to lie elsewhere, or every task and every parsing
# would compile it again. Only children import it; what Airflow is made of lies compiled in the image.
os.register_at_fork(after_in_child=lambda: setattr(sys, "pycache_prefix", f"{tempfile.gettempdir()}/pycache"))
