"""The examples of a state: read, split, prepared, and the lines of Python that do the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.losses import LOSSES
from ..core.network import Network
from ..data.dataset import Dataset
from ..data.named import load_named
from ..data.planar import PLANE, draw
from ..engine.model import TargetScale
from ..errors import EllayerError
from ..tables.columns import Column, take_rows
from ..tables.fitted_encoders import FittedEncoders
from . import limits
from .encoded_table import EncodedTable, encode_table
from .errors import StateError
from .messages import DataState, State
from .planes import NumberPlane, Plane, TablePlane, choose_axes, table_axes
from .tables import Rows, SessionTables


@dataclass(frozen=True)
class Problem:
    """Examples ready for training.

    Attributes
    ----------
    rows : Rows
        Their origin.
    X, X_test : array, shape (n_x, m)
        Prepared; X_test may have no columns.
    y, y_test : array, shape (m,)
        Class indices or numbers.
    train, test : array of int
        The number of each example: of the source's own ones from 0, then of the points added by hand.
    features : tuple of str
        Those that can be drawn: rows of X, or columns of a table.
    inputs : tuple of str
        Names of the rows of X.
    center, spread : array, shape (n_x, 1)
        X = (x - center) / spread, for x in the units of the source.
    scale : TargetScale
        From an output to a number in the unit of the source.
    encoders : FittedEncoders or None
        Of a table.
    plane : Plane or None
        The picture of two features; None for pictures and for a single feature.
    code : list of str
        Lines that define X, y, X_test and y_test.
    notes : tuple of str
    """

    rows: Rows
    X: np.ndarray
    X_test: np.ndarray
    y: np.ndarray
    y_test: np.ndarray
    train: np.ndarray
    test: np.ndarray
    features: tuple[str, ...]
    inputs: tuple[str, ...]
    center: np.ndarray
    spread: np.ndarray
    scale: TargetScale
    encoders: FittedEncoders | None
    plane: Plane | None
    code: list[str]
    notes: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty for numbers."""
        return self.rows.classes

    @property
    def task(self) -> str:
        """Kind of the target: "classes", "numbers", or "pictures" for classes of pictures."""
        if not self.classes:
            return "numbers"
        return "pictures" if self.rows.image_shape else "classes"

    @property
    def has_test_set(self) -> bool:
        """Whether examples are held out."""
        return self.X_test.shape[1] > 0

    def in_units(self, numbers: np.ndarray) -> np.ndarray:
        """Return training examples by their numbers in the units of the source, (n, m): those of a model before its encoders."""
        if self.rows.model is not None:
            return np.stack([column.values[numbers].astype(float) for column in self.rows.model.columns])
        places = np.searchsorted(self.train, numbers)
        return np.asarray(self.X[:, places] * self.spread + self.center)

    def prepare(self, X: np.ndarray) -> np.ndarray:
        """Return columns in the units of the source (n, m) as inputs of the network."""
        if self.rows.model is None:
            return np.asarray((X - self.center) / self.spread)
        encoders = self.rows.model.encoders
        table = [Column(one.name, x) for one, x in zip(encoders.columns_, X, strict=True)]
        return encoders.transform_columns(table, warn=False, warn_of_levels=False).T

    def column(self, number: int) -> tuple[np.ndarray, np.ndarray, int]:
        """Return X, y and the column of an example by its number: of the training or of the test set."""
        for X, y, numbers in ((self.X, self.y, self.train), (self.X_test, self.y_test, self.test)):
            places = np.flatnonzero(numbers == number)
            if len(places):
                return X, y, int(places[0])
        counts = f"{len(self.train)} training" + (f" and {len(self.test)} test" if len(self.test) else "")
        raise StateError(
            "", f"example: expected the number of one of the {counts} examples, received {number}"
        )

    def one_hot(self, y: np.ndarray, network: Network) -> np.ndarray:
        """Return targets for a network, (n_L, m)."""
        if not self.classes or (len(self.classes) == 2 and network.layer_dims[-1] == 1):
            return y[None, :].astype(float)
        return np.eye(len(self.classes))[y].T

    def one_hot_code(self, network: Network) -> list[str]:
        """Return the lines of Python for ``one_hot``."""
        lines = []
        for Y, y in (("Y", "y"), *((("Y_test", "y_test"),) if self.has_test_set else ())):
            if not self.classes or (len(self.classes) == 2 and network.layer_dims[-1] == 1):
                lines.append(f"{Y} = {y}[None, :].astype(float)")
            else:
                lines.append(f"{Y} = np.eye({len(self.classes)})[{y}].T")
        return lines


