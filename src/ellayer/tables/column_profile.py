"""Views of the values of a column for inferring its kind, and the format of its dates."""

from __future__ import annotations

import re
from functools import cached_property

import numpy as np

from ..data.text.cells import CODE, MOSTLY
from ..data.text.dates import find_date_format, parse_dates, swap_order
from .columns import Column, as_numbers

MANY = 50  # number of distinct texts below which a column is always a category
_ID = re.compile(
    r"(?i:^(row[_ ]?)?(id|index|key|uuid|guid|names?|number|nr)$|^unnamed: 0$|[_\s.-](id|key|uuid|guid)$)|[a-z](Id|ID)$"
)


class ColumnProfile:
    """Views of the values of a column for inferring its kind, each computed once.

    Parameters
    ----------
    column : Column
    """

    name: str
    values: np.ndarray

    def __init__(self, column: Column):
        self.name, self.values, self._declared = column.name, column.values, column.declared

    @cached_property
    def present(self) -> np.ndarray:
        """The values that are not missing."""
        kind = self.values.dtype.kind
        if kind == "O":
            return self.values[[v is not None for v in self.values.tolist()]]
        return self.values if kind == "b" else self.values[self.values == self.values]

    @cached_property
    def levels(self) -> set[str]:
        """The distinct texts; empty for columns of another type."""
        return set(self.present.tolist()) if self.values.dtype.kind == "O" else set()

    @cached_property
    def is_truth(self) -> bool:
        """Whether the values are Booleans, or words for them."""
        if self.values.dtype.kind == "b":
            return True
        words = {level.lower() for level in self.levels}
        return bool(words) and words <= {"true", "false"} and not self._declared

    @cached_property
    def _numbers_and_slips(self) -> tuple[np.ndarray | None, list[str]]:
        if self.values.dtype.kind == "f":
            return self.values, []
        if not self.levels or self._declared or any(map(re.compile(CODE).match, self.levels)):
            return None, []
        numbers, wrong = as_numbers(self.values)
        if not 1.0 - wrong.sum() / len(self.present) >= MOSTLY:
            return None, []
        slips = sorted({str(v) for v in self.values[wrong].tolist()})
        has_many = len(np.unique(numbers[~np.isnan(numbers)])) > MANY // 2
        return (numbers, slips) if has_many or not slips else (None, [])

    @property
    def numbers(self) -> np.ndarray | None:
        """The values as numbers, nan if missing, if nearly all are numbers."""
        return self._numbers_and_slips[0]

    @property
    def slips(self) -> list[str]:
        """The texts among ``numbers`` that are not numbers."""
        return self._numbers_and_slips[1]

    @cached_property
    def is_row_number(self) -> bool:
        """Whether the values are unique integers in a column whose name suggests an ID."""
        if self.numbers is None or self.slips or not _ID.search(self.name):
            return False
        present = self.numbers[~np.isnan(self.numbers)]
        whole = np.isfinite(present).all() and (present == np.floor(present)).all()
        distinct = self.levels or np.unique(present)  # as texts where the digits are too many for float64
        return bool(whole) and len(present) > MANY and len(distinct) == len(present)

    @property
    def hardly_repeats(self) -> bool:
        """Whether most of many texts are different."""
        return len(self.levels) > MANY and len(self.levels) > 0.5 * len(self.present)

    @property
    def words_per_value(self) -> float:
        """The mean number of words of (up to 1000) texts."""
        return float(np.mean([text.count(" ") + 1 for text in self.present[:1000].tolist()]))

    @property
    def distinct_note(self) -> str:
        """The number of different texts, in words."""
        return f"{len(self.levels):,} distinct values in {len(self.present):,} rows"


def date_format(levels: set[str]) -> str:
    """Return the date format of nearly all of (up to 1000) texts; "" if there is none.

    Examples
    --------
    >>> date_format({"31.12.2024", "1.2.2025"}), date_format({"Oslo"})
    ('%d.%m.%Y', '')
    """
    import polars as pl

    return find_date_format(pl.Series(sorted(levels)[:1000], dtype=pl.String))


def order_note(levels: set[str], format_of_dates: str) -> str:
    """Return a note if the order of day and month is ambiguous; else "".

    Examples
    --------
    >>> order_note({"1/2/2024", "3/4/2024"}, "%d/%m/%Y")
    'the order of day and month is ambiguous; the day is assumed to be first'
    >>> order_note({"31/12/2024"}, "%d/%m/%Y")
    ''
    """
    import polars as pl

    other_format = swap_order(format_of_dates)
    texts = pl.Series(sorted(levels), dtype=pl.String)
    missing = parse_dates(texts, format_of_dates).null_count()
    if not other_format or parse_dates(texts, other_format).null_count() > missing:
        return ""
    first = "day" if format_of_dates.index("%d") < format_of_dates.index("%m") else "month"
    return f"the order of day and month is ambiguous; the {first} is assumed to be first"
