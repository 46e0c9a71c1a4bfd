"""Steps as subcommands: they run in the stack if it is up, and in this process otherwise."""

from __future__ import annotations

import copy
import getpass
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from commands import place
from sluss.errors import ConfigError
from sluss.stack import docker
from sluss.step import StepCommand, run_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.context import Context
    from sluss.stack.docker import Container


class PlacedCommand(click.Command):
    """One step, or several in a row, with `--where`; every option is read from a variable of its name as well."""

    def __init__(self, name: str, words: str, steps: Sequence[str], missing: str) -> None:
        self.missing = missing
        self.steps: dict[str, StepCommand] = {step: import_module(f"tasks.{step}").command for step in steps}
        params = {param.name: with_variable(param) for step in self.steps.values() for param in step.params}
        single = next(iter(self.steps.values())) if len(self.steps) == 1 else None
        super().__init__(
            name,
            params=[*params.values(), place.where_option()],
            help=single.help if single else f"{words}.",
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; a missing option is a sentence with an example."""
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter:
            if not self.missing:
                raise
            raise ConfigError(self.missing) from None

    def invoke(self, ctx: click.Context) -> NoReturn:
        """Run the steps in the stack or here, and end the process."""
        given = dict(ctx.params)
        place.use_archive()
        container = place.choose(given.pop("where"))
        if self.name == "data" and given["interval"] is None:
            given["history"] = True
        if container:
            sys.exit(self._in_stack(container, given))
        # One process for all steps: the imports of a step take longer than its work.
        opens_model = any(step.opens_model for step in self.steps.values())
        run_step(given.pop("use_case"), lambda context: self._here(context, given), opens_model=opens_model)

    def _here(self, context: Context, given: dict[str, Any]) -> None:
        for step in self.steps.values():
            step.body(context, **_of(step, given))

    def _in_stack(self, container: Container, given: dict[str, Any]) -> int:
        if "by" in given:
            # In the container, the user has no name that the ledger could record.
            given["by"] = given["by"] or getpass.getuser()
        picture = given.get("svg")
        if picture and picture != Path("-"):
            return _picture_from_stack(container, self._command("show_lineage", given | {"svg": "-"}), picture)
        # A generator, so that the steps after a failed one do not run.
        codes = (docker.run_inside(container, *self._command(name, given)) for name in self.steps)
        return next((code for code in codes if code), 0)

    def _command(self, name: str, given: dict[str, Any]) -> list[str]:
        step = self.steps[name]
        return ["python", f"/opt/sluss/tasks/{name}.py", *arguments(step, given)]


def with_variable(param: click.Parameter) -> click.Parameter:
    """Return a copy of the option that is also read from a variable of its name: `--version` from VERSION."""
    named = copy.copy(param)
    named.envvar = param.opts[0].removeprefix("--").replace("-", "_").upper()
    if isinstance(named, click.Option):
        named.show_envvar = True
    return named


def arguments(step: click.Command, given: dict[str, Any]) -> list[str]:
    """The options as a command line, which no shell reads."""
    line: list[str] = []
    for param in step.params:
        value = given.get(param.name or "")
        if value is True:
            line.append(param.opts[0])
        elif value not in (None, "", False):
            line += [param.opts[0], str(value)]
    return line


def _of(step: click.Command, given: dict[str, Any]) -> dict[str, Any]:
    """The values of this step's options, without the use case."""
    names = {param.name for param in step.params} - {"use_case"}
    return {name: value for name, value in given.items() if name in names}


def _picture_from_stack(container: Container, command: list[str], path: Path) -> int:
    """Write the picture that a step in the stack prints: it cannot write to this machine."""
    done = docker.capture_inside(container, *command)
    if done.returncode:
        return done.returncode
    try:
        path.write_text(done.stdout, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"The picture cannot be written to {path}: {error.strerror}. Choose another path.") from None
    print(path)
    return 0
