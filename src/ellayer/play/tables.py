"""Tables and arrays that a session may train on besides the named sets: uploaded, or named when the program started."""

from __future__ import annotations

import secrets
import tempfile
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..core.network import Network
from ..data import read_examples
from ..data.examples import Examples
from ..data.file_kinds import FILE_KINDS
from ..data.files import table_suffix
from ..errors import EllayerError
from ..tables.columns import Column
from ..tables.fitted_encoders import FittedEncoders
from ..tables.survey_target import infer_task
from . import limits
from .errors import StateError, page_closed
from .messages import JsonObject

if TYPE_CHECKING:
    import polars as pl

KINDS = ("text", "excel", "json", "parquet", "feather")  # of uploads: tables that are read as data alone
_SUFFIXES_OF = {kind.name: kind.suffixes for kind in FILE_KINDS}
SUFFIXES = tuple(suffix for name in KINDS for suffix in _SUFFIXES_OF[name])
MODEL_SUFFIX = ".ellayer"
MOST_CLASSES = 100
LEVELS = 12  # of a column of texts that are listed


@dataclass(frozen=True)
class ModelRows:
    """The rows of a table in the form of a model that was trained on such rows.

    Attributes
    ----------
    encoders : FittedEncoders
        Those of the model.
    columns : list of Column
        In the order of the encoders.
    network : Network
        Its embeddings and its kind of hidden units are those of every network that learns these rows.
    test : array of int or None
        The rows that the model was not trained on; None if they are not known.
    """

    encoders: FittedEncoders
    columns: list[Column]
    network: Network
    test: np.ndarray | None


@dataclass(frozen=True)
class Rows:
    """Examples before they are split, with the lines of Python that read them.

    Attributes
    ----------
    name, about : str
    y : array, shape (m,)
        Class indices, or numbers.
    classes : tuple of str
        Empty for numbers.
    X : array (n_x, m) or None
        The columns, if they need no preparation.
    table : Examples or None
        The rows of a table, to be prepared.
    features : tuple of str
        Of X.
    image_shape : tuple of int or None
    code : list of str
        Lines that define ``table``, or X and Y.
    notes : tuple of str
    model : ModelRows or None
        For rows that a model has encoded as X.
    """

    name: str
    about: str
    y: np.ndarray
    classes: tuple[str, ...]
    X: np.ndarray | None
    table: Examples | None
    features: tuple[str, ...]
    image_shape: tuple[int, ...] | None
    code: list[str]
    notes: tuple[str, ...] = ()
    model: ModelRows | None = None


class Source(Protocol):
    """Examples that are not a named set."""

    @property
    def name(self) -> str:
        """The name that it is shown by."""

    def rows(self, target: str) -> Rows:
        """Return the examples, with a column of a table as the target."""


@lru_cache(maxsize=8)
def _read(path: Path, target: str | None) -> Examples:
    """Return the examples of a file, which is read once for most targets."""
    known = None if target is None else _read(path, None).with_target(target)
    return known or read_examples(path, target=target)


@dataclass(frozen=True)
class GivenFile:
    """A table in a file.

    Attributes
    ----------
    path : Path
        Where it is now.
    name : str
        The name that it is shown by.
    written : str
        The path in Python text.
    """

    path: Path
    name: str
    written: str

    def _examples(self, target: str | None) -> Examples:
        try:
            return _read(self.path, target)
        except EllayerError as error:  # no message shows a path of this machine
            raise EllayerError(str(error).replace(str(self.path), self.name)) from None

    def describe(self) -> JsonObject:
        """Return the columns of the table, for choosing the target."""
        examples = self._examples(None)
        if isinstance(examples.X, np.ndarray):
            raise EllayerError(f"{self.name}: expected a table, received arrays or images; try a CSV file")
        names, notes = examples.X.columns, list(examples.notes)
        if len(names) > limits.COLUMNS_SHOWN:
            notes.append(
                f"{limits.COLUMNS_SHOWN:,} of the {len(names):,} columns are listed: the first and the last"
            )
            names = [*names[: limits.COLUMNS_SHOWN - 1], names[-1]]
        return {
            "name": self.name,
            "columns": [_describe_column(examples.X[name]) for name in names],
            "rows": examples.m,
            "suggested_target": names[-1],
            "notes": notes,
        }

    def column_names(self) -> set[str]:
        """Return the names of all columns of the table."""
        examples = self._examples(None)
        return set() if isinstance(examples.X, np.ndarray) else set(examples.X.columns)

    def rows(self, target: str) -> Rows:
        """Return the rows with their target.

        Raises
        ------
        StateError
        """
        try:
            examples = self._examples(target or None)
        except EllayerError as error:
            raise StateError("data.target", f"target: {error}") from None
        if examples.y is None:
            raise StateError(
                "data.target", "target: expected the column to predict, received none; choose one"
            )
        if examples.m > limits.ROWS:
            raise StateError("data.source", f"expected at most {limits.ROWS:,} rows, received {examples.m:,}")
        option = f", target={target!r}" if target else ""
        code = [f"table = ellayer.data.read_examples({self.written!r}{option})"]
        y, classes, more = _targets(examples.y)
        columns = examples.X if isinstance(examples.X, np.ndarray) else None
        features = () if columns is None else tuple(f"x{i + 1}" for i in range(columns.shape[1]))
        X = None if columns is None else columns.astype(np.float64).T
        more = more if columns is None else ["X = table.X.astype(float).T", *more]
        return Rows(
            self.name, f"{examples.m:,} rows of {self.name}", y, classes, X, None if columns is not None else examples,
            features, examples.image_shape, [*code, *more], examples.notes,
        )  # fmt: skip