def make_problem(data: DataState, tables: SessionTables) -> Problem:
    """Return the examples of a state.

    Raises
    ------
    StateError
    """
    rows = _rows(data, tables)
    m = len(rows.y)
    train, test, split_code = _split(data, rows)
    code = [*rows.code, *split_code]
    encoded, inputs, more = _columns(rows, train, test)
    X, X_test = encoded.X, encoded.X_test
    y, y_test = rows.y[train], rows.y[test]
    code += [*more, "y, y_test = y[train], y[test]"]
    if data["points"]:
        X, y = _with_points(data, rows, X, y)
        train = np.append(train, m + np.arange(len(data["points"])))
        code += _points_code(data, rows)
    if X.shape[1] < 2:
        raise StateError(
            "data.points", f"points: expected at least 2 training points, received {X.shape[1]}; add some"
        )
    if rows.model is not None:  # which has scales of its own
        data["scale"] = False
    center, spread = _scales(X) if data["scale"] else (np.zeros((len(X), 1)), np.ones((len(X), 1)))
    if data["scale"]:
        X, X_test = (X - center) / spread, (X_test - center) / spread
        code += _SCALE_CODE
    notes, scale = [*rows.notes, *encoded.messages], TargetScale()
    if not rows.classes and rows.table is not None:
        scale = TargetScale(y.mean(), y.std() or 1.0)
        y, y_test = ((one - scale.center) / scale.scale for one in (y, y_test))
        code += _TARGET_CODE
        notes.append(_target_note(scale))
    features = inputs
    plane: Plane | None = None
    if encoded.encoders is not None and not rows.image_shape:
        columns = take_rows(encoded.columns, np.append(train, test))
        features, plane = _table_plane(data, columns, encoded.encoders, (center, spread))
        notes += () if plane is None else plane.notes
    elif not rows.image_shape:
        plane = _number_plane(data, inputs, (X, X_test), (center, spread))
    return Problem(
        rows=rows, X=X, X_test=X_test, y=y, y_test=y_test, train=train, test=test, features=features, inputs=inputs,
        center=center, spread=spread, scale=scale, encoders=encoded.encoders, plane=plane, code=code, notes=tuple(notes),
    )  # fmt: skip


_SCALE_CODE = [
    "mean, scale = X.mean(axis=1, keepdims=True), X.std(axis=1, keepdims=True)",
    "scale = np.where(scale > 0, scale, 1.0)",
    "X, X_test = (X - mean) / scale, (X_test - mean) / scale",
]
_TARGET_CODE = [
    "mean, scale = y.mean(), y.std() or 1.0",
    "y, y_test = (y - mean) / scale, (y_test - mean) / scale",
]
Scales = tuple[np.ndarray, np.ndarray]  # center and spread


def _target_note(scale: TargetScale) -> str:
    return f"the target is standardised: mean {scale.center:.6g}, standard deviation {scale.scale:.6g}"


def _scales(X: np.ndarray) -> Scales:
    spread = X.std(axis=1, keepdims=True)
    return X.mean(axis=1, keepdims=True), np.where(spread > 0, spread, 1.0)


