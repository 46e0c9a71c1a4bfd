"""Simulated histories of labels: how soon a fall of the quality raises its alert, and how often one comes without."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from measuring import Bench, Line

from sluss.config.false_alarms import EXAMPLE, SHARES, chance
from sluss.interval import unit_of
from sluss.monitoring.quality_drop import judge_tracks, verdict_on_quality
from sluss.monitoring.quality_history import Track
from sluss.statistics.sample import Sample, sample_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.random import Generator

    Draw = Callable[[Generator, int], Mapping[str, Sample]]  # an interval's samples by slice; 0 is the holdout

HISTORIES = 500
DAYS = 90
DROP = 0.05  # the limit `quality_drop`
WINDOW = 30  # intervals
BUDGET = chance(EXAMPLE, "quality_drop", unit_of("day"))
SHARE = SHARES["quality_drop"]  # false alarms in 90 days
_SEED = 20260901


@dataclass(frozen=True)
class Scenario:
    """Histories of one kind. `after` is the number of intervals without the fall."""

    words: str
    draw: Draw
    intervals: int
    limit: float
    after: int = 0
    finds: bool = True  # whether the figure is the share that is found, or the false alarms


def measure(bench: Bench) -> list[Line]:
    """Simulate each scenario."""
    scenarios = [*_falls(), *_stable()]
    bar = bench.progress.add_task("Alarms of the quality", total=len(scenarios))
    lines = []
    for number, scenario in enumerate(scenarios):
        lines.append(_line(scenario, np.random.default_rng([_SEED, number])))
        bench.progress.advance(bar)
    return lines


def _falls() -> list[Scenario]:
    return [
        Scenario("10 points, promise of 2,000 rows, by the 2nd interval", Rows(fall=0.1), 2, 0.95),
        Scenario("10 points, promise of 369 rows, by the 2nd interval", Rows(fall=0.1, held=369), 2, 0.8),
        Scenario("5 points, promise of 2,000 rows, by the 5th interval", Rows(fall=0.05), 5, 0.7),
        Scenario(
            "10 points after 30 days, promise of 369 rows, by the 2nd interval",
            Rows(fall=0.1, held=369, after=30), 32, 0.9, after=30,
        ),
        Scenario(
            "concept drift, inputs unchanged, after 10 days, by the 2nd interval", Concepts(after=10), 12, 0.9, after=10
        ),
        Scenario(
            "30 points on a fifth of the rows, as a slice, by the 5th interval",
            partial(slices, fall=0.3, held=2000), 5, 0.7,
        ),
    ]  # fmt: skip


def _stable() -> list[Scenario]:
    of = partial(Scenario, intervals=DAYS, limit=SHARE, finds=False)
    return [
        of("nothing changes, promise of 2,000 rows", Rows()),
        of("nothing changes, promise of 369 rows", Rows(held=369)),
        of("nothing changes, 30 labels a day", Rows(count=30, held=369)),
        of("nothing changes, a rare class: 2 % errors", Rows(right=0.98)),
        of("nothing changes, rows in clumps of five", Rows(clump=5)),
        of("nothing changes, groups of 1 to 10 rows", partial(groups, held=2000)),
        of("nothing changes, five slices", partial(slices, held=2000)),
        of("inputs drift, the model stays as good", Concepts(wander=0.3)),
    ]


@dataclass(frozen=True)
class Rows:
    """Rows that are right with one probability, lower by `fall` from some day on; `clump` rows in turn are equal."""

    held: int = 2000
    fall: float = 0.0
    after: int = 0
    right: float = 0.8
    count: int = 300
    clump: int = 1

    def __call__(self, random: Generator, day: int) -> dict[str, Sample]:
        """Draw a day."""
        share = self.right - (self.fall if day > self.after else 0.0)
        number = self.held if day == 0 else self.count
        clumps = random.random(-(-number // self.clump)) < share
        return {"": sample_of(np.repeat(clumps.astype(float), self.clump)[:number])}


def groups(random: Generator, day: int, *, held: int) -> dict[str, Sample]:
    """Groups whose rows share a level of difficulty; each counts once, by its mean."""
    number = (held if day == 0 else 300) // 5
    levels = random.beta(4, 1, number)
    sizes = random.integers(1, 11, number)
    return {"": sample_of(random.binomial(sizes, levels) / sizes)}


def slices(random: Generator, day: int, *, held: int, fall: float = 0.0) -> dict[str, Sample]:
    """Five slices; the first falls."""
    number = held if day == 0 else 300
    of = random.integers(0, 5, number)
    right = (random.random(number) < 0.8 - fall * (of == 0) * (day > 0)).astype(float)
    return {"": sample_of(right)} | {f"slice = {each}": sample_of(right[of == each]) for each in range(5)}


@dataclass(frozen=True)
class Concepts:
    """A model that decides by one feature, and labels that follow it, or from some day on another rule.

    With `wander`, the other feature drifts, which changes the inputs but no prediction.
    """

    after: int = DAYS
    wander: float = 0.0

    def __call__(self, random: Generator, day: int) -> dict[str, Sample]:
        """Draw a day."""
        number = 2000 if day == 0 else 300
        features = random.normal((0, self.wander * day / 10), 1, (number, 2))
        angle = 0.0 if day <= self.after else 0.7  # ten points
        rule = features @ np.array([np.cos(angle), np.sin(angle)])
        labels = rule + random.normal(0, 0.6, number) > 0
        return {"": sample_of(((features[:, 0] > 0) == labels).astype(float))}


def _line(scenario: Scenario, random: Generator) -> Line:
    histories = [list(_raised(scenario, random)) for _ in range(HISTORIES)]
    if not scenario.finds:
        figure = sum(len(each) for each in histories) / HISTORIES * DAYS / scenario.intervals
        return Line("quality_alarms", scenario.words, figure, None, scenario.limit, "in 90 days", "value")
    # A false alarm before the fall does not count as having found it.
    stable = [each for each in histories if not [day for day in each if day <= scenario.after]]
    figure = 100 * float(np.mean([bool(each) for each in stable]))
    return Line("quality_alarms", scenario.words, figure, None, 100 * scenario.limit, "%", "value", at_most=False)


def _raised(scenario: Scenario, random: Generator) -> Iterator[int]:
    """Yield the intervals that raise the alert, as the monitor does."""
    tracks = {name: Track(promise) for name, promise in scenario.draw(random, 0).items()}
    active = False
    for day in range(1, scenario.intervals + 1):
        now: Any = scenario.draw(random, day)
        name, oldest = f"{day:03}", f"{day - WINDOW:03}"
        tracks = {key: track.updated({name: now[key]}, name, oldest) for key, track in tracks.items()}
        verdict = verdict_on_quality(judge_tracks(tracks, (), dict.fromkeys(tracks, DROP), BUDGET))
        if verdict == "breached" and not active:
            yield day
        active = verdict == "breached" or (active and verdict == "undecided")
