"""The examples of a state: read, split, prepared, and the lines of Python that do the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..core.losses import LOSSES
from ..core.network import Network
from ..data.dataset import Dataset
from ..data.named import load_named
from ..data.planar import PLANE, draw
from ..errors import EllayerError
from . import limits
from .errors import StateError
from .messages import DataState, State
from .tables import Rows, SessionTables

MARGIN = 0.08  # of the picture around the points


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
    center, spread : array, shape (n_x, 1)
        X = (x - center) / spread, for pictures in the units of the source.
    axes : tuple of int
        The two features that are drawn; none for pictures and for a single feature.
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
    center: np.ndarray
    spread: np.ndarray
    axes: tuple[int, ...]
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

    @cached_property
    def bounds(self) -> np.ndarray:
        """The limits of the picture, [[lower, upper]] of each axis in the units of the source."""
        values = self.in_units(np.hstack([self.X, self.X_test]))
        low, high = values.min(axis=1), values.max(axis=1)
        margin = MARGIN * np.where(high > low, high - low, 1.0)
        return np.stack([low - margin, high + margin], axis=1)

    def in_units(self, X: np.ndarray) -> np.ndarray:
        """Return the two drawn features in the units of the source."""
        axes = list(self.axes)
        return np.asarray(X[axes] * self.spread[axes] + self.center[axes])

    def grid(self, size: int) -> np.ndarray:
        """Return prepared points of the plane, (n_x, size * size), the top row first; other features at their mean."""
        (left, right), (low, high) = self.bounds
        a, b = np.meshgrid(np.linspace(left, right, size), np.linspace(high, low, size))
        X = np.repeat(self.X.mean(axis=1, keepdims=True), size * size, axis=1)
        axes = list(self.axes)
        X[axes] = (np.stack([a.ravel(), b.ravel()]) - self.center[axes]) / self.spread[axes]
        return X

    def column(self, number: int) -> tuple[np.ndarray, np.ndarray, int]:
        """Return X, y and the column of an example by its number: of the training or of the test set."""
        for X, y, numbers in ((self.X, self.y, self.train), (self.X_test, self.y_test, self.test)):
            places = np.flatnonzero(numbers == number)
            if len(places):
                return X, y, int(places[0])
        raise StateError(
            "", f"example: expected one of the {len(self.train)} training examples, received {number}"
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
    if any(number >= m for number in data["removed"]):
        raise StateError(
            "data.removed", f"removed: expected numbers below {m:,}, received {data['removed'][-1]:,}"
        )
    remaining = np.delete(np.arange(m), data["removed"])
    order = np.random.RandomState(data["seed"]).permutation(len(remaining))
    count = min(round(data["test_fraction"] * len(remaining)), max(0, len(remaining) - 1))
    test, train = np.sort(remaining[order[:count]]), np.sort(remaining[order[count:]])
    code = [*rows.code, *_split_code(data, m, count)]
    X, X_test, features, more = _columns(rows, train, test)
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
    center, spread = np.zeros((len(X), 1)), np.ones((len(X), 1))
    if data["scale"]:
        center, spread = X.mean(axis=1, keepdims=True), X.std(axis=1, keepdims=True)
        spread = np.where(spread > 0, spread, 1.0)
        X, X_test = (X - center) / spread, (X_test - center) / spread
        code += [
            "mean, scale = X.mean(axis=1, keepdims=True), X.std(axis=1, keepdims=True)",
            "scale = np.where(scale > 0, scale, 1.0)",
            "X, X_test = (X - mean) / scale, (X_test - mean) / scale",
        ]
    notes = rows.notes
    if not rows.classes and rows.table is not None:
        y, y_test, center_of_y = _standardise(y, y_test)
        code += [
            "mean, scale = y.mean(), y.std() or 1.0",
            "y, y_test = (y - mean) / scale, (y_test - mean) / scale",
        ]
        notes = (*notes, f"the target is standardised: {center_of_y}")
    axes = () if rows.image_shape or len(X) < 2 else _axes(data, features)
    return Problem(rows, X, X_test, y, y_test, train, test, features, center, spread, axes, code, notes)


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


def _split_code(data: DataState, m: int, count: int) -> list[str]:
    remaining = f"np.delete(np.arange({m}), {data['removed']})" if data["removed"] else f"np.arange({m})"
    return [
        f"remaining = {remaining}",
        f"order = np.random.RandomState({data['seed']}).permutation(len(remaining))",
        f"test, train = np.sort(remaining[order[:{count}]]), np.sort(remaining[order[{count}:]])",
    ]


def _columns(
    rows: Rows, train: np.ndarray, test: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...], list[str]]:
    """Return the training and test columns, the names of the features, and the lines of Python."""
    if rows.X is not None:
        return rows.X[:, train], rows.X[:, test], rows.features, ["X, X_test = X[:, train], X[:, test]"]
    from ..tables.preparation import TablePreparation

    assert rows.table is not None
    table = rows.table.X
    try:
        prepare = TablePreparation().fit(table[train])
        X = prepare.transform(table[train]).T.astype(float)
        X_test = prepare.transform(table[test]).T.astype(float) if len(test) else np.zeros((len(X), 0))
    except EllayerError as error:
        raise StateError("data.source", str(error)) from None
    if X.size > limits.NUMBERS or not len(X):
        raise StateError(
            "data.source", f"expected a table of 1 to {limits.NUMBERS:,} numbers, received {X.size:,}"
        )
    names = tuple(map(str, prepare.get_feature_names_out()))
    code = [
        "prepare = ellayer.TablePreparation().fit(table.X[train])",
        "X = prepare.transform(table.X[train]).T.astype(float)",
        "X_test = prepare.transform(table.X[test]).T.astype(float)"
        if len(test)
        else "X_test = np.zeros((len(X), 0))",
    ]
    return X, X_test, names, code


def _with_points(data: DataState, rows: Rows, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if rows.X is None or len(X) != 2:
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


def _standardise(y: np.ndarray, y_test: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    mean, scale = y.mean(), y.std() or 1.0
    return (y - mean) / scale, (y_test - mean) / scale, f"mean {mean:.6g}, standard deviation {scale:.6g}"


def _axes(data: DataState, features: tuple[str, ...]) -> tuple[int, ...]:
    if not data["axes"]:
        data["axes"] = [features[0], features[1]]
    unknown = [name for name in data["axes"] if name not in features]
    if unknown:
        raise StateError("data.axes", f"axes: expected names of features, received {unknown[0][:50]!r}")
    return tuple(features.index(name) for name in data["axes"])


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
    try:
        network = Network(dims, [layer["activation"] for layer in hidden], loss)
    except EllayerError as error:
        raise StateError("training.loss", str(error)) from None
    if network.parameter_count > limits.PARAMETERS:
        raise StateError(
            "network.hidden",
            f"expected at most {limits.PARAMETERS:,} parameters, received {network.parameter_count:,}; try fewer units",
        )
    return network