def _number_plane(
    data: DataState, names: tuple[str, ...], X: tuple[np.ndarray, np.ndarray], scales: Scales
) -> NumberPlane | None:
    if len(names) < 2:
        return None
    chosen = choose_axes(names, data["axes"])
    data["axes"] = [*chosen]
    return NumberPlane(chosen, (names.index(chosen[0]), names.index(chosen[1])), *X, *scales)


def _table_plane(
    data: DataState, columns: list[Column], encoders: FittedEncoders, scales: Scales
) -> tuple[tuple[str, ...], TablePlane | None]:
    """Return the columns that can be drawn, and the picture of two of them."""
    axes = table_axes(columns, encoders)
    if len(axes) < 2:
        return tuple(axes), None
    first, second = choose_axes([*axes], data["axes"])
    data["axes"] = [first, second]
    return tuple(axes), TablePlane(encoders, columns, (axes[first], axes[second]), *scales)


def _rows(data: DataState, tables: SessionTables) -> Rows:
    source = data["source"]
    if source.startswith("upload:"):
        return tables.get(source).rows(data["target"])
    if source == "points":
        values = np.array([point[2] for point in data["points"]] or [0.0])
        as_classes = bool(((values == np.round(values)) & (values >= 0) & (values < 10)).all())
        classes = tuple(f"class {k}" for k in range(max(2, int(values.max()) + 1))) if as_classes else ()
        empty = np.zeros(0, int if as_classes else float)
        code = [
            "X, y = np.zeros((2, 0)), np.zeros(0, int)" if classes else "X, y = np.zeros((2, 0)), np.zeros(0)"
        ]
        return Rows(
            "points", "points drawn by hand", empty, classes, np.zeros((2, 0)), None, ("x1", "x2"), None, code
        )
    if source in PLANE:
        assert data["size"] is not None
        options = {"size": data["size"], "noise": data["noise"], "seed": data["seed"]}
        dataset = draw(source, size=data["size"], noise=data["noise"], seed=data["seed"])
        text = ", ".join(f"{name}={value!r}" for name, value in options.items())
        return _of_dataset(dataset, f"data = ellayer.data.draw({source!r}, {text})")
    return _of_dataset(load_named(source), f"data = ellayer.data.load({source!r})")


def _of_dataset(dataset: Dataset, line: str) -> Rows:
    features = dataset.feature_names or tuple(f"x{i + 1}" for i in range(len(dataset.X)))
    if not dataset.classes:
        y, of_y = dataset.Y[0], "data.Y[0]"
    elif len(dataset.Y) == 1:
        y, of_y = dataset.Y[0].astype(int), "data.Y[0].astype(int)"
    else:
        y, of_y = dataset.Y.argmax(axis=0), "data.Y.argmax(axis=0)"
    code = [line, f"X, y = data.X, {of_y}"]
    shape = dataset.image_shape
    return Rows(dataset.name, dataset.source, y, dataset.classes, dataset.X, None, features, shape, code)


