"""The options of all readers of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from .errors import DataError

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar", ":": "a colon", " ": "blanks"}
_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|", "colon": ":",
          "space": " ", "blank": " "}  # fmt: skip
TABLE_OPTIONS = ("missing", "date_order", "drop", "columns")  # of every kind of table


@dataclass(frozen=True)
class ReadOptions:
    """The options of all readers, checked; None lets the reader detect the value.

    Parameters
    ----------
    delimiter : str, optional
        Of a table in text: one character, or its name, such as "tab".
    decimal : "." or ",", optional
    encoding : str, optional
    header : bool, optional
    missing : sequence of str, optional
        The texts that mean a missing value, instead of "NA", "?" and similar; an empty cell is always missing.
    date_order : "day" or "month", optional
        Which of the two comes first in dates such as 03/04/2024.
    comment : str, optional
        One character; lines of a text that begin with it are ignored.
    names : sequence of str, optional
        Of the columns of a text without a header.
    drop, columns : sequence of str, optional
        Columns to leave out, or the only ones to read; the target is always read.
    target : str or int, optional
        The column to be predicted, whose values are never guessed at.
    x, y : str, optional
        Keys in a file of several arrays.
    size : int or (int, int), optional
        Side, or height and width, of images.
    grey : bool, optional
    sheet : str or int, optional
        Name or place of a sheet in a workbook.
    table, query : str, optional
        Name of a table in a database, or a query that returns one.
    strict : bool
        A damaged image is an error instead of being skipped.
    need_target : bool
        The file is to be trained on, so it must hold targets.
    reading : mapping
        The ``reading`` of an earlier file, followed as far as this file allows it.

    Raises
    ------
    DataError
        For a value that is not possible.
    """

    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool | None = None
    missing: Sequence[str] | None = None
    date_order: str | None = None
    comment: str | None = None
    names: Sequence[str] | None = None
    drop: Sequence[str] | None = None
    columns: Sequence[str] | None = None
    target: str | int | None = None
    x: str | None = None
    y: str | None = None
    size: int | tuple[int, int] | None = None
    grey: bool | None = None
    sheet: str | int | None = None
    table: str | None = None
    query: str | None = None
    strict: bool = False
    need_target: bool = False
    reading: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        delimiter = _NAMES.get(str(self.delimiter).lower(), self.delimiter)
        object.__setattr__(self, "delimiter", delimiter)
        if delimiter is not None and (
            not isinstance(delimiter, str) or len(delimiter.encode()) != 1 or delimiter in '"\r\n'
        ):
            raise DataError(
                f"delimiter: expected one character such as ',' ';' '|' or tab, received {delimiter!r}; omit it to "
                f"have it detected"
            )
        if self.decimal not in (None, ".", ","):
            raise DataError(f"decimal: expected '.' or ',', received {self.decimal!r}")
        if self.decimal is not None and self.decimal == delimiter:
            raise DataError(
                f"decimal: expected another character than the delimiter, received {self.decimal!r} for both"
            )
        if self.date_order not in (None, "day", "month"):
            raise DataError(f"date_order: expected 'day' or 'month', received {self.date_order!r}")
        if self.comment is not None and (len(self.comment.encode()) != 1 or self.comment in '"\r\n'):
            raise DataError(f"comment: expected one character such as '#', received {self.comment!r}")
        for name in ("missing", "names", "drop", "columns"):
            object.__setattr__(self, name, _texts(name, getattr(self, name)))
        if self.drop and self.columns:
            raise DataError(
                "columns: expected none beside drop, received both; name the columns in one of them"
            )
        _check_size(self.size)

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width of images."""
        if self.size is None or isinstance(self.size, int):
            return None if self.size is None else (self.size, self.size)
        return self.size[0], self.size[1]

    def set_options(self) -> set[str]:
        """Return the names of the options that are set.

        Examples
        --------
        >>> ReadOptions(delimiter=";").set_options()
        {'delimiter'}
        """
        options = {option.name for option in fields(self)} - {"strict", "need_target", "reading", "target"}
        return {name for name in options if getattr(self, name) is not None}


def _texts(option: str, value: object) -> tuple[str, ...] | None:
    """Return the texts of an option as a tuple; a single text is one of them."""
    if value is None:
        return None
    texts = (value,) if isinstance(value, str) else value
    if not isinstance(texts, (tuple, list)) or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{option}: expected a list of texts, received {value!r}")
    return tuple(texts)


def _check_size(size: object) -> None:
    if size is None:
        return
    pair = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    whole = all(isinstance(n, int) and not isinstance(n, bool) and 0 < n <= 2**15 for n in pair)
    if len(pair) != 2 or not whole:
        raise DataError(
            f"size: expected the side of the images or (height, width), integers from 1 to 32768, "
            f"received {size!r}; try size=64"
        )