def _describe_column(values: pl.Series) -> JsonObject:
    if values.dtype.is_numeric():
        return {"name": values.name, "kind": "numbers"}
    levels = values.drop_nulls().unique().sort().head(LEVELS).to_list()
    return {"name": values.name, "kind": "texts", "levels": [str(level) for level in levels]}


def _targets(y: np.ndarray) -> tuple[np.ndarray, tuple[str, ...], list[str]]:
    """Return class indices or numbers, the classes, and the lines of Python that compute them."""
    if infer_task(y)[0] == "numbers":
        return y.astype(np.float64), (), ["y = table.y.astype(float)"]
    classes, indices = np.unique(y, return_inverse=True)
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise StateError(
            "data.target",
            f"target: expected 2 to {MOST_CLASSES} classes, received {len(classes)}; choose another column",
        )
    return indices, tuple(map(str, classes)), ["classes, y = np.unique(table.y, return_inverse=True)"]


@dataclass(frozen=True)
class GivenArrays:
    """Arrays passed to ``ellayer.play``.

    Attributes
    ----------
    X : array, shape (n_x, m)
    Y : array, shape (n_y, m)
        0 and 1, one-hot columns, or numbers.
    numbers : bool
        Whether the targets are numbers.
    """

    X: np.ndarray
    Y: np.ndarray
    numbers: bool
    name: str = "arrays"

    def rows(self, target: str) -> Rows:
        """Return the columns of the arrays."""
        classes: tuple[str, ...] = ()
        if self.numbers:
            y, line = self.Y[0], "y = np.asarray(Y, float)[0]"
        elif len(self.Y) == 1:
            y, classes, line = self.Y[0].astype(int), ("0", "1"), "y = np.asarray(Y)[0].astype(int)"
        else:
            y, line = self.Y.argmax(axis=0), "y = np.asarray(Y).argmax(axis=0)"
            classes = tuple(map(str, range(len(self.Y))))
        code = ["# X, Y: the arrays passed to ellayer.play", "X = np.asarray(X, float)", line]
        features = tuple(f"x{i + 1}" for i in range(len(self.X)))
        about = f"{self.X.shape[1]:,} examples passed to ellayer.play"
        return Rows(self.name, about, y, classes, self.X, None, features, None, code)


def has_table_suffix(name: str) -> bool:
    """Return whether a name is that of a table."""
    return table_suffix(name) in SUFFIXES


def _suffix_of(name: str) -> str:
    """Return the kind of an uploaded table by its name; a name without a suffix is that of a text.

    Raises
    ------
    EllayerError
        For the name of another kind.
    """
    suffix = table_suffix(name) or ".csv"
    if suffix not in SUFFIXES:
        raise EllayerError(
            f"{name[:100]}: expected a table ({', '.join(SUFFIXES)}) or a model ({MODEL_SUFFIX}), received a file with another "
            "suffix"
        )
    return suffix


class SessionTables:
    """The tables of a session by their ids; those that were uploaded are in a folder that is deleted with it.

    Tables may be added in any thread.

    Parameters
    ----------
    entries : mapping
        Tables from the start.
    """

    def __init__(self, entries: Mapping[str, Source] | None = None) -> None:
        self.entries: dict[str, Source] = dict(entries or {})
        self._uploads: dict[str, GivenFile] = {}
        self._columns: dict[str, set[str]] = {}  # of each upload
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._closed = False
        self._lock = threading.Lock()

    def get(self, source: str) -> Source:
        """Return the table of a source such as "upload:1".

        Raises
        ------
        StateError
        """
        entry = self.entries.get(source) or self._uploads.get(source)
        if entry is None:
            raise StateError("data.source", "source: expected a table of this session; upload the file again")
        return entry

    def latest_with(self, columns: Collection[str | None]) -> str | None:
        """Return the source of the last table that has some columns, first among those that were uploaded."""
        with self._lock:
            uploaded = dict(self._columns)
        files = {name: one for name, one in self.entries.items() if isinstance(one, GivenFile)}
        known = {name: file.column_names() for name, file in files.items()} | uploaded
        return next((source for source in reversed(known) if known[source] >= set(columns)), None)

    def add(self, name: str, body: bytes) -> JsonObject:
        """Keep an uploaded table; return its description, with its source.

        Raises
        ------
        EllayerError
            For content that is not a table; nothing is kept.
        """
        path = self._write(_suffix_of(name), body)
        file = GivenFile(path, name[:200] or "table", name[:200] or "table.csv")
        try:
            description, columns = file.describe(), file.column_names()
            return description | {"source": self._register(file, columns)}
        except EllayerError:
            path.unlink(missing_ok=True)
            raise

    def _write(self, suffix: str, body: bytes) -> Path:
        """Return a new file of the folder; the lock is not held while it is written and read."""
        with self._lock:
            self._check_open()
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="ellayer-play-", ignore_cleanup_errors=True)
            path = Path(self._folder.name, f"table-{secrets.token_hex(4)}{suffix}")
        try:
            path.write_bytes(body)
        except FileNotFoundError:  # the folder went with the page
            raise page_closed() from None
        return path

    def _register(self, file: GivenFile, columns: set[str]) -> str:
        source = f"upload:{file.path.name.removeprefix('table-').partition('.')[0]}"
        with self._lock:
            self._check_open()
            self._uploads[source], self._columns[source] = file, columns
            for old in [*self._uploads][: -limits.UPLOADS]:
                del self._columns[old]
                self._uploads.pop(old).path.unlink()
        return source

    def _check_open(self) -> None:
        if self._closed:
            raise page_closed()

    def close(self) -> None:
        """Delete what was uploaded."""
        with self._lock:
            self._closed = True
            if self._folder is not None:
                self._folder.cleanup()
