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
from sluss.statistics.past_intervals import WEIGHTS, Past, fit, scales, standardised
from sluss.statistics.within_intervals import with_rows, with_within, within_intervals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sluss.arrays import Floats

    Bools = NDArray[np.bool_]

HISTORIES, COLUMNS, PAST, JUDGED = 500, 20, 28, 90
DISTANCE = 0.05  # the limit of a config that `make new` writes
BUDGET = 1.0  # false alarms in the judged days
ALPHA = chance(EXAMPLE, "data_drift", unit_of("day"))
_PIECES = 5  # of a past day, by time
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
    scattered: bool = False  # whether the rows of a clump come at different times of the day
    fewer: int = 0  # rows of a judged day, where they differ
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
FEWER = [
    World("stable", 300, fewer=60),
    World("weekly 0.25 σ", 300, weekly=0.25, fewer=60),
    World("clumps of five", 300, clump=5, fewer=60),
    World("scattered clumps of five", 300, clump=5, scattered=True, fewer=60),
]
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


def drawn(rows: int, clump: int, at: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the aspects of some rows and the Kolmogorov–Smirnov distances, given the columns' means."""
    steps = np.concatenate([np.zeros((*at.shape, 1)), ndtr(_VALUES - at[..., None]), np.ones((*at.shape, 1))], axis=-1)
    counts = random.multinomial(rows // clump, np.diff(steps, axis=-1))
    shares = counts / (rows // clump)
    distance = np.abs(np.cumsum(shares, axis=-1)[..., :-1] - _BELOW + 0.5 / _CELLS).max(axis=-1)
    return (shares @ _ASPECTS).reshape(-1), distance


def pieces(world: World, at: Floats, random: np.random.Generator) -> Floats:
    """Return the aspects of each piece of a day, shape (pieces, aspects)."""
    rows = world.rows // _PIECES
    if world.scattered:
        # Each row of a clump is in another piece.
        return np.repeat(drawn(rows, 1, at, random)[0][None], _PIECES, axis=0)
    return np.stack([drawn(rows, world.clump, at, random)[0] for _ in range(_PIECES)])


def learned(world: World, at: Floats, random: np.random.Generator) -> Past:
    """Return the noise of the days before the judged ones, within each of them, too, where judged days are smaller."""
    aspects = at[0].size * ORDER
    by_day = [
        pieces(world, day, random) if world.fewer else drawn(world.rows, world.clump, day, random)[0][None]
        for day in at[: world.past]
    ]
    past = fit(
        np.stack([day.mean(axis=0) for day in by_day]),
        np.full((world.past, aspects), float(world.rows)),
        np.arange(world.past) % 7,
        np.tile(legendre(_VALUES, _VALUES).var(axis=0), at[0].size),
        ORDER,
    )
    rows = np.full(_PIECES, world.rows / _PIECES)
    return with_within(past, within_intervals([(day, rows) for day in by_day], aspects)) if world.fewer else past


def raised(world: World, seed: int, histories: int = HISTORIES) -> Bools:
    """Return, for each judged day and history, whether an alert was raised."""
    random = np.random.default_rng([seed, world.rows])
    at = means(world, random, histories)
    past, each = learned(world, at, random), world.fewer or world.rows
    rows = np.full(histories * COLUMNS * ORDER, float(each))
    past, freedom = with_rows(past, rows, [ORDER] * (histories * COLUMNS))
    charts, on = started(len(rows)), np.zeros(histories, dtype=np.bool_)
    found: list[Bools] = []
    for number, day in enumerate(at[world.past :], world.past):
        values, distance = drawn(each, world.clump, day, random)
        differences = standardised(past, values, rows, number % 7)
        seen = (charts, differences, scales(past, rows))
        charts, breached, clear = _judged((past, freedom), seen, distance, number % 7, on)
        found.append(breached & ~on)
        on = (on | breached) & ~clear
    return np.array(found)


def _judged(
    noise: tuple[Past, Floats], seen: tuple[Charts, Floats, Floats], distance: Floats, phase: int, on: Bools
) -> tuple[Charts, Bools, Bools]:
    """Return the charts after a day, and whether `data_drift` is breached and clear, by history."""
    before, differences, of_rows = seen
    past, freedom = noise
    histories = len(on)
    starts = _STARTS[: histories * COLUMNS]
    charts = followed(before, differences, of_rows)
    chances = p_values(charts, past, phase, freedom)
    alone = COLUMNS * by_column(chances[:, 0], starts, len(WEIGHTS)).reshape(histories, COLUMNS)
    severe = ((alone < ALPHA) & (distance >= DISTANCE)).any(axis=1) & ~on
    if severe.any():
        again, anew = followed(started(len(differences)), differences, of_rows), np.repeat(severe, COLUMNS * ORDER)
        charts = Charts(
            np.where(anew[:, None], again.means, charts.means),
            np.where(anew, again.intervals, charts.intervals),
            np.where(anew, again.scales, charts.scales),
        )
    adjusted: Floats = COLUMNS * by_column(chances.min(axis=1), starts, len(WEIGHTS)).reshape(histories, COLUMNS)
    breached = np.any((adjusted < ALPHA) & (distance >= DISTANCE), axis=1)
    clear = np.all((adjusted >= 0.05) | (distance < DISTANCE / 2), axis=1)
    return charts, breached, clear


def measure(bench: Bench) -> list[Line]:
    """Simulate every world."""
    bar = bench.progress.add_task("Simulating false alarms", total=len([*STABLE, *FEWER, *WANDERING, *CHANGED]))
    lines = []
    for world in (*STABLE, *FEWER, *WANDERING):
        rows = f"{world.fewer} instead of {world.rows:,} rows" if world.fewer else f"{world.rows:,} rows"
        what = f"{world.name}, {rows}: false alarms in {JUDGED} days"
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
