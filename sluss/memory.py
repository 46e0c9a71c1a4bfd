"""The memory that this process may take, and the sentence for one that took more."""

from __future__ import annotations

import os
from pathlib import Path

from sluss.counted import counted
from sluss.errors import KilledError, SlussError

# Of the control group (version 2, and version 1) in which a container runs.
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_GB = 1024**3
_UNLIMITED = 1024**5  # version 1 writes a huge number in place of a word


def memory_limit() -> int | None:
    """Return the bytes that this process shares with those of its container; None without a limit."""
    for file in _LIMITS:
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        return int(text) if text.isdigit() and int(text) < _UNLIMITED else None
    return None


def usable_memory() -> int:
    """Return the bytes that this process may take at most: those of its container, or of the machine."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(memory_limit() or machine, machine)


def advice() -> str:
    """Return the limit, and how to raise it or to need less."""
    limit = memory_limit()
    shown = f" of {limit / _GB:.1f} GB" if limit else ""
    return (
        f"the memory limit{shown}. Raise AIRFLOW_TASK_MEMORY in .env (make up), or lower training.window_days in the "
        "use case's config."
    )


def killed_process(what: str) -> KilledError:
    """Return the error for a child process that the kernel killed."""
    return KilledError(f"{what} was killed: by a restart, or by {advice()}")


def killed_sentence(deaths: int) -> str:
    """Return the sentence for tries whose process was killed before it could report an error."""
    return f"{counted(deaths, 'earlier try')} of this task died without an error: by a restart, or by {advice()}"


def out_of_memory(error: BaseException) -> SlussError | None:
    """Return the sentence for an error of Python's or Arrow's that memory was refused; None for another error."""
    if not isinstance(error, MemoryError):  # Arrow's is one, too
        return None
    return SlussError(f"This step needs more memory than it gets: it reached {advice()}")
