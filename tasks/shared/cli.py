"""The command line that all steps share: arguments in, one sentence and exit code 2 on a wrong input."""

import argparse
import os
import sys
from collections.abc import Callable

from tasks.shared.errors import SlussError
from tasks.shared.interval import Interval, parse_interval
from tasks.shared.settings import Settings, step_settings
from tasks.shared.use_case import UseCase, load_use_case


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the argument every step has."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--use-case", default=os.environ.get("USE_CASE", "sentiment"), help="name of a file in config/")
    return result


def interval_parser(description: str, *, history: bool = False) -> argparse.ArgumentParser:
    """A parser for steps that work on one interval, or (with `history`) on all days before the first live one."""
    result = parser(description)
    choice = result.add_mutually_exclusive_group(required=True)
    choice.add_argument("--interval", help="start of the interval: 2026-01-05, or 2026-01-05T13 where it is an hour")
    if history:
        choice.add_argument("--history", action="store_true", help="all intervals before live_start, in one go")
    return result


def chosen_interval(arguments: argparse.Namespace, use_case: UseCase) -> Interval:
    """The interval that the arguments of an `interval_parser` name."""
    if arguments.interval is None:
        return use_case.history
    return parse_interval(arguments.interval, use_case.unit)


def run_step(arguments: argparse.Namespace, step: Callable[[Settings, UseCase], None]) -> None:
    """Load settings and use case, run the step, and turn a SlussError into one sentence and exit code 2."""
    try:
        settings = step_settings()
        step(settings, load_use_case(arguments.use_case, settings.config_dir))
    except SlussError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
