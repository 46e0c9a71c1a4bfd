"""Git, asked about the checkout alone. Standard library only, as all of the stack's commands."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 60  # seconds, for a large checkout on a slow disk


def git(checkout: Path, *words: str) -> bytes | None:
    """Return what git prints about a checkout; None without git, outside of a repository, or if it fails.

    A checkout of another user's is read as well, since its code runs already. The repository of a folder above, in
    which an archive was unpacked, is another project's.
    """
    if not (checkout / ".git").exists():
        return None
    # git refuses the repository of another user unless this names it:
    # https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory
    command = ["git", "-c", f"safe.directory={checkout.resolve()}", "-C", str(checkout), *words]
    try:
        return subprocess.run(command, capture_output=True, check=True, timeout=_PATIENCE).stdout
    except (OSError, subprocess.SubprocessError):
        return None
