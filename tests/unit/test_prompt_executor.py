"""A scheduler that ends does not wait for a task that goes on for hours."""

from __future__ import annotations

import multiprocessing
import sys
import time

import pytest

from sluss.config.settings import ROOT


@pytest.fixture
def executor(monkeypatch, tmp_path):
    """The executor of small machines, not yet started."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.syspath_prepend(str(ROOT / "services" / "airflow"))
    import prompt_executor

    yield prompt_executor.PromptExecutor(parallelism=1)
    sys.modules.pop("prompt_executor")


def test_a_busy_worker_is_ended_after_a_moment(executor):
    context = multiprocessing.get_context("spawn")
    worker = context.Process(target=time.sleep, args=(600,))
    worker.start()
    executor.workers, executor.activity_queue = {worker.pid: worker}, context.SimpleQueue()
    started = time.monotonic()
    executor.end()
    worker.join(30)
    assert worker.exitcode == -9
    assert time.monotonic() - started < 60
