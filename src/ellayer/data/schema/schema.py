"""The schema of a table: the type of every column, the marks of a missing value, and which column is the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from ..._wording import pluralize, quoted_list
from ..errors import DataError
from ..read_options import ReadOptions
from ..text.cells import MISSING
from ..text.dates import swap_order
from .column import NUMBERS, Cells, ColumnSchema
from .infer import InferOptions, group_notes, infer_column, slip_notes
from .plain_numbers import infer_plain_numbers

_UNUSED = ("constant", "identifier", "text", "ignore")  # kinds of columns whose values a model does not use
_LABELS = frozenset(("none",))  # among labels "None" is as a rule one of them
_MOST, _EXAMPLES = 5, 3  # columns, and values of each, in a message
_KINDS = {**dict.fromkeys(NUMBERS, ("a number", "numbers")), "boolean": ("true or false", "true or false")}


@dataclass
class CellCounts:
    """The cells of one or more frames that were taken as missing or lie far outside the range of training.

    Attributes
    ----------
    marks : Counter
        How often each text was treated as missing.
    strange : dict of str to (int, list of str)
        Of each column, how many values do not have its type, and the first of them.
    far : dict of str to (int, float)
        Of each column, how many numbers lie far outside the range of training, and the farthest.
    """

    marks: Counter[str] = field(default_factory=Counter)
    strange: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    far: dict[str, tuple[int, float]] = field(default_factory=dict)

    def add(self, schema: ColumnSchema, cells: Cells, is_later: bool) -> None:
        """Count the cells of a column."""
        if len(cells.marks):
            self.marks.update(dict(cells.marks.value_counts().iter_rows()))
        if len(cells.strange):
            count, first = self.strange.get(schema.name, (0, []))
            different = dict.fromkeys(
                [*first, *cells.strange.unique(maintain_order=True).head(_EXAMPLES).to_list()]
            )
            self.strange[schema.name] = (count + len(cells.strange), list(different)[:_EXAMPLES])
        if is_later and schema.low is not None and schema.high is not None and schema.high > schema.low:
            self._add_far(schema, cells.values, schema.low, schema.high)

    def _add_far(self, schema: ColumnSchema, values: pl.Series, low: float, high: float) -> None:
        """Count the numbers that lie outside the range of training by more than its width."""
        numbers, span = values.to_numpy(), high - low
        outside = numbers[(numbers > high + span) | (numbers < low - span)]
        if len(outside):
            count, farthest = self.far.get(schema.name, (0, low))
            ends = [farthest, float(outside.min()), float(outside.max())]
            self.far[schema.name] = (count + len(outside), max(ends, key=lambda x: abs(x - low)))

    def missing_notes(self) -> list[str]:
        """Return the note about the texts that were treated as missing, if there are any."""
        if not self.marks:
            return []
        often = sorted(self.marks.items(), key=lambda item: (-item[1], item[0]))[:_MOST]
        texts = ", ".join(f"{text!r} ({count:,})" for text, count in often)
        cells = pluralize(self.marks.total(), "cell is", "cells are")
        return [f"{cells} taken as missing: {texts} (to keep such texts: na_values, --missing)"]

    def notes(self, schema: Schema, is_later: bool = False) -> list[str]:
        """Return the counts of odd values in words; ``is_later`` says that the schema is of an earlier file."""
        notes = []
        by_name = {column.name: column for column in schema.columns}
        for name, (count, first) in self.strange.items():
            singular, plural = _KINDS.get(by_name[name].type, ("a date", "dates"))
            values = pluralize(count, f"value is not {singular}", f"values are not {plural}")
            where = "training" if is_later else "the first rows"
            notes.append(
                f"column {name!r}: {values} as in {where} ({quoted_list(first)}); treated as missing"
            )
        for name, (count, farthest) in self.far.items():
            low, high = by_name[name].low, by_name[name].high
            notes.append(
                f"column {name!r}: {pluralize(count, 'value')} far outside the range of training ({low:g} to {high:g}), up "
                f"to {farthest:g}"
            )
        return notes


@dataclass(frozen=True)
class Schema:
    """The columns of the table that was trained on.

    Attributes
    ----------
    columns : tuple of ColumnSchema
        In the order of the file.
    missing : tuple of str, or None
        The texts that mean a missing value; None for the usual marks.
    target : str or None
    """

    columns: tuple[ColumnSchema, ...]
    missing: tuple[str, ...] | None = None
    target: str | None = None

    # Plain data

    def to_facts(self) -> dict[str, Any]:
        """Return the schema as plain JSON."""
        missing = None if self.missing is None else list(self.missing)
        return {"columns": [c.to_facts() for c in self.columns], "missing": missing, "target": self.target}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Schema:
        """Return the schema of ``to_facts``."""
        missing = facts.get("missing")
        columns = tuple(map(ColumnSchema.from_facts, facts["columns"]))
        return cls(columns, None if missing is None else tuple(missing), facts.get("target"))

    def rows(self) -> list[tuple[str, str]]:
        """Return the name of each column, and how it is read, as texts to be shown.

        Examples
        --------
        >>> Schema((ColumnSchema("when", "date", date_format="%d.%m.%Y"),)).rows()
        [('when', 'date, %d.%m.%Y')]
        """
        rows = []
        for c in self.columns:
            details = [str(c.type), c.date_format] if c.date_format else [str(c.type)]
            if c.type in NUMBERS and c.form.decimal == ",":
                details.append("decimal comma")
            details += ["grouped digits"] if c.form.has_groups else []
            unit = "seconds" if c.type == "duration" else c.form.unit
            details += [f"in {unit}"] if unit else []
            details += [f"{c.low:g} to {c.high:g}"] if c.low is not None and c.high is not None else []
            details += [f"false is {c.words[0]!r}, true is {c.words[1]!r}"] if c.words else []
            details += [f"missing: {quoted_list(c.slips, 3)}"] if c.slips else []
            rows.append((c.name, ", ".join(details)))
        return rows

    # Reading

    def marks(self, column: ColumnSchema | None = None) -> frozenset[str]:
        """Return the texts that mean a missing value, in lower case; among labels "none" does not."""
        if self.missing is not None:
            return frozenset(("", *(text.strip().lower() for text in self.missing)))
        is_label = column is not None and column.type == "text" and column.name == self.target
        return MISSING - _LABELS if is_label else MISSING

    def read(self, frame: pl.DataFrame, counts: CellCounts, where: str = "") -> pl.DataFrame:
        """Return a frame of clean texts, or of values of any type, in the types of the schema.

        Parameters
        ----------
        frame : polars.DataFrame
            Columns of the schema, in any order.
        counts : CellCounts
            Gets the cells that were taken as missing.
        where : str
            The file, if it is another one than the schema is of: it must not contradict the schema.

        Raises
        ------
        DataError
            With every column that contradicts the schema.
        """
        by_name = {column.name: column for column in self.columns}
        columns, problems = [], []
        for column in frame:
            schema = by_name[column.name]
            cells = schema.read(column, self.marks(schema))
            if where and (problem := schema.contradiction(column, cells)):
                problems.append(problem)
            counts.add(schema, cells, is_later=bool(where) and column.name != self.target)
            columns.append(cells.values)
        if problems:
            more = f"; and {pluralize(len(problems) - _MOST, 'more column')}" if len(problems) > _MOST else ""
            raise DataError(
                f"expected {where} to be written as the file of the training: {'; '.join(problems[:_MOST])}{more}"
            )
        return frame.select(columns)

    def rename(self, names: Sequence[str]) -> dict[str, str]:
        """Return the new name of each column that differs from one of the schema in case or blanks only.

        Examples
        --------
        >>> Schema((ColumnSchema("Age"), ColumnSchema("sex"))).rename(["AGE", "sex", "town"])
        {'AGE': 'Age'}
        """
        known = [column.name for column in self.columns]
        new: dict[str, list[str]] = {}
        for name in set(names).difference(known):
            new.setdefault(_fold(name), []).append(name)
        present = set(names)
        near = {name: new.get(_fold(name), []) for name in known if name not in present}
        return {files[0]: name for name, files in near.items() if len(files) == 1}


def _fold(name: str) -> str:
    return name.strip().casefold()


def schema_of(options: ReadOptions) -> Schema | None:
    """Return the schema of an earlier file that a later one is read by, with the options that were given."""
    facts = options.reading.get("schema")
    if facts is None:
        return None
    schema = Schema.from_facts(facts)
    if options.missing is not None:
        schema = replace(schema, missing=tuple(options.missing))
    if options.target is not None:
        schema = replace(schema, target=str(options.target))
    if options.decimal is None and options.date_order is None:
        return schema
    return replace(schema, columns=tuple(_with_options(c, options) for c in schema.columns))


def _with_options(column: ColumnSchema, options: ReadOptions) -> ColumnSchema:
    """Return the column as it is written in a file by its options."""
    form = column.form
    if options.decimal is not None:
        is_grouped = form.is_grouped or options.decimal != form.decimal
        form = replace(form, decimal=options.decimal, is_grouped=is_grouped, has_groups=True)
    date_format, other_format = column.date_format, swap_order(column.date_format)
    if options.date_order and other_format:
        day_first = date_format.index("%d") < date_format.index("%m")
        date_format = date_format if day_first == (options.date_order == "day") else other_format
    return replace(column, form=form, date_format=date_format)


def infer_schema(
    frame: pl.DataFrame,
    options: ReadOptions,
    decimal: str = ".",
    known: Schema | None = None,
    is_declared: bool = False,
) -> tuple[Schema, list[str]]:
    """Return the schema of a frame, and notes.

    Parameters
    ----------
    frame : polars.DataFrame
        Clean texts, or values of any type.
    options : ReadOptions
    decimal : "." or ","
        The decimal separator of numbers in text.
    known : Schema, optional
        Of an earlier file; its columns are taken from there.
    is_declared : bool
        Whether the file declares the types of its columns.
    """
    target = known.target if known else None if options.target is None else str(options.target)
    missing = known.missing if known else None if options.missing is None else tuple(options.missing)
    schema = Schema((), missing, target)
    by_name = {column.name: column for column in known.columns} if known else {}
    infer_options = InferOptions(decimal, schema.marks(), options.date_order, is_declared)
    new_names = [name for name in frame.columns if name not in by_name]
    known_now = by_name | infer_plain_numbers(frame[new_names], infer_options)
    columns, notes = [], list[str]()
    for column in frame:
        if column.name in known_now:
            columns.append(known_now[column.name])
            continue
        inferred, column_notes = infer_column(column, infer_options, column.name == target)
        columns.append(inferred)
        notes += column_notes
    new = [column for column in columns if column.name not in by_name]
    return replace(schema, columns=tuple(columns)), [*group_notes(new), *notes, *slip_notes(new)]


def schema_for_model(
    schema: Mapping[str, Any] | None, encoders: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the facts of the schema that later files of a model are read by.

    Columns that the model does not use are not in it, so that anything may stand in them; of identifiers and free text
    it only matters whether they are there. For a model file of an earlier version, which has no schema, columns of
    numbers are left out too: how they are written is detected from each file.

    Parameters
    ----------
    schema : mapping, or None
        Facts of the schema of the training file.
    encoders : iterable of mappings
        Facts of the encoders of the model's columns.

    Examples
    --------
    >>> schema_for_model(None, [{"name": "town", "kind": "categorical"}, {"name": "id", "kind": "identifier"}])["columns"]
    [{'name': 'town', 'type': 'text'}]
    """
    known = {column["name"]: column for column in schema["columns"]} if schema else {}
    for encoder in encoders:
        name, kind = encoder["name"], encoder["kind"]
        if kind in _UNUSED:
            known.pop(name, None)
            if encoder.get("indicator"):
                known[name] = ColumnSchema(name).to_facts()
        elif schema is None and kind == "date":
            date_format = encoder.get("date_format") or "iso"
            known[name] = ColumnSchema(name, "date", date_format=date_format).to_facts()
        elif schema is None and kind != "numeric":
            known[name] = ColumnSchema(name).to_facts()
    return {**(schema or Schema(()).to_facts()), "columns": list(known.values())}
