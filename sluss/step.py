"""The command line shared by all steps. A wrong input gives one sentence and exit code 2."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from sluss.compat import end_process
from sluss.context import load_context
from sluss.errors import SlussError
from sluss.interval import Interval, parse_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.config.use_case import UseCase
    from sluss.context import Context


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the argument that every step takes."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--use-case", default=os.environ.get("USE_CASE", "sentiment"), help="name of a file in config/")
    return result


def version_parser(description: str) -> argparse.ArgumentParser:
    """Return a parser for steps that work on a registered version."""
    result = parser(description)
    result.add_argument("--version", help="number of the version; the newest by default")
    return result


def interval_parser(description: str, *, history: bool = False) -> argparse.ArgumentParser:
    """Return a parser for steps that work on one interval, or (with `history`) on all before the live ones."""
    result = parser(description)
    choice = result.add_mutually_exclusive_group(required=True)
    choice.add_argument("--interval", help="start of the interval: 2026-01-05, or 2026-01-05T13 where it is an hour")
    if history:
        choice.add_argument("--history", action="store_true", help="all intervals before live_start, in one go")
    return result


def chosen_interval(arguments: argparse.Namespace, use_case: UseCase) -> Interval:
    """Return the interval that the arguments of an `interval_parser` name."""
    if arguments.interval is None:
        return use_case.history
    return parse_interval(arguments.interval, use_case.unit)


def run_step(arguments: argparse.Namespace, step: Callable[[Context], None], *, opens_model: bool = False) -> NoReturn:
    """Load the context, run the step, turn a SlussError into one sentence and exit code 2, and end.

    Set `opens_model` for a step that saves or loads a model and therefore imports skops.
    """
    _tune_process()
    code = 0
    try:
        context = load_context(arguments.use_case)
        if opens_model:
            _import_scipy_first()
        step(context)
    except SlussError as error:
        print(error, file=sys.stderr)
        code = 2
    except SystemExit as end:
        code = int(end.code or 0)
    end_process(code)


def _import_scipy_first() -> None:
    """Import the functions of scipy.special before MLflow.

    skops looks for the module of each of them among all imported modules in turn, which takes a second if these are
    MLflow's hundreds.
    """
    import scipy.special  # noqa: F401


def _tune_process() -> None:
    """A step imports much and computes little, on cores that others use too.

    Collecting garbage while modules are imported costs half a second and frees nothing. A second BLAS thread waits more
    than it works: on two busy cores it makes a training of three seconds take ten.
    """
    gc.set_threshold(50_000, 20, 100)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
