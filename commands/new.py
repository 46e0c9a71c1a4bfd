"""`sluss new`: from a table to a use case with a model in production."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from commands import place
from sluss.config.settings import step_settings
from sluss.errors import ConfigError
from sluss.new.config_text import config_text
from sluss.new.enough import check_enough
from sluss.new.facts import facts_of
from sluss.new.look import Look, look
from sluss.new.quick import try_models
from sluss.new.show import show
from sluss.new.source_text import url_variable
from sluss.new.written import check_same_table, is_kept, write
from sluss.profiling.database import database_and_table, is_postgres
from sluss.profiling.roles import Asked
from sluss.profiling.unclear import UnclearError
from sluss.profiling.whole_table import WholeTable, opened
from sluss.profiling.writing import Writing
from sluss.step import run_step
from sluss.use_cases import ALL

if TYPE_CHECKING:
    from rich.console import Console

    from sluss.config.settings import Settings
    from sluss.context import Context

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NEEDED = {
    "name": "a name for the use case, such as flights (small letters, digits and _)",
    "data": "the table: a file, a folder, postgres://…/table or s3://…",
    "target": "the column to predict",
}


@dataclass
class Answers:
    """Answers that a person gives by options or when asked."""

    name: str = ""
    data: str = ""
    target: str = ""
    time: str = ""
    id: str = ""
    zone: str = ""
    decimal: str = ""
    date_format: str = ""

    @property
    def asked(self) -> Asked:
        """The columns that were named."""
        ids = tuple(part.strip() for part in self.id.split(",") if part.strip())
        return Asked(self.target, self.time or None, ids)

    @property
    def writing(self) -> Writing:
        """How values are written, as far as it was said."""
        return Writing(self.decimal or ".", self.date_format or None, self.zone or None, bool(self.decimal))


def _option(name: str, words: str) -> click.Option:
    variable = name.upper()
    return click.Option([f"--{name.replace('_', '-')}"], envvar=variable, show_envvar=True, default="", help=words)


_TEXTS = {
    "name": "Name of the use case: config/<name>.yaml.",
    "data": "The table: a file, a folder, postgres://user@host/database/table, or s3://bucket/path.",
    "target": "The column to predict.",
    "time": "The column with a row's time (none: the table has no time).",
    "id": "The column that identifies a row, or several with commas; by default a unique one, or a hash of the row.",
    "zone": "Time zone of times that have none: UTC, or a name such as Europe/Berlin.",
    "decimal": "The decimal sign of numbers in texts, if they do not show it.",
    "date_format": "The format of dates in texts, such as %d/%m/%Y, if they do not show it.",
}


def _new(*, yes: bool, dry: bool, **texts: str) -> NoReturn:
    """Look at a table, write config/<name>.yaml, and bring a model into production.

    It reads all rows, prints each column with its type, role and reason, and warns of leaks, duplicates and gaps. Then,
    unless --dry, it brings the data, trains, runs the gates, deploys and scores the newest interval. A file that you
    have edited stays as it is.
    """
    place.tell(place.here())
    answers = Answers(**texts)
    asks = sys.stdin.isatty() and not yes
    _complete(answers, asks=asks)
    settings = step_settings()
    path = settings.config_dir / f"{answers.name}.yaml"
    check_same_table(path, answers.data)
    with opened(answers.data) as table:
        found = _looked(table, answers, path, asks=asks)
        quick = try_models(table, found)
        text = config_text(facts_of(answers.name, _as_in_a_config(answers.data, settings), table, found, quick))
    console = _console()
    show(console, found, quick)
    if dry:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        sys.exit(0)
    if asks and not click.confirm(f"Write {path} and train?", default=True):
        sys.exit(0)
    _tell_outcome(console, path, write(path, text))
    if is_postgres(answers.data):
        _keep_address(console, answers)
    run_step(answers.name, lambda context: _bring_up(context, found, console), opens_model=True)


def _keep_address(console: Console, answers: Answers) -> None:
    """The source reads the address from the environment: for this process it is there now."""
    variable = url_variable(answers.name)
    os.environ[variable], _ = database_and_table(answers.data)
    console.print(f"Keep the database's address in the variable {variable}: config/ has no passwords.", highlight=False)


def _as_in_a_config(data: str, settings: Settings) -> str:
    """A path that is right wherever the command runs: relative to the checkout for files in it."""
    if "://" in data:
        return data
    path, root = Path(data).absolute(), settings.config_dir.resolve().parent
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _complete(answers: Answers, *, asks: bool) -> None:
    for field in fields(answers):
        if field.name in _NEEDED and not getattr(answers, field.name):
            if not asks:
                example = "make new NAME=flights DATA=flights.csv TARGET=late"
                raise ConfigError(f"{field.name.upper()} is missing: {_NEEDED[field.name]}. For example: {example}")
            setattr(answers, field.name, click.prompt(f"{field.name}: {_NEEDED[field.name]}"))
    if not _NAME.fullmatch(answers.name) or answers.name == ALL:
        meaning = " (it stands for every use case)" if answers.name == ALL else ""
        raise ConfigError(
            f"'{answers.name}' cannot be a name{meaning}: use small letters, digits and _, such as NAME=flights."
        )


def _looked(table: WholeTable, answers: Answers, path: Path, *, asks: bool) -> Look:
    """Look, and ask where the table allows two readings."""
    while True:
        try:
            found = look(table, answers.asked, answers.writing)
            if not is_kept(path):  # otherwise its days count, and not those that would be written
                check_enough(table, found)
            return found
        except UnclearError as question:
            if not asks:
                raise
            setattr(answers, question.option, click.prompt(f"{question}\n{question.option}"))


def _tell_outcome(console: Console, path: Path, outcome: str) -> None:
    words = {
        "written": f"Wrote {path}",
        "unchanged": f"{path} is as it was",
        "kept": f"{path} was edited, or is your own: it stays as it is, and counts from here on",
    }
    console.print(words[outcome], highlight=False, soft_wrap=True)


def _bring_up(context: Context, found: Look, console: Console) -> None:
    from sluss.new.bring_up import bring_up, newest_start

    name = context.use_case.name
    console.print(bring_up(context, newest_start(found), lambda line: console.print(f"{line} …", highlight=False)))
    console.print(
        f"The champion is in production. Its report: make report USE_CASE={name}. The runs: make ui. The next "
        f"interval: make score USE_CASE={name} INTERVAL=…. Every choice stands in config/{name}.yaml.",
        highlight=False,
    )
    place.tell_stack(f"WHERE=stack make data train deploy USE_CASE={name}", remark=_needs(context))


def _needs(context: Context) -> str:
    """A hint for the stack, which may not reach the table by the same address."""
    source = context.use_case.source
    path, variable = getattr(source, "path", ""), getattr(source, "url_variable", None)
    if variable:
        return f", with {variable} in the environment of its containers"
    if path and not path.startswith(("s3://", "data/")):
        return ", after you have copied the table to data/, which the stack mounts, and corrected source.path"
    return ""


def _console() -> Console:
    from rich.console import Console

    return Console()


command = click.Command(
    "new",
    callback=_new,
    help=_new.__doc__,
    params=[
        *(_option(name, words) for name, words in _TEXTS.items()),
        click.Option(["--yes"], is_flag=True, envvar="YES", show_envvar=True, help="Do not ask."),
        click.Option(["--dry"], is_flag=True, envvar="DRY", show_envvar=True, help="Print the config and stop."),
    ],
)
