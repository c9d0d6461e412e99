"""Parsing of numbers: the format of a column is detected once and then used."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from .cells import CODE

_WITH_COMMA = r"^[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?$|^[+-]?[0-9]+,$"
_GROUPED = {  # decimal separator -> numbers whose digits are grouped, such as 1,234,567.8
    ".": r"^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?$",
    ",": r"^[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]*)?$",
}
_EVIDENCE = {  # decimal separator -> numbers that cannot be meant otherwise; 1,234 can
    ",": r"^[+-]?([0-9]*,([0-9]{1,2}|[0-9]{4,})|0?,[0-9]+|[0-9]{1,3}(\.[0-9]{3})+,[0-9]+)$",
    ".": r"^[+-]?([0-9]*\.([0-9]{1,2}|[0-9]{4,})|0?\.[0-9]+|[0-9]{1,3}(,[0-9]{3})+\.[0-9]+)$",
}
_NUMBER = r"^[+-]?[0-9.,]*[0-9][0-9.,]*([eE][+-]?[0-9]+)?$"  # with any separators
_PERHAPS = r"^[+-]?[0-9]{1,3},[0-9]{3}$"
_GROUP = {".": ",", ",": "."}  # decimal separator -> the sign that groups digits
_SAMPLE = 10_000
_UNIT = r"[$€£¥₹%]|\b(?:USD|EUR|GBP|CHF|JPY)\b"
_UNIT_SIGNS = " $€£¥₹%"


@dataclass(frozen=True)
class NumberForm:
    """The format of the numbers of a column.

    Attributes
    ----------
    decimal : "." or ","
    is_grouped : bool
        Whether the other sign groups digits; else a point is a decimal separator beside the comma.
    has_groups : bool
        Whether such numbers occurred.
    unit : str
        A prefix or suffix of each number, such as "$" or "%".
    """

    decimal: str = "."
    is_grouped: bool = True
    has_groups: bool = False
    unit: str = ""


def sniff_decimal(frame: pl.DataFrame, delimiter: str) -> str:
    """Return the decimal separator of the numbers in a table of texts.

    If numbers such as 1,234 are the only evidence, a comma is the decimal separator of files in which it does not
    separate the values. A column counts by the share of its texts that are numbers: a version among words says little.

    Examples
    --------
    >>> import polars
    >>> sniff_decimal(polars.DataFrame({"a": ["0,5", "3,125"], "b": ["1.10", "word"]}), ";")
    ','
    >>> sniff_decimal(polars.DataFrame({"a": ["1,5", "22,25"], "b": ["x", "1.2.3"]}), ";")
    ','
    """
    texts = frame.head(_SAMPLE).select(pl.col(pl.String).str.strip_chars(_UNIT_SIGNS))
    if not texts.width:
        return "."
    shares = texts.select(pl.all().str.contains(_NUMBER).mean().fill_null(0.0)).row(0)

    def count(form: str) -> float:
        numbers = texts.select(pl.all().str.contains(form).sum()).row(0)
        return sum(map(operator.mul, numbers, shares))

    commas, points = count(_EVIDENCE[","]), count(_EVIDENCE["."])
    if not commas and not points and delimiter != ",":
        commas = count(_PERHAPS)
    return "," if commas > points else "."


def has_decimal(texts: pl.Series, decimal: str, unit: str = "") -> bool:
    """Return whether some texts are numbers that can only be meant with this decimal separator."""
    return bool(_without_unit(texts, unit).str.contains(_EVIDENCE[decimal]).any())


def has_groups(texts: pl.Series, decimal: str, unit: str = "") -> bool:
    """Return whether some texts are numbers whose digits are grouped, such as 1,234."""
    return bool(_without_unit(texts, unit).str.contains(_GROUPED[decimal]).any())


def has_codes(texts: pl.Series) -> bool:
    """Return whether some texts are codes of digits, such as 02139."""
    return bool(texts.str.contains(CODE).any())


def find_unit(texts: pl.Series) -> str:
    """Return the currency or percent symbol of every text; "" if there is none.

    Examples
    --------
    >>> import polars
    >>> find_unit(polars.Series(["$1,200", "-$5"])), find_unit(polars.Series(["5 %", "6"]))
    ('$', '')
    """
    if not len(texts) or not texts.head(20).str.contains(_UNIT).any():
        return ""
    units = texts.str.extract(f"({_UNIT})").unique()
    return "" if len(units) > 1 else str(units[0])


def find_form(texts: pl.Series, decimal: str) -> NumberForm:
    """Return how numbers are written, by those texts that are not plain integers.

    Examples
    --------
    >>> import polars
    >>> find_form(polars.Series(["1,234"]), ".")
    NumberForm(decimal='.', is_grouped=True, has_groups=True, unit='')
    """
    unit = find_unit(texts)
    texts = _without_unit(texts, unit)
    signs = texts.str.contains(_GROUP[decimal], literal=True)
    if not signs.any():
        return NumberForm(decimal, unit=unit)
    grouped = texts.str.contains(_GROUPED[decimal])
    # 1.500 in a column with 0.5 is not grouped; with 1,5 and 2000 it is
    is_grouped = decimal == "." or bool((grouped | ~signs).all())
    return NumberForm(decimal, is_grouped, is_grouped and bool(grouped.any()), unit)


def parse_numbers(texts: pl.Series, form: NumberForm) -> pl.Series:
    """Return the texts that are numbers as Float64; null for the others.

    Examples
    --------
    >>> import polars
    >>> parse_numbers(polars.Series(["1.234,5", "2,5", "x"]), NumberForm(",")).to_list()
    [1234.5, 2.5, None]
    """
    if form.decimal == "." and not form.unit:
        numbers = texts.cast(pl.Float64, strict=False)
        if numbers.null_count() == texts.null_count():  # no digits are grouped
            return numbers
    texts = _without_unit(texts, form.unit)
    group = _GROUP[form.decimal]
    if form.is_grouped and texts.str.contains(group, literal=True).any():
        grouped = texts.str.contains(_GROUPED[form.decimal]).fill_null(False)
        texts = texts.str.replace_all(group, "", literal=True).zip_with(grouped, texts)
    if form.decimal == ",":
        comma = texts.str.contains(_WITH_COMMA).fill_null(False)
        texts = texts.str.replace(",", ".", literal=True).zip_with(comma, texts)
    return texts.cast(pl.Float64, strict=False)


def _without_unit(texts: pl.Series, unit: str) -> pl.Series:
    """Return texts without the unit; a sign before it stays."""
    if not unit:
        return texts
    return texts.str.replace(unit, "", literal=True).str.replace(r"^([+-]) +", "$1").str.strip_chars()


def group_note(names: Sequence[str], decimal: str) -> str:
    """Return the note about columns whose digits are grouped."""
    signs = {".": "commas", ",": "points"}[decimal]
    return f"{signs} group the digits of {', '.join(map(repr, names))}: 1{_GROUP[decimal]}234 is 1234"
