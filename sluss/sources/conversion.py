"""Values as people write them, in the types that Sluss works with. Whole columns at a time, in Arrow."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sluss.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

    from sluss.interval import Interval

_ISO = r"^\s*\d{4}-\d\d-\d\d([T ]\d\d(:\d\d(:\d\d([.,]\d+)?)?)?)?\s*(Z|[+-]\d\d(:?\d\d)?)?\s*$"
_ZONED = r"(Z|[+-]\d\d(:?\d\d)?)\s*$"
_DATE = r"^\s*\d{4}-\d\d-\d\d\s*$"
_GERMAN = r"^\s*[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?\s*$"
_FORMATS = tuple(
    f"{day}{time}"
    for day in ("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d", "%d.%m.%y",
                "%m/%d/%y", "%d/%m/%y", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
    for time in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
)  # fmt: skip
_CLOCK_PARTS = ("%H", "%I", "%M", "%S", "%T", "%R", "%X", "%c", "%s")
_UNIX = {"unix": 1_000_000, "unix_ms": 1_000}  # microseconds of one
_SHOWN = 1_000  # texts that formats are tried on
_UUID_BYTES = 16


def found_name(name: str, names: Iterable[str], where: str) -> str:
    """The name of a column among others: as it is written, or else the only one that differs in case.

    Raises:
        ConfigError: there is no such column; the nearest one is named.
    """
    names = list(names)
    if name in names:
        return name
    same = [other for other in names if other.lower() == name.lower()]
    if len(same) == 1:
        return same[0]
    near = difflib.get_close_matches(name, names, 1, 0.6)
    hint = f"; the nearest is '{near[0]}'" if near else f"; it has {', '.join(names[:20])}"
    raise ConfigError(f"{where} has no column '{name}'{hint}. Correct the name in the config.")


def within(times: pa.Array, interval: Interval) -> pa.Array | None:
    """Whether each time lies in the interval; None where all do."""
    import pyarrow.compute as pc

    found = pc.and_(pc.greater_equal(times, interval.start), pc.less(times, interval.end))
    return None if found.null_count == 0 and found.true_count == len(found) else found


@dataclass(frozen=True)
class Texts:
    """Changes of columns that are texts; others stay as they are."""

    missing: tuple[str, ...]

    def without_missing(self, values: pa.Array) -> pa.Array:
        """Null where a text means that there is no value."""
        import pyarrow as pa
        import pyarrow.compute as pc

        values = _plain(values)
        if not self.missing or not pa.types.is_string(values.type):
            return values
        is_missing = pc.is_in(pc.utf8_trim_whitespace(values), pa.array(self.missing, pa.string()))
        return pc.if_else(is_missing, pa.scalar(None, pa.string()), values)

    def replaced(self, values: pa.Array, names: Mapping[str, str]) -> pa.Array:
        """Texts by what stands for them; a text that has nothing stays."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_nested(values.type):
            raise ConfigError(
                f"The labels are of the type {values.type}: lists or objects are no classes. Name another column as "
                "source.label in the config."
            )
        texts = pc.utf8_trim_whitespace(as_text(values))
        place = pc.index_in(texts, pa.array(list(names), pa.string()))
        return pc.coalesce(pa.array(list(names.values()), pa.string()).take(place), texts)


def as_text(values: pa.Array) -> pa.Array:
    """Values as text: whole numbers without a point, truth as `true` and `false`, times in ISO 8601."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = _plain(values)
    if pa.types.is_floating(values.type):
        is_whole = pc.fill_null(pc.and_(pc.equal(values, pc.trunc(values)), pc.less(pc.abs(values), 2.0**53)), False)  # noqa: FBT003
        whole = pc.if_else(is_whole, values, None).cast(pa.int64()).cast(pa.string())
        return pc.coalesce(whole, values.cast(pa.string()))
    if pa.types.is_fixed_size_binary(values.type):
        return pa.array([None if value is None else _written(value) for value in values.to_pylist()], pa.string())
    if pa.types.is_duration(values.type) or pa.types.is_interval(values.type):
        return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())
    if pa.types.is_nested(values.type):  # of a row without an id, whose hash is made of all values
        return pa.array([None if value is None else repr(value) for value in values.to_pylist()], pa.string())
    return values if pa.types.is_string(values.type) else values.cast(pa.string())


def _written(value: bytes) -> str:
    return str(UUID(bytes=value)) if len(value) == _UUID_BYTES else value.hex()


def joined_ids(columns: Sequence[pa.Array]) -> pa.Array:
    """Ids of one column, or of several: null where one of them is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [as_text(column) for column in columns]
    if len(texts) == 1:
        return texts[0]
    # `a|b` and `c` must not give the same id as `a` and `b|c`.
    safe = [pc.replace_substring(pc.replace_substring(each, "\\", "\\\\"), "|", "\\|") for each in texts]
    return pc.binary_join_element_wise(*safe, pa.scalar("|"))


