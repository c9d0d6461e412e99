"""Columns of text as columns of numbers, where all their values are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cells import CODE, MISSING, MOSTLY

if TYPE_CHECKING:
    import polars as pl

_WHOLE = r"^[+-]?[0-9]{1,18}$"
_WITH_COMMA = r"^[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?$|^[+-]?[0-9]+,$"
_GROUPS = {  # decimal sign -> numbers in groups of three, such as 1,234,567.8
    ".": r"^[+-]?([1-9][0-9]{0,2}(,[0-9]{3})+|[0-9]{1,3})(\.[0-9]*)?$",
    ",": r"^[+-]?([1-9][0-9]{0,2}(\.[0-9]{3})+|[0-9]{1,3})(,[0-9]*)?$",
}
_EVIDENCE = {  # decimal sign -> numbers that cannot be meant otherwise; 1,234 can
    ",": r"^[+-]?([0-9]*,([0-9]{1,2}|[0-9]{4,})|0?,[0-9]+|[0-9]{1,3}(\.[0-9]{3})+,[0-9]+)$",
    ".": r"^[+-]?([0-9]*\.([0-9]{1,2}|[0-9]{4,})|0?\.[0-9]+|[0-9]{1,3}(,[0-9]{3})+\.[0-9]+)$",
}
_PERHAPS = r"^[+-]?[0-9]{1,3},[0-9]{3}$"
_SAMPLE = 10_000


def sniff_decimal(frame: pl.DataFrame, delimiter: str) -> str:
    """Return the decimal sign of the numbers in a table of texts.

    Where nothing but numbers such as 1,234 speaks for it, a comma is the decimal sign of files in which
    it does not separate the values.

    Examples
    --------
    >>> import polars
    >>> sniff_decimal(polars.DataFrame({"a": ["1,5", "22,25"], "b": ["x", "1.2.3"]}), ";")
    ','
    """
    import polars as pl

    texts = frame.head(_SAMPLE).select(pl.all().str.strip_chars())

    def count(form: str) -> int:
        return sum(texts.select(pl.all().str.contains(form).sum()).row(0))

    commas, points = count(_EVIDENCE[","]), count(_EVIDENCE["."])
    if not commas and not points and delimiter != ",":
        commas = count(_PERHAPS)
    return "," if commas > points else "."


def with_numbers(frame: pl.DataFrame, decimal: str) -> tuple[pl.DataFrame, list[str]]:
    """Return a table of texts with its columns of numbers as Int64 or Float64.

    A column is one of numbers if every value that is there is a number, and none is a code such as 02139.
    Marks of what is missing ("?", "NA", ...) become nulls in such a column and stay in others.

    Parameters
    ----------
    frame : polars.DataFrame
        Of String columns.
    decimal : "." or ","

    Returns
    -------
    frame : polars.DataFrame
    notes : list of str

    Examples
    --------
    >>> import polars
    >>> with_numbers(polars.DataFrame({"a": ["1", "?"], "b": [" x", ""]}), ".")[0].rows()
    [(1, 'x'), (None, None)]
    """
    columns, grouped = [], []
    for column in frame:
        read, in_groups = _read(column.str.strip_chars().replace("", None), decimal)
        columns.append(read)
        if in_groups:
            grouped.append(column.name)
    notes = []
    if grouped:
        sign = {".": "commas", ",": "points"}[decimal]
        notes.append(
            f"{sign} group the digits of {', '.join(map(repr, grouped))}: 1{_group(decimal)}234 is 1234"
        )
    return type(frame)(columns), notes


def _group(decimal: str) -> str:
    return "," if decimal == "." else "."


def _read(texts: pl.Series, decimal: str) -> tuple[pl.Series, bool]:
    """Return one column as numbers, or as it is; and whether its digits stand in groups."""
    import polars as pl

    marks = texts.str.to_lowercase().is_in(list(MISSING)).fill_null(False)
    present = texts.set(marks, None)
    count = present.len() - present.null_count()
    if not count or present.str.contains(CODE).any():
        return texts, False
    if present.str.contains(_WHOLE).sum() == count:
        return present.cast(pl.Int64), False
    group = _group(decimal)
    if (
        present.str.contains(_GROUPS[decimal]).sum() == count
        and present.str.contains(group, literal=True).any()
    ):
        plain = present.str.replace_all(group, "", literal=True).str.replace(decimal, ".", literal=True)
        return plain.cast(pl.Float64), True
    if decimal == ",":
        comma = present.str.contains(_WITH_COMMA).fill_null(False)
        numbers = comma | present.cast(pl.Float64, strict=False).is_not_null()
        if numbers.sum() >= MOSTLY * count:
            texts = present.str.replace(",", ".", literal=True).zip_with(comma, texts)
            present = texts.set(marks, None)
    found = present.cast(pl.Float64, strict=False)
    return (found if found.null_count() == present.null_count() else texts), False
