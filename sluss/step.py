"""The command line that all steps share: options in, one sentence and exit code 2 on a wrong input."""

from __future__ import annotations

import gc
import os
import re
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from sluss.compat import end_process
from sluss.config.settings import load_settings
from sluss.context import load_context
from sluss.disk import explained
from sluss.errors import ConfigError
from sluss.interval import Interval, given_interval
from sluss.lost_files import explained_in
from sluss.terminal import STOPPED, exit_code, lost_output, say, say_stopped, written_out
from sluss.use_cases import use_case_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.shell_completion import CompletionItem

    from sluss.context import Context

    Body = Callable[..., None]


class StepCommand(click.Command):
    """The command of a step: its callback gets the context instead of the use case's name."""

    opens_model = False

    def invoke(self, ctx: click.Context) -> NoReturn:
        """Run the step and end the process."""
        given = dict(ctx.params)
        run_step(given.pop("use_case"), lambda context: self.body(context, **given), opens_model=self.opens_model)

    def body(self, context: Context, **given: object) -> None:
        """Run the step for a context, as a part of a command of several steps."""
        assert self.callback is not None
        self.callback(context, **given)


def step_command(*, opens_model: bool = False) -> Callable[[Body], StepCommand]:
    """Make a function of a context and of the options before it a command, with `--use-case`.

    `opens_model`: the step saves or loads a model, and so will import skops.
    """

    def decorate(body: Body) -> StepCommand:
        command = click.command(cls=StepCommand)(use_case_option(body))
        command.opens_model = opens_model
        return command

    return decorate


class _UseCaseName(click.ParamType[str]):
    name = "name"

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """The use cases of the config folder."""
        from click.shell_completion import CompletionItem

        names = use_case_names(load_settings().config_dir)
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


class _VersionNumber(click.ParamType[str]):
    name = "number"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,  # noqa: ARG002 - click's signature
        ctx: click.Context | None,  # noqa: ARG002
    ) -> str:
        """The number without what surrounds it."""
        # A registry never gives longer numbers, and its database cannot hold them.
        if not re.fullmatch(r"\s*[1-9][0-9]{0,8}\s*", str(value)):
            raise ConfigError(f"{value!r} is not the number of a version. Give a number such as 2, or none.")
        return str(value).strip()


def use_case_option(body: Body) -> Body:
    """`--use-case`, which is also read from USE_CASE."""
    option = click.option(
        "--use-case", type=_UseCaseName(), default="sentiment", show_default=True, envvar="USE_CASE",
        help="Name of a file in config/.",
    )  # fmt: skip
    return option(body)


def version_option(words: str = "Number of the version; by default the newest.") -> Callable[[Body], Body]:
    """`--version`, for steps that work on a registered version."""
    return click.option("--version", type=_VersionNumber(), help=words)


def interval_option(body: Body) -> Body:
    """`--interval`, for steps that work on one interval."""
    return click.option(
        "--interval", required=True, help="Start of the interval: 2026-01-05, or 2026-01-05T13 where it is an hour."
    )(body)


def span_options(body: Body) -> Body:
    """`--interval` or `--history`, for steps that also work on all intervals before the first live one."""
    history = click.option("--history", is_flag=True, help="All intervals before live_start, in one go.")
    interval = click.option("--interval", help="Start of the interval, for example 2026-01-05.")
    return interval(history(body))


def chosen_interval(context: Context, interval: str | None, *, history: bool = False) -> Interval:
    """The interval that the options name.

    Raises:
        ConfigError: they name none, or two, or the text is not the start of an interval.
    """
    if history == (interval is not None):
        raise ConfigError("Name an interval with --interval, or all before the first live one with --history.")
    return context.use_case.history if interval is None else given_interval(interval, context.use_case.unit)


def main(command: click.Command, arguments: Sequence[str] | None = None, name: str | None = None) -> NoReturn:
    """Run a command to the end of this process.

    An input that a person can correct is one sentence and exit code 2. Another exception is a bug with a traceback.
    """
    _tune_process()  # before any command imports what starts threads: they read it once
    try:
        # Not standalone, in which click would print errors in its own form and end the process.
        code = command.main(args=arguments, prog_name=name, standalone_mode=False)
    except click.ClickException as error:
        say(_sentence(error))
        sys.exit(error.exit_code)
    except click.Abort:
        say_stopped()
        sys.exit(STOPPED)
    except Exception as error:
        if not (sentence := lost_output() or explained(error)):
            raise
        say(str(sentence))
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _sentence(error: click.ClickException) -> str:
    if isinstance(error, click.BadParameter) and (variable := _variable_of(error)):
        return f"{variable} cannot be used: {error.message}"
    message = error.format_message()
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
    return f"{message} See '{path} --help'." if path else message


def _variable_of(error: click.BadParameter) -> str:
    """Return the variable that gave a wrong value, as `make` passes it on; empty where an option did."""
    param, context = error.param, error.ctx
    if param is None or context is None or not isinstance(param.envvar, str):
        return ""
    source = context.get_parameter_source(param.name or "")
    return param.envvar if source is click.core.ParameterSource.ENVIRONMENT else ""


def run_step(use_case: str, step: Callable[[Context], None], *, opens_model: bool = False) -> NoReturn:
    """Load the context, run the step, turn a SlussError into one sentence and exit code 2, and end."""
    _tune_process()
    code = 0
    context: Context | None = None
    try:
        context = load_context(use_case)
        if opens_model:
            _import_scipy_first()
        step(context)
    except KeyboardInterrupt:
        say_stopped()
        code = STOPPED
    except SystemExit as end:
        code = int(exit_code(end) or 0)
    except BrokenPipeError:
        code = 0
    except Exception as error:
        if not (sentence := lost_output() or explained_in(context, error)):
            raise
        say(str(sentence))
        code = 2
    end_process(int(written_out(code) or 0))


def _import_scipy_first() -> None:
    """Import the functions of scipy.special before MLflow.

    skops looks for the module of each of them among all imported modules in turn, which takes a second if these are
    MLflow's hundreds.
    """
    import scipy.special  # noqa: F401


def _tune_process() -> None:
    """A step imports much and computes little, on cores that others use too.

    Collecting garbage while modules are imported costs half a second and frees nothing. A second BLAS thread waits more
    than it works: on two busy cores it makes a training of three seconds take ten. The threads of OpenMP, which fit
    gradient boosting, do work; but they must not spin while they wait: that makes two seconds twenty on busy cores.
    """
    gc.set_threshold(50_000, 20, 100)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
