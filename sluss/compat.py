"""scikit-learn and MLflow without what a step never uses of them: together more than a second in each process.

Nothing here changes what a step computes. Where a library has changed so much that there is nothing left to spare, the
function for it does nothing, and its test says so.
"""

from __future__ import annotations

import functools
import importlib.metadata
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# MLflow asks whether this is a notebook; scikit-learn's helpers for its own tests, which skops imports, ask for pytest;
# the templates of MLflow's migrations would colour the code of an error on a page.
_ONLY_FOR_PEOPLE = ("IPython", "pytest", "mako.ext.pygmentplugin")


def leave_out_optional() -> None:
    """Let a process that is no notebook and no test say that it has neither."""
    for name in _ONLY_FOR_PEOPLE:
        # None is how Python is told that there is no such module.
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def read_entry_points_once() -> None:
    """Let the plug-ins of all installed packages be read once, and not for each of MLflow's dozen kinds of plug-ins."""
    if hasattr(importlib.metadata.entry_points, "__wrapped__"):
        return
    everything = functools.cache(importlib.metadata.entry_points)

    @functools.wraps(importlib.metadata.entry_points)
    def entry_points(**wanted: str) -> Any:  # noqa: ANN401 - a class of its own in each version of Python
        return everything().select(**wanted)

    importlib.metadata.entry_points = entry_points  # type: ignore[assignment]


def import_scipy() -> None:
    """Import scipy's functions with the docstrings that are written in their source.

    Otherwise it parses and writes each of them anew, to add which kinds of arrays the function accepts.

    It comes before MLflow and Airflow: skops looks for each function of scipy.special in every module that was imported
    before it, which would take it another second.
    """
    import scipy._lib._array_api

    if hasattr(scipy._lib._array_api, "FunctionDoc"):  # noqa: SLF001
        scipy._lib._array_api.FunctionDoc = _AsWritten  # noqa: SLF001
    import scipy.special


class _AsWritten:
    """What scipy's decorator needs of a parsed docstring: a first line for it to drop, sections, and the text."""

    def __init__(self, function: object) -> None:
        self._text = function.__doc__ or ""

    def __getitem__(self, section: str) -> list[str]:
        return []

    def __str__(self) -> str:
        return f"\n{self._text}"


@contextmanager
def without_web_framework() -> Iterator[None]:
    """Import MLflow's client without FastAPI, of which its gateway, a server, wants an exception's name at once."""
    if "fastapi" in sys.modules or "mlflow" in sys.modules:
        yield
        return
    stand_in = ModuleType("fastapi")
    stand_in.HTTPException = Exception  # type: ignore[attr-defined]
    sys.modules["fastapi"] = stand_in
    try:
        yield
    finally:
        if sys.modules.get("fastapi") is stand_in:
            del sys.modules["fastapi"]


@contextmanager
def without_package_search() -> Iterator[None]:
    """Save a model whose requirements were read from this very environment.

    MLflow would compare them with it, for which it looks through the files of each installed package.
    """
    from mlflow.utils import environment

    compare = environment.warn_dependency_requirement_mismatches
    environment.warn_dependency_requirement_mismatches = lambda _requirements: None
    try:
        yield
    finally:
        environment.warn_dependency_requirement_mismatches = compare
