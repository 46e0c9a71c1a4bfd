"""Reading a use case's file: YAML without doubled keys, and one sentence about the first fault."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, get_args

import yaml
from pydantic import BaseModel

from sluss.config.source_section import SourceSection, source_sections
from sluss.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_TAB = re.compile(r"^ *\t", re.MULTILINE)
_MODEL = re.compile(r"^model:\s*[\"']?([\w-]+)", re.MULTILINE)

# The same in C where there is libyaml: a file is read within two milliseconds instead of twenty.
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):  # type: ignore[misc] # which class it is shows at run time
    """YAML's safe loader, which takes the last of two equal keys without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                continue
            line = key.start_mark.line + 1
            if key.value in seen:
                first = f"the key '{key.value}' stands twice, in line {seen[key.value]} and in line {line}"
                raise yaml.constructor.ConstructorError(None, None, first)
            seen[key.value] = line
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - unchecked yet
    """The content of a YAML file.

    Raises:
        ConfigError: it cannot be read, is not YAML, not UTF-8, or has a key twice.
    """
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.load(text, _Loader)  # noqa: S506 - both bases are safe
    except yaml.YAMLError as error:
        cure = "Indent with spaces instead of tabs" if _TAB.search(text) else "Correct that line"
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}. {cure}.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not valid YAML: it is not in UTF-8 ({error}). Save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Let this user read it.") from None


def check_model_is_its_own(path: Path, model: str) -> None:
    """Refuse a registered model that two use cases share: each would put its versions into the other's production.

    Raises:
        ConfigError: another file beside this one names the same model.
    """
    for other in _files_with_model(path.parent, model):
        if other != path:
            raise ConfigError(
                f"{path} and {other.name} have the same model: {model}, so that each would put its versions into the "
                "other's production. Give one of them another name."
            )


def owner_of_model(config_dir: Path, model: str) -> str | None:
    """Return the use case whose registered model this is; None if no file names it."""
    return next((path.stem for path in _files_with_model(config_dir, model)), None)


def _files_with_model(config_dir: Path, model: str) -> Iterator[Path]:
    for path in sorted(config_dir.glob("*.yaml")):
        try:
            named = _MODEL.search(path.read_text(encoding="utf-8", errors="replace"))
        except OSError:  # the use case of that file has the fault, and no other one
            continue
        if named and named[1] == model:
            yield path


def first_fault(error: ValidationError, root: type[BaseModel]) -> str:
    """The first fault in one sentence, with the nearest key where one is unknown."""
    first = _misspelt(error) or error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "the file"
    match first["type"]:
        case "missing":
            return f"the key '{key}' is missing. Add it; docs/use_cases.md explains every key."
        case "extra_forbidden":
            cure = _or_nearest(first["loc"], root)
            return f"the key '{key}' is unknown. Remove it{cure}; docs/use_cases.md lists every key."
        case "model_type" if not first["loc"]:
            return "it has no keys. Write them as in the other files; docs/use_cases.md explains each."
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"the key '{key}' needs keys of its own below it; docs/use_cases.md explains each."
        case _:
            reason = first["msg"].removeprefix("Value error, ")
            return f"{_cannot(first['loc'])}{reason}. docs/use_cases.md explains the keys."


def _misspelt(error: ValidationError) -> ErrorDetails | None:
    """The unknown key that stands where a similar one is missing: the cause of both faults."""
    faults = error.errors()
    for missing in (each for each in faults if each["type"] == "missing"):
        for other in (each for each in faults if each["type"] == "extra_forbidden"):
            near = difflib.get_close_matches(str(other["loc"][-1]), [str(missing["loc"][-1])], 1, 0.6)
            if near and other["loc"][:-1] == missing["loc"][:-1]:
                return other
    return None


def _cannot(place: tuple[int | str, ...]) -> str:
    """The start of a sentence about a value; about several keys together, the reason alone says enough."""
    return f"'{'.'.join(str(part) for part in place)}' cannot be used: " if place else ""


def _or_nearest(place: tuple[int | str, ...], root: type[BaseModel]) -> str:
    near = difflib.get_close_matches(str(place[-1]), sorted(_keys_at(place[:-1], root)), 1, 0.6)
    if not near:
        return " or correct its spelling"
    return f", or write {'.'.join([*map(str, place[:-1]), near[0]])}, which is the nearest one"


def _keys_at(place: Iterable[int | str], root: type[BaseModel]) -> set[str]:
    models = set(_with_kinds(root))
    for part in place:
        found = {
            inner
            for model in models
            for name, field in model.model_fields.items()
            if part in (name, field.alias)
            for each in _models(field.annotation)
            for inner in _with_kinds(each)
        }
        models = found or models  # a name of the user's own, or a place in a list
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def _with_kinds(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for kind in source_sections().values() if model is SourceSection else model.__subclasses__():
        yield from _with_kinds(kind)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - a type of any kind
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
