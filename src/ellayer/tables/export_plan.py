"""The preparation of one column as plain data, for programs without Ellayer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Literal, TypedDict

from ..data.text.cells import MISSING


class PartPlan(TypedDict):
    """One scaled number: v is x, or a sine or cosine of it; z = (v - center) / scale; then z / sqrt(1 + (z / spread)^2).

    Attributes
    ----------
    wave : "", "sin" or "cos"
        v = x, or the wave of 2 pi x / period.
    period : float or None
        Of the wave, in days.
    whole : bool
        Whether the wave is one of whole days.
    center, scale, spread : float
    plain : bool
        Whether the numbers belong to the second block of the matrix, which a network does not embed.
    """

    wave: str
    period: float | None
    whole: bool
    center: float
    scale: float
    spread: float
    plain: bool


class LevelMap(TypedDict):
    """One number, or one column per number, of a text.

    Attributes
    ----------
    values : dict of str to float
    otherwise : float
        Of a text that is not among them.
    one_hot : int
        K > 0: the number k becomes K columns, 1 in column k. 0: the number is the column.
    last : bool
        Whether the column belongs to the codes, the last block of the matrix.
    table : list of list of float
        If it is not empty, the number k becomes the columns in row k of it, which belong to the scaled numbers, the
        first block of the matrix.
    """

    values: dict[str, float]
    otherwise: float
    one_hot: int
    last: bool
    table: list[list[float]]


class ColumnPlan(TypedDict):
    """Rule that forms columns of the matrix from one column of the table.

    Attributes
    ----------
    name, kind : str
    place : int
        Of the column in the table.
    reads : "number", "days" or "text"
        What a program reads: a number, or days since 1970 (UTC) with fractions, both nan where missing; or a
        text, "" where missing.
    parts : list of PartPlan
        Of a number or days; 0 where x is missing.
    missing : bool
        Whether a column is 1 where a number or days are missing.
    edges : list of float
        If it is not empty, a column with the number of edges below the number or days, -1 where it is missing; among the
        last columns of the matrix.
    maps : list of LevelMap
        Of a text.
    """

    name: str
    place: int
    kind: str
    reads: Literal["number", "days", "text"]
    parts: list[PartPlan]
    missing: bool
    edges: list[float]
    maps: list[LevelMap]


def level_map(
    values: Mapping[str, float],
    otherwise: float,
    one_hot: int = 0,
    last: bool = False,
    table: Sequence[Sequence[float]] = (),
) -> LevelMap:
    """Return the map of some texts, each also with a blank before it: many files have one after the comma.

    Examples
    --------
    >>> level_map({"a": 0.0}, -1.0)["values"]
    {' a': 0.0, 'a': 0.0}
    """
    spelled = {f" {text}": value for text, value in values.items()} | dict(values)
    rows = [list(row) for row in table]
    return {"values": spelled, "otherwise": otherwise, "one_hot": one_hot, "last": last, "table": rows}


def map_width(rule: LevelMap) -> int:
    """Return the number of columns of a map.

    Examples
    --------
    >>> map_width(level_map({"a": 0.0}, 1.0, table=[[0.5, 1.0], [0.0, 0.0]])), map_width(level_map({"a": 1.0}, 0.0))
    (2, 1)
    """
    return len(rule["table"][0]) if rule["table"] else rule["one_hot"] or 1


def any_case(words: Iterable[str]) -> list[str]:
    """Return every spelling of some words with small and capital letters.

    Examples
    --------
    >>> any_case(["n/a"])
    ['n/a', 'n/A', 'N/a', 'N/A']
    """
    letters = [[sorted({c, c.upper()}, reverse=True) for c in word] for word in words]
    return ["".join(spelling) for word in letters for spelling in product(*word)]


def missing_texts() -> list[str]:
    """Return every spelling of the marks of missing values."""
    return any_case(sorted(MISSING))
