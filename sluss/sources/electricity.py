"""Half-hourly electricity demand of Victoria in 2014 as a source, forecast each noon for the day after.

The table is `elecdemand` of the R package fpp2 (R. J. Hyndman, G. Athanasopoulos, Forecasting: Principles and Practice,
2nd edition): demand in gigawatts, temperature in Melbourne and whether it is a working day. Its clock is Australian
Eastern Standard Time all year, while people's clock moves: a day of theirs has 46 or 50 half-hours twice a year.

Two changes can be added to it. They are ours and did not happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from sluss.config.base import Frozen
from sluss.errors import DataError
from sluss.sources.kept import within
from sluss.sources.rdatasets import read_set
from sluss.sources.source import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

    from sluss.arrays import Floats
    from sluss.config.settings import Settings
    from sluss.context import Context
    from sluss.interval import Interval
    from sluss.sources.source import Source

ZONE = ZoneInfo("Australia/Melbourne")
_SET, _SERIES = "fpp2/elecdemand", "victoria"
_FIRST, _LAST = date(2014, 1, 1), date(2014, 12, 31)  # of the targets
_START, _HALF_HOUR, _PER_DAY = "2013-12-31T14:00Z", timedelta(minutes=30), 48
_TIMES, _TEXTS = ("event_time", "arrived_at", "target_time", "label_time"), ("id", "series", "change")
MEASURED, HOT, SHIFTED = "measured", "heat wave", "shifted calendar"  # values of the column `change`
# Gigawatts for each degree, by least squares on the whole table with a constant for each half-hour and kind of day.
_WARM, _PER_WARMER = 22.0, 0.16
_COLD, _PER_COLDER = 16.0, 0.10


class HeatWave(Frozen):
    """Days that are made hotter, with the demand that cooling takes."""

    start: date = Field(description="First day of the heat wave, which we add to the data")
    days: int = Field(ge=1, description="How many days it lasts")
    degrees: float = Field(description="By how much each half-hour is warmer")


class ElectricitySource(Section):
    """Electricity demand of Victoria in 2014 by half-hours; the rows of a day are made at noon of the day before."""

    kind: Literal["electricity"] = Field(description="Half-hourly electricity demand of Victoria in 2014")
    heat_wave: HeatWave | None = Field(None, description="A heat wave that did not happen")
    calendar_shift: date | None = Field(
        None,
        description="First day of a change that did not happen: from it on, a day has demand and temperature of "
        "the day after, so that people rest on Friday and Saturday, while the column `workday` knows nothing of it",
    )

    @property
    def not_classes(self) -> str | None:
        """Why the labels are not classes."""
        return "a source of kind electricity gives gigawatts, which are no classes; give a target"

    def source(self, context: Context) -> Source:
        """The rows that these keys describe."""
        return Electricity(context, self)


SECTION = ElectricitySource


@dataclass(frozen=True)
class Electricity:
    """Rows by the noon at which they are made, and readings by the moment at which their half-hour ends."""

    context: Context
    config: ElectricitySource

    @property
    def first_day(self) -> date:
        """The first day that has rows."""
        return self.config.start

    def rows(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows whose forecast is due in the interval.

        Raises:
            DataError: the interval has none, or the data set is damaged or cannot be fetched.
        """
        table = self._table()
        found = within(table, "event_time", interval)
        if found.num_rows == 0:
            raise DataError(
                f"The use case {self.context.use_case.name} has no half-hours to forecast in {interval}. The data set "
                f"has those of {_FIRST} to {_LAST}, forecast on the day before: choose an interval within these."
            )
        yield from found.drop_columns(["label", "label_time"]).to_batches()

    def labels(self, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the demand of the half-hours that end in the interval."""
        found = within(self._table(), "label_time", interval).select(["id", "label", "label_time"])
        yield from found.to_batches() or found.schema.empty_table().to_batches()

    def _table(self) -> pa.Table:
        return _made(self.context.settings, self.config)


def half_hours(readings: pd.DataFrame, config: ElectricitySource) -> pd.DataFrame:
    """Return a row for each half-hour: when it is forecast, its calendar and temperature, and the demand that followed.

    Args:
        readings: demand, temperature and whether it is a working day, one row for each half-hour of the year.
        config: the changes that are added.
    """
    import numpy as np
    import pandas as pd

    targets = pd.date_range(_START, periods=len(readings), freq=_HALF_HOUR)
    days = targets.tz_convert(ZONE).tz_localize(None).normalize()
    # The working days are those of the table's own clock; a day of people's clock is the one of the same date.
    workdays = dict(zip(days[_PER_DAY // 2 :: _PER_DAY], readings["WorkDay"][_PER_DAY // 2 :: _PER_DAY], strict=True))
    place = np.arange(len(readings))
    if config.calendar_shift:
        place = np.where(days >= pd.Timestamp(config.calendar_shift), place + _PER_DAY, place)
    there = place < len(readings)
    place = np.minimum(place, len(readings) - 1)
    demand, temperature = (readings[name].to_numpy(dtype=float)[place] for name in ("Demand", "Temperature"))
    demand, temperature = _warmer(demand, temperature, days, config.heat_wave)
    noon = (days - pd.Timedelta(hours=12)).tz_localize(ZONE).tz_convert("UTC")
    found = pd.DataFrame(
        {
            "id": [f"{_SERIES}-{each:%Y%m%dT%H%MZ}" for each in targets],
            "event_time": noon,
            "arrived_at": noon,
            "series": _SERIES,
            "change": _change(days, config),
            "target_time": targets,
            "workday": [float(workdays.get(day, 0)) for day in days],
            "temperature": temperature,
            "label": demand,
            "label_time": targets + _HALF_HOUR,
        }
    )
    return found[there]


def _change(days: pd.DatetimeIndex, config: ElectricitySource) -> npt.NDArray[np.object_]:
    """Return the name of the change that each row has, so that no one takes it for measured."""
    import numpy as np

    found = np.full(len(days), MEASURED, dtype=object)
    if config.calendar_shift:
        found[days >= np.datetime64(config.calendar_shift)] = SHIFTED
    found[_in_wave(days, config.heat_wave)] = HOT
    return found


def _in_wave(days: pd.DatetimeIndex, wave: HeatWave | None) -> npt.NDArray[np.bool_]:
    import numpy as np

    if wave is None:
        return np.zeros(len(days), dtype=bool)
    first = np.datetime64(wave.start)
    found: npt.NDArray[np.bool_] = (days >= first) & (days < first + np.timedelta64(wave.days, "D"))
    return found


def _warmer(
    demand: Floats, temperature: Floats, days: pd.DatetimeIndex, wave: HeatWave | None
) -> tuple[Floats, Floats]:
    """Return demand and temperature with a heat wave, if there is one."""
    import numpy as np

    if wave is None:
        return demand, temperature
    hot = _in_wave(days, wave)
    warmer = np.where(hot, temperature + wave.degrees, temperature)
    return demand + _of_weather(warmer) - _of_weather(temperature), warmer


def _of_weather(temperature: Floats) -> Floats:
    """Return the part of the demand that cooling and heating take."""
    import numpy as np

    cooling, heating = np.maximum(temperature - _WARM, 0), np.maximum(_COLD - temperature, 0)
    found: Floats = _PER_WARMER * cooling + _PER_COLDER * heating
    return found


@lru_cache(maxsize=2)
def _made(settings: Settings, config: ElectricitySource) -> pa.Table:
    """Return all rows with their labels; a process that brings many days makes them once."""
    return as_table(half_hours(read_set(settings, _SET), config))


def as_table(rows: pd.DataFrame) -> pa.Table:
    """Return rows as the warehouse takes them: times in UTC, to the microsecond."""
    import pyarrow as pa

    time, columns = pa.timestamp("us", tz="UTC"), {}
    for name in rows.columns:
        values = rows[name]
        if name in _TIMES:
            columns[name] = pa.array(values.dt.tz_convert(None).to_numpy()).cast(pa.timestamp("us")).cast(time)
        else:
            columns[name] = pa.array(
                values.to_numpy(), pa.string() if name in _TEXTS else pa.float64(), from_pandas=True
            )
    return pa.table(columns)
