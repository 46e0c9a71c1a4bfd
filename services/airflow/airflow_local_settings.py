"""Airflow imports this module when a component starts. Where tasks run, it preloads the packages of the steps.

The processes of a Celery worker are forked from the worker (with LocalExecutor, from the scheduler) and every task from
one of them, so a task finds these packages in memory instead of importing them for seconds. Their pages are shared:
each process adds only a few megabytes. The only thread before the fork is jemalloc's, which jemalloc starts again in
the child.

Our own packages are loaded as well. If one of their files has changed since, a task drops all of their modules and
imports them again.
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
from typing import Any

# Airflow copies public names into its own settings.
__all__: list[str] = []

# Our own packages: the library and the steps.
OWN = ("sluss", "tasks", "components")
NO_STEP = "sluss.control_room.web"  # a service of its own, whose packages no step needs
PRELOADED = (
    "pandas",
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
    # Modules of Airflow's that it imports only in a worker, and again in every task.
    "airflow.sdk.execution_time.supervisor",
    "airflow.providers.standard.decorators.short_circuit",
)
HEARTBEAT = "/tmp/worker-heartbeat"  # noqa: S108 - of this container alone; worker_healthy reads it
_OLDEST = 2  # generation of a full collection
_loaded: dict[str, tuple[Path, float]] = {}  # by module of ours: its file and the file's modification time


def preload() -> None:
    """Import the packages, and freeze them: the garbage collector would write to, and so copy, the shared memory."""
    with warnings.catch_warnings():
        # skops reads every attribute of every module, including deprecated ones of Airflow.
        warnings.simplefilter("ignore")
        for name in PRELOADED:
            try:
                importlib.import_module(name)
            except ModuleNotFoundError as error:
                # Without a package, tasks are slower but still run.
                print(f"Not preloaded: {error}", file=sys.stderr)
        load_own()
        with contextlib.suppress(Exception):  # for the same reason
            _warm_up()
    gc.collect()
    gc.freeze()
    gc.callbacks.append(freeze_again)


def freeze_again(phase: str, collection: dict[str, int]) -> None:
    """Freeze again before a full collection. The garbage collector calls this.

    Celery and LocalExecutor unfreeze after they have forked their processes. The next full collection would then write
    to every page that is shared with them, and so copy it: 120 MB. Objects that exist by then are never freed; later
    ones are.
    """
    if phase == "start" and collection["generation"] == _OLDEST and not gc.get_freeze_count():
        gc.freeze()


def _warm_up() -> None:
    """Trigger the lookups that libraries do at their first use, which would run again in every task."""
    if headers := sys.modules.get("mlflow.tracking.request_header.registry"):
        headers.resolve_request_headers()
    rows = sys.modules["pandas"].DataFrame({"text": ["one"]})
    if preprocessing := sys.modules.get("sklearn.preprocessing"):
        for data in (
            rows,
            [["one"]],
        ):  # the code paths for frames and for lists
            preprocessing.FunctionTransformer().fit(data)
    # Last, because an invalid config of a use case raises.
    if (settings := sys.modules.get("sluss.config.settings")) and (use_cases := sys.modules.get("sluss.use_cases")):
        folder = settings.load_settings().config_dir
        for name in use_cases.use_case_names(folder):
            use_cases.load_use_case(name, folder)


def load_own() -> None:
    """Import all of our own packages, and record the modification time of each file."""
    for package in OWN:
        try:
            for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
                if not found.name.endswith(".__main__") and not found.name.startswith(NO_STEP):
                    importlib.import_module(found.name)
        except Exception as error:  # noqa: BLE001 - the task that needs the module reports the error
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


def notices() -> list[Any]:
    """Return the notices of Airflow's home page: the way to the control room, and the meaning of the red badge."""
    from airflow.api_fastapi.common.types import UIAlert

    page = os.environ.get("SLUSS_CONTROL_ROOM_PAGE", "http://localhost:8000")
    text = (
        f"Champions, alerts and their owners, quality and freshness: the [control room]({page}). The triggerer is not "
        "started, because no DAG here needs one: its badge is red for that reason alone."
    )
    return [UIAlert(text=text, category="info")]


def runs_tasks() -> bool:
    """Whether the tasks are forked from this component: a worker, or a scheduler without workers."""
    if sys.argv[1:2] == ["scheduler"]:
        return os.environ.get("AIRFLOW__CORE__EXECUTOR") != "CeleryExecutor"
    return sys.argv[1:3] == ["celery", "worker"]


def note_heartbeats() -> None:
    """Touch a file at each of the worker's heartbeats, for its health check."""
    from celery.signals import heartbeat_sent

    heartbeat_sent.connect(note_heartbeat)


def note_heartbeat(**_: object) -> None:
    """Celery calls this for every heartbeat that it sends to Redis."""
    Path(HEARTBEAT).touch()


if sys.argv[1:2] == ["api-server"]:
    DASHBOARD_UIALERTS = notices()
    __all__ += ["DASHBOARD_UIALERTS"]
if runs_tasks():
    preload()
    os.register_at_fork(after_in_child=forget_changed)
if sys.argv[1:3] == ["celery", "worker"]:
    note_heartbeats()
# Our code is mounted read-only, so its compiled files need another folder; otherwise every task and every parsing would
# compile it again. Airflow's own packages are compiled in the image.
os.register_at_fork(after_in_child=lambda: setattr(sys, "pycache_prefix", f"{tempfile.gettempdir()}/pycache"))
