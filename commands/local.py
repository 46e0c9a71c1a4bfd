"""Commands that always run on this machine: the demo, its pages, its report and the notebooks."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from commands import place
from sluss.config.settings import ROOT, load_settings
from sluss.errors import ConfigError
from sluss.sources.source import section_of
from sluss.step import run_step
from sluss.use_cases import ALL, load_use_case, use_case_names
from tasks import make_report

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option("--use-case", default="sentiment", show_default=True, envvar="USE_CASE", help="Its name, or all.")
@click.option("--data", envvar="DATA", help="The data set's archive on disk, or its folder, instead of a download.")
def demo(use_case: str, data: str | None) -> NoReturn:
    """Train on real data, score day by day, and watch the world change: a minute and a half, without Docker."""
    os.environ["DATA"] = data or ""
    place.use_archive()
    settings = load_settings()
    names = _with_an_end(settings.config_dir) if use_case == ALL else [use_case]
    for name in names:  # at once, and not after Airflow has made its database
        section_of(load_use_case(name, settings.config_dir)).check(settings)
    _become("scripts/demo/demo.py", *names)


def _with_an_end(config_dir: Path) -> list[str]:
    """The use cases whose live intervals end, which a demo can tell to its end; the default one comes first."""
    names = [name for name in use_case_names(config_dir) if load_use_case(name, config_dir).end_live is not None]
    if not names:
        raise ConfigError(f"No use case in {config_dir} has a live_end, so no demo would end. Give one a live_end.")
    return sorted(names, key=lambda name: (name != "sentiment", name))


@click.command()
def ui() -> NoReturn:
    """Serve MLflow's and Airflow's pages on the demo's state, until Ctrl-C."""
    _become("scripts/demo/ui.py")


@click.command()
def notebook() -> NoReturn:
    """Start JupyterLab on notebooks/, with the stack's data if it is up."""
    _become("scripts/jupyter.py", says_where=False)


@click.command(params=make_report.command.params)
def report(use_case: str, *, in_browser: bool) -> NoReturn:
    """Write the report as one HTML page and print its path."""
    place.tell(place.here())
    place.tell_stack("see the runs on the pages that make login lists", remark=", or its ledger by make history")
    run_step(use_case, lambda context: make_report.command.body(context, in_browser=in_browser))


def _become(script: str, *arguments: str, says_where: bool = True) -> NoReturn:
    """Let a script of the checkout take this process's place, and with it Ctrl-C."""
    path = ROOT / script
    if not path.is_file():
        raise ConfigError(f"{path} does not exist: this command needs a checkout of Sluss, not only its distribution.")
    if says_where:
        place.tell(place.here())
    # The script's own folder comes first on its path, not the checkout.
    os.environ["PYTHONPATH"] = str(ROOT)
    os.execv(sys.executable, [sys.executable, str(path), *arguments])  # noqa: S606 - no shell
