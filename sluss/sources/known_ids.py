"""Ids as numbers of 64 bits, to tell which rows were brought before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.conversion.texts import as_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Hashes = npt.NDArray[np.uint64]


def hashes(ids: pa.Array) -> Hashes:
    """A number of 64 bits for each id: of ten million, two share one with a chance of 3 in a million."""
    import numpy as np
    import pandas as pd

    found: Hashes = pd.util.hash_array(np.asarray(as_text(ids).to_pylist(), dtype=object), categorize=False)
    return found


def among(ids: Hashes, known: Hashes) -> npt.NDArray[np.bool_]:
    """Which ids are among those that are known, which are sorted."""
    import numpy as np

    places = np.searchsorted(known, ids)
    places[places == len(known)] = 0
    return known[places] == ids if len(known) else np.zeros(len(ids), dtype=bool)
