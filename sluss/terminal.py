"""A process and the terminal, pipe and signals around it. Standard library only: it is set up before all else."""

from __future__ import annotations

import codecs
import io
import os
import signal
import sys
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any, NoReturn

STOPPED = 130  # exit code of a program that was stopped by Ctrl-C
_TERMINATED = 143  # … and of one that SIGTERM ended
_PLAIN = {
    "…": "...",
    "–": "-",
    "—": "-",
    "−": "-",
    "·": "-",
    "→": "->",
    "×": "x",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
}


class _Unbreakable(io.FileIO):
    """An output whose reader may go away, as that of `make history | head`: the work goes on, the rest is dropped."""

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        """Write, or drop the text that no process reads any more."""
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)


@contextmanager
def command_line() -> Iterator[None]:
    """Prepare this process for a person at a terminal, and end it in one line when they stop it."""
    try:
        signal.signal(signal.SIGTERM, _end)
        _ignore_strict_warnings()
        with suppress(LookupError):  # registered twice is registered
            codecs.register_error("sluss.plain", _plain)
        sys.stdout, sys.stderr = _output(sys.stdout, sys.__stdout__), _output(sys.stderr, sys.__stderr__)
        yield
    except KeyboardInterrupt:
        stop()


def stop() -> NoReturn:
    """End this process because a person stopped it."""
    say_stopped()
    sys.exit(STOPPED)


def say_stopped() -> None:
    """Say so in one line; a second Ctrl-C must not interrupt what is put in order at the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("Stopped. The same command goes on from what is complete.", file=sys.stderr, flush=True)


def _end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - signal's signature
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("Ended by SIGTERM. The same command goes on from what is complete.", file=sys.stderr, flush=True)
    sys.exit(_TERMINATED)


def _output(stream: Any, original: Any) -> Any:  # noqa: ANN401 - a text stream, or None where the descriptor is closed
    """The stream, safe from a reader that goes away and from signs that its encoding lacks."""
    if stream is None:  # `>&-`: Python starts without the stream, and libraries write to it
        return Path(os.devnull).open("w", encoding="utf-8")
    if stream is not original:  # a test's, or an editor's
        return stream
    stream.flush()
    raw = io.BufferedWriter(_Unbreakable(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(
        raw, encoding=stream.encoding, errors="sluss.plain", line_buffering=stream.line_buffering, write_through=True
    )


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Signs that an encoding lacks, in its own words."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(_PLAIN.get(sign, "?") for sign in signs), error.end


def _ignore_strict_warnings() -> None:
    """PYTHONWARNINGS=error is for the code of its author: it would end each library at its first deprecation."""
    if "error" in os.environ.get("PYTHONWARNINGS", ""):
        del os.environ["PYTHONWARNINGS"]
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
