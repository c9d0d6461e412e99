"""Rows of a request, read like the training file, and their predictions."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from .._json import finite
from .._warn import collect_warnings
from .._wording import pluralize
from ..data.examples import Examples
from ..data.file_kinds import kind_of
from ..data.text.decode import GZIP
from ..errors import EllayerError
from ..inspection.any_model import predict_any
from ..runs.prediction_table import prediction_table
from .errors import RequestError
from .models import ServedModel, computed_columns

Rows: TypeAlias = (
    "Mapping[str, Sequence[object]] | np.ndarray | Examples"  # values by column, numbers, or a file
)
Table: TypeAlias = "dict[str, list[Any]]"  # predictions by column
WHERE = "the request"
MOST_OTHERS = 1_000  # columns of a request that the model does not have
MOST_CELLS = 10_000_000  # of records that lack names of others
EXACT = 17  # significant digits of a float64 without loss


@dataclass(frozen=True)
class Options:
    """Options of a request: what the response contains besides the predictions.

    Attributes
    ----------
    interval : float, optional
        Coverage of prediction intervals.
    explain : bool
        Whether to add the columns that contribute most.
    """

    interval: float | None = None
    explain: bool = False

    @classmethod
    def of(cls, parameters: object) -> Options:
        """Return the options from the ``parameters`` of a request; unknown ones are ignored.

        Raises
        ------
        RequestError
            For a value of another type.
        """
        if not isinstance(parameters, Mapping):
            raise RequestError(f"parameters: expected an object, received {type(parameters).__name__}")
        interval, explain = parameters.get("interval"), parameters.get("explain", False)
        if interval is not None and (isinstance(interval, bool) or not isinstance(interval, (int, float))):
            raise RequestError(
                f"interval: expected a number between 0 and 1 such as 0.9, received {interval!r}"
            )
        if not isinstance(explain, bool):
            raise RequestError(f"explain: expected true or false, received {explain!r}")
        return cls(interval, explain)


def rows_of_columns(model: ServedModel, columns: Mapping[str, Sequence[object]]) -> Rows:
    """Return rows from values by column, in the types of the training file.

    Raises
    ------
    EllayerError
        For columns that are missing, and for values that contradict the training file.
    """
    _check_width(model, len(columns))
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise RequestError(f"expected columns of one length, received {sorted(lengths)[:5]} values")
    if not lengths or lengths == {0}:
        raise RequestError("expected at least one row, received none")
    return columns


def _check_width(model: ServedModel, count: int) -> None:
    """Refuse a number of columns that takes long to read."""
    if count > len(model.columns) + MOST_OTHERS:
        raise RequestError(
            f"expected at most {MOST_OTHERS:,} columns besides those of the model, received {count:,} columns; leave them out"
        )


def rows_of_records(model: ServedModel, records: Sequence[object]) -> Rows:
    """Return rows from records; a record without a name has a missing value there."""
    strange = next((record for record in records if not isinstance(record, Mapping)), None)
    if strange is not None:
        raise RequestError(f'expected records such as {{"a": 1}}, received a {type(strange).__name__}')
    if not records:
        raise RequestError("expected at least one row, received none")
    rows = [record for record in records if isinstance(record, Mapping)]
    names = dict.fromkeys(name for record in rows for name in record)
    if len(names) * len(rows) > max(MOST_CELLS, sum(map(len, rows))):
        raise RequestError(
            f"expected records of the same names, received {len(names):,} names in {len(rows):,} records; send fewer at "
            "once"
        )
    return rows_of_columns(model, {name: [record.get(name) for record in rows] for name in names})


def rows_of_lists(model: ServedModel, values: object, names: Sequence[object] | None = None) -> Rows:
    """Return rows from a list of rows, with the values in the order of the names, or of the training file.

    Raises
    ------
    RequestError
        For rows of different lengths, or of another number of columns.
    """
    columns = model.columns if names is None else names
    if not isinstance(values, Sequence) or not values:
        raise RequestError("expected a list of rows, received none")
    if not all(isinstance(row, Sequence) and not isinstance(row, str) for row in values):
        raise RequestError("expected every row to be a list of values, received other rows")
    lengths = {len(row) for row in values}
    if lengths != {len(columns)}:
        raise RequestError(
            f"expected {pluralize(len(columns), 'value')} in every row, received {sorted(lengths)[:5]}"
        )
    if names is None and not model.saved.features:
        return rows_of_array(model, as_numbers(values))
    if not all(isinstance(name, str) for name in columns) or len(set(columns)) < len(columns):
        raise RequestError("columns: expected distinct names, received duplicates or other types")
    return rows_of_columns(model, dict(zip(map(str, columns), zip(*values, strict=True), strict=True)))


def rows_of_array(model: ServedModel, X: np.ndarray) -> Rows:
    """Return rows from an array of numbers (m, n_x), with the columns in the order of the training file.

    Raises
    ------
    RequestError
        For another number of columns.
    """
    if not len(X):
        raise RequestError("expected at least one row, received none")
    X = X.reshape(len(X), -1)
    if X.shape[1] != len(model.columns):
        raise RequestError(
            f"expected {pluralize(len(model.columns), 'value')} in every row, received {X.shape[1]}"
        )
    if model.saved.features:
        columns = {name: values.tolist() for name, values in zip(model.columns, X.T, strict=True)}
        return rows_of_columns(model, columns)
    return X.astype(np.float64)


def rows_of_csv(model: ServedModel, text: bytes) -> Rows:
    """Return the rows of a CSV table, read as ``ellayer predict`` reads a file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "rows.csv")
        file.write_bytes(text)
        try:
            if (kind := kind_of(file)).name != "text" or text.startswith(GZIP):
                received = "a gzip archive" if kind.name == "text" else kind.description
                raise RequestError(f"expected a table in CSV, received {received}; send text")
            head = text.lstrip().partition(b"\n")[0]
            _check_width(model, 1 + max(map(head.count, (b",", b";", b"\t"))))
            return model.saved.read(str(file))
        except EllayerError as error:  # no message shows a path of the server
            raise RequestError(str(error).replace(str(file), WHERE)) from None


