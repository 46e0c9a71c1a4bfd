"""Times in UTC, from texts, numbers, and times of any zone."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sluss.conversion.numbers import as_numbers
from sluss.conversion.time_formats import by_format, fitting_formats
from sluss.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pyarrow as pa

_ISO = r"^\s*\d{4}-\d\d-\d\d([T ]\d{1,2}(:\d\d(:\d\d([.,]\d+)?)?)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?\s*$"
_ZONED = r"(Z|[+-]\d\d(:?\d\d)?)\s*$"
_DATE = r"^\s*\d{4}-\d\d-\d\d\s*$"
UNIX = {"unix": 1_000_000, "unix_ms": 1_000}  # microseconds of one
_SHOWN = 1_000  # texts that formats are tried on
_LEAP = ":60"  # seconds
_FEW = 20  # values, of which any share may be wrong


def as_times(values: pa.Array, name: str, zone: str | None, form: str | None) -> pa.Array:
    """Times in UTC. Daylight saving neither drops nor doubles one: of two that a clock shows, the first is meant.

    Raises:
        ConfigError: the times have no zone and the config gives none, or it is not clear how they are written.
        DataError: they are not times.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(values.type):
        return values.cast(pa.timestamp("us", "UTC"))
    is_text = pa.types.is_string(values.type)
    if form in UNIX and not (pa.types.is_temporal(values.type) or (is_text and _is_iso(values))):
        return pc.cast(
            pc.multiply(_numbers(values, name), UNIX[form]).cast(pa.int64(), safe=False), pa.timestamp("us", "UTC")
        )
    if is_text:
        return _from_text(values, name, zone, None if form in UNIX else form)
    if not (pa.types.is_timestamp(values.type) or pa.types.is_date(values.type)):
        raise ConfigError(
            f"The column '{name}' holds {values.type}, not times. Choose another for source.time, or give "
            "source.date_format: unix (seconds since 1970) or unix_ms."
        )
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        return values.cast(pa.timestamp("us", "UTC"), safe=False)
    return _in_zone(values.cast(pa.timestamp("us"), safe=False), name, zone)


def _numbers(values: pa.Array, name: str) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_string(values.type):
        read = as_numbers(values, ".")
        if read.null_count < len(read) or values.null_count == len(values):
            return read
    else:
        with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return values.cast(pa.float64())
    raise DataError(f"The column '{name}' holds values that are not numbers of seconds. Correct source.date_format.")


def _in_zone(values: pa.Array, name: str, zone: str | None) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if zone is None:
        if values.null_count == len(values):
            return values.cast(pa.timestamp("us", "UTC"))
        raise ConfigError(
            f"The times of the column '{name}' have no time zone. Give it as source.time_zone, such as "
            "America/New_York, or UTC."
        )
    return pc.assume_timezone(values, zone, ambiguous="earliest", nonexistent="latest").cast(pa.timestamp("us", "UTC"))


def _from_text(values: pa.Array, name: str, zone: str | None, form: str | None) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if form is None and (plain := _of_iso(values)) is not None:
        return plain if plain.type.tz is not None else _in_zone(plain, name, zone)
    trimmed = pc.utf8_trim_whitespace(values)
    # A table may write one column in its format, and another one in ISO 8601.
    is_iso = pc.match_substring_regex(trimmed, _ISO)
    iso = _from_iso(pc.if_else(is_iso, trimmed, None), name, zone)
    if form is None:
        _check_read(values, iso, name, "not as 2026-01-05T13:00")
        return iso
    by_form = by_format(trimmed, form)
    has_zone = by_form.type.tz is not None
    read = by_form.cast(pa.timestamp("us", "UTC")) if has_zone else _in_zone(by_form, name, zone)
    found = read if form.startswith("%Y-") else pc.coalesce(iso, read)
    _check_read(values, found, name, f"not as {form}")
    return found


def _of_iso(texts: pa.Array) -> pa.Array | None:
    """Times that Arrow reads as they are, all with a zone or all without, which is three times as fast; else None."""
    import pyarrow as pa

    for zone in ("UTC", None):
        try:
            return texts.cast(pa.timestamp("us", zone))
        except pa.ArrowInvalid:
            continue
    return None


def _from_iso(texts: pa.Array, name: str, zone: str | None) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.replace_substring_regex(texts, r"[.,](\d{1,6})\d*", r".\1")
    texts = pc.replace_substring_regex(texts, r"([T ])(\d)(:|$)", r"\10\2\3")
    # The -05 at the end of a day alone is not an offset.
    zoned = pc.and_(pc.match_substring_regex(texts, _ZONED), pc.invert(pc.match_substring_regex(texts, _DATE)))
    in_utc = _cast(pc.if_else(zoned, texts, None), pa.timestamp("us", "UTC"))
    without = _cast(pc.if_else(zoned, None, texts), pa.timestamp("us"))
    return in_utc if without.null_count == len(without) else pc.coalesce(in_utc, _in_zone(without, name, zone))


def _is_iso(values: pa.Array) -> bool:
    import pyarrow.compute as pc

    return bool(pc.all(pc.match_substring_regex(values, _ISO), min_count=1).as_py())


def _cast(texts: pa.Array, to: pa.DataType) -> pa.Array:
    """Times in ISO 8601, null for those that there are not, such as 30 February."""
    import pyarrow as pa

    try:
        return texts.cast(to)
    except pa.ArrowInvalid:  # it does not tell which
        return pa.array([_one(text, to) for text in texts.to_pylist()], to)


def _one(text: str | None, to: pa.DataType) -> Any:  # noqa: ANN401 - a scalar of Arrow
    import pyarrow as pa

    if text is None:
        return None
    # A leap second is read as the second after it, as clocks of computers do.
    later = timedelta(seconds=1) if _LEAP in text else timedelta()
    with suppress(pa.ArrowInvalid):
        return pa.scalar(text.replace(_LEAP, ":59")).cast(to).as_py() + later
    return None


def _check_read(values: pa.Array, read: pa.Array, name: str, how: str) -> None:
    """Refuse a column whose texts are mostly not read; single ones are left without a time."""
    import pyarrow.compute as pc

    wrong = pc.and_(values.is_valid(), read.is_null())
    bad, total = pc.sum(wrong).as_py() or 0, len(values) - values.null_count
    if bad == 0 or bad * 2 <= total:
        return
    texts = values.filter(wrong).slice(0, _SHOWN)
    fitting = fitting_formats(texts)
    if not fitting and total < _FEW:
        return
    example = texts[0].as_py()
    if not fitting:
        raise ConfigError(
            f"The times of the column '{name}' are written as '{example}', {how}. Say how by source.date_format."
        )
    if len(fitting) == 1:
        raise ConfigError(
            f"The times of the column '{name}' are written as '{example}', {how}. Give source.date_format: "
            f'"{fitting[0]}".'
        )
    raise ConfigError(
        f"The times of the column '{name}' are written as '{example}', which may be "
        f"{' or '.join(fitting)}. Give the right one as source.date_format."
    )
