"""Config of a source of data: the keys that every kind has, and where the keys of one kind are found."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from datetime import date, timedelta
from typing import Any, Self

from pydantic import Field, ModelWrapValidatorHandler, model_validator

from sluss.config.base import Frozen

_ROOM = "sluss.sources"


class SourceSection(Frozen):
    """Where new rows and labels come from. `kind` decides which other keys there are."""

    kind: str = Field(description="Kind of source")
    start: date = Field(description="First day of the history")

    @property
    def has_times(self) -> bool:
        """Whether its rows have a time of their own."""
        return True

    @property
    def settling(self) -> timedelta:
        """Longest time until a row can be seen after its arrival."""
        return timedelta()

    @property
    def connections(self) -> tuple[str, ...]:
        """Airflow connections whose addresses it needs."""
        return ()

    @property
    def not_classes(self) -> str | None:
        """Why the labels that the source gives are not classes; None where they may be."""
        return None

    @model_validator(mode="wrap")
    @classmethod
    def _of_its_kind(cls, content: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 - unchecked yet
        if cls is not SourceSection or not isinstance(content, dict) or "kind" not in content:
            return handler(content)
        return source_section(content["kind"]).model_validate(content)  # type: ignore[return-value]


def source_section(kind: object) -> type[SourceSection]:
    """The config section of a kind of source: `SECTION` of the module `sluss.sources.<kind>`.

    The module is found by its name, so that a new source is one file and the config need not list it.

    Raises:
        ValueError: the kind does not exist.
    """
    sections = {kind: _section(kind)} if isinstance(kind, str) and kind.isidentifier() else {}
    found = sections.get(str(kind))
    if found is None:
        raise ValueError(f"unknown kind of source '{kind}'; choose one of {', '.join(source_sections())}")
    return found


def source_sections() -> dict[str, type[SourceSection]]:
    """The config section of every kind of source."""
    room = importlib.import_module(_ROOM)
    names = sorted(module.name for module in pkgutil.iter_modules(room.__path__))
    return {name: section for name in names if (section := _section(name))}


def _section(kind: str) -> type[SourceSection] | None:
    name = f"{_ROOM}.{kind}"
    # Asked first, so that an import that fails inside the module is not taken for an unknown kind.
    if importlib.util.find_spec(name) is None:
        return None
    section: type[SourceSection] | None = getattr(importlib.import_module(name), "SECTION", None)
    return section
