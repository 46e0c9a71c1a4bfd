"""Reasons why a mistake does not apply to a use case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.drill.mistake import nothing
from sluss.problems import problem_of

if TYPE_CHECKING:
    from sluss.drill.mistake import Needs
    from sluss.drill.world import World

__all__ = ["nothing"]
_TWO = 2


def feature(kind: str) -> Needs:
    """A feature of a kind."""
    return lambda world: "" if world.columns(kind) else f"No feature is a {kind}."


def limit(section: str, name: str) -> Needs:
    """A limit that the config sets."""

    def reason(world: World) -> str:
        given = getattr(getattr(world.use_case, section), name, None)
        return "" if given else f"The config sets no {section}.{name}."

    return reason


def column_limit(name: str) -> Needs:
    """A limit of a curated column's values."""
    return lambda world: "" if limited(world, name) else f"No column has {name}."


def limited(world: World, name: str) -> str | None:
    """The first curated column with a limit, apart from the id."""
    columns = world.use_case.curation.columns
    return next((key for key, column in columns.items() if key != "id" and getattr(column, name) is not None), None)


def free_number(world: World, limit_name: str) -> str | None:
    """The first number among the features that lacks a limit, so that the curation cannot refuse what passes it."""
    columns = world.use_case.curation.columns
    return next((name for name in world.columns("number") if getattr(columns[name], limit_name) is None), None)


def without(limit_name: str) -> Needs:
    """A number among the features without a limit."""
    return lambda world: "" if free_number(world, limit_name) else f"No number is without {limit_name}."


def classes(world: World) -> str:
    """Labels that are classes."""
    return "" if world.classes else "Labels are numbers."


def two_classes(world: World) -> str:
    """Labels of two classes."""
    return "" if len(world.classes) == _TWO else "There are not two classes."


def numbers(world: World) -> str:
    """Labels that are numbers."""
    if world.classes:
        return "Labels are classes."
    return "Labels are lists." if problem_of(world.use_case).judging.labels_are == "lists" else ""


def lists(world: World) -> str:
    """Labels that are lists of items."""
    return "" if problem_of(world.use_case).judging.labels_are == "lists" else "Labels are not lists."


def learned_steps(world: World) -> str:
    """A step before the estimator that learns from rows."""
    steps = [step for branch in world.use_case.training.preprocessing for step in branch.steps]
    return "" if any(not isinstance(step, str) for step in steps) else "No step before the estimator learns from rows."


def one_value(world: World) -> str:
    """Labels of one value each: a class or a number."""
    return "Labels are lists." if not lists(world) else ""


def live_labels(world: World) -> str:
    """Enough labels of live rows within the live intervals, so that the metric can be judged there."""
    enough = world.use_case.monitoring.min_rows
    rows = world.read("rows").merge(world.read("labels"), on="id")
    known = rows[(rows.event_time >= world.live[0].start) & (rows.label_time < world.now)]
    return (
        ""
        if len(known) >= enough
        else f"Fewer than {counted(enough, 'live label')} known after {counted(len(world.live), 'interval')}."
    )


def both(*needs: Needs) -> Needs:
    """Every one of several needs."""
    return lambda world: next((reason for need in needs if (reason := need(world))), "")
