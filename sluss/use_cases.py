"""The files in config/, read into use cases with the sections of their problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

import sluss.problems  # noqa: F401 - registers the kinds of problem, which choose the class of a use case by its keys
from sluss.config.use_case import UseCase
from sluss.config.yaml_file import check_model_is_its_own, first_fault, read_yaml
from sluss.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

ALL = "all"  # USE_CASE=all: every use case, so that none can have the name


def use_case_names(config_dir: Path) -> list[str]:
    """Names of all use cases, sorted."""
    return sorted(path.stem for path in config_dir.glob("*.yaml") if not path.is_dir())


def load_use_case(name: str, config_dir: Path) -> UseCase:
    """Read and check `config/<name>.yaml`.

    Raises:
        ConfigError: the file or its folder does not exist, it is not YAML, or a key is missing, unknown or wrong.
    """
    path = config_dir / f"{name}.yaml"
    if not config_dir.is_dir():
        raise ConfigError(f"{config_dir} is not a folder. Let SLUSS_CONFIG_DIR name that of the use cases' files.")
    if not path.is_file():
        if path.is_symlink():
            raise ConfigError(f"{path} is a link to a file that does not exist. Correct the link or remove it.")
        known = ", ".join(use_case_names(config_dir)) or "none"
        raise ConfigError(
            f"The use case '{name}' does not exist in {config_dir} (known: {known}). Check USE_CASE or add {path.name}."
        )
    content = read_yaml(path)
    try:
        use_case = UseCase.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_fault(error, UseCase)}") from None
    if use_case.name != name:
        raise ConfigError(
            f"{path} has the name {use_case.name}, but a use case has the name of its file. Rename one of them."
        )
    check_model_is_its_own(path, use_case.model)
    return use_case