def as_numbers(values: Sequence[object] | np.ndarray) -> np.ndarray:
    """Return the numbers of rows, nan where missing."""
    try:
        X = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise RequestError("expected numbers, received other values") from None
    return X


def count_rows(rows: Rows) -> int:
    """Return the number of rows."""
    if isinstance(rows, Examples):
        return rows.m
    return len(rows) if isinstance(rows, np.ndarray) else len(next(iter(rows.values())))


def predictions_for(model: ServedModel, rows: Rows, options: Options) -> tuple[Table, list[str]]:
    """Return the predictions by column, with all digits, and notes.

    The columns are those of ``ellayer predict --digits 17``, except the ones that it copies from the file.
    """
    if (
        isinstance(rows, Mapping)
        and options == Options()
        and (quick := _quick_predictions(model, rows)) is not None
    ):
        return quick, []
    saved = model.saved
    if isinstance(rows, np.ndarray):
        rows = Examples(WHERE, rows)
    examples = rows if isinstance(rows, Examples) else saved.read_values(rows, WHERE)
    with collect_warnings() as messages:
        table = prediction_table(
            saved, examples, digits=EXACT, interval=options.interval, explained=options.explain
        )
    columns = computed_columns(saved, table).to_dict(as_series=False)
    return columns, [*examples.notes, *dict.fromkeys(messages)]


def _quick_predictions(model: ServedModel, rows: Mapping[str, Sequence[object]]) -> Table | None:
    """Return the predictions of rows of plain values; None if they have to be read as a table."""
    columns = model.quick.read(rows)
    if columns is None:
        return None
    with collect_warnings() as messages:
        prediction = predict_any(model.saved.model, columns)
    if messages or prediction.values.ndim > 1:
        return None
    table = {"prediction": prediction.values.tolist()}
    if prediction.P is not None and prediction.P.shape[1] == len(model.saved.classes):
        probabilities = zip(model.saved.classes, prediction.P.T, strict=True)
        table |= {f"p({label})": values.tolist() for label, values in probabilities}
    return table


def records_of(table: Table) -> list[dict[str, Any]]:
    """Return the rows of a table as records for JSON, with null for numbers that are not finite."""
    columns = [[finite(value) for value in values] for values in table.values()]
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]
