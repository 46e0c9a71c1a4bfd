"""A demo as a person starts it, in a process of its own and a home of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Demo:
    """The state that a demo left, and what it printed."""

    context: Context
    printed: str

    @property
    def table(self) -> list[list[str]]:
        """The cells of its last table, without the heading."""
        lines = (line.split("│")[1:-1] for line in self.printed.splitlines() if "│" in line)
        return [[cell.strip() for cell in cells] for cells in lines]


def run_demo(name: str, home: Path) -> Demo:
    """Run the demo of a use case, which takes some minutes."""
    environment = {"PYTHONPATH": str(ROOT), "SLUSS_HOME": str(home), "PATH": "/usr/bin:/bin", "COLUMNS": "160"}
    command = [sys.executable, ROOT / "scripts" / "demo" / "demo.py", name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=1700)
    assert done.returncode == 0, done.stdout + done.stderr
    return Demo(Context(Settings(home=home), load_use_case(name, ROOT / "config")), done.stdout)
