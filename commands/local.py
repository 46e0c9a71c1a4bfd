"""Commands that always run on this machine: the demo, its pages, its report and the notebooks."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from commands import place
from sluss.config.settings import ROOT, load_settings
from sluss.errors import ConfigError
from sluss.sources.vader_archive import find_archive
from sluss.step import run_step
from tasks import make_report


@click.command()
@click.option("--data", envvar="DATA", help="The data set's archive on disk, instead of a download.")
def demo(data: str | None) -> NoReturn:
    """Train on real data, score day by day, and watch the world change: a minute and a half, without Docker."""
    os.environ["DATA"] = data or ""
    place.use_archive()
    settings = load_settings()
    if settings.data is not None:  # at once, and not after Airflow has made its database
        find_archive(settings)
    _become("scripts/demo/demo.py")


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


def _become(script: str, *, says_where: bool = True) -> NoReturn:
    """Let a script of the checkout take this process's place, and with it Ctrl-C."""
    path = ROOT / script
    if not path.is_file():
        raise ConfigError(f"{path} does not exist: this command needs a checkout of Sluss, not only its distribution.")
    if says_where:
        place.tell(place.here())
    # The script's own folder comes first on its path, not the checkout.
    os.environ["PYTHONPATH"] = str(ROOT)
    os.execv(sys.executable, [sys.executable, str(path)])  # noqa: S606 - no shell
