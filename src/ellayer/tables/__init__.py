"""Tables: kinds of columns, their preparation as numbers, and a survey of what may be wrong with them.

The names are looked up when first used: a survey does not wait for scikit-learn.
"""

from __future__ import annotations

import importlib

_HOME = {
    "Column": "ellayer.tables.columns",
    "ColumnEncoder": "ellayer.tables.column_encoder",
    "ColumnFacts": "ellayer.tables.survey",
    "ColumnKind": "ellayer.tables.kinds",
    "Survey": "ellayer.tables.survey",
    "TablePreparation": "ellayer.tables.preparation",
    "infer_kind": "ellayer.tables.kinds",
    "read_table": "ellayer.tables.columns",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'ellayer.tables' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
