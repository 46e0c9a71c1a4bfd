"""The command line that all steps share: arguments in, one sentence and exit code 2 on a wrong input."""

import argparse
import os
import sys
from collections.abc import Callable

from tasks.shared.errors import SlussError
from tasks.shared.settings import Settings, load_settings
from tasks.shared.use_case import UseCase, load_use_case


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the argument every step has."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--use-case", default=os.environ.get("USE_CASE", "sentiment"), help="name of a file in config/")
    return result


def run_step(arguments: argparse.Namespace, step: Callable[[Settings, UseCase], None]) -> None:
    """Load settings and use case, run the step, and turn a SlussError into one sentence and exit code 2."""
    try:
        settings = load_settings()
        step(settings, load_use_case(arguments.use_case, settings.config_dir))
    except SlussError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
