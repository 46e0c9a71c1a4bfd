"""Keys that objects of JSON leave out where they have no value: a batch may lack them, and the source has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from sluss.config.use_case import UseCase
    from sluss.sources.keys import MappedKeys


def wanted_names(use_case: UseCase, config: MappedKeys) -> tuple[str, ...]:
    """The names, as the source has them, of all columns that the config reads."""
    own = {new: old for old, new in config.rename.items()}
    # `id` and `event_time` are made of others, which the keys name.
    features = [own.get(name, name) for name in use_case.curation.columns if name not in ("id", "event_time")]
    ids = [config.id] if isinstance(config.id, str) else list(config.id or ())
    named = (config.time, config.arrived_at, config.label, config.label_time)
    return tuple(dict.fromkeys([*features, *ids, *filter(None, named)]))


@dataclass
class Omitted:
    """Adds the columns that a batch lacks and another one has, without values."""

    wanted: tuple[str, ...]
    every: Callable[[], Iterator[pa.RecordBatch]]  # batches of the whole source, in any order
    _known: set[str] = field(default_factory=set)
    _searched: bool = False

    def completed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch with the wanted columns. One that the whole source lacks stays away: its name is wrong."""
        import pyarrow as pa

        here = {name.lower() for name in batch.schema.names}
        self._known |= here
        lacking = [name for name in self.wanted if name.lower() not in here]
        for name in lacking:
            if self._exists(name):
                batch = batch.append_column(name, pa.nulls(batch.num_rows, pa.string()))
        return batch

    def _exists(self, name: str) -> bool:
        if name.lower() not in self._known and not self._searched:
            for batch in self.every():
                self._known |= {each.lower() for each in batch.schema.names}
                if name.lower() in self._known:
                    return True
            self._searched = True
        return name.lower() in self._known
