"""Texts as dates: the format of a column, detected once, and its texts read by it."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_DAYS = (  # day first where both orders are possible
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%d %b %Y", "%b %d, %Y",
    "%d-%b-%Y", "%d %B %Y", "%B %d, %Y",
)  # fmt: skip
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
FORMATS = ("iso", *(day + time for time in _TIMES for day in _DAYS))
_DIGITS = {
    "%d": r"\d{1,2}", "%m": r"\d{1,2}", "%Y": r"\d{4}", "%b": "[A-Za-z]{3}", "%B": "[A-Za-z]+", "%H": r"\d{1,2}",
    "%I": r"\d{1,2}", "%M": r"\d{2}", "%S": r"\d{2}", "%p": "[AaPp][Mm]", ".": r"\.",
}  # fmt: skip
_ISO_DAY = r"^\d{4}-\d{2}-\d{2}"
_ISO_ZONE = r"(Z|[+-]\d{2}:?\d{2})"
_ISO = (  # pattern -> format
    (_ISO_DAY + "$", "%Y-%m-%d"),
    (_ISO_DAY + r" \d{2}:\d{2}$", "%Y-%m-%d %H:%M"),
    (_ISO_DAY + r" \d{2}:\d{2}:\d{2}(\.\d{1,9})?$", "%Y-%m-%d %H:%M:%S%.f"),
)
_ISO_ZONED = (_ISO_DAY + r" \d{2}:\d{2}:\d{2}(\.\d{1,9})?" + _ISO_ZONE + "$", "%Y-%m-%d %H:%M:%S%.f%z")


def _pattern(date_format: str) -> str:
    return re.sub(r"%[A-Za-z]|\.", lambda match: _DIGITS[match[0]], date_format)


_YEAR_FIRST = r"^\d{4}"  # as every ISO date
_ANY_DAY = f"^(?:{'|'.join(map(_pattern, _DAYS))})(?: |$)"
MOSTLY_DATES = 0.95  # the share of the texts that decides
_SAMPLE = 1000


def find_date_format(levels: pl.Series, date_order: str | None = None) -> str:
    """Return the format in which nearly all of the texts are dates; "" if there is none.

    Parameters
    ----------
    levels : polars.Series
        Different texts; up to 1000 are looked at.
    date_order : "day" or "month", optional
        Which of the two comes first where both orders are possible; the day by default.

    Examples
    --------
    >>> import polars
    >>> find_date_format(polars.Series(["31.12.2024", "1.2.2025"])), find_date_format(polars.Series(["Oslo"]))
    ('%d.%m.%Y', '')
    >>> find_date_format(polars.Series(["1/2/2024"]), "month")
    '%m/%d/%Y'
    """
    sample = levels.head(_SAMPLE)
    if not len(sample) or not sample.head(20).str.contains(r"\d").any():
        return ""
    for date_format in _possible_formats(sample):
        share = _share(sample, date_format)
        if share < MOSTLY_DATES:
            continue
        other_format = swap_order(date_format)
        if other_format and (date_order == "month" or _share(sample, other_format) > share):
            return other_format if _share(sample, other_format) >= share else date_format
        return date_format
    return ""


def _possible_formats(sample: pl.Series) -> tuple[str, ...]:
    """Return the formats that nearly all texts may have, by patterns for several formats at once: parsing takes longer."""

    def fits(pattern: str) -> bool:
        return int(sample.str.contains(pattern).sum()) >= MOSTLY_DATES * len(sample)

    iso = FORMATS[:1] if fits(_YEAR_FIRST) else ()
    return (*iso, *FORMATS[1:]) if fits(_ANY_DAY) else iso


def _share(sample: pl.Series, date_format: str) -> float:
    return 1.0 - parse_dates(sample, date_format).null_count() / len(sample)


def swap_order(date_format: str) -> str:
    """Return the format with day and month swapped; "" if no date can be meant either way.

    Examples
    --------
    >>> swap_order("%d/%m/%Y %H:%M"), swap_order("iso"), swap_order("%d.%m.%Y")
    ('%m/%d/%Y %H:%M', '', '')
    """
    other_format = re.sub("%[dm]", lambda match: "%m" if match[0] == "%d" else "%d", date_format)
    return other_format if other_format != date_format and other_format in FORMATS else ""


def parse_dates(texts: pl.Series, date_format: str) -> pl.Series:
    """Return texts as moments in UTC; null for those that are not dates of the format.

    Examples
    --------
    >>> import polars
    >>> parse_dates(polars.Series(["1/2/2024", "2024", None]), "%d/%m/%Y").dt.to_string("%Y-%m-%d").to_list()
    ['2024-02-01', None, None]
    """
    if date_format in ("", "iso"):
        return _parse_iso(texts)
    return _parse_where(texts, f"^{_pattern(date_format)}$", date_format)


def _parse_where(texts: pl.Series, pattern: str, date_format: str) -> pl.Series:
    """Return the texts of a pattern as moments: alone, a format of polars takes more."""
    import polars as pl

    fits = pl.when(pl.col("texts").str.contains(pattern)).then(pl.col("texts"))
    dates = fits.str.to_datetime(date_format, strict=False, time_unit="us")
    return texts.to_frame("texts").select(dates).to_series().alias(texts.name)


def _parse_iso(texts: pl.Series) -> pl.Series:
    """Return the texts that ``datetime.fromisoformat`` takes as moments; usual ones without a loop."""
    import polars as pl

    plain = texts.str.replace(f"({_ISO_DAY})T", "$1 ")
    moments = pl.Series(texts.name, [None] * len(texts), pl.Datetime("us"))
    for pattern, date_format in _ISO:
        if moments.null_count() == texts.null_count():
            return moments
        moments = moments.zip_with(moments.is_not_null(), _parse_where(plain, pattern, date_format))
    if moments.null_count() == texts.null_count():
        return moments
    zoned = _parse_where(plain.str.replace("Z$", "+00:00"), *_ISO_ZONED).dt.replace_time_zone(None)
    moments = moments.zip_with(moments.is_not_null(), zoned)
    rest = texts.filter(moments.is_null()).unique().drop_nulls()
    others = {text: _from_iso(text) for text in rest.to_list() if text[:4].isdecimal()}
    others = {text: moment for text, moment in others.items() if moment is not None}
    if not others:
        return moments
    by_text = texts.replace_strict(others, default=None, return_dtype=pl.Datetime("us"))
    return moments.zip_with(moments.is_not_null(), by_text)


def _from_iso(text: str) -> datetime.datetime | None:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is None else moment.astimezone(datetime.UTC).replace(tzinfo=None)


# Durations

_CLOCK = r"^([+-]?)(\d{1,4}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?$"
_DAYS_CLOCK = r"^([+-]?\d+) days?(?:,? ?([+-]?)(\d{1,2}):([0-5]\d):([0-5]\d(?:\.\d+)?))?$"
_ISO_DURATION = r"^([+-]?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$"
_FACTORS = {  # pattern -> seconds of each of its numbers; 0 is the sign of those that follow
    _CLOCK: (0, 3600.0, 60.0, 1.0),
    _DAYS_CLOCK: (86_400.0, 0, 3600.0, 60.0, 1.0),
    _ISO_DURATION: (0, 86_400.0, 3600.0, 60.0, 1.0),
}


def parse_durations(texts: pl.Series) -> pl.Series:
    """Return texts such as 1:30:00, "2 days 03:00:00" or PT1H30M as seconds; null for others.

    Examples
    --------
    >>> import polars
    >>> parse_durations(polars.Series(["1:30:00", "1 days 00:00:01", "PT1M", "noon"])).to_list()
    [5400.0, 86401.0, 60.0, None]
    """
    import polars as pl

    seconds = pl.Series(texts.name, [None] * len(texts), pl.Float64)
    for pattern, factors in _FACTORS.items():
        if texts.str.contains(pattern).any():
            fields = texts.str.extract_groups(pattern).struct.unnest()
            total, sign = pl.lit(0.0), pl.lit(1.0)
            for name, factor in zip(fields.columns, factors, strict=True):
                if factor:
                    total = total + sign * factor * pl.col(name).cast(pl.Float64).fill_null(0.0)
                else:
                    sign = pl.when(pl.col(name) == "-").then(-1.0).otherwise(1.0)
            values = fields.select(total).to_series()
            fits = texts.str.contains(pattern).fill_null(False) & (texts.str.len_bytes() > 2)
            seconds = seconds.zip_with(~fits, values)
    return seconds
