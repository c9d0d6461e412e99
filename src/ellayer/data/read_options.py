"""The options of all readers of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .errors import DataError

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar", ":": "a colon", " ": "blanks"}
_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|", "colon": ":",
          "space": " ", "blank": " "}  # fmt: skip


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
    x, y : str, optional
        Keys in a file of several arrays.
    size : int or (int, int), optional
        Side, or height and width, of images.
    grey : bool, optional
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
    x: str | None = None
    y: str | None = None
    size: int | tuple[int, int] | None = None
    grey: bool | None = None
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
                f"delimiter: expected one character such as ',' ';' '|' or tab, received {delimiter!r}; leave it out to "
                f"have it detected"
            )
        if self.decimal not in (None, ".", ","):
            raise DataError(f"decimal: expected '.' or ',', received {self.decimal!r}")
        if self.decimal is not None and self.decimal == delimiter:
            raise DataError(
                f"decimal: expected another character than the delimiter, received {self.decimal!r} for both"
            )
        _check_size(self.size)

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width of images."""
        if self.size is None or isinstance(self.size, int):
            return None if self.size is None else (self.size, self.size)
        return self.size[0], self.size[1]

    def given(self) -> set[str]:
        """Return the names of the options that are set.

        Examples
        --------
        >>> ReadOptions(delimiter=";").given()
        {'delimiter'}
        """
        options = {option.name for option in fields(self)} - {"strict", "need_target", "reading"}
        return {name for name in options if getattr(self, name) is not None}


def _check_size(size: object) -> None:
    if size is None:
        return
    pair = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    whole = all(isinstance(n, int) and not isinstance(n, bool) and 0 < n <= 2**15 for n in pair)
    if len(pair) != 2 or not whole:
        raise DataError(
            f"size: expected the side of the images or (height, width), whole numbers from 1 to 32768, "
            f"received {size!r}; try size=64"
        )
