"""Short texts rated by people (Hutto & Gilbert, ICWSM 2014), read straight from the archive in the archive."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sluss.counted import counted
from sluss.errors import DataError
from sluss.sources.archive import REVIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from sluss.config.settings import Settings

ARCHIVE = REVIEWS
_INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
_NEUTRAL = 0.05  # a mean score closer to zero than this has no sign worth a label


@dataclass(frozen=True)
class _File:
    name: str
    rows: int


_FILES = {
    "movies": _File("movieReviewSnippets", 10_605),
    "amazon": _File("amazonReviewSnippets", 3_708),
    "tweets": _File("tweets", 4_200),
    "nyt": _File("nytEditorialSnippets", 5_190),
}


def parts(settings: Settings, label: Literal["sign", "mean"]) -> dict[str, pa.Table]:
    """The texts by where they come from, for a replay.

    Raises:
        DataError: the archive is damaged or cannot be fetched.
    """
    import pyarrow as pa

    found = read_reviews(ARCHIVE.find(settings), label)
    return {name: rows.add_column(1, "source", pa.repeat(name, rows.num_rows)) for name, rows in found.items()}


def read_reviews(archive: Path, label: Literal["sign", "mean"] = "sign") -> dict[str, pa.Table]:
    """Key (the data set's own), text and label of every rated text, by source.

    Args:
        archive: where the data set is.
        label: of a text's ratings, the `sign` of their mean (1 = positive), without the texts that have none; or the
            `mean` itself, from −4 to 4.

    Raises:
        DataError: the archive is damaged, or does not hold the rows it should.
    """
    try:
        with _inner_tar(archive) as inner:
            return {source: _LABELLED[label](_rows(inner, file)) for source, file in _FILES.items()}
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        raise _damaged(archive, str(error)) from error


@contextmanager
def _inner_tar(archive: Path) -> Iterator[tarfile.TarFile]:
    with tarfile.open(archive) as outer, tarfile.open(fileobj=outer.extractfile(_INNER)) as inner:
        yield inner


def _rows(inner: tarfile.TarFile, file: _File) -> list[tuple[str, float, str]]:
    member = inner.extractfile(f"hutto_ICWSM_2014/{file.name}_GroundTruth.txt")
    if member is None:
        raise ValueError(f"{file.name} is no file")
    lines = (line.rstrip("\r\n").split("\t") for line in io.TextIOWrapper(member, "latin-1"))
    rows = [(key, float(score), text) for key, score, text in lines]
    if len(rows) != file.rows:
        raise ValueError(f"{file.name} has {counted(len(rows), 'row')} instead of {file.rows}")
    return rows


def _with_means(rows: list[tuple[str, float, str]]) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "key": pa.array([key for key, _, _ in rows], pa.string()),
            "text": pa.array([text for _, _, text in rows], pa.string()),
            "label": pa.array([score for _, score, _ in rows], pa.float64()),
        }
    )


def _with_signs(rows: list[tuple[str, float, str]]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    kept = _with_means([row for row in rows if abs(row[1]) >= _NEUTRAL])
    return kept.set_column(2, "label", pc.greater(kept["label"], 0).cast(pa.int16()))


_LABELLED = {"sign": _with_signs, "mean": _with_means}


def _damaged(archive: Path, what: str) -> DataError:
    return DataError(
        f"{archive} is damaged ({what}); the SHA-256 of the right one is {ARCHIVE.sha256}. "
        "Remove it, and it is fetched again."
    )
