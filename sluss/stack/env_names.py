"""Mistakes in `.env`: what is not a setting, what compose would read differently, and names that nothing reads."""

from __future__ import annotations

import difflib
import os
import re
import sys
from typing import TYPE_CHECKING

from sluss.stack import env_file
from sluss.stack.error import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPOSE_FILE = env_file.ROOT / "docker-compose.yml"
# Of Docker's own tools, and those that only `make up` reads.
_OTHERS = re.compile(r"(COMPOSE|DOCKER|BUILDX|BUILDKIT)_\w+|SLUSS_(LEAST_\w+|STACK_WAIT|ENV_FILE)")
# Settings of older releases: an `.env` that was written for them goes on working.
_FORMER = {"CONTROL_ROOM_HOSTS", "CONTROL_ROOM_PROXIES", "MLFLOW_EXTRA_HOSTS"}
_NEAR = 0.9  # likeness of a misspelling; AIRFLOW_PORT and MLFLOW_PORT have 0.78
_REFERENCE = re.compile(r"(?<!\\)\$")


def check() -> None:
    """Refuse what would have no effect or another one than it seems to have; a name of the user's own is only shown.

    Raises:
        StackError: it names the line, and how to write it.
    """
    path = env_file.location()
    if not path.exists():
        return
    known, lines = known_names(), dict[str, tuple[int, str]]()
    for number, line in _lines():
        place = f"Line {number} of {path}"
        name, value = _setting(place, line)
        before, first = lines.setdefault(name, (number, value))
        # The example of an older release had a line twice, and `make up` copied it.
        if first != value:
            raise StackError(f"{place} sets {name} a second time, unlike line {before}: delete one of them.")
        _check_value(place, name, value)
        if name not in known and not _OTHERS.fullmatch(name):
            _unknown(place, name, known)


def known_names() -> set[str]:
    """Names of the settings that the stack reads."""
    of_compose = re.findall(r"\$\{([A-Z0-9_]+)", COMPOSE_FILE.read_text(encoding="utf-8"))
    return {*env_file.read(env_file.EXAMPLE), *of_compose}


def _lines() -> Iterator[tuple[int, str]]:
    for number, line in enumerate(env_file.text_of(env_file.location()).splitlines(), 1):
        if line.strip() and not line.strip().startswith("#"):
            yield number, line.strip()


def _setting(place: str, line: str) -> tuple[str, str]:
    match = env_file.ASSIGNMENT.fullmatch(line)
    if match is None:
        # Not the line itself: it may hold a secret.
        raise StackError(f"{place} is not a setting: write it as NAME=value, or as a comment after #.")
    return match[1], match[2].strip()


def _check_value(place: str, name: str, value: str) -> None:
    if value[:1] in {"'", '"'} and value[0] not in value[1:]:
        raise StackError(f"{place} opens a quote and does not close it: write {name} on one line, with both quotes.")
    if not value.startswith("'") and _REFERENCE.search(value):
        raise StackError(f"{place} has a $, which compose takes for another setting: put the value of {name} into '…'.")


def _unknown(place: str, name: str, known: set[str]) -> None:
    near = difflib.get_close_matches(name.upper(), sorted(known), 1, _NEAR)
    if near and name not in _FORMER:
        raise StackError(f"{place} sets {name}, which nothing reads: write {near[0]}, the nearest name, or delete it.")
    if name not in os.environ:
        print(f"{place} sets {name}, which nothing of Sluss reads.", file=sys.stderr)