def _split(data: DataState, rows: Rows) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the numbers of training and test examples, and the lines of Python; the test rows of a model are given."""
    m = len(rows.y)
    if any(number >= m for number in data["removed"]):
        raise StateError(
            "data.removed", f"removed: expected numbers below {m:,}, received {data['removed'][-1]:,}"
        )
    remaining = np.delete(np.arange(m), data["removed"])
    numbers_text = f"np.delete(np.arange({m}), {data['removed']})" if data["removed"] else f"np.arange({m})"
    code = [f"remaining = {numbers_text}"]
    if rows.model is not None and rows.model.test is not None:
        known = rows.model.test
        code += [
            f"test = remaining[remaining >= {known[0] if len(known) else m}]",
            "train = np.setdiff1d(remaining, test)",
        ]
        return np.setdiff1d(remaining, known), np.intersect1d(remaining, known), code
    order = np.random.RandomState(data["seed"]).permutation(len(remaining))
    count = min(round(data["test_fraction"] * len(remaining)), max(0, len(remaining) - 1))
    code += [
        f"order = np.random.RandomState({data['seed']}).permutation(len(remaining))",
        f"test, train = np.sort(remaining[order[:{count}]]), np.sort(remaining[order[{count}:]])",
    ]
    return np.sort(remaining[order[count:]]), np.sort(remaining[order[:count]]), code


def _columns(
    rows: Rows, train: np.ndarray, test: np.ndarray
) -> tuple[EncodedTable, tuple[str, ...], list[str]]:
    """Return training and test columns, the names of the inputs, and the lines of Python."""
    if rows.X is not None:
        encoders, columns = (None, []) if rows.model is None else (rows.model.encoders, rows.model.columns)
        encoded = EncodedTable(encoders, columns, rows.X[:, train], rows.X[:, test])
        return encoded, rows.features, ["X, X_test = X[:, train], X[:, test]"]
    assert rows.table is not None
    encoded = encode_table(rows.table, train.tobytes(), test.tobytes())
    if encoded.X.size > limits.NUMBERS or not len(encoded.X):
        raise StateError(
            "data.source", f"expected a table of 1 to {limits.NUMBERS:,} numbers, received {encoded.X.size:,}"
        )
    assert encoded.encoders is not None
    names = tuple(map(str, encoded.encoders.get_feature_names_out()))
    code = [
        "prepare = ellayer.TablePreparation().fit(table.X[train])",
        "X = prepare.transform(table.X[train]).T.astype(float)",
        "X_test = prepare.transform(table.X[test]).T.astype(float)"
        if len(test)
        else "X_test = np.zeros((len(X), 0))",
    ]
    return encoded, names, code


def _with_points(data: DataState, rows: Rows, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if rows.X is None or len(X) != 2 or rows.model is not None:
        raise StateError(
            "data.points", "points: expected none for this data set, which has no plane to draw them in"
        )
    points = np.array(data["points"], float)
    labels = points[:, 2]
    if rows.classes:
        good = (labels == np.round(labels)) & (labels >= 0) & (labels < len(rows.classes))
        if not good.all():
            raise StateError(
                "data.points",
                f"points: expected classes from 0 to {len(rows.classes) - 1}, received {labels[~good][0]:g}",
            )
        labels = labels.astype(int)
    return np.hstack([X, points[:, :2].T]), np.append(y, labels)


def _points_code(data: DataState, rows: Rows) -> list[str]:
    labels = "points[:, 2].astype(int)" if rows.classes else "points[:, 2]"
    points = ", ".join(map(repr, data["points"]))
    return [
        f"points = np.array([{points}], float)",
        f"X, y = np.hstack([X, points[:, :2].T]), np.append(y, {labels})",
    ]


def make_network(state: State, problem: Problem) -> Network:
    """Return the network of a state for its examples.

    Raises
    ------
    StateError
    """
    training, hidden = state["training"], state["network"]["hidden"]
    loss = training["loss"]
    K = len(problem.classes)
    if loss == "auto":
        loss = "squared_error" if K == 0 else "binary_cross_entropy" if K == 2 else "cross_entropy"
    needs_all = LOSSES[loss].targets == "one_hot"
    if needs_all and not K:
        raise StateError(
            "training.loss", f"loss: expected one for numbers, received {loss!r}; try squared_error"
        )
    outputs = 1 if K == 0 or (K == 2 and not needs_all) else K
    dims = [len(problem.X), *(layer["units"] for layer in hidden), outputs]
    model = problem.rows.model
    try:
        network = Network(
            dims, [layer["activation"] for layer in hidden], loss,
            parametric=model is not None and model.network.parametric, inputs=None if model is None else model.network.inputs,
        )  # fmt: skip
    except EllayerError as error:
        raise StateError("training.loss", str(error)) from None
    if network.parameter_count > limits.PARAMETERS:
        raise StateError(
            "network.hidden",
            f"expected at most {limits.PARAMETERS:,} parameters, received {network.parameter_count:,}; try fewer units",
        )
    return network
