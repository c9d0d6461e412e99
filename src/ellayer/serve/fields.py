"""Columns that a row needs, for the metadata of a model and the form on its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..runs.saved_model import SavedModel

MOST_LEVELS = 200  # in a list of the form
# Types of the kinds of columns without a schema
_TYPES = {"numeric": "number", "date": "date", "boolean": "boolean"}
_DATATYPES = {"whole": "INT64", "number": "FP64", "duration": "BYTES", "boolean": "BOOL"}


@dataclass(frozen=True)
class Field:
    """A column of the rows to predict.

    Attributes
    ----------
    name : str
    type : str
        Of the schema: "number", "whole", "boolean", "date", "datetime", "duration" or "text".
    levels : tuple of str
        Known values, if they are few.
    low, high : float or None
        Range of the training file.
    """

    name: str
    type: str
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    @property
    def datatype(self) -> str:
        """Datatype in the Open Inference Protocol; dates and durations are texts."""
        return _DATATYPES.get(self.type, "BYTES")

    @property
    def json_type(self) -> str:
        """Type in JSON."""
        return {"INT64": "integer", "FP64": "number", "BOOL": "boolean"}.get(self.datatype, "string")


def fields_of(saved: SavedModel) -> list[Field]:
    """Return the columns without which a model cannot predict, in the order of the training file.

    Parameters
    ----------
    saved : SavedModel
    """
    reading: Mapping[str, Any] = saved.reading or {}
    schema = {column["name"]: column for column in (reading.get("schema") or {}).get("columns", ())}
    encoders = saved.model.preparation_.describe() if saved.prepares_tables else []
    by_name = {encoder["name"]: encoder for encoder in encoders}
    return [
        _field(name, schema.get(name, {}), by_name.get(name, {"kind": "numeric"})) for name in saved.needed
    ]


def _field(name: str, column: Mapping[str, Any], encoder: Mapping[str, Any]) -> Field:
    levels = tuple(str(level) for level in encoder.get("levels", ()))
    kind = str(column.get("type") or _TYPES.get(encoder["kind"], "text"))
    return Field(
        name, kind, levels if len(levels) <= MOST_LEVELS else (), column.get("low"), column.get("high")
    )
