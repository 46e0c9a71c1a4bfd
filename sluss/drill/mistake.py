"""A mistake of the catalogue, and the result of making it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sluss.drill.world import World

    Inject = Callable[[World], Sequence["Refusal"]]
    Needs = Callable[[World], str]

Kind = Literal[
    "data",
    "labels",
    "leaks",
    "preprocessing",
    "environment",
    "artifact",
    "registry",
    "ledger",
    "profile",
    "config",
    "alarms",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


def nothing(world: World) -> str:
    """Need nothing: the mistake applies to every use case."""
    del world
    return ""


@dataclass(frozen=True)
class Refusal:
    """A lock that refused, and its sentence."""

    lock: str
    sentence: str


class NotRefusedError(Exception):
    """A step neither worked nor refused: it ended in a traceback, or blamed a service that works."""


class NothingChangedError(Exception):
    """The mistake leaves this use case's data as they are, so no lock could see it."""


@dataclass(frozen=True)
class Mistake:
    """One mistake, and the lock that is there for it.

    Attributes:
        name: unique, in words.
        kind: a part of the catalogue.
        expected: the lock that has to refuse it.
        inject: makes the mistake in a world, runs the steps that meet it, and returns all refusals, the first first.
        needs: returns why the mistake does not apply to the world's use case, or an empty text.
        uncatchable: the reason why no lock can find it. It is listed and not made.
    """

    name: str
    kind: Kind
    expected: str
    inject: Inject
    needs: Needs = nothing
    uncatchable: str = ""


def hopeless(name: str, kind: Kind, reason: str) -> Mistake:
    """A mistake that no lock can find, with the reason."""
    return Mistake(name, kind, "", lambda world: (), uncatchable=reason)  # noqa: ARG005


State = Literal["tried", "does not apply", "uncatchable"]


@dataclass(frozen=True)
class Result:
    """The outcome of one mistake. `refused_by` is the expected lock if it refused, or else the first that did."""

    name: str
    kind: Kind
    expected: str
    refused_by: str
    refused: bool
    sentence: str
    state: State = "tried"

    @property
    def silent(self) -> bool:
        """Whether no lock refused."""
        return self.state == "tried" and not self.refused

    @property
    def elsewhere(self) -> bool:
        """Whether another lock than the expected one refused."""
        return self.refused and self.refused_by != self.expected

    def as_dict(self) -> dict[str, str | bool]:
        """The fields that a report needs."""
        return {
            "name": self.name,
            "kind": self.kind,
            "expected": self.expected,
            "refused_by": self.refused_by,
            "refused": self.refused,
            "sentence": self.sentence,
        }


def left_out(mistake: Mistake, state: State, reason: str) -> Result:
    """The result of a mistake that was not made."""
    return Result(mistake.name, mistake.kind, mistake.expected, "", refused=False, sentence=reason, state=state)


def judged(mistake: Mistake, refusals: Sequence[Refusal]) -> Result:
    """The result of a mistake that was made, and met these refusals."""
    if not refusals:
        return Result(
            mistake.name, mistake.kind, mistake.expected, "", refused=False, sentence="Every step went through."
        )
    found = next((each for each in refusals if each.lock == mistake.expected), refusals[0])
    return Result(mistake.name, mistake.kind, mistake.expected, found.lock, refused=True, sentence=found.sentence)
