"""Fast reading of rows of plain values: directly into the columns of the model, without a frame.

Reading a row as a table takes longer than predicting it. If every value already has the type of its column, the values are
used directly; otherwise the rows are read as a table. Both give the same columns (a test compares them).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..data.schema.column import ColumnSchema, numeric_marks
from ..data.schema.schema import Schema
from ..data.text.cells import MISSING
from ..runs.saved_model import SavedModel
from ..tables.columns import Column, ReadColumns, column_of_values

MOST_ROWS = 256  # with more, a frame is as fast
Reader = Callable[[Sequence[object]], np.ndarray | None]


class QuickRows:
    """Reads rows of a table model by the schema of its training file.

    Parameters
    ----------
    saved : SavedModel
    """

    def __init__(self, saved: SavedModel) -> None:
        reading = saved.reading or {}
        self._names: list[str] = []
        self._others: set[str] = set()  # columns that the model does not use
        self._marks: frozenset[str] = frozenset()
        self._readers: dict[str, Reader] = {}
        if not saved.prepares_tables or "schema" not in reading:
            return
        schema = Schema.from_facts(reading["schema"])
        readers = {column.name: _reader(column, schema.marks(column)) for column in schema.columns}
        needed = {name: readers.get(name) for name in saved.needed}
        if all(needed.values()):
            self._names = saved.features
            self._others = set(saved.features) - readers.keys() - needed.keys()
            self._marks = schema.marks() - {""}
            self._readers = {name: reader for name, reader in needed.items() if reader is not None}

    def read(self, values: Mapping[str, Sequence[object]]) -> ReadColumns | None:
        """Return the columns of rows; None if they have to be read as a table.

        Parameters
        ----------
        values : mapping
            Name of a column -> its values.
        """
        if not self._readers or not self._readers.keys() <= values.keys():
            return None
        count = len(next(iter(values.values())))
        others = values.keys() - self._readers.keys()
        if count > MOST_ROWS or not others <= self._others:
            return None
        if not all(_is_silent(values[name], self._marks) for name in others):
            return None
        columns = {}
        for name, reader in self._readers.items():
            column = reader(values[name])
            if column is None:
                return None
            columns[name] = Column(name, column)
        nothing = np.full(count, None, dtype=object)  # columns that the model does not use
        return ReadColumns(columns.get(name) or Column(name, nothing) for name in self._names)


def _reader(column: ColumnSchema, marks: frozenset[str]) -> Reader | None:
    """Return the reader of the plain values of a column; None if there are none."""
    if column.slips or (column.words and column.type != "text"):
        return None
    if column.type in ("number", "whole") and not numeric_marks(marks):
        low, high = -math.inf, math.inf
        if column.low is not None and column.high is not None and column.high > column.low:
            span = column.high - column.low  # outside of this range, reading adds a note
            low, high = column.low - span, column.high + span
        return lambda values: _numbers(values, max(low, -(2.0**53)), min(high, 2.0**53))
    if column.type == "text":
        known = marks | MISSING  # of the latter, a frame keeps what is a level here
        return lambda values: _texts(values, known, column.words)
    return None


def _numbers(values: Sequence[object], low: float, high: float) -> np.ndarray | None:
    numbers = []
    for value in values:
        if value is None:
            numbers.append(math.nan)
        elif (type(value) is float or type(value) is int) and low <= value <= high:
            numbers.append(float(value))
        else:
            return None
    return np.array(numbers)


def _texts(values: Sequence[object], marks: frozenset[str], words: Sequence[str]) -> np.ndarray | None:
    """Return texts without blanks around them; of a column of two words only these, since others may mean the same."""
    for value in values:
        if value is None:
            continue
        if type(value) is not str or value != value.strip() or value.lower() in marks:
            return None
        if words and value not in words:
            return None
    return column_of_values("", values).values


def _is_silent(values: Sequence[object], marks: frozenset[str]) -> bool:
    """Return whether reading a column that the model does not use adds no note, and raises no error."""
    types = set(map(type, values)) - {type(None)}
    if types == {str}:
        return not any(isinstance(value, str) and value.strip().lower() in marks for value in values)
    return types <= {int, float} or types == {bool}
