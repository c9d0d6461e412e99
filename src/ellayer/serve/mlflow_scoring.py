"""MLflow's scoring protocol: ``/invocations`` with a table in CSV or in one of its four forms in JSON.

Source: https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._json import finite
from .bodies import json_response, parse_object
from .errors import RequestError
from .limits import Limits
from .models import ServedModel
from .rows import (
    Options,
    Rows,
    count_rows,
    predictions_for,
    records_of,
    rows_of_columns,
    rows_of_csv,
    rows_of_lists,
    rows_of_records,
)

if TYPE_CHECKING:
    from starlette.responses import Response


FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def score(
    model: ServedModel, body: bytes, content_type: str, limits: Limits, count: Callable[[int], None]
) -> Response:
    """Return ``{"predictions": [...]}``: labels or numbers, or records with ``params`` such as ``{"interval": 0.9}``.

    The records have the columns of ``ellayer predict``; ``{"params": {"records": true}}`` requests them without further options.

    Parameters
    ----------
    model : ServedModel
    body : bytes
    content_type : str
    limits : Limits
    count : callable
        Takes the number of rows that were predicted.

    Raises
    ------
    EllayerError
        For a body without valid rows; 415 for another content type.
    """
    kind = content_type.partition(";")[0].strip().lower()
    parameters: Any = {}
    if kind == "text/csv":
        rows = rows_of_csv(model, body)
    elif kind == "application/json":
        content = parse_object(body)
        parameters = content.get("params") or {}
        rows = _rows(model, content, limits)
    else:
        raise RequestError(
            f"Content-Type: expected application/json or text/csv, received {content_type!r}", 415
        )
    limits.check_rows(count_rows(rows))
    options = Options.of(parameters)
    table, _ = predictions_for(model, rows, options)
    count(count_rows(rows))
    if options != Options() or parameters.get("records") is True or "prediction" not in table:
        return json_response({"predictions": records_of(table)})
    return json_response({"predictions": list(map(finite, table["prediction"]))})


def _rows(model: ServedModel, content: dict[str, Any], limits: Limits) -> Rows:
    """Return the rows of one of the four forms."""
    forms = [form for form in FORMS if form in content]
    if len(forms) != 1:
        raise RequestError(f"expected one of {', '.join(FORMS)}, received {', '.join(forms) or 'none'}")
    values = content[forms[0]]
    if forms[0] == "dataframe_split":
        if not isinstance(values, dict) or not isinstance(values.get("columns", []), list):
            raise RequestError(
                "dataframe_split: expected an object with columns and data, received something else"
            )
        return rows_of_lists(model, _check_rows(values.get("data"), limits), values.get("columns"))
    if isinstance(values, dict):
        if forms[0] == "dataframe_records":
            raise RequestError("dataframe_records: expected a list of records, received an object")
        columns = {name: value if isinstance(value, list) else [value] for name, value in values.items()}
        for column in columns.values():
            _check_rows(column, limits)
        return rows_of_columns(model, columns)
    values = _check_rows(values, limits)
    if forms[0] == "dataframe_records" or (values and isinstance(values[0], dict)):
        return rows_of_records(model, values)
    return rows_of_lists(model, values)


def _check_rows(values: object, limits: Limits) -> list[Any]:
    if not isinstance(values, list):
        raise RequestError(f"expected a list of rows, received {type(values).__name__}")
    limits.check_rows(len(values))
    return values
