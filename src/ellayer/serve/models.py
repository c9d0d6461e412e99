"""Models of a server, each reloaded when its file changes."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._warn import collect_warnings
from .._wording import quoted_list
from ..data.examples import Examples
from ..errors import EllayerError, UsageError
from ..runs.prediction_table import prediction_table
from ..runs.saved_model import SavedModel, open_model
from ..storage.model_file import model_in
from .errors import RequestError
from .fields import Field, fields_of
from .quick_rows import QuickRows

if TYPE_CHECKING:
    import polars as pl

log: logging.Logger = logging.getLogger("ellayer.serve")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class ServedModel:
    """A loaded model with the name that requests use.

    Attributes
    ----------
    name : str
    path : Path
        A model file, or the folder of a run.
    saved : SavedModel
        The model; its ``path`` is the name, so that no message shows a path of the server.
    version : str
        The first twelve digits of the SHA-256 of the file.
    stamp : tuple of int
        Inode, size and time of change of the file when it was loaded.
    fields : list of Field
        The columns that a row needs; empty if the columns have no names.
    quick : QuickRows
    outputs : dict of str to str
        The columns of predictions, and their datatypes in the Open Inference Protocol.
    """

    name: str
    path: Path
    saved: SavedModel
    version: str
    stamp: Stamp
    fields: list[Field]
    quick: QuickRows
    outputs: dict[str, str]

    @property
    def columns(self) -> list[str]:
        """Names of the columns that a row has; those of the inputs are ``x0``, ``x1``, ... if they have none."""
        return self.saved.features or [f"x{i}" for i in range(self.saved.inputs)]


def load_served(name: str, path: Path) -> ServedModel:
    """Load a model for a server.

    Parameters
    ----------
    name : str
    path : Path
        A model file, or the folder of a run.

    Raises
    ------
    EllayerError
        If the file does not exist, or is damaged.
    """
    stamp = _stamp(path)
    saved = open_model(path, to_predict=True)
    version = hashlib.sha256(saved.path.read_bytes()).hexdigest()[:12]
    saved = replace(saved, path=Path(name))
    return ServedModel(
        name, path, saved, version, stamp, fields_of(saved), QuickRows(saved), _outputs_of(saved)
    )


def _outputs_of(saved: SavedModel) -> dict[str, str]:
    """Return the columns of the predictions and their datatypes, from those of an empty row.

    It also imports the libraries that the first request would otherwise wait for.
    """
    if saved.prepares_tables:
        examples = saved.read_values({name: [None] for name in saved.needed}, "an empty row")
    elif saved.features:
        examples = saved.read_values({name: [0.0] for name in saved.features}, "an empty row")
    else:
        examples = Examples("an empty row", np.zeros((1, saved.inputs)))
    with collect_warnings():
        table = computed_columns(saved, prediction_table(saved, examples))
    return {name: datatype_of(values) for name, values in table.to_dict(as_series=False).items()}


def computed_columns(saved: SavedModel, table: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of a table of predictions that the model computed."""
    identifiers = saved.provenance.get("identifiers", ())
    return table[[name for name in table.columns if name not in identifiers]]


def datatype_of(values: Sequence[object]) -> str:
    """Return the datatype of a column of predictions in the Open Inference Protocol.

    >>> [datatype_of(values) for values in ([True], [1, 2], [0.5, None], ["a"])]
    ['BOOL', 'INT64', 'FP64', 'BYTES']
    """
    types = set(map(type, values)) - {type(None)}
    return (
        {bool: "BOOL", int: "INT64", float: "FP64"}.get(types.pop(), "BYTES") if len(types) == 1 else "BYTES"
    )


def _stamp(path: Path) -> Stamp:
    """Return numbers that change when a file is replaced or written; zeros if it does not exist."""
    try:
        status = model_in(path).stat()
    except (OSError, EllayerError):
        return (0, 0, 0)
    return (status.st_ino, status.st_size, status.st_mtime_ns)


class ModelStore:
    """The models of a server by name.

    Parameters
    ----------
    paths : iterable of str
        Model files or folders of runs, each as ``PATH`` or ``NAME=PATH``. The name is by default that of the folder, or
        of the file without its suffix.

    Raises
    ------
    UsageError
        For no model, two models of one name, or a name that is not valid in a URL.
    EllayerError
        For a file that cannot be loaded.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._models: dict[str, ServedModel] = {}
        self._failures: dict[str, Stamp] = {}
        for text in paths:
            name, path = _name_and_path(text)
            if name in self._models:
                raise UsageError(
                    f"MODEL: expected models of different names, received {name!r} twice; name one of them, as in "
                    f"other={path}"
                )
            self._models[name] = load_served(name, path)
        if not self._models:
            raise UsageError("MODEL: expected at least one model file or folder of a run, received none")

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self._models.values())

    def get(self, name: str | None, version: str | None = None) -> ServedModel:
        """Return the model of a name; the only one for None.

        Raises
        ------
        RequestError
            404 for an unknown name or version, 400 for a missing name if there are several models.
        """
        if name is None:
            if len(self._models) > 1:
                raise RequestError(
                    f"expected the name of a model, one of {quoted_list(self._models)}, received none; request "
                    f"/models/NAME/invocations"
                )
            return next(iter(self))
        if name not in self._models:
            raise RequestError(
                f"expected one of the models {quoted_list(self._models)}, received {name!r}", 404
            )
        model = self._models[name]
        if version not in (None, model.version):
            raise RequestError(
                f"model {name!r}: expected the version {model.version}, received {version!r}", 404
            )
        return model

    def reload(self) -> list[str]:
        """Load the models whose files have changed, and return their names.

        If a file cannot be loaded, this is logged once, and the previous model stays.
        """
        names = []
        for model in list(self):
            stamp = _stamp(model.path)
            if stamp in (model.stamp, self._failures.get(model.name)):
                continue
            try:
                self._models[model.name] = load_served(model.name, model.path)
                names.append(model.name)
                log.warning("model %s: reloaded, because its file has changed", model.name)
            except Exception as error:  # of a file that anyone may have written
                self._failures[model.name] = stamp
                log.error(
                    "model %s: its file has changed and cannot be loaded, the previous model stays: %s",
                    model.name,
                    error,
                )
        return names


def _name_and_path(text: str) -> tuple[str, Path]:
    """Return the name and the path of ``PATH`` or ``NAME=PATH``.

    >>> _name_and_path("runs/titanic-1"), _name_and_path("a=model.ellayer")
    (('titanic-1', PosixPath('runs/titanic-1')), ('a', PosixPath('model.ellayer')))
    """
    name, equals, rest = text.partition("=")
    if equals and _NAME.fullmatch(name) and not Path(text).exists():
        return name, Path(rest)
    path = Path(text)
    name = path.resolve().name if path.is_dir() else path.stem
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"MODEL: expected a name of letters, digits, '.', '_' and '-', received {name!r}; give it a name, as "
            f"in model={text}"
        )
    return name, path
