"""A command in a child process, whose death this process explains. Standard library only: it comes before all else.

A process that the kernel kills because memory is short, or that a library of C++ or Rust aborts because it gets none,
cannot say so itself.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from sluss.terminal import STOPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORWARDED = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_DEATHS = {signal.SIGKILL: "was killed", signal.SIGABRT: "was aborted"}
_CAUSES = {
    signal.SIGKILL: "The kernel does that when memory runs out; if no person did it, the command needs more than",
    signal.SIGABRT: "A library does that when it gets no more memory: the command needs more than",
}
_PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
_KB_OF_GB = 1024**2


def go_on_watched() -> None:
    """Return in a child process; this one waits for it, and ends as it does, or with a sentence on how it died.

    Without effect where the system cannot tell who sent a signal (macOS): a Ctrl-C would reach the child twice.
    """
    wait_for_signal = getattr(signal, "sigwaitinfo", None)
    if wait_for_signal is None:
        return
    awaited = {signal.SIGCHLD, *_FORWARDED}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    child = os.fork()
    if not child:
        _die_with_parent()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    while True:
        found = wait_for_signal(awaited)
        if found.si_signo != signal.SIGCHLD:
            _forward(child, found)
        elif os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            _end_as(os.waitpid(child, 0)[1])


def _die_with_parent() -> None:
    """Let the kernel end this process with the one that watches: SIGKILL cannot be forwarded."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _forward(child: int, found: signal.struct_siginfo) -> None:
    # A terminal sends its own signals to both processes; those of a process have a code of 0 or less.
    if found.si_code <= 0:
        os.kill(child, found.si_signo)


def _end_as(status: int) -> NoReturn:
    if not os.WIFSIGNALED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
    number = signal.Signals(os.WTERMSIG(status))
    if number in _DEATHS:
        print(_sentence(number, sys.argv[1:]), file=sys.stderr, flush=True)
        sys.exit(2)
    if number == signal.SIGINT:
        # Python ends itself by the signal, after all is said, if it came while a class was made (by `exec` of a text).
        sys.exit(STOPPED)
    # As the child: the shell names it.
    signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    sys.exit(128 + number)


def _sentence(number: signal.Signals, arguments: Sequence[str]) -> str:
    import resource

    from sluss.memory import advice  # only now: its modules take time

    name = next((each for each in arguments if not each.startswith("-")), "sluss")
    held = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _KB_OF_GB
    return (
        f"The command {name} {_DEATHS[number]} (signal {number.value}) after it had held up to {held:.1f} GB. "
        f"{_CAUSES[number]} {advice()} What is complete stays, and the same command goes on from there."
    )
