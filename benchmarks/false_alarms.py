"""False alarms of `data_drift` on stable data, and the intervals until a change is found, by simulation.

Each history has 20 columns of normal numbers: days from which the noise between days is learned, then days that are
judged by the library's own functions, all histories at once.

Rows are not drawn one by one. An aspect of a column depends on the rows only by how many fall between each two values
of the reference, and such counts of independent rows are multinomial. So counts are drawn, which gives the same
distribution of every figure at a cost that does not depend on the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from measuring import Bench, Line
from scipy.special import ndtr, ndtri

from sluss.config.false_alarms import EXAMPLE, SHARES, chance
from sluss.interval import unit_of
from sluss.statistics.aspects import ORDER, legendre
from sluss.statistics.charts import Charts, by_column, followed, p_values, started
from sluss.statistics.past_intervals import WEIGHTS, Past, fit, standardised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sluss.arrays import Floats

    Bools = NDArray[np.bool_]

HISTORIES, COLUMNS, PAST, JUDGED = 500, 20, 28, 90
DISTANCE = 0.05  # the limit of a config that `make new` writes
BUDGET = 1.0  # false alarms in the judged days
ALPHA = chance(EXAMPLE, "data_drift", unit_of("day"))
_CELLS = 50
_VALUES = ndtri((np.arange(_CELLS) + 0.5) / _CELLS)  # of the reference
_BETWEEN = np.concatenate([[_VALUES[0] - 1], (_VALUES[1:] + _VALUES[:-1]) / 2, [_VALUES[-1] + 1]])
_ASPECTS = legendre(_VALUES, _BETWEEN)
_BELOW = np.arange(_CELLS + 1)[1:] / _CELLS  # share of the reference up to each value
_STARTS = np.arange(HISTORIES * COLUMNS) * ORDER


@dataclass(frozen=True)
class World:
    """A kind of data: its pattern without a change, and the change."""

    name: str
    rows: int
    weekly: float = 0.0  # amplitude in standard deviations, in five of the columns
    clump: int = 1  # equal rows that come together
    wander: float = 0.0  # standard deviation of a slow autoregression, 0.95 from day to day, in all columns
    shift: float = 0.0  # of one column, from the first judged day on
    past: int = PAST
    judged: int = JUDGED


_STEADY = (
    World("stable", 0),
    World("weekly 0.25 σ", 0, weekly=0.25),
    World("weekly 0.5 σ", 0, weekly=0.5),
    World("clumps of five", 0, clump=5),
)
STABLE = [replace(world, rows=rows) for world in _STEADY for rows in (100, 1_000, 50_000)]
WANDERING = [World(f"wander of 0.15 σ after {past} days", 1_000, wander=0.15, past=past) for past in (28, 60, 90, 180)]
CHANGED = [
    (World("shift of 0.3 σ", 1_000, shift=0.3, judged=1), 1, None),
    (World("shift of 0.3 σ", 1_000, shift=0.3, judged=2), 2, 0.95),
    (World("shift of 0.5 σ", 100, shift=0.5, judged=1), 1, None),
    (World("shift of 0.5 σ", 100, shift=0.5, judged=3), 3, 0.80),
    (World("shift of 0.2 σ", 1_000, shift=0.2, judged=2), 2, None),
    (World("shift of 0.3 σ", 100, shift=0.3, judged=7), 7, None),
]


def means(world: World, random: np.random.Generator, histories: int) -> Floats:
    """Return the mean of each column on each day, shape (days, histories, columns)."""
    days = np.arange(world.past + world.judged)
    found = np.zeros((len(days), histories, COLUMNS))
    start = random.integers(0, 7, (histories, 5))
    found[:, :, :5] += world.weekly * np.sin(2 * np.pi * (days[:, None, None] + start) / 7)
    if world.wander:
        level = random.normal(0, world.wander, (histories, COLUMNS))
        for day in days:
            found[day] += level
            level = 0.95 * level + random.normal(0, world.wander * np.sqrt(1 - 0.95**2), level.shape)
    found[world.past :, :, -1] += world.shift
    return found


def drawn(world: World, at: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the aspects of one day and the Kolmogorov–Smirnov distances, given the columns' means."""
    steps = np.concatenate([np.zeros((*at.shape, 1)), ndtr(_VALUES - at[..., None]), np.ones((*at.shape, 1))], axis=-1)
    counts = random.multinomial(world.rows // world.clump, np.diff(steps, axis=-1))
    shares = counts / (world.rows // world.clump)
    distance = np.abs(np.cumsum(shares, axis=-1)[..., :-1] - _BELOW + 0.5 / _CELLS).max(axis=-1)
    return (shares @ _ASPECTS).reshape(-1), distance


def raised(world: World, seed: int, histories: int = HISTORIES) -> Bools:
    """Return, for each judged day and history, whether an alert was raised."""
    random = np.random.default_rng([seed, world.rows])
    at = means(world, random, histories)
    days = [drawn(world, day, random) for day in at]
    aspects = histories * COLUMNS * ORDER
    rows, floor = (
        np.full(aspects, float(world.rows)),
        np.tile(legendre(_VALUES, _VALUES).var(axis=0), histories * COLUMNS),
    )
    past = fit(
        np.stack([values for values, _ in days[: world.past]]),
        np.tile(rows, (world.past, 1)),
        np.arange(world.past) % 7,
        floor,
        ORDER,
    )
    charts, on = started(aspects), np.zeros(histories, dtype=np.bool_)
    found: list[Bools] = []
    for number, (values, distance) in enumerate(days[world.past :], world.past):
        differences = standardised(past, values, rows, number % 7)
        charts, breached, clear = _judged(past, (charts, differences), distance, number % 7, on)
        found.append(breached & ~on)
        on = (on | breached) & ~clear
    return np.array(found)


def _judged(
    past: Past, seen: tuple[Charts, Floats], distance: Floats, phase: int, on: Bools
) -> tuple[Charts, Bools, Bools]:
    """Return the charts after a day, and whether `data_drift` is breached and clear, by history."""
    before, differences = seen
    histories = len(on)
    starts = _STARTS[: histories * COLUMNS]
    charts = followed(before, differences)
    chances = p_values(charts, past, phase)
    alone = COLUMNS * by_column(chances[:, 0], starts, len(WEIGHTS)).reshape(histories, COLUMNS)
    severe = ((alone < ALPHA) & (distance >= DISTANCE)).any(axis=1) & ~on
    if severe.any():
        again, anew = followed(started(len(differences)), differences), np.repeat(severe, COLUMNS * ORDER)
        charts = Charts(
            np.where(anew[:, None], again.means, charts.means), np.where(anew, again.intervals, charts.intervals)
        )
    adjusted: Floats = COLUMNS * by_column(chances.min(axis=1), starts, len(WEIGHTS)).reshape(histories, COLUMNS)
    breached = np.any((adjusted < ALPHA) & (distance >= DISTANCE), axis=1)
    clear = np.all((adjusted >= 0.05) | (distance < DISTANCE / 2), axis=1)
    return charts, breached, clear


def measure(bench: Bench) -> list[Line]:
    """Simulate every world."""
    bar = bench.progress.add_task("Simulating false alarms", total=len(STABLE) + len(WANDERING) + len(CHANGED))
    lines = []
    for world in (*STABLE, *WANDERING):
        what = f"{world.name}, {world.rows:,} rows: false alarms in {JUDGED} days"
        # Wander is shown without a limit: the reference days that it needs depend on how slow it is.
        limit = None if world.wander else SHARES["data_drift"] * BUDGET
        lines.append(_line(what, raised(world, 1).sum() / HISTORIES, limit, at_most=True))
        bench.progress.advance(bar)
    for world, day, share in CHANGED:
        found = raised(world, 2).any(axis=0).mean()
        lines.append(_line(f"{world.name}, {world.rows:,} rows: found by day {day}", found, share, at_most=False))
        bench.progress.advance(bar)
    return lines


def _line(what: str, value: float, limit: float | None, *, at_most: bool) -> Line:
    return Line("false_alarms", what, float(value), None, limit, unit="", kind="value", at_most=at_most)
