"""Columns of text as numbers: the type of a column, inferred once, and its cells read by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .cells import CODE, MISSING, MOSTLY

if TYPE_CHECKING:
    import polars as pl

_WHOLE = r"^[+-]?[0-9]{1,18}$"
_WITH_COMMA = r"^[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?$|^[+-]?[0-9]+,$"
_GROUPED = {  # decimal sign -> numbers whose digits are grouped, such as 1,234,567.8
    ".": r"^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?$",
    ",": r"^[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]*)?$",
}
_EVIDENCE = {  # decimal sign -> numbers that cannot be meant otherwise; 1,234 can
    ",": r"^[+-]?([0-9]*,([0-9]{1,2}|[0-9]{4,})|0?,[0-9]+|[0-9]{1,3}(\.[0-9]{3})+,[0-9]+)$",
    ".": r"^[+-]?([0-9]*\.([0-9]{1,2}|[0-9]{4,})|0?\.[0-9]+|[0-9]{1,3}(,[0-9]{3})+\.[0-9]+)$",
}
_PERHAPS = r"^[+-]?[0-9]{1,3},[0-9]{3}$"
_GROUP = {".": ",", ",": "."}  # decimal sign -> the sign that groups digits
_SAMPLE = 10_000


@dataclass(frozen=True)
class ColumnType:
    """How the cells of a column are read.

    Attributes
    ----------
    kind : str
        "whole" numbers, a "number" of any kind, "text", or "mostly numbers": texts with a few that are not.
    decimal : "." or ","
    is_grouped : bool
        Whether ``_GROUP[decimal]`` groups digits; else a point is a decimal sign beside the comma.
    """

    kind: Literal["text", "mostly numbers", "number", "whole"]
    decimal: str = "."
    is_grouped: bool = True

    @property
    def is_number(self) -> bool:
        """Whether the cells become numbers."""
        return self.kind in ("number", "whole")


def sniff_decimal(frame: pl.DataFrame, delimiter: str) -> str:
    """Return the decimal sign of the numbers in a table of texts.

    If numbers such as 1,234 are the only evidence, a comma is the decimal sign of files in which it does not
    separate the values.

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


def clean_texts(texts: pl.Series) -> pl.Series:
    """Return texts without the blanks around them; empty ones are null."""
    return texts.str.strip_chars().replace("", None)


def infer_type(texts: pl.Series, decimal: str) -> tuple[ColumnType, bool]:
    """Return the type of a column of clean texts, and whether some of its numbers have grouped digits.

    A column is one of numbers if every value that is present is a number, and none is a code such as 02139.

    Examples
    --------
    >>> import polars
    >>> infer_type(polars.Series(["1,234", "?"]), ".")
    (ColumnType(kind='number', decimal='.', is_grouped=True), True)
    """
    present = _without_marks(texts)
    count = present.len() - present.null_count()
    if not count or present.str.contains(CODE).any():
        return ColumnType("text", decimal), False
    if present.str.contains(_WHOLE).sum() == count:
        return ColumnType("whole", decimal), False
    signs = present.str.contains(_GROUP[decimal], literal=True)
    is_grouped, has_groups = True, False
    if signs.any():
        grouped = present.str.contains(_GROUPED[decimal])
        # 1.500 in a column with 0.5 is not grouped; with 1,5 and 2000 it is
        is_grouped = decimal == "." or bool((grouped | ~signs).all())
        has_groups = is_grouped and bool(grouped.any())
    column_type = ColumnType("number", decimal, is_grouped)
    numbers = _numbers(present, column_type)
    if numbers.null_count() == present.null_count():
        return column_type, has_groups
    if decimal == "," and count - (numbers.null_count() - present.null_count()) >= MOSTLY * count:
        return ColumnType("mostly numbers", decimal, is_grouped), False
    return ColumnType("text", decimal), False


def read_cells(texts: pl.Series, column_type: ColumnType) -> tuple[pl.Series, pl.Series]:
    """Return a column of clean texts in its type, and the values that do not have the type, which are null there.

    Marks of missing values ("?", "NA", ...) become null among numbers and stay among texts.

    Examples
    --------
    >>> import polars
    >>> cells, strange = read_cells(polars.Series(["1.5", "?", "x"]), ColumnType("number"))
    >>> cells.to_list(), strange.to_list()
    ([1.5, None, None], ['x'])
    """
    import polars as pl

    if column_type.kind == "mostly numbers":
        comma = texts.str.contains(_WITH_COMMA).fill_null(False)
        return texts.str.replace(",", ".", literal=True).zip_with(comma, texts), texts.clear()
    if not column_type.is_number:
        return texts, texts.clear()
    if column_type.kind == "whole":
        whole = texts.str.contains(_WHOLE).fill_null(False)
        cells = texts.set(~whole, None).cast(pl.Int64)
    else:
        cells = _numbers(texts, column_type)
    strange = _without_marks(texts.filter(cells.is_null())).drop_nulls()
    return (cells if column_type.kind == "whole" else cells.fill_nan(None)), strange


def group_note(names: list[str], decimal: str) -> str:
    """Return the note about columns whose digits are grouped."""
    signs = {".": "commas", ",": "points"}[decimal]
    return f"{signs} group the digits of {', '.join(map(repr, names))}: 1{_GROUP[decimal]}234 is 1234"


def _without_marks(texts: pl.Series) -> pl.Series:
    """Return texts with null for the marks of missing values."""
    return texts.set(texts.str.to_lowercase().is_in(list(MISSING)).fill_null(False), None)


def _numbers(texts: pl.Series, column_type: ColumnType) -> pl.Series:
    """Return the texts that are numbers as Float64; null for the others."""
    import polars as pl

    group, decimal = _GROUP[column_type.decimal], column_type.decimal
    if column_type.is_grouped and texts.str.contains(group, literal=True).any():
        grouped = texts.str.contains(_GROUPED[decimal]).fill_null(False)
        texts = texts.str.replace_all(group, "", literal=True).zip_with(grouped, texts)
    if decimal == ",":
        comma = texts.str.contains(_WITH_COMMA).fill_null(False)
        texts = texts.str.replace(",", ".", literal=True).zip_with(comma, texts)
    return texts.cast(pl.Float64, strict=False)
