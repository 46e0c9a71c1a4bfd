"""Write the use case's report as one HTML page and print its path."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

import click

from sluss.control_room.report import write_report
from sluss.step import main, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = write_report


@step_command()
@click.option("--open", "in_browser", is_flag=True, help="Open the page in a browser.")
def command(context: Context, *, in_browser: bool) -> None:
    """Write the report as one HTML page and print its path."""
    path = run(context)
    print(path)
    if in_browser:
        webbrowser.open(path.resolve().as_uri())


if __name__ == "__main__":
    main(command)
