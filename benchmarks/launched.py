"""Run a command, and print its cost as JSON.

A process starts with the largest resident size of the one that started it: Linux keeps that figure over exec. So this
small one starts the command, and not the benchmark, which may have had a table in its memory.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Start the command of the arguments, wait for its end, and print its status and cost."""
    started = time.perf_counter()
    # Nothing of the command belongs among the figures.
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    cost = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * unit / 1e6}
    print(json.dumps({"code": os.waitstatus_to_exitcode(status), "cost": cost}))


if __name__ == "__main__":
    main()
