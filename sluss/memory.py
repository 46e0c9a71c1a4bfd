"""The memory that this process may take, and the sentence for one that took more."""

from __future__ import annotations

import errno
import os
import re
import resource
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.config.settings import load_settings
from sluss.counted import counted
from sluss.errors import KilledError, SlussError

if TYPE_CHECKING:
    from collections.abc import Iterable

# Of the control group (version 2, and version 1) in which a container runs.
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_GB = 1024**3
_UNLIMITED = 1024**5  # version 1 writes a huge number in place of a word
# Libraries of other languages pass on the text alone: Rust's and C++'s own, DuckDB's, DataFusion's, the system's for
# ENOMEM, and the loader's for a library that no longer fits.
_TEXT = re.compile(
    r"memory allocation of \d+ bytes failed|std::bad_alloc|\bOut ?Of ?Memory(Exception| Error)|Resources exhausted"
    r"|\b_?(Array|Arrow)?MemoryError\b|Cannot allocate memory|failed to map segment from shared object",
    re.IGNORECASE,
)


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
    """Return the bytes that this process may take at most: by its container, `ulimit -v`, or the machine."""
    machine = _machine()
    return min(memory_limit() or machine, _address_space() or machine, machine)


def _address_space() -> int | None:
    """Return the limit of `ulimit -v`; None without one."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def advice() -> str:
    """Return the limit, and how to raise it or to need less."""
    if not load_settings().is_scheduled:
        return (
            f"the memory that it may take: at most {usable_memory() / _GB:.1f} GB{_source()}, less what others hold. "
            "Close other programs, use a machine with more memory, or take fewer rows at a time: lower "
            "training.window_days in the use case's config."
        )
    limit = memory_limit()
    shown = f" of {limit / _GB:.1f} GB" if limit else ""
    return (
        f"the memory limit{shown}. Raise AIRFLOW_TASK_MEMORY in .env (make up), or lower training.window_days in the "
        "use case's config."
    )


def _source() -> str:
    """Name what sets the limit."""
    usable = usable_memory()
    if usable == _address_space():
        return " (ulimit -v)"
    return " (its container's limit)" if usable == memory_limit() else " (this machine's)"


def killed_process(what: str) -> KilledError:
    """Return the error for a child process that the kernel killed."""
    return KilledError(f"{what} was killed: by a restart, or by {advice()}")


def starved_process(what: str) -> KilledError:
    """Return the error for a child process that was refused memory."""
    return KilledError(f"{what} needs more memory than it gets: it reached {advice()}")


def killed_sentence(deaths: int) -> str:
    """Return the sentence for tries whose process was killed before it could report an error."""
    return f"{counted(deaths, 'earlier try')} of this task died without an error: by a restart, or by {advice()}"


def out_of_memory(errors: Iterable[BaseException]) -> SlussError | None:
    """Return the sentence if memory was refused to one of these errors, each of which led to the one before."""
    found = list(errors)
    if any(_is_of_memory(each) for each in found):
        return SlussError(f"This step needs more memory than it gets: it reached {advice()}")
    # Joblib's error for a worker that was killed is one, too.
    if any(isinstance(each, BrokenExecutor) for each in found):
        return killed_process("A process that this step had started")
    return None


def _is_of_memory(error: BaseException) -> bool:
    # NumPy's and Arrow's are a MemoryError, too.
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return tells_of_memory(f"{type(error).__name__}: {error}")


def tells_of_memory(text: str) -> bool:
    """Whether a text, such as that of a process that was aborted, shows that memory was refused."""
    return bool(_TEXT.search(text))
