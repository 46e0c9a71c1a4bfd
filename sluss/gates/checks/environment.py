"""The gate `environment`: the version was trained with the packages that will run it."""

from __future__ import annotations

import json
import re
from importlib import metadata
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.gates.recorded_packages import PYTHON, contradictions, forgotten, package_of, pinned
from sluss.gates.result import GateResult
from sluss.training.components import COMPONENTS_FILE, component_files
from sluss.training.software import python_version

if TYPE_CHECKING:
    from sluss.gates.evidence import Evidence

_FIRST = (PYTHON, "scikit-learn", "numpy", "scipy", "pandas", "skops")  # they affect predictions the most
_SHOWN = 6


def environment(evidence: Evidence) -> GateResult:
    """Pass if its exact requirements and its Python are those of this environment, and all of its files name them."""
    pins, loose = _recorded(evidence)
    if loose:
        sentence = f"Its requirements do not pin {', '.join(loose[:_SHOWN])}, so they cannot be compared."
        return GateResult("environment", sentence, passed=False)
    here = {name: python_version() if name == PYTHON else _installed(name) for name in pins}
    differing = sorted((name for name in pins if pins[name] != here[name]), key=_rank)
    figures = {"packages": float(len(pins) - 1), "differing": float(len(differing))}
    if not differing and (changed := _changed_components(evidence)):
        named = ", ".join(f"components/{name}" for name in changed[:_SHOWN])
        sentence = f"It was trained with other components than those that would run it: {named} differ. Train it again."
        return GateResult("environment", sentence, passed=False, figures=figures | {"components": float(len(changed))})
    if not differing and (others := _contradictions(evidence, pins)):
        sentence = f"{'; '.join(others[:_SHOWN])}. Its files must name the packages of its training: train it again."
        return GateResult("environment", sentence, passed=False, figures=figures)
    if not differing:
        sentence = (
            f"Its Python {pins[PYTHON]} and its {counted(len(pins) - 1, 'package')} equal those of this environment."
        )
        return GateResult("environment", sentence, passed=True, figures=figures)
    named = ", ".join(f"{name} {pins[name]} ≠ {here[name]}" for name in differing[:_SHOWN])
    more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
    sentence = f"It was trained with other packages than those that would run it: {named}{more}. Train it again here."
    return GateResult("environment", sentence, passed=False, figures=figures)


def _recorded(evidence: Evidence) -> tuple[dict[str, str], list[str]]:
    """Return the pinned versions by package, including Python's, and all requirements without a pin."""
    lines = evidence.file("requirements.txt", "list of requirements").read_text(encoding="utf-8").splitlines()
    made = evidence.file("python_env.yaml", "version of Python").read_text(encoding="utf-8")
    python = re.search(r"^python: (\S+)$", made, re.MULTILINE)
    pins, loose = pinned(lines)
    pins |= {PYTHON: python[1]} if python else {}
    named = {package_of(line) for line in loose}
    # A list that lacks one of these was not made by the training.
    return pins, loose + [name for name in _FIRST if name not in pins and name not in named]


def _contradictions(evidence: Evidence, pins: dict[str, str]) -> list[str]:
    """Other versions in the other files that name some, and packages that the requirements lack."""
    missing = forgotten(evidence.model_file, pins)
    lacking = [f"its requirements lack {', '.join(missing)}, without which it cannot be loaded"] if missing else []
    files = evidence.file("conda.yaml", "environment of conda"), evidence.file("MLmodel", "description by MLflow")
    return [*lacking, *contradictions(*files, pins)]


def _changed_components(evidence: Evidence) -> list[str]:
    """The files of `components/` that were added, removed or changed since the training of a version that uses them."""
    path = evidence.folder / COMPONENTS_FILE
    if not path.is_file():
        return []
    recorded, here = json.loads(path.read_text(encoding="utf-8")), component_files()
    return sorted(name for name in recorded | here if recorded.get(name) != here.get(name))


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _rank(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)
