"""A table of predictions for a file, and writing it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ..errors import UsageError
from ..storage.file_format import replacing
from .prediction_columns import contribution_columns, interval_columns

if TYPE_CHECKING:
    import polars as pl

    from ..data import Examples
    from .saved_model import SavedModel

DIGITS = 6  # the precision of float32
_FORMULA = r"^([=+\-@\t\r])"  # the beginnings that OWASP names


def prediction_table(
    saved: SavedModel,
    examples: Examples,
    *,
    keep: Sequence[str] = (),
    keep_all: bool = False,
    digits: int = DIGITS,
    interval: float | None = None,
    explained: bool = False,
) -> pl.DataFrame:
    """Return a row for each example: columns copied from the file, the prediction, and the probabilities.

    The identifier columns of the training file, or the file names of images, are copied.

    Parameters
    ----------
    saved : SavedModel
    examples : Examples
    keep : sequence of str
        Further columns to copy.
    keep_all : bool
        Whether to copy all columns.
    digits : int
        Significant digits of numbers and probabilities.
    interval : float, optional
        Coverage of prediction intervals.
    explained : bool
        Whether to add the columns that contribute most to each prediction.

    Raises
    ------
    UsageError
        If a column to copy does not exist, or has the name of a column of predictions.
    """
    import polars as pl

    predictions = saved.predict(examples)
    outputs = np.atleast_2d(predictions.prediction.T)
    names = (
        ["prediction"]
        if predictions.prediction.ndim == 1
        else [f"prediction {k}" for k in range(len(outputs))]
    )
    columns = {name: _round(column, digits) for name, column in zip(names, outputs, strict=True)}
    if predictions.P is not None and predictions.P.shape[1] == len(saved.classes):
        columns |= {
            f"p({label})": _round(predictions.P[:, k], digits) for k, label in enumerate(saved.classes)
        }
    further: dict[str, np.ndarray | list[Any]] = {}
    if interval is not None:
        further |= interval_columns(saved, examples, interval)
    if explained:
        further |= contribution_columns(saved, examples)
    columns |= {name: _round(np.asarray(values), digits) for name, values in further.items()}
    file_columns = _copy_columns(saved, examples, keep, keep_all)
    if both := [name for name in columns if name in file_columns]:
        raise UsageError(f"--keep: {both[0]!r} is also a column of the predictions; rename it in the file")
    return pl.DataFrame({**file_columns, **columns}, strict=False)


def _round(values: np.ndarray, digits: int) -> list[Any]:
    """Return numbers rounded to significant digits, with all integer digits; labels unchanged."""
    if values.dtype.kind != "f":
        return values.tolist()
    return [
        round(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))))
        if value and math.isfinite(value)
        else value
        for value in values.tolist()
    ]


def _copy_columns(
    saved: SavedModel, examples: Examples, keep: Sequence[str], keep_all: bool
) -> dict[str, Any]:
    """Return the file names of images, or the columns of a table to copy."""
    if examples.ids is not None:
        return {"file": [str(name) for name in examples.ids]}
    frame: Any = examples.X
    columns: dict[str, Any] = {name: examples.as_written(name) for name in getattr(frame, "columns", [])}
    if columns and examples.y is not None:
        target = str(examples.target)
        columns[target] = examples.y if examples.raw is None else examples.raw[target]
    for name in keep:
        if name not in columns:
            raise UsageError(
                f"--keep: expected a column of the file, received {name!r}; its columns are {', '.join([*columns][:20])}"
            )
    identifiers = [name for name in saved.provenance.get("identifiers", ()) if name in columns]
    return columns if keep_all else {name: columns[name] for name in dict.fromkeys([*identifiers, *keep])}


def find_writer(path: Path) -> Callable[[pl.DataFrame, BinaryIO], object]:
    """Return the function that writes a table into a file, chosen by the suffix of its name.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UsageError
        If the format is not supported, or its library is not installed.
    """
    writers: dict[str, Callable[[pl.DataFrame, BinaryIO], object]] = {
        **dict.fromkeys(("", ".csv", ".txt"), lambda table, file: table.write_csv(file)),
        ".tsv": lambda table, file: table.write_csv(file, separator="\t"),
        **dict.fromkeys((".parquet", ".pq"), lambda table, file: table.write_parquet(file)),
        **dict.fromkeys((".jsonl", ".ndjson"), lambda table, file: table.write_ndjson(file)),
        ".xlsx": _write_excel,
    }
    suffix = path.suffix.lower()
    if suffix not in writers:
        raise UsageError(
            f"--out: expected a name with the suffix {', '.join(filter(None, writers))}, received {str(path)!r}"
        )
    if suffix == ".xlsx" and find_spec("xlsxwriter") is None:
        raise UsageError(
            f"--out: expected the library xlsxwriter to write {str(path)!r}, but it is not installed; try pip "
            "install xlsxwriter, or the suffix .csv"
        )
    return writers[suffix]


def escape_formulas(table: pl.DataFrame) -> pl.DataFrame:
    """Return the table with an apostrophe before texts and names that a spreadsheet treats as formulas.

    Examples
    --------
    >>> import polars as pl
    >>> escape_formulas(pl.DataFrame({"label": ["=1+1", "a"], "x": [-1, 2]})).rows()
    [("'=1+1", -1), ('a', 2)]
    """
    import polars as pl

    texts = pl.col(pl.String, pl.Categorical, pl.Enum).cast(pl.String).str.replace(_FORMULA, "'${1}")
    names = pl.Series(table.columns).str.replace(_FORMULA, "'${1}")
    return table.with_columns(texts).rename(dict(zip(table.columns, names, strict=True)))


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write a table atomically to a file in the format of its suffix.

    Parameters
    ----------
    table : polars.DataFrame
    path : Path
    """
    with replacing(path) as partial, open(partial, "wb") as file:  # polars takes no name that is not UTF-8
        find_writer(path)(table, file)


def _write_excel(table: pl.DataFrame, file: BinaryIO) -> None:
    """Write a workbook in which texts stay texts, even if they look like formulas."""
    from xlsxwriter import Workbook

    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with Workbook(file, options) as workbook:
        table.write_excel(workbook, float_precision=DIGITS)
