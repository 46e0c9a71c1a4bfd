"""Long commands of compose as a few lines: one for each phase and service. The full output goes to a file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sluss.stack import docker, env_file
from sluss.stack.error import NoAnswerError

if TYPE_CHECKING:
    from pathlib import Path

_POLL = 0.5  # seconds
_SHOWN = 15  # last lines of a command that failed


def log_file() -> Path:
    """The file that holds the full output of the newest `make up` or `make build`."""
    return env_file.ROOT / "var" / "log" / "up.log"


def begin() -> None:
    """Start with an empty file."""
    path = log_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("", encoding="utf-8")


def run(words: str, *arguments: str) -> int:
    """Run `docker compose` as one line with the time that it took; its exit code."""
    started = time.monotonic()
    print(f"{words} …", end=" ", flush=True)
    with log_file().open("a", encoding="utf-8") as log, docker.compose_started(*arguments, output=log) as process:
        code = process.wait()
    print(_seconds(started) if code == 0 else "failed", flush=True)
    return code


def run_watched(words: str, *arguments: str) -> int:
    """Run `docker compose` with a line for each service once it is ready; its exit code."""
    started, shown = time.monotonic(), set[str]()
    print(f"{words} …", flush=True)
    with log_file().open("a", encoding="utf-8") as log, docker.compose_started(*arguments, output=log) as process:
        while process.poll() is None:
            time.sleep(_POLL)
            shown |= _show(shown, started)
    _show(shown, started)
    return process.returncode


def last_lines() -> str:
    """The end of the output, for a command that failed."""
    lines = log_file().read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_SHOWN:])


def _show(shown: set[str], started: float) -> set[str]:
    """Print the services that have become ready since the last look, and return them."""
    try:
        found = docker.containers()
    except (NoAnswerError, KeyError, ValueError):
        return set()  # a container that is replaced just now
    new = {each.service for each in found if each.is_ready} - shown
    for service in sorted(new):
        print(f"  {service:22} ready, {_seconds(started)}", flush=True)
    return new


def _seconds(started: float) -> str:
    return f"{time.monotonic() - started:.0f} s"
