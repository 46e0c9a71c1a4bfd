"""The facts that a config is written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.new.expected_rows import expected_rows

if TYPE_CHECKING:
    from sluss.monitoring.watchable import WatchableRows
    from sluss.new.look import Look
    from sluss.new.quick import Quick
    from sluss.profiling.whole_table import WholeTable


@dataclass(frozen=True)
class ConfigFacts:
    """Facts that the text is written from."""

    name: str
    data: str
    look: Look
    kind: str  # of the source
    encoding: str
    delimiter: str
    quick: Quick | None
    rows: WatchableRows


def facts_of(name: str, data: str, table: WholeTable, look: Look, quick: Quick | None) -> ConfigFacts:
    """Gather them."""
    file = table.files[0] if table.files else None
    encoding, delimiter = (file.encoding, file.delimiter) if file else ("utf-8", "")
    return ConfigFacts(name, data, look, table.kind, encoding, delimiter, quick, expected_rows(table, look))
