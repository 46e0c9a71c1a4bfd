"""Card payments with three kinds of fraud, after the rules of the Fraud Detection Handbook's simulator.

Source of the rules: Y.-A. Le Borgne, W. Siblini, B. Lebichot, G. Bontempi (2022), Reproducible Machine Learning for
Credit Card Fraud Detection – Practical Handbook, chapter 3. A fourth kind, card testing, is ours.

Each day is a pure function of the world and the day, so that days can be made one by one and in any order. Where the
handbook marks exactly a third of some payments as fraud, each of them is marked with a probability of a third.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from sluss.counted import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from sluss.arrays import Floats

    Numbers = npt.NDArray[np.int64]

CUSTOMERS, TERMINALS = 5_000, 10_000
_SIDE, _REACH = 100.0, 5.0  # of the map, and how far away a customer's terminals are at most
_LARGE = 220.0  # scenario 1: every payment above this amount is a fraud
_TERMINALS_A_DAY, _TERMINAL_DAYS = 2.0, 28  # scenario 2: terminals that are skimmed, and for how long
_CARDS_A_DAY, _CARD_DAYS, _FACTOR, _SHARE = 3.0, 14, 5.0, 1 / 3  # scenario 3: cards whose data leaked
_TEST_DAYS, _TESTS_A_DAY, _TEST_AMOUNTS = 2, 12, (0.5, 5.0)  # scenario 4: cards that are tested by small payments
_NOON, _SPREAD, _DAY = 43_200.0, 20_000.0, 86_400  # seconds
_MOST = 25  # payments of a customer a day: with a mean below 4, more have a probability below 1e-12

# Streams of random numbers of one world: the map, and for each day its payments and the draws of the scenarios.
_MAP, _PAYMENTS, _SKIMMED, _LEAKED, _TESTED = range(5)


@dataclass(frozen=True)
class Day:
    """Payments of one day in the order of their seconds, n rows each."""

    seconds: Numbers  # since midnight
    customers: Numbers
    terminals: Numbers
    amounts: Floats  # in money, two decimals
    scenarios: Numbers  # 0: no fraud; else the number of the scenario

    def __len__(self) -> int:
        return len(self.seconds)

    @property
    def frauds(self) -> npt.NDArray[np.bool_]:
        """Which payments are frauds."""
        return self.scenarios > 0


@dataclass(frozen=True)
class World:
    """Customers with their habits, and terminals within their reach."""

    seed: int
    amounts: Floats  # mean amount of each customer
    rates: Floats  # mean number of payments a day of each customer
    near: Numbers  # the terminals of all customers, one after the other, and at the end a -1 for none
    ends: Numbers  # where those of customer i end in `near`; they begin where those of i - 1 end
    shops: int  # how many terminals there are
    testing_from: int | None = None  # the first day on which cards are tested
    tested_a_day: int = 8

    def day(self, number: int) -> Day:
        """The payments of a day, counted from 0."""
        import numpy as np

        usual = self._usual(number)
        made = _joined([usual, *(self._tests(each, number) for each in range(number - _TEST_DAYS + 1, number + 1))])
        marked = self._leaked(self._skimmed(_large(made), number), number)
        order = np.argsort(marked.seconds, kind="stable")
        return Day(
            marked.seconds[order], marked.customers[order], marked.terminals[order],
            marked.amounts[order], marked.scenarios[order],
        )  # fmt: skip

    @cached_property
    def _at_most(self) -> Floats:
        """For each customer, the probability of at most 0, 1, … payments on a day."""
        import numpy as np
        from scipy.special import pdtr

        table: Floats = np.asarray(pdtr(np.arange(_MOST), self.rates[:, None]), dtype=float)
        return table

    def _usual(self, number: int) -> Day:
        """What customers do by themselves."""
        import numpy as np
        from scipy.special import ndtri

        random = _random(self.seed, _PAYMENTS, number)
        counts = (random(len(self.rates))[:, None] > self._at_most).sum(axis=1)
        customers = np.repeat(np.arange(len(self.rates)), counts)
        seconds = (_NOON + _SPREAD * ndtri(random(len(customers)))).astype(np.int64)
        means = self.amounts[customers]
        amounts = means + means / 2 * ndtri(random(len(customers)))
        amounts = np.where(amounts < 0, random(len(customers)) * means * 2, amounts)
        terminals = self._terminals(customers, random(len(customers)))
        kept = (seconds > 0) & (seconds < _DAY) & (terminals >= 0)
        none = np.zeros(int(kept.sum()), np.int64)
        return Day(seconds[kept], customers[kept], terminals[kept], np.round(amounts[kept], 2), none)

    def _terminals(self, customers: Numbers, chances: Floats) -> Numbers:
        """One of each customer's terminals; -1 for a customer who has none."""
        import numpy as np

        starts = np.concatenate([[0], self.ends[:-1]])[customers]
        sizes = self.ends[customers] - starts
        places = starts + (chances * sizes).astype(np.int64)
        return np.where(sizes > 0, self.near[np.minimum(places, len(self.near) - 1)], -1)

    def _tests(self, began: int, number: int) -> Day:
        """Small payments on the cards whose test began on a day."""
        import numpy as np

        nothing = np.zeros(0, np.int64)
        if self.testing_from is None or began < self.testing_from:
            return Day(nothing, nothing, nothing, np.zeros(0), nothing)
        drawn = _drawn(self.seed, _TESTED, began, self.tested_a_day, len(self.rates))
        random = _random(self.seed, _TESTED, began, number)
        customers = np.repeat(drawn, _TESTS_A_DAY)
        low, high = _TEST_AMOUNTS
        seconds = 1 + (random(len(customers)) * (_DAY - 1)).astype(np.int64)
        amounts = np.round(low + (high - low) * random(len(customers)), 2)
        terminals = self._terminals(customers, random(len(customers)))
        kept = terminals >= 0
        frauds = np.full(int(kept.sum()), 4)
        return Day(seconds[kept], customers[kept], terminals[kept], amounts[kept], frauds)

    def _skimmed(self, day: Day, number: int) -> Day:
        """Scenario 2: all payments at a terminal that was drawn on one of the last days."""
        import numpy as np

        first = max(number - _TERMINAL_DAYS + 1, 0)
        rate = _TERMINALS_A_DAY * self.shops / TERMINALS
        bad = [_drawn(self.seed, _SKIMMED, each, rate, self.shops) for each in range(first, number + 1)]
        return _marked(day, np.isin(day.terminals, np.concatenate(bad)), 2)

    def _leaked(self, day: Day, number: int) -> Day:
        """Scenario 3: some payments of a card that was drawn on one of the last days are five times as large."""
        import numpy as np

        for each in range(max(number - _CARD_DAYS + 1, 0), number + 1):
            drawn = _drawn(self.seed, _LEAKED, each, _CARDS_A_DAY * len(self.rates) / CUSTOMERS, len(self.rates))
            chosen = np.flatnonzero(np.isin(day.customers, drawn) & (day.scenarios != 4))
            chosen = chosen[_random(self.seed, _LEAKED, each, number)(len(chosen)) < _SHARE]
            amounts = day.amounts.copy()
            amounts[chosen] = np.round(amounts[chosen] * _FACTOR, 2)
            day = Day(day.seconds, day.customers, day.terminals, amounts, day.scenarios)
            day = _marked(day, np.isin(np.arange(len(day)), chosen), 3)
        return day


