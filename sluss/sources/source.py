"""The protocol of a source of data, which each file of this package implements for its own kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from sluss.config.source_section import SourceSection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import pyarrow as pa

    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.interval import Interval


class Source(Protocol):
    """Rows and labels by the interval in which they arrive."""

    @property
    def first_day(self) -> date:
        """The first day that has rows."""

    def rows(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows that arrive in the interval: `id`, `event_time`, `arrived_at` and the use case's columns.

        Raises:
            DataError: the interval lies outside what the source has, or the data is damaged or cannot be fetched.
        """

    def labels(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the labels that become known in the interval: `id`, `label`, `label_time`."""


@runtime_checkable
class InPlace(Source, Protocol):
    """A source whose rows stand in the warehouse already, so that nothing is brought there."""

    def events(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows whose event lies in the interval, whenever they arrived."""


class Section(SourceSection):
    """The config section of a kind of source, which opens it."""

    @property
    def in_place(self) -> bool:
        """Whether the rows stand in the warehouse already."""
        return False

    def check(self, settings: Settings) -> None:
        """Refuse a setting that this source cannot use, before any long work.

        Raises:
            DataError: `SLUSS_DATA` does not name the archive of the source.
        """

    def source(self, context: Context) -> Source:
        """The source that these keys describe."""
        raise NotImplementedError


def source_of(context: Context) -> Source:
    """The source of a use case."""
    return section_of(context.use_case).source(context)


def in_place(context: Context) -> InPlace | None:
    """The source of a use case if its rows stand in the warehouse already."""
    section = section_of(context.use_case)
    if not section.in_place:
        return None
    source = section.source(context)
    assert isinstance(source, InPlace)
    return source


def section_of(use_case: UseCase) -> Section:
    """The section of the config that opens the use case's source."""
    section = use_case.source
    assert isinstance(section, Section)
    return section
