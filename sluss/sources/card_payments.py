"""Simulated card payments as a source: customers, terminals, and frauds that are reported days later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from sluss.errors import DataError
from sluss.interval import Interval, midnight
from sluss.sources.card_simulator import CUSTOMERS, TERMINALS, Day, World, make_world
from sluss.sources.source import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from sluss.context import Context
    from sluss.sources.source import Source

_SECOND, _A_DAY = 1_000_000, timedelta(days=1)
_LATE_DAYS = 30  # after which a late reporter tells all frauds


class CardPaymentsSource(Section):
    """Card payments that a simulator makes, with three kinds of fraud, and a fourth from a day of the config on."""

    kind: Literal["card_payments"] = Field(description="Card payments that a simulator makes")
    days: int = Field(183, ge=1, description="How many days of payments there are")
    customers: int = Field(CUSTOMERS, ge=1, description="How many cards there are")
    terminals: int = Field(TERMINALS, ge=1, description="How many terminals there are; fewer have fewer frauds")
    seed: int = Field(0, ge=0, description="Decides all payments; the same seed gives the same")
    label_delay_days: int = Field(7, ge=0, description="Days from a payment until it is known whether it was a fraud")
    late_share: float = Field(
        0, ge=0, le=1, description="Share of the cards whose frauds are reported 30 days after the payment"
    )
    testing_start: date | None = Field(
        None, description="First day on which stolen cards are tested by bursts of small payments; without it, never"
    )
    tested_a_day: int = Field(8, ge=1, description="How many cards begin to be tested on each day from then on")

    def source(self, context: Context) -> Source:
        """The payments that these keys describe."""
        return CardPayments(self, context.use_case.name)


SECTION = CardPaymentsSource


@dataclass(frozen=True)
class CardPayments:
    """Payments and their labels, made day by day."""

    config: CardPaymentsSource
    name: str

    @property
    def first_day(self) -> date:
        """The first day of payments."""
        return self.config.start

    def rows(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the payments of the interval, which arrive at once.

        Raises:
            DataError: the interval has no day of the simulation.
        """
        days = self._days(interval)
        if not days:
            end = midnight(self.config.start + self.config.days * _A_DAY)
            raise DataError(
                f"The use case {self.name} has no payments in {interval}. Choose an interval within "
                f"{Interval(midnight(self.config.start), end)}, or raise source.days in its config."
            )
        for number in days:
            yield self._within(self._payments(number), "event_time", interval)

    def labels(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the labels that become known in the interval."""
        for number in self._reported(interval):
            yield self._within(self._labels(number), "label_time", interval)

    def _days(self, interval: Interval, delay: int = 0) -> range:
        """Numbers of the days whose payments, some days later, lie in the interval."""
        begin = midnight(self.config.start) + delay * _A_DAY
        first = (interval.start - begin) // _A_DAY
        last = -((begin - interval.end) // _A_DAY)  # rounded up
        return range(max(first, 0), min(last, self.config.days))

    def _reported(self, interval: Interval) -> list[int]:
        """Numbers of the days with labels in the interval; at least one, since an empty table has columns too."""
        delays = {self.config.label_delay_days, *([_LATE_DAYS] if self.config.late_share else [])}
        found = {number for delay in delays for number in self._days(interval, delay)}
        return sorted(found) or [0]

    def _payments(self, number: int) -> pa.RecordBatch:
        import pyarrow as pa
        import pyarrow.compute as pc

        day = self._world.day(number)
        moments = self._moments(number, day)
        names = {"customer_id": ("c", day.customers), "terminal_id": ("t", day.terminals)}
        return pa.record_batch(
            {
                "id": self._ids(number, day),
                "event_time": moments,
                "arrived_at": moments,
                **{
                    name: pc.binary_join_element_wise(letter, pa.array(numbers).cast(pa.string()), "")
                    for name, (letter, numbers) in names.items()
                },
                "amount": pa.array(day.amounts),
            }
        )

    def _labels(self, number: int) -> pa.RecordBatch:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        day = self._world.day(number)
        late = day.frauds & self._late[day.customers]
        days = np.where(late, max(_LATE_DAYS, self.config.label_delay_days), self.config.label_delay_days)
        delays = pa.array(days * 86_400 * _SECOND).cast(pa.duration("us"))
        return pa.record_batch(
            {
                "id": self._ids(number, day),
                "label": pa.array(day.frauds).cast(pa.int16()),
                "label_time": pc.add(self._moments(number, day), delays),
            }
        )

    def _ids(self, number: int, day: Day) -> pa.Array:
        import pyarrow as pa

        name = self.config.start + number * _A_DAY
        return pa.array([f"{name:%Y%m%d}-{each:05}" for each in range(len(day))])

    def _moments(self, number: int, day: Day) -> pa.Array:
        import pyarrow as pa

        start = datetime.combine(self.config.start + number * _A_DAY, datetime.min.time(), UTC)
        return pa.array(int(start.timestamp()) * _SECOND + day.seconds * _SECOND).cast(pa.timestamp("us", tz="UTC"))

    def _within(self, rows: pa.RecordBatch, column: str, interval: Interval) -> pa.RecordBatch:
        import pyarrow.compute as pc

        times = rows[column]
        return rows.filter(pc.and_(pc.greater_equal(times, interval.start), pc.less(times, interval.end)))

    @property
    def _world(self) -> World:
        config = self.config
        testing = None if config.testing_start is None else (config.testing_start - config.start).days
        return _world(config.seed, (config.customers, config.terminals), testing, config.tested_a_day)

    @property
    def _late(self) -> npt.NDArray[np.bool_]:
        """Which cards report late, by customer."""
        import numpy as np

        order = np.random.Generator(np.random.PCG64([self.config.seed, 99])).random(self.config.customers)
        return order < self.config.late_share


@lru_cache(maxsize=2)
def _world(seed: int, size: tuple[int, int], testing_from: int | None, tested_a_day: int) -> World:
    return make_world(seed, *size, testing_from, tested_a_day)
