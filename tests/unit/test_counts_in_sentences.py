"""Counts in sentences: one row is not `1 rows`, in any message."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from sluss.config.settings import ROOT
from sluss.counted import counted, plural

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOUNS = (
    "artifacts|bins|bytes|categories|characters|classes|clicks|columns|days|digits|distributions|entries|figures|files"
    "|folds|gates|groups|hours|intervals|labels|lines|minutes|months|objects|packages|partitions|predictions|runs|rows"
    "|secrets|seconds|slices|texts|times|trainings|values|versions|weeks|words|years"
)
_NO_ADJECTIVES = "a|and|are|before|does|drops|gives|has|have|holds|in|is|its|no|of|or|other|predicts|several|the|two"
_COUNT = re.compile(rf"^ (?:(?!(?:{_NO_ADJECTIVES})\b)[a-z]+ ){{0,2}}({_NOUNS})\b")


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "row", "0 rows"),
        (1, "row", "1 row"),
        (2, "row", "2 rows"),
        (1, "ledger entry", "1 ledger entry"),
        (2, "entry", "2 entries"),
        (3, "day", "3 days"),
        (1, "class", "1 class"),
        (1_000, "class", "1,000 classes"),
        (1.0, "hour", "1 hour"),
        (1.5, "hour", "1.5 hours"),
    ],
)
def test_a_count_and_its_noun_agree(number: float, noun: str, said: str) -> None:
    assert counted(number, noun) == said


def test_the_verb_agrees_too() -> None:
    assert counted(1, "row", "is", "are") == "1 row is"
    assert counted(1_234, "row", "is", "are") == "1,234 rows are"
    assert plural("labelled row") == "labelled rows"
    assert plural("block of rows with each class") == "blocks of rows with each class"


def _sources() -> Iterator[Path]:
    for folder in ("sluss", "commands", "tasks", "scripts", "components"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def _bare_counts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            is_value = isinstance(value, ast.FormattedValue) and not _is_constant(value.value)
            if is_value and isinstance(text, ast.Constant) and (found := _COUNT.match(str(text.value))):
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {{{ast.unparse(value.value)}}}{found[0]}"


def _is_constant(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id.isupper()


@pytest.mark.parametrize("path", list(_sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_writes_a_plural_behind_a_number(path: Path) -> None:
    assert list(_bare_counts(path)) == []
