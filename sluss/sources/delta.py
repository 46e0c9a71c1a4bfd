"""A Delta table as a source: in a folder or on S3."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from sluss.errors import DataError, ServiceError
from sluss.sources.on_s3 import MayBeOnS3

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    import pyarrow.dataset as ds

    from sluss.config.settings import Settings
    from sluss.context import Context
    from sluss.sources.mapped import Bounds, Reader

_BATCH = 50_000  # rows
_A_DAY = timedelta(days=1)


class DeltaSource(MayBeOnS3):
    """A Delta table that someone else writes. It is read as it is at that moment."""

    kind: Literal["delta"] = Field(description="A Delta table")
    path: str = Field(description="Folder of the table, below the folder of this project, or `s3://bucket/…`")

    def reader(self, context: Context) -> Reader:
        """What reads the table."""
        return Delta(context.settings, self)


SECTION = DeltaSource


@dataclass(frozen=True)
class Delta:
    """Reads the newest version of a Delta table."""

    settings: Settings
    config: DeltaSource

    def __str__(self) -> str:
        return self.config.path

    def batches(self, bounds: Bounds | None) -> Iterator[pa.RecordBatch]:
        """Stream the rows. Files whose statistics leave out the bounds are not opened."""
        table = self._dataset()
        scanner = table.scanner(filter=_condition(table.schema, bounds), batch_size=_BATCH, batch_readahead=2)
        yield from scanner.to_batches()

    def _dataset(self) -> ds.Dataset:
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        path = self.config.path
        on_s3 = path.startswith("s3://")
        root = self.settings.config_dir.resolve().parent
        address = path if on_s3 else str(root / Path(path).expanduser())
        options = self.config.account(self.settings).delta_options if on_s3 else None
        try:
            return DeltaTable(address, storage_options=options).to_pyarrow_dataset()
        except TableNotFoundError:
            raise DataError(f"There is no Delta table at {address}. Check source.path.") from None
        except OSError as error:
            raise ServiceError(f"{path} does not answer: {' '.join(str(error).split())[:300]}.") from None


def _condition(schema: pa.Schema, bounds: Bounds | None) -> ds.Expression | None:
    import pyarrow as pa
    import pyarrow.dataset as ds

    if bounds is None or bounds.column not in schema.names:
        return None
    type_ = schema.field(bounds.column).type
    if not pa.types.is_timestamp(type_):
        return None
    column, naive = ds.field(bounds.column), type_.tz is None
    low, high = (bounds.start - _A_DAY, bounds.end + _A_DAY) if naive else (bounds.start, bounds.end)
    low, high = (moment.replace(tzinfo=None) if naive else moment for moment in (low, high))
    return (column >= pa.scalar(low, type_)) & (column < pa.scalar(high, type_)) | column.is_null()
