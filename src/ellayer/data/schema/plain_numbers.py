"""Columns of plain numbers in text, whose schemas are inferred for many columns at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from ..text.cells import CODE, MISSING
from .column import ColumnSchema
from .infer import IDENTIFIER, InferOptions

_CELLS = 4_000_000  # that are parsed at once
_PROBE = 100  # rows of a long table that tell texts from numbers


def infer_plain_numbers(frame: pl.DataFrame, options: InferOptions) -> dict[str, ColumnSchema]:
    """Return the schemas of those columns whose texts are all finite numbers such as 12 or -0.5, by their names.

    They are those of ``infer_column``, which takes more than ten passes over each column.

    Parameters
    ----------
    frame : polars.DataFrame
        Clean texts, or values of another type.
    options : InferOptions

    Examples
    --------
    >>> import polars
    >>> frame = polars.DataFrame({"a": ["1", None], "b": ["0.5", "2"], "c": ["$5", "7"], "d": ["02139", "1"]})
    >>> [(name, c.type, c.low, c.high) for name, c in infer_plain_numbers(frame, InferOptions(".", MISSING)).items()]
    [('a', 'whole', 1.0, 1.0), ('b', 'number', 0.5, 2.0)]
    """
    texts = frame.select(pl.col(pl.String))
    if options.is_declared or options.decimal != "." or options.missing != MISSING or not len(texts):
        return {}
    if len(texts) > 10 * _PROBE:
        texts = texts[_number_names(texts.head(_PROBE), _as_numbers(texts.head(_PROBE)))]
    step = max(1, _CELLS // len(texts)) if texts.width else 1
    blocks = (texts[:, begin : begin + step] for begin in range(0, texts.width, step))
    return {schema.name: schema for block in blocks for schema in _plain_columns(block)}


def _as_numbers(texts: pl.DataFrame) -> pl.DataFrame:
    return texts.select(pl.all().cast(pl.Float64, strict=False))


def _number_names(texts: pl.DataFrame, numbers: pl.DataFrame) -> list[str]:
    """Return the columns all of whose texts are numbers."""
    nulls = zip(texts.columns, texts.null_count().row(0), numbers.null_count().row(0), strict=True)
    return [name for name, before, after in nulls if before == after]


def _plain_columns(texts: pl.DataFrame) -> Iterator[ColumnSchema]:
    numbers = _as_numbers(texts)
    names = _number_names(texts, numbers)
    if not names:
        return
    texts, numbers = texts[names], numbers[names]
    whole = texts.select(pl.all().cast(pl.Int64, strict=False))
    facts = zip(
        names, numbers.null_count().row(0), whole.null_count().row(0), numbers.select(pl.all().min()).row(0),
        numbers.select(pl.all().max()).row(0),
        numbers.select(pl.all().is_finite().all()).row(0), texts.select(pl.all().str.contains(CODE).any()).row(0),
        whole.select(pl.all().drop_nulls().n_unique()).row(0), strict=True,
    )  # fmt: skip
    for name, nulls, not_whole, low, high, is_finite, has_codes, different in facts:
        if has_codes or not is_finite or nulls == len(texts):
            continue
        is_whole, count = not_whole == nulls, len(texts) - nulls
        words = ("0", "1") if is_whole and (low, high, different) == (0.0, 1.0, 2) else ()
        schema = ColumnSchema(name, "whole" if is_whole else "number", words=words)
        names_rows = is_whole and count > IDENTIFIER and different == count
        yield schema if names_rows else replace(schema, low=low + 0.0, high=high + 0.0)
