"""Mistakes with a version's environment: its packages, its Python, and what MLflow's files say of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sluss.drill import needs
from sluss.drill.candidates import files_before
from sluss.drill.mistake import Mistake
from sluss.training.components import COMPONENTS_FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sluss.drill.mistake import Needs
    from sluss.drill.world import World

_REQUIREMENTS, _PYTHON, _CONDA, _MLMODEL = "requirements.txt", "python_env.yaml", "conda.yaml", "MLmodel"


def _edit(name: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    """Change the text of a file, which must become another one."""

    def edit(folder: Path) -> None:
        path = folder / name
        before = path.read_text(encoding="utf-8")
        after = change(before)
        assert after != before, name
        path.write_text(after, encoding="utf-8")

    return edit


def _version(package: str, version: str) -> Callable[[str], str]:
    return lambda text: re.sub(rf"(?m)^(\s*-? ?){package}==\S+$", rf"\g<1>{package}=={version}", text)


def _pin(package: str, written: str) -> Callable[[str], str]:
    return lambda text: re.sub(rf"(?m)^{package}==\S+$", written, text)


def _without(package: str) -> Callable[[str], str]:
    return lambda text: re.sub(rf"(?m)^{package}==\S+\n?", "", text)


def _line(key: str, value: str) -> Callable[[str], str]:
    return lambda text: re.sub(rf"(?m)^(\s*(?:- )?{key}[:=] ?).*$", rf"\g<1>{value}", text)


def _more(line: str) -> Callable[[str], str]:
    return lambda text: f"{text.rstrip()}\n{line}\n"


def _environment(name: str, edit: Callable[[Path], object], needed: Needs = needs.nothing) -> Mistake:
    return Mistake(name, "environment", "environment", files_before(edit), needed)


def _with_components(world: World) -> str:
    return "" if (world.artifacts / COMPONENTS_FILE).is_file() else "The model uses no component."


MISTAKES = (
    *(
        _environment(f"another {package} than here", _edit(_REQUIREMENTS, _version(package, "0.9.9")))
        for package in ("scikit-learn", "numpy", "pandas", "skops", "scipy")
    ),
    _environment("scikit-learn is not pinned", _edit(_REQUIREMENTS, _pin("scikit-learn", "scikit-learn"))),
    _environment("numpy has a lower bound only", _edit(_REQUIREMENTS, _pin("numpy", "numpy>=1.20"))),
    _environment(
        "pandas comes from a branch",
        _edit(_REQUIREMENTS, _pin("pandas", "pandas @ git+https://github.com/pandas-dev/pandas@main")),
    ),
    _environment("scikit-learn is missing in the list", _edit(_REQUIREMENTS, _without("scikit-learn"))),
    _environment("joblib is missing in the list", _edit(_REQUIREMENTS, _without("joblib"))),
    _environment("threadpoolctl is missing in the list", _edit(_REQUIREMENTS, _without("threadpoolctl"))),
    _environment("a package that is not installed here", _edit(_REQUIREMENTS, _more("mystery-features==1.0.0"))),
    _environment("the list is empty", _edit(_REQUIREMENTS, lambda _: "")),
    _environment("the list is missing", lambda folder: (folder / _REQUIREMENTS).unlink()),
    _environment("python_env.yaml names another Python", _edit(_PYTHON, _line("python", "3.8.1"))),
    _environment("python_env.yaml names no Python", _edit(_PYTHON, lambda text: re.sub(r"(?m)^python:.*\n", "", text))),
    _environment("python_env.yaml is missing", lambda folder: (folder / _PYTHON).unlink()),
    _environment("conda.yaml names another scikit-learn", _edit(_CONDA, _version("scikit-learn", "0.24.2"))),
    _environment("conda.yaml names another Python", _edit(_CONDA, _line("python", "3.8.1"))),
    _environment("MLmodel names another scikit-learn", _edit(_MLMODEL, _line("sklearn_version", "0.24.2"))),
    _environment("MLmodel names another Python", _edit(_MLMODEL, _line("python_version", "3.8.1"))),
    _environment(
        "a component was changed since the training",
        _edit(COMPONENTS_FILE, lambda text: re.sub(r'"[0-9a-f]{64}"', f'"{"0" * 64}"', text, count=1)),
        _with_components,
    ),
)
