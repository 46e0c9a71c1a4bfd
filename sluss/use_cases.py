"""The files in config/, read into use cases with the sections of their problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

import sluss.problems  # noqa: F401 - registers the kinds of problem, by whose keys a use case finds its class
from sluss.config.use_case import UseCase
from sluss.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

# The same in C where there is libyaml: a file is read within two milliseconds instead of twenty.
_LOADER: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def use_case_names(config_dir: Path) -> list[str]:
    """Names of all use cases, sorted."""
    return sorted(path.stem for path in config_dir.glob("*.yaml"))


def load_use_case(name: str, config_dir: Path) -> UseCase:
    """Read and check `config/<name>.yaml`.

    Raises:
        ConfigError: there is no such file, it is no YAML, or a key is missing, unknown or wrong; one sentence names it.
    """
    path = config_dir / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(use_case_names(config_dir)) or "none"
        raise ConfigError(
            f"There is no use case '{name}' in {config_dir} (known: {known}). Check USE_CASE, or add {path.name}."
        )
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - both are safe
        use_case = UseCase.model_validate(content)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is no valid YAML: {' '.join(str(error).split())}. Correct that line.") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_problem(error)}") from None
    if use_case.name != name:
        raise ConfigError(
            f"{path} says name: {use_case.name}, but a use case bears the name of its file. Rename one of them."
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
