"""Every `make …` that a sentence names: a target that exists, with the variables that it reads, and none missing."""

from __future__ import annotations

import ast
import re

import click
import pytest

from commands.catalogue import ENTRIES
from sluss.config.settings import ROOT

FOLDERS = ("sluss", "commands", "tasks", "dags", "scripts/demo")
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
STACK = {"backfill": {"FROM", "TO", "USE_CASE"}, "logs": {"SERVICE", "FOLLOW"}, "destroy": {"YES"}}
# A cure is named after a quote, a colon or a bracket; elsewhere "make" may be the verb.
_START, _GIVEN = r"(?:(?<=['(:,;.] )|(?<=['(])|^)", r"[A-Z_]+=(?:'[^']*'|[^\s',;)]+)"
CURE = re.compile(rf"{_START}((?:[A-Z_]+=\S+ )*)make (?!its?\b)((?:[a-z-]+|{_GIVEN})(?: (?:[a-z-]+|{_GIVEN}))*)")
VARIABLE = re.compile(r"([A-Z_]+)=")


def text_of(node: ast.AST) -> str | None:
    """A string of the code; the parts that vary in it are an X."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace("{suffix}", "USE_CASE=X")  # of a template
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else varying(part) for part in node.values)
    return None


def varying(part: ast.expr) -> str:
    """A part that varies: by these names, the code calls the variable that chooses the use case."""
    value = part.value if isinstance(part, ast.FormattedValue) else None
    return "USE_CASE=X" if isinstance(value, ast.Name) and value.id in {"suffix", "chosen"} else "X"


def sentences() -> list[tuple[str, str]]:
    """Every string of the code that says `make`, with its place; no docstrings."""
    found = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            skipped |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
            for node in ast.walk(tree):
                text = None if id(node) in skipped else text_of(node)
                if text and "make " in text:
                    found.append((f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}", text))
    return found


def cures() -> list[tuple[str, list[str], set[str]]]:
    """Place, targets and variables of every cure."""
    found = []
    for place, text in sentences():
        for before, words in CURE.findall(text):
            named = []
            for word in words.split(" "):
                if not re.fullmatch(r"[a-z-]+", word) or word not in TARGETS:
                    break
                named.append(word)
            found.append((place, named or [words.split(" ")[0]], {*VARIABLE.findall(f"{before} {words}")} - {"WHERE"}))
    return found


CURES = cures()
# Nothing there is about one use case: a call without arguments, or a place as a whole.
ABOUT_NONE = {"commands/catalogue.py"}


def read_by(target: str) -> set[str]:
    """The variables that a target reads."""
    if target in ENTRIES and target not in STACK:
        options = [param for param in ENTRIES[target].load().params if isinstance(param, click.Option)]
        names = {name for option in options for name in ([option.envvar] if isinstance(option.envvar, str) else [])}
        return names | {"DATA", "WHERE"}
    return STACK.get(target, set())


def required_by(target: str) -> set[str]:
    """The variables without which a target ends with a sentence."""
    if target not in ENTRIES or target in STACK:
        return {"FROM", "TO"} if target == "backfill" else set()
    options = [param for param in ENTRIES[target].load().params if isinstance(param, click.Option)]
    return {str(option.envvar) for option in options if option.required}


def test_there_are_cures_to_follow() -> None:
    assert len(CURES) > 60


@pytest.mark.parametrize(
    ("place", "targets", "variables"), CURES, ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_cure_that_a_sentence_names_can_be_followed(place: str, targets: list[str], variables: set[str]) -> None:
    assert set(targets) <= TARGETS, f"{place} names make {' '.join(targets)}"
    assert variables <= set().union(*map(read_by, targets)), place
    assert set().union(*map(required_by, targets)) <= variables, place


@pytest.mark.parametrize(
    ("place", "targets", "variables"), CURES, ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_cure_names_the_use_case_that_it_is_about(place: str, targets: list[str], variables: set[str]) -> None:
    """As printed it would otherwise act on the default use case."""
    if (
        place.split(":")[0] not in ABOUT_NONE
        and "demo" not in targets
        and any("USE_CASE" in read_by(target) for target in targets)
    ):
        assert "USE_CASE" in variables, place
