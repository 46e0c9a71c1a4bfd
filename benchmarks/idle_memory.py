"""The memory of the idle stack relative to its limit: as `docker stats` counts it, and without the page cache.

`docker stats` omits pages of files that were read once, and counts those that were read twice, although the kernel can
reclaim both. Their number depends on recent reads and on free memory, not on the stack.
"""

from __future__ import annotations

import json
import subprocess
import time

from measuring import Bench, BenchmarkError, Line

from sluss.stack import docker

_PROMISED = 1.5e9
_UNITS = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
# MinIO hands memory back at its collector's next forced run, two minutes after the last request.
_SETTLED_WITHIN = 240
_POLL = 20


def measure(bench: Bench) -> list[Line]:
    """Wait until the stack has settled, and measure."""
    bar = bench.progress.add_task("Waiting for the stack to come to rest", total=_SETTLED_WITHIN // _POLL)
    history: list[dict[str, float]] = []
    for _ in range(_SETTLED_WITHIN // _POLL):
        history.append(_usage())
        bench.progress.advance(bar)
        time.sleep(_POLL)
    prefix = f"{docker.project()}-"
    lines = [
        Line("idle_memory", name.removeprefix(prefix), value / 1e6, None, unit="MB", kind="value")
        for name, value in history[-1].items()
    ]
    total, held = sum(history[-1].values()), sum(_held(name) for name in history[-1])
    return [
        *lines,
        Line("idle_memory", "whole stack, of 1,500 MB", total / 1e6, _PROMISED / 1e6, limit=1.0, unit="MB"),
        Line("idle_memory", "… without the page cache", held / 1e6, _PROMISED / 1e6, limit=1.0, unit="MB"),
    ]


def _usage() -> dict[str, float]:
    """Return the bytes of each service of the project that `make up` starts."""
    label = "label=com.docker.compose.project=" + docker.project()
    ids = _docker("ps", "--quiet", "--filter", label).split()
    if not ids:
        raise BenchmarkError("the stack is not up: 'make up' starts it")
    lines = _docker("stats", "--no-stream", "--format", "json", *ids).splitlines()
    found = [json.loads(line) for line in lines]
    return {
        each["Name"]: _bytes(each["MemUsage"].split(" / ")[0]) for each in sorted(found, key=lambda each: each["Name"])
    }


def _held(name: str) -> float:
    """Return the bytes of a container that the kernel cannot reclaim: all but the cached pages of files on disks."""
    script = "cd /sys/fs/cgroup; [ -d memory ] && cd memory; cat memory.usage_in_bytes memory.current memory.stat"
    words = _docker("exec", name, "bash", "-c", f"({script}) 2>/dev/null || true").split()
    figures = {key: float(value) for key, value in zip(words[1::2], words[2::2], strict=True)}
    # cgroups of version 1, with the containers below, or of version 2
    cached, shared = figures.get("total_cache", figures.get("file")), figures.get("total_shmem", figures.get("shmem"))
    if cached is None or shared is None:
        raise BenchmarkError(f"the kernel does not report the page cache of {name}")
    return float(words[0]) - cached + shared  # shared memory counts as cached, but cannot be reclaimed


def _docker(*arguments: str) -> str:
    try:
        return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchmarkError(f"Docker does not answer ({error})") from error


def _bytes(text: str) -> float:
    number = text.rstrip("BKMGi")
    return float(number) * _UNITS[text[len(number) :]]
