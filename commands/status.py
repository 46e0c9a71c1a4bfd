"""The status of all use cases, or of one, in the stack if it is up and embedded otherwise."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from commands import place
from commands.placed import arguments, with_variable
from sluss.stack import docker
from tasks import show_status


@click.command(params=[*(with_variable(param) for param in show_status.command.params), place.where_option()])
def command(where: str | None, **given: object) -> NoReturn:
    """Show the status of every use case, or of one; exit code 1 if something needs a person."""
    container = place.choose(where)
    if container:
        sys.exit(
            docker.run_inside(
                container, "python", "/opt/sluss/tasks/show_status.py", *arguments(show_status.command, given)
            )
        )
    show_status.end(str(given["use_case"] or ""), json=bool(given["json"]))
