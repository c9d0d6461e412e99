"""Choices of a page: the rows of the tables of ``core``, the data sets, and the limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.activations import ACTIVATIONS
from ..core.initializers import INITIALIZERS
from ..core.losses import LOSSES
from ..core.optimizers import OPTIMIZERS
from ..core.registry import Registry
from ..core.schedules import SCHEDULES
from ..data.named import NAMED
from ..data.planar import PLANE
from ..inspection.mathml import to_mathml
from . import limits
from .messages import JsonObject
from .state import TABLES
from .tables import MODEL_SUFFIX, SUFFIXES


def options() -> JsonObject:
    """Return everything that a page can choose from, read from the tables."""
    return {
        "activations": _rows(ACTIVATIONS),
        "losses": _rows(LOSSES, "targets", "output"),
        "initializers": _rows(INITIALIZERS),
        "optimizers": _rows(OPTIMIZERS, "learning_rate", "weight_decay"),
        "schedules": [
            {**row, "about": (getattr(SCHEDULES[str(row["name"])].factor, "func", None).__doc__ or "")}
            for row in _rows(SCHEDULES)
        ],
        "data": _data_sets(),
        "limits": {
            "layers": limits.LAYERS,
            "units": limits.UNITS,
            "parameters": limits.PARAMETERS,
            "points": limits.POINTS,
            "size": limits.SIZE,
            "message_bytes": limits.MESSAGE_BYTES,
            "upload_bytes": limits.UPLOAD_BYTES,
            "upload_kinds": [*SUFFIXES, MODEL_SUFFIX],
            "examples": limits.ROWS,
        },
    }


def _rows(table: Registry[Any], *facts: str) -> list[JsonObject]:
    rows = []
    for name in table:
        row = table[name]
        latex: str = getattr(row, "latex", "")
        entry: JsonObject = {
            "name": name,
            "html": to_mathml(latex) if latex else "",
            "numbers": dict(table.numbers(name)),
        }
        rows.append(entry | {fact: getattr(row, fact) for fact in facts})
    return rows


def _data_sets() -> list[Mapping[str, object]]:
    rows: list[Mapping[str, object]] = [
        {
            "name": row.name,
            "about": row.about,
            "kind": "plane",
            "task": "classes" if row.classes else "numbers",
            "size": row.size,
            "noise": row.noise,
            "seed": row.seed,
            "classes": list(row.classes),
        }
        for row in PLANE.values()
    ]
    for name in TABLES:
        kind = "pictures" if name == "digits" else "table"
        rows.append(
            {
                "name": name,
                "about": NAMED[name].about,
                "kind": kind,
                "task": "classes",
                "size": None,
                "noise": None,
                "seed": None,
                "classes": [],
            }
        )
    return rows
