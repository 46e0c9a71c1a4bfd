"""How numbers and times are written in a table's texts: one answer for all columns, as a source's config has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sluss.conversion.times import UNIX
from sluss.errors import ConfigError
from sluss.profiling.unclear import UnclearError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sluss.profiling.readings import Readings


@dataclass(frozen=True)
class Writing:
    """The decimal sign, the format of dates that are not ISO's, and the zone of times without one."""

    decimal: str = "."
    date_format: str | None = None
    time_zone: str | None = None
    decimal_is_given: bool = False

    def __post_init__(self) -> None:
        """Refuse what no table can be read with.

        Raises:
            ConfigError: it says what is allowed.
        """
        if self.decimal not in (".", ","):
            raise ConfigError(f"'{self.decimal}' is not a decimal sign. Give DECIMAL=. or DECIMAL=,.")
        if self.time_zone:
            try:
                ZoneInfo(self.time_zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ConfigError(
                    f"'{self.time_zone}' is not a time zone. Give a name such as ZONE=UTC or ZONE=Europe/Berlin."
                ) from None
        if self.date_format and self.date_format not in UNIX and not _is_format(self.date_format):
            raise ConfigError(
                f"'{self.date_format}' is not a format of dates. Give one such as DATE_FORMAT=%d.%m.%Y, or unix "
                f"for seconds."
            )


def _is_format(text: str) -> bool:
    """Whether a day comes back as it was written."""
    day = datetime(2001, 2, 3)  # noqa: DTZ001 - a day without a zone
    try:
        return datetime.strptime(day.strftime(text), text) == day  # noqa: DTZ007
    except ValueError:
        return False


def writing_of(readings: Mapping[str, Readings], given: Writing, delimiter: str) -> Writing:
    """Complete what a person has given by what the values show.

    Raises:
        UnclearError: the values allow two readings; the sentence names the option that chooses.
    """
    found = given if given.decimal_is_given else replace(given, decimal=_decimal(readings, delimiter))
    return found if found.date_format else replace(found, date_format=_date_format(readings))


def _decimal(readings: Mapping[str, Readings], delimiter: str) -> str:
    comma, point = (_sum(readings.values(), name) for name in ("surely_comma", "surely_point"))
    if comma or point:
        return "," if comma > point else "."
    unclear = [name for name, each in readings.items() if each.mostly("comma") and each.comma > each.whole]
    commas = [name for name in unclear if readings[name].point > readings[name].whole]
    if not commas or delimiter == ";":  # the comma is no delimiter where it is the decimal sign
        return "," if commas else "."
    if not any(readings[name].with_comma for name in commas):  # 1.234, in a table that is not written with semicolons
        return "."
    raise UnclearError(
        f"The numbers of '{commas[0]}' can be read in two ways: 1,234 may be 1234 or 1.234. Say which the comma is: "
        "DECIMAL=, (a decimal comma) or DECIMAL=. (it parts thousands).",
        "decimal",
    )


def _date_format(readings: Mapping[str, Readings]) -> str | None:
    """The format of dates such as 01/02/2026, from a day that cannot be a month."""
    for sign, kind in (("/", "slashed"), (".", "dotted")):
        dates = {name: each for name, each in readings.items() if each.mostly(kind)}
        if not dates:
            continue
        day_first, month_first = (_sum(dates.values(), name) for name in ("first_above_12", "second_above_12"))
        if day_first and month_first:
            return None  # no one format reads them all, so they stay texts
        if month_first:
            return f"%m{sign}%d{sign}%Y"
        if day_first or sign == ".":
            return f"%d{sign}%m{sign}%Y"
        raise UnclearError(
            f"The dates of '{next(iter(dates))}' can be read in two ways: 01/02/2026 may be 1 February or 2 January. "
            "Say which: DATE_FORMAT=%d/%m/%Y (day first) or DATE_FORMAT=%m/%d/%Y (month first).",
            "date_format",
        )
    return None


def _sum(readings: Iterable[Readings], name: str) -> int:
    return sum(int(getattr(each, name)) for each in readings)
