"""A config section of somebody's own columns, which opens its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from sluss.sources.arriving import ARRIVAL, ArrivingRows
from sluss.sources.keys import MappedKeys
from sluss.sources.mapped import MappedSource

if TYPE_CHECKING:
    from sluss.context import Context
    from sluss.sources.mapped import Reader


class MappedSection(MappedKeys):
    """Keys of columns, and what reads them."""

    def reader(self, context: Context) -> Reader:
        """What reads the data as it is."""
        raise NotImplementedError

    def source(self, context: Context) -> MappedSource:
        """The source that these keys describe."""
        if self.arrives:
            return ArrivingRows(context, self.timed_by_arrival(), self.reader(context))
        return MappedSource(context, self, self.reader(context))

    @property
    def arrives(self) -> bool:
        """Whether rows are taken when they are found first; a source of labels alone has a time of its own."""
        return self.time is None and self.label_time is None

    def timed_by_arrival(self) -> Self:
        """The same keys with the moment of arrival as the time; it is no value from which an id is made."""
        return self.model_copy(update={"time": ARRIVAL, "exclude": (*self.exclude, ARRIVAL)})
