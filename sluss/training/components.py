"""The project's own transformers and estimators in `components/`. Their source is part of a model's environment."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import sys
from typing import TYPE_CHECKING

from sluss.config.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from sluss.config.training import Training

FOLDER = ROOT / "components"
COMPONENTS_FILE = "components.json"  # among a version's artifacts: SHA-256 by file, at training
_NAMED = re.compile(r'"components\.')


def uses_components(training: Training) -> bool:
    """Whether a config names a class or a function of `components/`."""
    return bool(_NAMED.search(training.model_dump_json(by_alias=True)))


def component_files(folder: Path = FOLDER) -> dict[str, str]:
    """SHA-256 of every module in `components/`, by its path there."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.py"))
    }


def components_digest() -> str:
    """SHA-256 over all modules in `components/`."""
    return hashlib.sha256(json.dumps(component_files(), sort_keys=True).encode()).hexdigest()


def component_names() -> list[str]:
    """Full names of the classes and functions in the modules of `components/` that this process has imported."""
    return sorted(
        f"{module}.{name}"
        for module, content in list(sys.modules.items())
        if module.startswith("components.")
        for name, value in vars(content).items()
        if (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module
    )
