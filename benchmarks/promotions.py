"""Simulated promotions: the chances of the two rules of the comparison, and the rows until the guard rolls back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from measuring import Bench, Line

from sluss.gates.comparison import WORSE, Comparison, Proof
from sluss.monitoring.probation import LEVEL, ROWS, Probation
from sluss.statistics.betting_test import allowance, chance_if_as_good, chance_if_worse
from sluss.statistics.sample import Sample, sample_of

if TYPE_CHECKING:
    from numpy.random import Generator

    from sluss.arrays import Floats

HISTORIES = 500
ALPHA, MARGIN = 0.05, 0.02
DISAGREE = 0.12  # share of the rows on which two models of the demo differ; 0.01–0.03 for other values of C
UNSEEN, TRIED = 600, 4_000  # rows that neither learned from, and rows on which two recipes are tried
RECIPES = range(2, 12)  # after the first one
BATCH = 50  # labels that arrive together
_SEED = 20260902


def measure(bench: Bench) -> list[Line]:
    """Simulate refreshes, changes of the recipe, and the guard."""
    parts = (_refreshes, _sequences, _changes, _guard)
    bar = bench.progress.add_task("Promotions", total=len(parts))
    lines = []
    for number, part in enumerate(parts):
        lines += part(np.random.default_rng([_SEED, number]))
        bench.progress.advance(bar)
    return lines


def differences(random: Generator, rows: int, mean: float, disagree: float = DISAGREE) -> Floats:
    """Rows of two models of which the first is better by `mean`."""
    shares = [(disagree + mean) / 2, 1 - disagree, (disagree - mean) / 2]
    found: Floats = random.choice([1.0, 0.0, -1.0], size=rows, p=shares)
    return found


def compared(unseen: Floats, proof: Proof | None = None) -> Comparison:
    """The comparison of two models with these differences."""
    mean = float(unseen.mean())
    chance = chance_if_as_good(unseen)
    return Comparison("accuracy", "rows", "1", len(unseen), 0.8 + mean, 0.8, chance, identical=False, proof=proof)


def _proof(tried: Floats, unseen: Floats, recipe: int) -> Proof:
    together = np.concatenate([tried, unseen])
    return Proof(
        ("training.estimator",),
        len(together),
        len(tried),
        float(together.mean()),
        chance_if_worse(together, MARGIN),
        allowance(ALPHA, recipe, 1, 1),
        MARGIN,
    )


def _line(what: str, found: float, limit: float | None = None, *, unit: str = "%", at_most: bool = False) -> Line:
    return Line("promotions", what, found, None, limit, unit, "value", at_most)


def _share(hits: list[bool]) -> float:
    return 100 * float(np.mean(hits))


def _refreshes(random: Generator) -> list[Line]:
    equal = [compared(differences(random, UNSEEN, 0.0)).passed for _ in range(4 * HISTORIES)]
    half = [compared(differences(random, UNSEEN, -0.005)).passed for _ in range(4 * HISTORIES)]
    worse = [compared(differences(random, UNSEEN, -0.05)).passed for _ in range(4 * HISTORIES)]
    return [
        _line(f"refreshes as good as the champion pass, {UNSEEN} rows", _share(equal), 100 * (1 - WORSE)),
        _line("refreshes that are worse by half a point pass", _share(half), 95.0),
        _line("refreshes that are worse by 5 points pass", _share(worse)),
    ]


def _sequences(random: Generator) -> list[Line]:
    """Sequences of changed recipes, each worse by the margin, until one is promoted."""
    ever = [any(_changed(random, -MARGIN, recipe) for recipe in RECIPES) for _ in range(HISTORIES)]
    words = f"sequences of {len(RECIPES)} changed recipes, worse by the margin, that promote one"
    return [_line(words, _share(ever), 100 * ALPHA, at_most=True)]


def _changed(random: Generator, mean: float, recipe: int, disagree: float = DISAGREE) -> bool:
    tried, unseen = (differences(random, rows, mean, disagree) for rows in (TRIED, UNSEEN))
    return compared(unseen, _proof(tried, unseen, recipe)).passed


def _changes(random: Generator) -> list[Line]:
    found = []
    for disagree in (0.03, DISAGREE):
        for recipe, place in ((2, "first"), (6, "fifth")):
            passed = [_changed(random, 0.0, recipe, disagree) for _ in range(HISTORIES)]
            words = f"{place} changed recipe as good as the champion passes, {disagree:.0%} of rows differ"
            found.append(_line(words, _share(passed), 90.0 if disagree < DISAGREE else None))
    return found


def _guard(random: Generator) -> list[Line]:
    lines = []
    for points, limit in ((3, None), (5, 1_500), (10, 500)):
        rows = [_rolled_back(random, -points / 100) for _ in range(HISTORIES)]
        median, most = np.quantile([each or np.inf for each in rows], [0.5, 0.95], method="higher")
        words = f"labelled rows until a champion that is {points} points worse is rolled back"
        lines.append(_line(f"{words}, median", float(median), unit="rows"))
        lines.append(_line(f"{words}, 95 %", float(most), limit, unit="rows", at_most=True))
    same = [_rolled_back(random, 0.0) is not None for _ in range(HISTORIES)]
    lines.append(
        _line("champions as good as their predecessor that are rolled back", _share(same), 100 * LEVEL, at_most=True)
    )
    rows = [_rolled_back_by_labels(random, 0.7) for _ in range(HISTORIES)]
    median = float(np.quantile([each or np.inf for each in rows], 0.5, method="higher"))
    lines.append(
        _line("10 points worse, `guard: labels`, predecessor's record of 2,000 rows, median", median, unit="rows")
    )
    same = [_rolled_back_by_labels(random, 0.8) is not None for _ in range(HISTORIES)]
    lines.append(_line("as good, `guard: labels`, rolled back", _share(same), 100 * LEVEL, at_most=True))
    return lines


def _rolled_back(random: Generator, mean: float) -> int | None:
    probation = Probation("2", "1", shadow=True)
    while not probation.is_over:
        probation = probation.after_pair(-differences(random, BATCH, mean))
        if probation.shows_worse(0.0):
            return probation.rows
    return None


def _rolled_back_by_labels(random: Generator, right: float) -> int | None:
    def labels(rows: int, share: float) -> Sample:
        return sample_of((random.random(rows) < share).astype(float))

    probation = Probation("2", "1", shadow=False, record=labels(2_000, 0.8))
    while probation.rows < ROWS:
        probation = probation.after_labels(labels(BATCH, right))
        if probation.shows_worse(0.05):
            return probation.rows
    return None