def make_world(
    seed: int,
    customers: int = CUSTOMERS,
    terminals: int = TERMINALS,
    testing_from: int | None = None,
    tested_a_day: int = 8,
) -> World:
    """Draw customers and terminals.

    Args:
        seed: decides everything; the same seed gives the same payments.
        customers: how many there are. In a smaller world, as many fewer cards leak a day.
        terminals: how many there are. With fewer, as many fewer are skimmed a day.
        testing_from: number of the first day on which cards are tested by bursts of small payments; None for never.
        tested_a_day: how many cards are drawn for it each day.
    """
    import numpy as np
    from scipy.spatial import KDTree

    if customers < 1 or terminals < 1:
        raise ValueError(
            f"a world needs both, not {counted(customers, 'customer')} and {counted(terminals, 'terminal')}"
        )
    random = _random(seed, _MAP)
    homes, shops = _SIDE * random(2 * customers).reshape(-1, 2), _SIDE * random(2 * terminals).reshape(-1, 2)
    amounts, rates = 5 + 95 * random(customers), 4 * random(customers)
    near = np.asarray(KDTree(shops).query_ball_point(homes, _REACH, return_sorted=True), dtype=object)
    ends = np.cumsum([len(each) for each in near])
    return World(
        seed,
        amounts,
        rates,
        np.concatenate([*near, [-1]]).astype(np.int64),
        ends,
        terminals,
        testing_from,
        tested_a_day,
    )


def _large(day: Day) -> Day:
    """Scenario 1."""
    return _marked(day, day.amounts > _LARGE, 1)


def _marked(day: Day, are_frauds: npt.NDArray[np.bool_], scenario: int) -> Day:
    import numpy as np

    scenarios = np.where(are_frauds, scenario, day.scenarios)
    return Day(day.seconds, day.customers, day.terminals, day.amounts, scenarios)


def _joined(days: list[Day]) -> Day:
    import numpy as np

    names = ("seconds", "customers", "terminals", "amounts", "scenarios")
    return Day(*(np.concatenate([getattr(day, name) for day in days]) for name in names))


def _random(*stream: int) -> Callable[[int], Floats]:
    """Uniform numbers in [0, 1): the plainest method of the generator, the same in every release of NumPy."""
    from numpy.random import PCG64, Generator

    return Generator(PCG64(stream)).random


@lru_cache(maxsize=256)
def _drawn(seed: int, stream: int, day: int, rate: float, among: int) -> Numbers:
    """Different numbers below `among`; as many as the rate, of whose fraction chance makes a whole."""
    import numpy as np

    count = int(rate + _random(seed, stream, day, 1)(1)[0])
    return np.sort(np.argsort(_random(seed, stream, day)(among), kind="stable")[:count]).astype(np.int64)
