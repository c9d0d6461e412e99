"""Tables: kinds of columns, their preparation as numbers, and a survey with data warnings.

The names are looked up when first used: a survey does not wait for scikit-learn. This package is private, except
``survey.survey`` and what it returns.
"""

from __future__ import annotations

from .._lazy import lazy_names

_HOMES = {
    "Column": ".columns",
    "ColumnEncoder": ".column_encoder",
    "ColumnFacts": ".survey",
    "ColumnKind": ".kinds",
    "Survey": ".survey",
    "TablePreparation": ".preparation",
    "infer_kind": ".kinds",
    "read_table": ".columns",
}
__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
