"""The place of a command: chosen before it runs, and printed, so that no answer is taken for another place's."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sluss.config.settings import load_settings
from sluss.stack import docker, where
from sluss.stack.error import NoAnswerError

if TYPE_CHECKING:
    from sluss.stack.docker import Container

# Variables by which a step on this machine works on stores elsewhere.
_STORES = ("SLUSS_WAREHOUSE_URL", "SLUSS_LAKE_URL", "MLFLOW_TRACKING_URI")


def where_option() -> click.Option:
    """`--where`, for commands that run in the stack or here."""
    return click.Option(
        ["--where"],
        type=click.Choice(where.CHOICES),
        envvar="WHERE",
        show_envvar=True,
        help="Where to run; by default in the stack if it is up.",
    )


def choose(name: str | None) -> Container | None:
    """The container to run in, or None for this machine; the choice is printed on stderr."""
    container = where.choose(name or "")
    tell(f"in the stack {docker.project()}" if container else here())
    return container


def here() -> str:
    """This machine's stores in a few words."""
    home = load_settings().home
    folder = home.relative_to(Path.cwd()) if home.is_relative_to(Path.cwd()) else home
    elsewhere = [name for name in _STORES if os.environ.get(name)]
    return f"embedded, {folder}/" + (f", with {' and '.join(elsewhere)}" if elsewhere else "")


def stack_is_up() -> bool:
    """Whether the stack of this folder runs, as far as Docker answers."""
    try:
        return any(each.ours and not each.is_down for each in docker.containers())
    except NoAnswerError:
        return False


def tell_stack(command: str, *, remark: str = "") -> None:
    """Where a command runs embedded although the stack is up: say so, with the command for the stack."""
    if stack_is_up():
        tell(f"The stack {docker.project()} is up, and this result is embedded. In the stack: {command}{remark}")


def tell(place: str) -> None:
    """Print the place."""
    # On stderr, so that the output of a command can be piped.
    print(place, file=sys.stderr, flush=True)


def use_archive() -> None:
    """DATA names the demo's archive on disk, counted from this folder."""
    if data := os.environ.get("DATA"):
        os.environ["SLUSS_DATA"] = str(Path(data).absolute())
