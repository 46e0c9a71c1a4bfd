"""A process and the terminal, pipe and signals around it. Standard library only: it is set up before all else."""

from __future__ import annotations

import codecs
import io
import os
import signal
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import NoReturn, TextIO

STOPPED = 130  # exit code of a program that was stopped by Ctrl-C
_TERMINATED = 143  # … and of one that SIGTERM ended
_PLAIN = {"…": "...", "–": "-", "−": "-", "·": "-", "→": "->", "×": "x", "’": "'", "“": '"', "”": '"'}


@contextmanager
def command_line() -> Iterator[None]:
    """Prepare this process for a person at a terminal, and end it in one line when they stop it."""
    try:
        signal.signal(signal.SIGTERM, _end)
        _ignore_strict_warnings()
        codecs.register_error("sluss.plain", _plain)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="sluss.plain")
        yield
    except KeyboardInterrupt:
        say_stopped()
        sys.exit(STOPPED)
    except BrokenPipeError:
        drop_unread()
        sys.exit(0)
    except SystemExit as end:
        sys.exit(written_out(exit_code(end)))


def exit_code(end: SystemExit) -> int | str | None:
    """The code to end with: 0 where only the reader of the output went away, as that of `make history | head`."""
    # Rich turns the broken pipe into an exit with code 1.
    return 0 if isinstance(end.__context__, BrokenPipeError) else end.code


def written_out(code: int | str | None) -> int | str | None:
    """Write what is waiting for output; return the code to end with, which is 2 where the output cannot be written."""
    if lost := lost_output():
        say(lost)
        code = 2
    drop_unread()
    return code


def lost_output() -> str:
    """Return the sentence for an output that cannot be written, such as a file on a full disk; empty where it can."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
            os.write(sys.stdout.fileno(), b"")  # without a buffer, nothing waits
    except BrokenPipeError:
        return ""
    except (io.UnsupportedOperation, ValueError):  # one in memory, or a closed one
        return ""
    except OSError as error:
        _silence(sys.stdout)
        return f"The output cannot be written: {error.strerror}. Lead it elsewhere."
    return ""


def say(sentence: str) -> None:
    """Print a sentence on stderr, which may be unwritable as well."""
    try:
        print(sentence, file=sys.stderr, flush=True)
    except OSError:
        _silence(sys.stderr)


def drop_unread() -> None:
    """Write what is waiting for output, and drop it where no process reads it any more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            _silence(stream)


def say_stopped() -> None:
    """Say so in one line; a second Ctrl-C must not interrupt what is put in order at the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    say("Stopped. The same command goes on from what is complete.")
    drop_unread()


def _silence(stream: TextIO) -> None:
    """Lead the stream to nowhere: Python flushes it once more at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - signal's signature
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("Ended by SIGTERM. The same command goes on from what is complete.")
    sys.exit(_TERMINATED)


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
