"""Ways around defects of other libraries. Only this module may hold them; `tests/unit/test_no_back_doors.py` checks it.

Each names the upstream issue, does nothing where the library no longer needs it, and has a test that removes the name
it relies on.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
from typing import NoReturn

_exit_code: int | None = None


def end_process(code: int) -> NoReturn:
    """End this process with an exit code after all exit handlers, but without Python's own teardown.

    A thread of Arrow may still hold Python objects of a Delta table when the step has ended. If it releases them while
    Python is being torn down, it aborts the process: "terminate called without an active exception", exit code 134,
    although all work is done. See https://github.com/apache/arrow/issues/34314.
    """
    global _exit_code  # noqa: PLW0603 - the exit handler takes no arguments
    _exit_code = code
    sys.exit(code)


def _skip_teardown() -> None:
    """Leave at once if `end_process` asked for it. It is the last exit handler to run, since it is registered first."""
    leave = getattr(os, "_exit", None)
    if _exit_code is None or leave is None:
        return
    logging.shutdown()  # its own handler is older than this one, and so would never run
    sys.stdout.flush()
    sys.stderr.flush()
    leave(_exit_code)


# On import, because handlers run in reverse order: those that packages register later run before it.
atexit.register(_skip_teardown)
