"""One stack for all tests of this folder: brought up by `make up`'s own script, taken down with its volumes."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from running import CONFIG, DATA, ENV_FILE, RECEIVERS, SOURCES, Stack, told

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_DAY = "2026-01-02T00:00:00Z"

# It has a stack of its own, which comes before that of all others: two at once take much memory.
FIRST = "test_upgrade_stack.py"
# They move on in time, and others train on the newest days.
LAST = ("test_two_schedulers.py", "test_continuous_training.py", "test_tls.py", "test_backup_stack.py")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Each test may wait for images to be built; those that play later days come last."""
    for item in items:
        if "/tests/stack/" in str(item.path):
            item.add_marker(pytest.mark.timeout(1800))
    yield
    order = (FIRST, "", *LAST)
    items.sort(key=lambda item: order.index(item.path.name if item.path.name in order else ""))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The running stack. SLUSS_SMOKE_KEEP=1 leaves it running for a look."""
    ENV_FILE.parent.mkdir(exist_ok=True)
    found = Stack()
    found.remove_leftovers()
    try:
        with told("make up, with the images built when they were not"):
            found.start()
        yield found
        if os.environ.get("SLUSS_SMOKE_KEEP"):
            return
    except AssertionError:
        print(found.command("logs", check=False).stdout[-20_000:])
        raise
    finally:
        found.http.close()
        if not os.environ.get("SLUSS_SMOKE_KEEP"):
            with told("make destroy"):
                found.command("destroy", "--yes")
            ENV_FILE.unlink()
            SOURCES.unlink()
            RECEIVERS.unlink()
            shutil.rmtree(CONFIG)
            shutil.rmtree(DATA)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or playwright's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def trained(stack: Stack) -> dict[str, Any]:
    """The version that `make train deploy` registers in the stack."""
    with told("train inside the stack"):
        stack.step("train", "--load-history")
    with told("deploy inside the stack"):
        stack.step("deploy")
    return stack.champion()


@pytest.fixture(scope="session")
def scored(stack: Stack, trained: dict[str, Any]) -> dict[str, Any]:
    """The run of the scoring DAG for the first live day, triggered by REST."""
    with told(f"scoring DAG with version {trained['version']}"):
        return stack.run_dag("sentiment_scoring", FIRST_DAY)
