"""Run a notebook from top to bottom in a kernel of its own, on a home of its own."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import nbformat
import pytest

from sluss.context import Context

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from nbclient import NotebookClient


from typing import TYPE_CHECKING

from sluss.config.settings import ROOT, Settings
from sluss.registry.champion import champion

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

NOTEBOOKS = ROOT / "notebooks"


def own_home(settings: Settings, use_case: UseCase, folder: Path) -> Settings:
    """Return a copy of a home with a champion of its own, in which a notebook may register versions."""
    copy = Settings(home=Path(shutil.copytree(settings.home, folder / "home")), data=settings.data)
    copied = Context(copy, use_case)
    run_id = champion(copied).run_id
    copied.client.set_tag(run_id, "sluss.data.table", copied.lake.uri("curated"))
    return copy


def execute(name: str, settings: Settings) -> list[dict[str, str]]:
    """Run a notebook on this home, and return its outputs by type, texts under `text/plain`."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SLUSS_HOME", str(settings.home))
        environment.setenv("OPENBLAS_NUM_THREADS", "1")
        return run(name)


def run(name: str) -> list[dict[str, str]]:
    """Run a notebook with the settings of the environment, and return its outputs by type."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [{"text/plain": each["text"]} if "text" in each else each["data"] for each in outputs]
