"""The environment of a training: exact packages, Python, lock file and code."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from typing import TYPE_CHECKING

from sluss.config.settings import ROOT, Settings
from sluss.stack.git import git

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sluss.config.training import Training

# The packages that a model needs to be loaded and to predict; their own requirements are pinned as well.
_ROOTS = ("scikit-learn", "skops", "pandas", "mlflow-skinny")


# Distributions of packages whose classes a config may name; the first that is installed counts.
_OPTIONAL = {"catboost": ("catboost",), "lightgbm": ("lightgbm",), "xgboost": ("xgboost", "xgboost-cpu")}


def optional_packages(training: Training) -> list[str]:
    """Return the distributions of other packages than scikit-learn that a config's classes come from."""
    text = training.model_dump_json(by_alias=True)
    return [name for package, names in _OPTIONAL.items() if f'"{package}.' in text for name in names]


def packages_of(modules: Iterable[str]) -> list[str]:
    """Return the distributions of those packages, by their modules' names, that a model may need beyond the usual."""
    return [name for module in sorted(modules) for name in _OPTIONAL.get(module, ())]


def exact_requirements(optional: Iterable[str] = ()) -> list[str]:
    """Return `name==version` of every package that a model needs, sorted. Reads metadata; imports none of them."""
    from packaging.requirements import Requirement

    pending, pins = [*_ROOTS, *optional], dict[str, str]()
    while pending:
        name = pending.pop()
        key = name.lower().replace("_", "-").replace(".", "-")
        if key in pins:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        pins[key] = f"{key}=={distribution.version}"
        # Requirements that are optional or of other platforms do not count, even if they happen to be installed.
        pending += [
            requirement.name
            for requirement in (Requirement(text) for text in distribution.requires or () if "extra ==" not in text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        ]
    return sorted(pins.values())


def python_version() -> str:
    """Return the version of Python, e.g. `3.13.1`."""
    return platform.python_version()


def linear_algebra() -> str:
    """Return the BLAS libraries of this process, with the processor of their kernels, which decides last digits."""
    from threadpoolctl import threadpool_info

    found = (library for library in threadpool_info() if library["user_api"] == "blas")
    return ", ".join(sorted({f"{each['internal_api']} {each['version']} {each.get('architecture')}" for each in found}))


def lock_digest() -> str:
    """Return the SHA-256 of the lock file, or `unknown` without one."""
    path = ROOT / "requirements.lock"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "unknown"


def code_digest() -> str:
    """Return the SHA-256 over name and content of every module. Unlike the commit, it covers uncommitted changes."""
    total = hashlib.sha256()
    # Every module, although a training imports only some: a list of those would have to be maintained, and would miss
    # one.
    for path in sorted(path for folder in ("sluss", "tasks") for path in (ROOT / folder).rglob("*.py")):
        total.update(f"{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()


def code_commit(settings: Settings) -> str:
    """Return the code's commit, with `-dirty` for uncommitted changes, or `unknown` without git."""
    if settings.git_commit:
        return settings.git_commit
    described = git(ROOT, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    return "unknown" if described is None else described.decode().strip()
