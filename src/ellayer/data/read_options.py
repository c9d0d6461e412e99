"""How a file is to be read: what the caller said, and what was found when a model's own file was read."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from .errors import DataError

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar", ":": "a colon", " ": "blanks"}
_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|", "colon": ":",
          "space": " ", "blank": " "}  # fmt: skip


@dataclass(frozen=True)
class How:
    """The options of all readers; None leaves it to the reader to find out.

    Attributes
    ----------
    delimiter, decimal, encoding, header
        Of a table in text.
    x, y : str, optional
        Keys in a file of several arrays.
    size : tuple of int, optional
        Height and width of images.
    grey : bool, optional
    strict : bool
        A damaged image is an error, not one left out.
    need_target : bool
        The file is to be learnt from, so it has to hold targets.
    before : dict
        The ``reading`` of an earlier file, followed where this one allows it.
    """

    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool | None = None
    x: str | None = None
    y: str | None = None
    size: tuple[int, int] | None = None
    grey: bool | None = None
    strict: bool = False
    need_target: bool = False
    before: dict[str, Any] = field(default_factory=dict)

    def given(self) -> set[str]:
        """Return the names of the options that were given.

        Examples
        --------
        >>> How(delimiter=";").given()
        {'delimiter'}
        """
        options = {option.name for option in fields(self)} - {"strict", "need_target", "before"}
        return {name for name in options if getattr(self, name) is not None}


def how_of(
    delimiter: Any, decimal: Any, encoding: Any, header: Any, x: Any, y: Any, size: Any, grey: Any,
    strict: bool, need_target: bool, reading: dict[str, Any] | None,
) -> How:  # fmt: skip
    """Check the options of ``read_examples``.

    Raises
    ------
    DataError
        An option that cannot be.
    """
    if delimiter is not None:
        delimiter = _NAMES.get(str(delimiter).lower(), delimiter)
        if not isinstance(delimiter, str) or len(delimiter.encode()) != 1 or delimiter in '"\r\n':
            raise DataError(
                f"delimiter: expected one sign such as ',' ';' '|' or tab, received {delimiter!r}; leave it out to "
                f"have it found"
            )
    if decimal is not None and decimal not in (".", ","):
        raise DataError(f"decimal: expected '.' or ',', received {decimal!r}")
    if decimal is not None and decimal == delimiter:
        raise DataError(f"decimal: expected another sign than the delimiter, received {decimal!r} for both")
    return How(
        delimiter,
        decimal,
        encoding,
        header,
        x,
        y,
        _size(size),
        grey,
        strict,
        need_target,
        dict(reading or {}),
    )


def _size(size: Any) -> tuple[int, int] | None:
    """Return height and width of a number or a pair."""
    if size is None:
        return None
    pair = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    whole = all(isinstance(n, int) and not isinstance(n, bool) and 0 < n <= 2**15 for n in pair)
    if len(pair) != 2 or not whole:
        raise DataError(
            f"size: expected the side of the images or (height, width), whole numbers from 1 to 32768, "
            f"received {size!r}; try size=64"
        )
    return pair
