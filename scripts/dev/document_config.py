"""Write the tables of docs/ that come from the code and .env.example, between their markers."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from config_schema import schema_text
from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from commands.catalogue import SECTIONS, Subcommand
from sluss.config.settings import ROOT, Settings
from sluss.config.source_section import SourceSection, source_sections
from sluss.config.use_case import UseCase
from sluss.interval import Unit
from sluss.problems import KINDS
from sluss.stack.env_file import secret_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

DOCS = ROOT / "docs"
SCHEMA = ROOT / "config" / "use_case.schema.json"
EXAMPLE = ROOT / ".env.example"
END = "<!-- end -->"
_TYPES = {
    str: "text", SecretStr: "text", int: "whole number", float: "number", bool: "`true` or `false`",
    date: "day", timedelta: "delay", Unit: "unit", Path: "path", Any: "any value",
}  # fmt: skip
_BOUNDS = {Ge: ("≥", "ge"), Gt: (">", "gt"), Le: ("≤", "le"), Lt: ("<", "lt")}


def start(name: str) -> str:
    """The marker before a generated part."""
    return f"<!-- generated: {name}, by `make docs` -->"


def documents() -> dict[Path, str]:
    """The pages and the JSON Schema as they should be."""
    parts = {"use case": use_case_tables(), "settings": settings_table(), "stack": stack_tables()}
    parts["commands"] = command_tables()
    pages = {
        DOCS / "use_cases.md": ["use case"],
        DOCS / "settings.md": ["settings", "stack"],
        DOCS / "commands.md": ["commands"],
    }
    filled = {path: _filled(path.read_text(encoding="utf-8"), names, parts) for path, names in pages.items()}
    return filled | {SCHEMA: schema_text()}


def _filled(text: str, names: list[str], parts: dict[str, str]) -> str:
    for name in names:
        before, _, rest = text.partition(start(name))
        text = f"{before}{start(name)}\n\n{parts[name].strip()}\n\n{END}{rest.partition(END)[2]}"
    return text


def use_case_tables() -> str:
    """One table for each section of a use case's file."""
    return "\n\n".join(_section(path, model) for path, model in sections(UseCase, ""))


