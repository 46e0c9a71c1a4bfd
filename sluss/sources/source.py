"""The protocol of a source of data, which each file of this package implements for its own kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sluss.config.source import SourceSection

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

    from sluss.context import Context
    from sluss.interval import Interval


class Source(Protocol):
    """Rows and labels by the interval in which they arrive."""

    @property
    def first_day(self) -> date:
        """The first day that has rows."""

    def rows(self, interval: Interval) -> pa.Table:
        """The rows that arrive in the interval: `id`, `event_time`, `arrived_at` and the columns of the use case.

        Raises:
            DataError: the interval lies outside what the source has, or the data is damaged or cannot be fetched.
        """

    def labels(self, interval: Interval) -> pa.Table:
        """The labels that become known in the interval: `id`, `label`, `label_time`."""


class Section(SourceSection):
    """The config section of a kind of source, which opens it."""

    def source(self, context: Context) -> Source:
        """The source that these keys describe."""
        raise NotImplementedError


def source_of(context: Context) -> Source:
    """The source of a use case."""
    section = context.use_case.source
    assert isinstance(section, Section)
    return section.source(context)
