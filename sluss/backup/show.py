"""Backups on the terminal: progress, and findings."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sluss.counted import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sluss.backup.manifest import Manifest
    from sluss.backup.save import Saved
    from sluss.backup.verify import Findings

_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000


@contextmanager
def progress(words: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, if that is a terminal; the function takes the done and all."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def size(number: float) -> str:
    """Bytes in a readable unit: `20.3 MB`."""
    for unit in _UNITS:
        if number < _STEP or unit == _UNITS[-1]:
            break
        number /= _STEP
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"


def described(manifest: Manifest) -> str:
    """A backup in a few words."""
    return (
        f"{manifest.name}, {manifest.place}, Sluss {manifest.sluss} ({manifest.commit[:12]}), "
        f"{counted(len(manifest.files), 'file')}, {size(manifest.size)}"
    )


def show_saved(saved: Saved, address: str, *, with_secrets: bool) -> None:
    """Print what was stored, what is new, and what is not in it."""
    print(f"Backup {described(saved.manifest)}; new in {address}: {size(saved.new_bytes)}.")
    for sentence in saved.manifest.left_out:
        print(sentence)
    if saved.manifest.place == "stack" and not with_secrets:
        print(
            "Secrets are not in it (.env, sources.env, receivers.env): keep copies of these files elsewhere, or set "
            "SLUSS_BACKUP_PASSPHRASE, and they are stored encrypted."
        )


def show_findings(found: Findings) -> None:
    """Print what was verified and every fault."""
    for name, words in found.facts.items():
        print(f"  {name:24} {words}")
    for fault in found.faults:
        print(f"  FAULT  {fault}")
    print("Verified: no fault." if not found.faults else f"{counted(len(found.faults), 'fault', 'was', 'were')} found.")