def sections(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """A model and all models below it, with the path of their keys."""
    yield path, model
    for kind in _source_models() if model is SourceSection else ():
        yield from sections(kind, path)
    for key, field in _keys(model):
        for inner in _models(field.annotation):
            if not (issubclass(model, SourceSection) and inner is SourceSection):  # a source of its own for the labels
                yield from sections(inner, f"{path}.{key}".strip("."))


def _source_models() -> list[type[BaseModel]]:
    """The kinds of source, after what several of them have in common."""
    kinds = list(source_sections().values())
    parents = [base for kind in kinds for base in kind.__mro__ if base not in kinds and issubclass(base, SourceSection)]
    common = [base for base in dict.fromkeys(parents) if _own(base)]
    return [*(base for base in common if base is not SourceSection), *kinds]


def _own(model: type[BaseModel]) -> set[str]:
    """The keys that the model adds to those of its base."""
    return set(model.model_fields) - {name for base in model.__mro__[1:] for name in getattr(base, "model_fields", ())}


def key_paths(model: type[BaseModel] = UseCase, path: str = "") -> Iterator[str]:
    """The path of every key, such as `training.estimator.class`."""
    for section, inner in sections(model, path):
        yield from (f"{_title(section, inner)}.{key}".strip(".") for key, _ in _keys(inner))


def _section(path: str, model: type[BaseModel]) -> str:
    rows = ["| Key | Value | Default | Meaning |", "|---|---|---|---|"]
    for key, field in _keys(model):
        below = f"{path}.{key}".strip(".")
        value = (_choices(model, key) if field.annotation is str else "") or _value(field, below)
        default = (
            "" if field.is_required() else "none" if field.default in (None, {}, ()) else f"`{_yaml(field.default)}`"
        )
        rows.append(f"| `{key}` | {value} | {default} | {field.description} |")
    title = f"### {_title(path, model)}\n\n" if path else ""
    return f"{title}{model.__doc__}\n\n" + "\n".join(rows)


def _title(path: str, model: type[BaseModel]) -> str:
    """The path of a section; that of a kind of source names the kind."""
    if not issubclass(model, SourceSection) or model is SourceSection:
        return path
    if kinds := [name for name, kind in source_sections().items() if kind is not model and issubclass(kind, model)]:
        return f"{path}, kinds {', '.join(kinds)}"
    return f"{path}, kind {get_args(model.model_fields['kind'].annotation)[0]}"


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _keys(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The model's own keys, then those that only one kind of problem has. Each kind of source has its own section."""
    fields = dict(model.model_fields)
    if issubclass(model, SourceSection) and model is not SourceSection:
        fields = {name: field for name, field in fields.items() if name in _own(model)}
    for kind in _of_kinds(model):
        fields |= {name: field for name, field in kind.model_fields.items() if name not in fields}
    return ((field.alias or name, field) for name, field in fields.items())


def _of_kinds(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The sections that take the model's place in the kinds of problem, in the order of the table of problems."""
    found = {field.annotation for kind in KINDS for field in kind.sections.model_fields.values()}
    used = [kind.sections for kind in KINDS] + [each for each in found if isinstance(each, type)]
    return (each for each in _descendants(model) if each in used)


def _descendants(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in model.__subclasses__():
        yield each
        yield from _descendants(each)


def _value(field: FieldInfo, path: str) -> str:
    limits = [limit for item in field.metadata if (limit := _limit(item))]
    return " ".join([_words(field.annotation, path), *([f"({', '.join(limits)})"] if limits else [])])


def _choices(model: type[BaseModel], key: str) -> str:
    """The values of a key that each kind of problem limits to some, all of them in order; empty where none does."""
    fields = [kind.model_fields[key] for kind in _of_kinds(model) if key in kind.model_fields]
    values = dict.fromkeys(value for field in fields for value in _literals(field.annotation))
    return " or ".join(f"`{value}`" for value in values) if key in model.model_fields else ""


def _literals(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a type of any kind
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _limit(item: object) -> str:
    if isinstance(item, MinLen):
        return "at least one" if item.min_length == 1 else f"at least {item.min_length}"
    if pattern := getattr(item, "pattern", None):
        return f"`{pattern}`"
    bound = _BOUNDS.get(type(item))
    return f"{bound[0]} {getattr(item, bound[1])}" if bound else ""


def _words(annotation: Any, path: str) -> str:  # noqa: ANN401 - a type of any kind
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(inner[0], path)
    if annotation in _TYPES:
        return _TYPES[annotation]
    if annotation is SourceSection:
        return "[section](#source)"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[section](#{path.replace('.', '')})"
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin in (Union, UnionType):
        return " or ".join(_words(each, path) for each in inner if each is not NoneType)
    if origin is dict:
        return f"{_words(inner[1], path)} by name"
    many = inner[1:] == (Ellipsis,)
    return f"list of {_plural(_words(inner[0], path))}" if many else f"{len(inner)} × {_words(inner[0], path)}"


def _plural(words: str) -> str:
    return words.replace("[section]", "[sections]").replace("text", "texts")


def _models(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - a type of any kind
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]


def settings_table() -> str:
    """Table of the environment variables that a step reads."""
    rows = ["| Variable | Value | Default | Meaning |", "|---|---|---|---|"]
    for variable, field in variables().items():
        rows.append(f"| `{variable}` | {_words(field.annotation, '')} | {_default(field)} | {field.description} |")
    return "\n".join(rows)


def variables() -> dict[str, FieldInfo]:
    """The environment variable of every setting."""
    aliases = {name: field.validation_alias for name, field in Settings.model_fields.items()}
    names = {name: alias if isinstance(alias, str) else f"SLUSS_{name.upper()}" for name, alias in aliases.items()}
    return {names[name]: field for name, field in Settings.model_fields.items()}


def _default(field: FieldInfo) -> str:
    if field.default in (None, PydanticUndefined):
        return "none"
    value = field.default.relative_to(ROOT) if isinstance(field.default, Path) else field.default
    return f"`{value}`"


def stack_tables() -> str:
    """The settings of .env.example with the comments before them."""
    parts: list[str] = []
    comment: list[str] = []
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if title := re.fullmatch(r"# -- (.+) --", line):
            parts.append(f"\n### {title[1]}\n\n| Setting | Default | Meaning |\n|---|---|---|")
            comment = []
        elif line.startswith("#"):
            comment.append(line.removeprefix("#").strip())
        elif assignment := re.fullmatch(r"(\w+)=(.*)", line):
            parts.append(f"| `{assignment[1]}` | {_stack_default(*assignment.groups())} | {' '.join(comment)} |")
            comment = []
    return "\n".join(parts)


def _stack_default(name: str, value: str) -> str:
    if value:
        return f"`{value}`"
    return "written by `make up`" if name in secret_names() else "none"


def command_tables() -> str:
    """Every subcommand of `sluss` with its options, by section."""
    return "\n\n".join(
        f"### {title}\n\n| Command | Options | |\n|---|---|---|\n" + "\n".join(map(_command, entries))
        for title, entries in SECTIONS.items()
    )


def _command(entry: Subcommand) -> str:
    options = [param.opts[0] for param in entry.load().params if param.opts[0].startswith("--")]
    return f"| `sluss {entry.name}` | {', '.join(f'`{each}`' for each in options)} | {entry.words} |"


def main() -> None:
    """Write what has changed."""
    for path, text in documents().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"Wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
