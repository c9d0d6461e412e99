"""Models of tables, such as those of ``ellayer train FILE``: with the rows of their table, to train further."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .._warn import collect_warnings
from ..core.inference import class_index
from ..engine.model import ModelParts, unpack_model
from ..errors import EllayerError
from ..runs.training_rows import read_training_rows
from ..tables.columns import Column, ReadColumns, take_rows
from . import limits
from .input_names import row_names
from .model_cards import model_card, why_not
from .opening import Opening, ReadOnlyModel, StartModel, TableModel, network_state
from .tables import ModelRows, Rows

if TYPE_CHECKING:
    from ..runs import SavedModel

SOURCE = "upload:model"
LEARNING_RATE, BATCH_SIZE, TEST_FRACTION = 0.001, 256, 0.2


@dataclass(frozen=True)
class ModelTable:
    """The rows of a table, encoded by a model: a source of examples.

    Attributes
    ----------
    name, about : str
    X, Y : array, shape (n_x, m) and (n_L, m)
        Training rows first.
    classes : tuple of str
        Empty for numbers.
    model : ModelRows
    image_shape : tuple of int or None
    code : list of str
        Lines of Python that define X and Y.
    notes : tuple of str
    test_fraction : float
        To hold out where the test rows of the model are not known.
    """

    name: str
    about: str
    X: np.ndarray
    Y: np.ndarray
    classes: tuple[str, ...]
    model: ModelRows
    image_shape: tuple[int, ...] | None
    code: list[str]
    notes: tuple[str, ...]
    test_fraction: float

    def rows(self, target: str) -> Rows:
        """Return the examples."""
        y, line = (class_index(self.Y), "y = Y.argmax(axis=0)") if self.classes else (self.Y[0], "y = Y[0]")
        names = tuple(map(str, self.model.encoders.get_feature_names_out()))
        return Rows(
            self.name, self.about, y, self.classes, self.X, None, row_names(names, len(self.X)), self.image_shape,
            [*self.code, line], self.notes, self.model,
        )  # fmt: skip


@dataclass(frozen=True)
class TableFile:
    """A table in a file, with the names that the page and the Python text have for it and for the model.

    Attributes
    ----------
    path : Path
    name, written : str
    model_written : str
    is_upload : bool
    """

    path: Path
    name: str
    written: str
    model_written: str
    is_upload: bool


def open_with_table(saved: SavedModel, file: TableFile) -> Opening:
    """Return the opening of a model with the table that it was trained on, or with another one that has its columns.

    Raises
    ------
    EllayerError
        If the table cannot be read, or lacks columns.
    """
    try:
        training = read_training_rows(saved, str(file.path), with_test_file=not file.is_upload)
        X, Y = training.arrays()
        columns = training.columns
    except EllayerError as error:
        text = str(error).replace(str(file.path), file.name).replace(str(saved.path), "the model")
        raise EllayerError(text) from None
    first = training.train
    test = np.arange(first.m, X.shape[1]) if training.is_known else None
    notes = [*first.notes]
    if test is not None and len(test):
        notes.append("the test rows are those that the run held out")
    if not training.is_known:
        notes.append(
            "the split of the training is not known: the model may have learned from rows that are test rows here"
        )
    code = [
        "from pathlib import Path", "import ellayer.runs",
        f"saved = ellayer.runs.open_model(Path({file.model_written!r}))",
        f"rows = ellayer.runs.read_training_rows(saved, {file.written!r})",
        "X, Y = rows.arrays()",
    ]  # fmt: skip
    about = f"{X.shape[1]:,} rows of {file.name}"
    model = ModelRows(saved.model.preparation_, columns, saved.model.network_, test)
    classes = tuple(map(str, saved.classes))
    table = ModelTable(
        file.name, about, X, Y, classes, model, first.image_shape, code, tuple(notes), TEST_FRACTION
    )
    return _open(
        saved.model,
        table,
        "saved.model.model_parts().member_parameters",
        file.model_written,
        saved.provenance,
    )


def open_with_rows(model: TableModel, X: object, y: ArrayLike) -> Opening:
    """Return the opening of a fitted table estimator with rows in memory, as of ``ellayer.play(model, X, y)``."""
    parts = unpack_model(model)
    if parts.network is None:
        card = model_card("model", parts, model.preparation_)
        return Opening(read_only=ReadOnlyModel(card, why_not(parts, is_table=True)))
    labels = np.asarray(y)
    with collect_warnings():
        columns, inputs = model.preparation_.match(X), parts.prepare(X)
    if len(labels) != inputs.shape[1]:
        raise EllayerError(
            f"X, y: expected as many rows as targets, received {inputs.shape[1]} and {len(labels)}; pass the target of each row"
        )
    code = ["# model, X, y: those passed to ellayer.play", "parts = model.model_parts()"]
    code.append("X, Y = parts.prepare(X), parts.encode(np.asarray(y), len(y))")
    rows = ModelRows(model.preparation_, columns, parts.network, None)
    classes = () if parts.classes is None else tuple(map(str, parts.classes))
    about = f"{len(labels):,} rows passed to ellayer.play"
    table = ModelTable(
        "rows", about, inputs, parts.encode(labels, len(labels)), classes, rows, None, code, (), 0.0
    )
    return _open(model, table, "model.model_parts().member_parameters", "model", None)


def open_alone(saved: SavedModel, name: str) -> Opening:
    """Return the opening of a model of a table without its rows: to look at, until the table is training."""
    parts = unpack_model(saved.model)
    card = model_card(name, parts, saved.model.preparation_)
    why = why_not(parts, is_table=True)
    if parts.network is None:
        return Opening(read_only=ReadOnlyModel(card, why))
    names = tuple(map(str, saved.model.preparation_.get_feature_names_out()))
    missing = None if why else saved
    table = Path(str(saved.provenance.get("source") or "the table")).name
    why = why or f"It needs its table to go on; drop {table}, or another one with its columns, here."
    inputs = row_names(names, parts.network.layer_dims[0])
    first = {name: theta.astype(np.float64) for name, theta in parts.member_parameters[0].items()}
    return Opening(read_only=ReadOnlyModel(card, why, parts.network, first, inputs, missing))


def _open(
    model: TableModel, table: ModelTable, expression: str, name: str, provenance: dict[str, object] | None
) -> Opening:
    parts = unpack_model(model)
    card = model_card(name, parts, model.preparation_)
    if why := why_not(parts, is_table=True) or _too_large(table.X):
        first = {key: theta.astype(np.float64) for key, theta in [*parts.member_parameters, {}][0].items()}
        names = table.rows("").features
        return Opening(read_only=ReadOnlyModel(card, why, parts.network, first, names))
    network = parts.network
    assert network is not None
    part = network_state(network)
    members = [
        {key: theta.astype(np.float64) for key, theta in one.items()} for one in parts.member_parameters
    ]
    start = StartModel(
        members=members,
        network=part,
        loss=network.loss,
        expression=expression,
        is_indexed=True,
        card=card,
        model=model,
        provenance=provenance,
        predict=_predictor(model, parts, table),
    )
    state = {
        "data": {"source": SOURCE, "target": "", "test_fraction": table.test_fraction, "scale": False},
        "network": {**part, "member": 0},
        "training": {
            "loss": network.loss, "optimizer": "adam", "learning_rate": LEARNING_RATE,
            "batch_size": min(BATCH_SIZE, table.X.shape[1]),
        },
    }  # fmt: skip
    return Opening(state, start, tables={SOURCE: table})


def _too_large(X: np.ndarray) -> str:
    if X.shape[1] > limits.ROWS or X.size > limits.NUMBERS:
        return f"Its table is larger than the page trains on: at most {limits.ROWS:,} rows and {limits.NUMBERS:,} numbers."
    return ""


def _predictor(model: TableModel, parts: ModelParts, table: ModelTable) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function of the numbers of rows: the classes, or the scaled numbers, that all members together predict."""
    columns: list[Column] = table.model.columns

    def predict(rows: np.ndarray) -> np.ndarray:
        with collect_warnings():
            prediction = model.predict(ReadColumns(take_rows(columns, rows)))
        encoded = parts.encode(prediction, len(rows))
        return np.asarray(class_index(encoded)) if table.classes else np.asarray(encoded[0])

    return predict
