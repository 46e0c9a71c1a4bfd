"""The packages that a version's files name, each with the file: four of them do, and other programs read each one."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING, Any

from sluss.training.software import exact_requirements, packages_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PYTHON = "Python"
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)")
_MODULE = re.compile(r'"__module__":\s*"(\w+)')
# Keys of MLmodel with a version, by the package that it is of.
_VERSIONS = {
    "python_version": PYTHON,
    "sklearn_version": "scikit-learn",
    "mlflow_version": "mlflow-skinny",
    "lgb_version": "lightgbm",
    "xgb_version": "xgboost",
    "catboost_version": "catboost",
}


def pinned(lines: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return the version of each package in a list of requirements, and the requirements without an exact version."""
    pins, loose = dict[str, str](), []
    for line in filter(None, map(str.strip, lines)):
        if pin := _PIN.fullmatch(line.partition(";")[0].strip()):
            pins[package_of(pin[1])] = pin[2]
        else:
            loose.append(line)
    return pins, loose


def package_of(requirement: str) -> str:
    """Return the name of a requirement's package, normalised as in PEP 503: package lists spell names differently."""
    name = re.match(r"[A-Za-z0-9._-]*", requirement.strip())
    return re.sub(r"[-_.]+", "-", name[0]).lower() if name else ""


def contradictions(conda: Path, description: Path, pins: dict[str, str]) -> list[str]:
    """Return where conda.yaml or MLmodel name another version than the pins, in words."""
    import yaml

    named = [("conda.yaml", *each) for each in _in_conda(yaml.safe_load(conda.read_text(encoding="utf-8")))]
    named += [("MLmodel", *each) for each in _in_description(yaml.safe_load(description.read_text(encoding="utf-8")))]
    files: dict[tuple[str, str], dict[str, None]] = {}  # in order, each once
    for file, package, version in named:
        if pins.get(package) != version:
            files.setdefault((package, version), {})[file] = None
    return [
        f"{' and '.join(those)} {'names' if len(those) == 1 else 'name'} {package} {version} ≠ "
        f"{pins.get(package, 'none')}"
        for (package, version), those in files.items()
    ]


def _in_conda(content: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - whatever the file holds
    for each in content["dependencies"]:
        if isinstance(each, dict):
            pins, loose = pinned([str(line) for line in each.get("pip", [])])
            yield from pins.items()
            yield from ((line, "without a version") for line in loose)
        elif str(each).startswith("python="):
            yield PYTHON, str(each).partition("=")[2].lstrip("=")


def _in_description(content: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - whatever the file holds
    for section in (content, *content["flavors"].values()):
        for key, package in _VERSIONS.items():
            if (version := section.get(key)) is not None:
                yield package, str(version)


def forgotten(model: Path, pins: dict[str, str]) -> list[str]:
    """Return the packages that a saved model needs to be loaded and that the pins lack, sorted."""
    with zipfile.ZipFile(model) as archive:
        modules = set(_MODULE.findall(archive.read("schema.json").decode("utf-8", errors="replace")))
    needed, _ = pinned(exact_requirements(packages_of(modules)))
    return sorted(needed.keys() - pins.keys())
