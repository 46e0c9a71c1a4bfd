"""Shared by all tests: an embedded home in a temporary folder, the sentiment use case, its data, a real Postgres."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
import scipy.special  # noqa: F401 - early, as in sluss/step.py
import yaml

from sluss.config.settings import ROOT, Settings
from sluss.sources.archive import REVIEWS
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sluss.config.use_case import UseCase

# An example that is slow on a busy machine is no fault.
hypothesis.settings.register_profile("sluss", deadline=None)
hypothesis.settings.load_profile("sluss")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run files whose tests take a minute first; the order of the others stays random."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("SLUSS_", "MLFLOW_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set's source archive: kept in var/archives between runs, and out of reach of `rm -r var` during one."""
    kept = REVIEWS.find(Settings(home=ROOT / "var", data=None))
    return Path(shutil.copy(kept, tmp_path_factory.mktemp("archive")))


@pytest.fixture(scope="session")
def empty_hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database without a run: creating its tables takes seconds, copying them nothing."""
    from sluss.tracking.client import connect

    hub = Settings(home=tmp_path_factory.mktemp("hub"), data=None)
    connect(hub).search_experiments()
    return hub.home / "mlflow.db"


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory, empty_hub: Path) -> Callable[[str], Path]:
    """Make a folder with MLflow's database in it, for fixtures that several tests share."""

    def make(name: str) -> Path:
        home = tmp_path_factory.mktemp(name)
        shutil.copy(empty_hub, home / "mlflow.db")
        return home

    return make


@pytest.fixture
def settings(tmp_path: Path, archive: Path, empty_hub: Path) -> Settings:
    """The embedded mode in a folder of its own."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(empty_hub, home / "mlflow.db")
    return Settings(home=home, data=archive)


@pytest.fixture(scope="session")
def sentiment() -> UseCase:
    """The demo's use case as it is shipped."""
    return load_use_case("sentiment", ROOT / "config")


@pytest.fixture(scope="session")
def intensity_config() -> str:
    """The regression that docs/use_cases.md shows, as its file would be."""
    page = (ROOT / "docs" / "use_cases.md").read_text(encoding="utf-8")
    sections = re.search(r"^## A regression\n.*?```yaml\n(.*?)```", page, re.DOTALL | re.MULTILINE)[1]
    content = yaml.safe_load((ROOT / "config" / "sentiment.yaml").read_text(encoding="utf-8"))
    del content["classes"]
    return yaml.safe_dump(content | yaml.safe_load(sections))


@pytest.fixture(scope="session")
def intensity(intensity_config: str, tmp_path_factory: pytest.TempPathFactory) -> UseCase:
    """The use case of `intensity_config`."""
    folder = tmp_path_factory.mktemp("config")
    (folder / "intensity.yaml").write_text(intensity_config)
    return load_use_case("intensity", folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a database in a real Postgres that asks for a password."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [shutil.which("initdb")]
    if not found[-1]:
        pytest.skip("Postgres is not installed (initdb is neither in PATH nor under /usr/lib/postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="sluss-postgres-", dir="/tmp"))
    try:
        with _running_postgres(Path(found[-1]).resolve().parent, folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running_postgres(programs: Path, folder: Path) -> Iterator[str]:
    who = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    (folder / "password").write_text("right-password\n")
    if who:
        for path in (folder, folder / "password"):
            shutil.chown(path, who["user"], who["group"])
    data = folder / "data"
    create = [programs / "initdb", "-D", data, "-U", "sluss", "-A", "scram-sha-256", "--pwfile", folder / "password"]
    subprocess.run([*create, "--no-sync"], check=True, capture_output=True, cwd=folder, **who)
    port = _free_port()
    start = [programs / "postgres", "-D", data, "-p", str(port), "-k", folder, "-c", "fsync=off"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(start, stdout=log, stderr=log, cwd=folder, **who)
    try:
        _wait_until_open(port)
        yield f"postgresql://sluss:right-password@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)  # at SIGTERM it would wait for open connections
        server.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
