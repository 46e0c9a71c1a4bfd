"""Every task killed once at a moment of chance, and what that leaves: the same as if nothing had happened."""

from __future__ import annotations

import json
import subprocess
import threading
from typing import Any

import pytest
from running import PROJECT, Stack, told

pytestmark = pytest.mark.stack

DAY = "2026-01-04T00:00:00Z"
# Kills the process of each task at its first try, up to 0.3 s after it appears; ends when its standard input does.
KILLER = """
import glob, os, random, re, sys, threading, time
import psutil

chance, seen, over = random.Random(7), set(), threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()

# Task and try of a process that has just begun: the newest log that no other one has.
def task_of():
    end = time.monotonic() + 2
    while time.monotonic() < end:
        for path in sorted(set(logs()) - known, key=os.path.getmtime, reverse=True):
            known.add(path)
            found = re.search(r"task_id=([^/]+)/attempt=([0-9]+)[.]log", path)
            return found[1], int(found[2])
        time.sleep(0.01)
    return "unknown", 2

def logs():
    return glob.glob("/opt/sluss/logs/dag_id=*/run_id=*/task_id=*/attempt=*.log")

known = set(logs())
print("ready", flush=True)
while not over.is_set():
    running = list(psutil.process_iter(["ppid", "cmdline"]))
    lines = {each.pid: " ".join(each.info["cmdline"] or []) for each in running}
    for each in running:
        parent = lines.get(each.info["ppid"], "")
        worker = re.search(r"airflow supervisor: ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", parent)
        if not worker or worker[1] in seen:
            continue
        seen.add(worker[1])
        task, attempt = task_of()
        if attempt > 1:
            continue
        time.sleep(chance.uniform(0, 0.3))
        try:
            each.kill()
            print(task, flush=True)
        except psutil.NoSuchProcess:
            print(f"{task} was faster", flush=True)
    time.sleep(0.02)
"""
STATE = """
import json, os, sys
from sluss.registry import ledger
from sluss.registry.entry import verify
from sluss.registry import aliases
from sluss.registry.names import DIGEST_TAG
from sluss.context import load_context

context = load_context("sentiment")
lake = context.lake
entries = ledger.read(lake)
versions = context.client.search_model_versions(f"name = '{context.use_case.model}'")
rows = lake.dataset("predictions", first="2026-01-03", last="2026-01-03").to_table(columns=["id", "score"]).to_pylist()
print(json.dumps({
    "wrong": verify(entries),
    "production": ledger.in_production(entries),
    "aliases": aliases.of(context),
    "half": [each.version for each in versions if DIGEST_TAG not in each.tags],
    "rows": sorted((row["id"], row["score"]) for row in rows),
}))
sys.stdout.flush()
os._exit(0)
"""


def state(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stack.python_in("airflow-worker", STATE).splitlines()[-1])
    return found


@pytest.mark.usefixtures("trained")
def test_a_kill_of_every_task_changes_nothing_that_stays(stack: Stack) -> None:
    command = ["docker", "exec", "--interactive", f"{PROJECT}-airflow-worker-1", "python", "-c", KILLER]
    said: list[str] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killer:
        assert killer.stdout is not None
        assert killer.stdin is not None
        assert killer.stdout.readline() == "ready\n"
        listener = threading.Thread(target=lambda: said.extend(killer.stdout or ()))
        listener.start()
        try:
            with told("a day scored and the champion deployed again, each task killed at its first try"):
                scored = stack.run_dag("sentiment_scoring", DAY, seconds=300)["state"]
                stack.wait_until_idle("sentiment_training", "sentiment_deployment")
                version = stack.champion()["version"]
                deployed = stack.run_dag("sentiment_deployment", None, seconds=300, version=version)["state"]
        finally:
            killer.stdin.close()
            listener.join()
    killed = [line.strip() for line in said if "faster" not in line]
    print(f"\n  killed: {', '.join(killed)}; of {len(said)} tasks")
    assert (scored, deployed) == ("success", "success")
    assert len(set(killed)) >= 5
    after = state(stack)
    assert after["wrong"] == []
    assert after["aliases"]["champion"] == after["production"]
    assert after["half"] == []
    ids = [name for name, _ in after["rows"]]
    assert len(ids) == len(set(ids)) > 0
    stack.step("predict", "--interval", "2026-01-03")
    assert state(stack)["rows"] == after["rows"]
