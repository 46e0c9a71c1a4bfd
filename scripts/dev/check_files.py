"""Refuse files that do not belong into the repository: secrets, keys, large files, paths of one machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sluss.stack import env_file

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = env_file.ROOT
LARGEST = 500_000  # bytes
LOCK = "requirements.lock"  # long, but needed
# Put together here, so that this file passes its own check.
KEY = re.compile("-----BEGIN [A-Z ]*" + "PRIVATE KEY-----")
HOMES = re.compile(r"(?<![\w.$}/-])/" + r"(?:home/\w|root/(?!\.cache)\w|Users/\w|work(?:space)?/\w)")


def problems(path: Path) -> Iterator[str]:
    """Defects of a file, as sentences."""
    if (path.name.startswith(".env") or path.suffix == ".env") and path.name != ".env.example":
        yield "holds secrets: name it in .gitignore and take it out with 'git rm --cached'"
        return
    if path.stat().st_size > LARGEST and path.name != LOCK:
        yield f"is larger than {LARGEST:,} bytes: keep data, models and pictures elsewhere, or make it smaller"
        return
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    if path.suffix == ".ipynb" and _was_run(text):
        yield "is a notebook with outputs, which may show data: clear all its outputs and save it"
    if KEY.search(text):
        yield "holds a private key: remove it, and replace the key, since it is known now"
    yield from (f"holds the value of {name} in .env: remove it" for name, value in secrets().items() if value in text)
    yield from (f"names {found[0]}, a folder of one machine: write it relative" for found in HOMES.finditer(text))
    yield from (f"names {host}, a package index of one network: leave it out" for host in index_hosts() if host in text)


def _was_run(text: str) -> bool:
    """Whether a notebook holds outputs or their numbers."""
    return any(cell.get("outputs") or cell.get("execution_count") for cell in json.loads(text)["cells"])


def secrets() -> dict[str, str]:
    """The secrets of the stack that was started from here."""
    values = env_file.read(ROOT / ".env").items()
    return {name: value for name, value in values if name.endswith(("PASSWORD", "KEY", "SECRET")) and len(value) >= 12}


def index_hosts() -> set[str]:
    """Hosts of package indexes that this machine uses, except the public one."""
    names = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "GOPROXY")
    words = " ".join(os.environ.get(name, "") for name in names)
    for file in (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf"):
        words += f" {file.read_text(encoding='utf-8')}" if file.is_file() else ""
    hosts = {urlsplit(url).hostname for url in re.findall(r"https?://[^\s,|]+", words)}
    return {host for host in hosts if host} - {"pypi.org", "proxy.golang.org"}


def tracked() -> list[Path]:
    """Every file that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def main(names: list[str]) -> int:
    """Check the files that are named, or all that are tracked; exit code 1 when one does not belong."""
    files = [Path(name) for name in names] or tracked()
    found = [f"{path} {problem}." for path in files if path.is_file() for problem in problems(path)]
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