def row_ids(columns: Mapping[str, pa.Array]) -> pa.Array:
    """Ids that are hashes of the rows' names and values, in whatever order the columns stand."""
    import pyarrow as pa
    import pyarrow.compute as pc

    named = [
        pc.binary_join_element_wise(pa.scalar(name), pc.fill_null(as_text(values), "\x00"), pa.scalar("="))
        for name, values in sorted(columns.items())
        if not pa.types.is_nested(values.type)
    ]
    joined = pc.binary_join_element_wise(*named, pa.scalar("\x1f")) if len(named) > 1 else named[0]
    return pa.array(
        [hashlib.blake2b(row.encode(), digest_size=12).hexdigest() for row in joined.to_pylist()], pa.string()
    )


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
    if form in _UNIX:
        return pc.cast(
            pc.multiply(_numbers(values, name), _UNIX[form]).cast(pa.int64(), safe=False), pa.timestamp("us", "UTC")
        )
    if pa.types.is_string(values.type):
        return _from_text(values, name, zone, form)
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

    try:
        return values.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DataError(
            f"The column '{name}' holds values that are not numbers of seconds. Correct source.date_format."
        ) from None


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

    if form is not None:
        read = _as_form(pc.utf8_trim_whitespace(values), form)
        if read.null_count == len(read) and not form.startswith("%Y-") and _is_iso(values):
            return _from_text(values, name, zone, None)  # a table may write one column so, and another one in ISO 8601
        _check_read(values, read, name, f"not as {form}")
        has_zone = read.type.tz is not None
        return read.cast(pa.timestamp("us", "UTC")) if has_zone else _in_zone(read, name, zone)
    if (read := _of_iso(values)) is not None:
        return read if read.type.tz is not None else _in_zone(read, name, zone)
    is_iso = pc.match_substring_regex(values, _ISO)
    _check_read(values, pc.if_else(is_iso, values, None), name, "not as 2026-01-05T13:00")
    trimmed = pc.replace_substring(pc.utf8_trim_whitespace(pc.if_else(is_iso, values, None)), ",", ".")
    # A day alone ends in -05, which is no zone.
    zoned = pc.and_(pc.match_substring_regex(trimmed, _ZONED), pc.invert(pc.match_substring_regex(trimmed, _DATE)))
    with_zone = _cast(pc.if_else(zoned, trimmed, None), pa.timestamp("ns", "UTC"), name)
    without = _cast(pc.if_else(zoned, None, trimmed), pa.timestamp("ns"), name).cast(pa.timestamp("us"), safe=False)
    if without.null_count == len(without):
        return with_zone.cast(pa.timestamp("us", "UTC"), safe=False)
    return pc.coalesce(with_zone.cast(pa.timestamp("us", "UTC"), safe=False), _in_zone(without, name, zone))


def _of_iso(texts: pa.Array) -> pa.Array | None:
    """Times that Arrow reads as they are, all with a zone or all without, which is three times as fast; else None."""
    import pyarrow as pa

    for zone in ("UTC", None):
        try:
            return texts.cast(pa.timestamp("us", zone))
        except pa.ArrowInvalid:
            continue
    return None


def _as_form(texts: pa.Array, form: str) -> pa.Array:
    """Times by a format; of one of days, also those with a clock behind the day."""
    import pyarrow.compute as pc

    forms = [form] if any(part in form for part in _CLOCK_PARTS) else [form, f"{form} %H:%M", f"{form} %H:%M:%S"]
    return pc.coalesce(*(pc.strptime(texts, format=each, unit="us", error_is_null=True) for each in forms))


def _is_iso(values: pa.Array) -> bool:
    import pyarrow.compute as pc

    return bool(pc.all(pc.match_substring_regex(values, _ISO), min_count=1).as_py())


def _cast(texts: pa.Array, to: pa.DataType, name: str) -> pa.Array:
    import pyarrow as pa

    try:
        return texts.cast(to)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"The column '{name}' holds a time that there is not ({error}). Correct it in the source."
        ) from None


def _check_read(values: pa.Array, read: pa.Array, name: str, how: str) -> None:
    """Refuse a column whose texts are mostly not read; single ones are left without a time."""
    import pyarrow.compute as pc

    wrong = pc.and_(values.is_valid(), read.is_null())
    bad, total = pc.sum(wrong).as_py() or 0, len(values) - values.null_count
    if bad == 0 or bad * 20 <= total:
        return
    texts = values.filter(wrong).slice(0, _SHOWN)
    fitting = _fitting_formats(texts)
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


def _fitting_formats(texts: pa.Array) -> list[str]:
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(texts)
    found = []
    for form in _FORMATS:
        read = pc.strptime(trimmed, format=form, unit="s", error_is_null=True)
        # Of a year in two digits, strptime also reads the first two of four.
        if read.null_count == 0 and pc.all(pc.equal(pc.strftime(read, format=form), trimmed)).as_py():
            found.append(form)
    return found


def with_decimal_point(values: pa.Array) -> pa.Array:
    """Numbers such as `1.234,5` as `1234.5`; other texts stay."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(values.type):
        return values
    point = pc.replace_substring(pc.replace_substring(values, ".", ""), ",", ".")
    return pc.if_else(pc.match_substring_regex(values, _GERMAN), point, values)


def storable(values: pa.Array, name: str, *, wanted: bool) -> pa.Array | None:
    """The values in a type that the warehouse has; None for a column of lists that nobody asks for.

    Raises:
        ConfigError: a wanted column holds lists or structures.
    """
    import pyarrow as pa

    values, kind = _plain(values), pa.types
    if kind.is_nested(values.type) or kind.is_binary(values.type) or kind.is_large_binary(values.type):
        if wanted:
            raise ConfigError(
                f"The column '{name}' holds {values.type}, which is not one value. Leave it out of the config, or "
                "take it apart in a query of your own."
            )
        return None
    if kind.is_timestamp(values.type):
        # Not a time that anybody asked for: it needs no zone, and keeps its wall clock.
        return as_text(values) if values.type.tz is None else values.cast(pa.timestamp("us", "UTC"), safe=False)
    if kind.is_boolean(values.type) or kind.is_int64(values.type) or kind.is_float64(values.type):
        return values
    if kind.is_integer(values.type) and not kind.is_uint64(values.type):
        return values.cast(pa.int64())
    if kind.is_floating(values.type):
        return values.cast(pa.float64())
    return as_text(values)


def _plain(values: pa.Array) -> pa.Array:
    """Without dictionaries and large offsets."""
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    return values.cast(pa.string()) if pa.types.is_null(values.type) else values
