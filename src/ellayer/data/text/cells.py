"""The rules for one cell of text: which marks mean "missing", and which digits are a code and not a number."""

from __future__ import annotations

import math

import polars as pl

MISSING = frozenset(("", "?", "na", "n/a", "#n/a", "nan", "null", "none", "nat", "<na>"))  # in lower case
EXACT = 2**53  # float64 has all integers up to it
CODE = r"^[+-]?0[0-9]"  # 02139 is a code, not the number 2139
_FEW = 64  # texts, for which a loop takes less time than three expressions of polars
MOSTLY = 0.9  # the share of a column's values that decides what it is; the rest are slips
TRUTHS = {"false": False, "0": False, "0.0": False, "true": True, "1": True, "1.0": True}
TRUTH_WORDS = TRUTHS | {"f": False, "n": False, "no": False, "t": True, "y": True, "yes": True}


def is_missing_text(text: str) -> bool:
    """Return True for a mark of a missing value, blanks around it ignored.

    Examples
    --------
    >>> is_missing_text(" N/A "), is_missing_text("0")
    (True, False)
    """
    return text.strip().lower() in MISSING


def clean_texts(texts: pl.Expr) -> pl.Expr:
    """Return texts without the blanks around them; empty ones are null."""
    return texts.str.strip_chars().replace("", None)


def find_marks(texts: pl.Series, marks: frozenset[str]) -> pl.Series:
    """Return which texts are marks of a missing value, False for null.

    Examples
    --------
    >>> import polars
    >>> find_marks(polars.Series(["NA", "Oslo", None]), MISSING).to_list()
    [True, False, False]
    """
    if len(texts) <= _FEW:
        return pl.Series(
            [text is not None and text.lower() in marks for text in texts.to_list()], dtype=pl.Boolean
        )
    short = (texts.str.len_bytes() <= max(len(mark.encode()) for mark in marks)).fill_null(False)
    if not short.any():
        return short
    are_marks = texts.filter(short).str.to_lowercase().is_in(list(marks)).fill_null(False)
    return short.scatter(short.arg_true(), are_marks)


def number_text(value: float) -> str:
    """Return a number as a level is spelled: integers without a point.

    Examples
    --------
    >>> number_text(2.0), number_text(0.5)
    ('2', '0.5')
    """
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)
