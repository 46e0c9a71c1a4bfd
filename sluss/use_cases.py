"""The files in config/, read into use cases with the sections of their problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

import sluss.problems  # noqa: F401 - registers the kinds of problem, which choose the class of a use case by its keys
from sluss.config.use_case import UseCase
from sluss.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

# The loader in C, where libyaml is installed, reads a file within two milliseconds instead of twenty.
_LOADER: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def use_case_names(config_dir: Path) -> list[str]:
    """Names of all use cases, sorted."""
    return sorted(path.stem for path in config_dir.glob("*.yaml"))


def load_use_case(name: str, config_dir: Path) -> UseCase:
    """Read and check `config/<name>.yaml`.

    Raises:
        ConfigError: the file does not exist or is not YAML, or a key is missing, unknown or wrong.
    """
    path = config_dir / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(use_case_names(config_dir)) or "none"
        raise ConfigError(
            f"The use case '{name}' does not exist in {config_dir} (known: {known}). Check USE_CASE or add {path.name}."
        )
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - both are safe
        use_case = UseCase.model_validate(content)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}. Correct that line.") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_problem(error)}") from None
    if use_case.name != name:
        raise ConfigError(
            f"{path} has the name {use_case.name}, but a use case has the name of its file. Rename one of them."
        )
    return use_case


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "the file"
    match first["type"]:
        case "missing":
            return f"the key '{key}' is missing. Add it; docs/use_cases.md explains every key."
        case "extra_forbidden":
            return f"the key '{key}' is unknown. Remove it or correct its spelling; docs/use_cases.md lists every key."
        case _:
            return f"'{key}' cannot be used: {first['msg']}. docs/use_cases.md explains it."
