"""The work that every contender does: data, start, sizes; and the cost that it must reach.

A workload is made once, stored in a folder, and read back by each contender's process, so that all
begin at the same numbers and none is charged for reading files.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

Parameters = dict[str, np.ndarray]


@dataclass(frozen=True)
class Spec:
    """What a workload is, without its numbers.

    ``kind`` names the function of a contender that does it. A full batch runs ``iterations`` updates,
    mini-batches ``epochs`` passes in the stored order. ``output`` is "sigmoid" (each unit its own
    yes or no) or "softmax". Final costs must agree to ``tolerance``, relative to the cost. A peer whose time is
    proportional to the updates of a full batch does one in ``shortened`` of them.
    """

    name: str
    about: str
    kind: str
    layer_dims: tuple[int, ...]
    m: int
    learning_rate: float
    iterations: int = 0
    epochs: int = 0
    batch_size: int = 0
    hidden: str = "relu"
    output: str = "sigmoid"
    dtype: str = "float32"
    initializer: str = "he_normal"
    seed: int = 0
    record_every: int = 100
    tolerance: float = 1e-3
    shortened: int = 1
    contenders: tuple[str, ...] = ()

    @property
    def L(self) -> int:
        """Number of layers."""
        return len(self.layer_dims) - 1

    @property
    def steps(self) -> int:
        """Number of updates."""
        return self.iterations or self.epochs * self.steps_per_epoch

    @property
    def steps_per_epoch(self) -> int:
        """Number of updates in a pass over the examples."""
        return -(-self.m // self.batch_size) if self.batch_size else 1


@dataclass(frozen=True)
class Work:
    """A workload with its numbers: X (n_x, m) and Y (n_L, m), examples as columns, and orders (epochs, m)."""

    spec: Spec
    X: np.ndarray
    Y: np.ndarray
    parameters: Parameters
    orders: np.ndarray

    def start(self) -> Parameters:
        """Return a fresh copy of the starting parameters."""
        return {name: theta.copy() for name, theta in self.parameters.items()}

    def layers(self) -> range:
        """Return 1 .. L."""
        return range(1, self.spec.L + 1)


@dataclass(frozen=True)
class Outcome:
    """What a contender gives back: parameters (a list of them for many networks), costs where it keeps them."""

    parameters: Parameters | list[Parameters] | None
    costs: list[float] | None = None
    compile_seconds: float = 0.0
    engine: str = ""


FULL = (
    "ellayer",
    "ellayer-cached",
    "ellayer-warm",
    "ellayer-numpy",
    "ellayer-jax",
    "notes",
    "sklearn",
    "torch",
    "jax-autodiff",
    "limit",
)
MINI = (
    "ellayer",
    "ellayer-warm",
    "ellayer-numpy",
    "ellayer-jax",
    "sklearn",
    "torch",
    "jax-autodiff",
    "limit",
)
CATS = {"m": 209, "dtype": "float64", "tolerance": 1e-6, "shortened": 5, "contenders": FULL}
PROPORTIONAL = ("notes", "sklearn", "torch", "jax-autodiff", "limit")
"""The contenders that repeat the same calls at each update."""

SPECS = {
    spec.name: spec
    for spec in (
        Spec("cats", "the cats, 4 layers, full batch, float64", "full_batch", (12288, 20, 7, 5, 1), learning_rate=0.0075,
             iterations=2500, initializer="randn_over_sqrt", seed=1, **CATS),
        Spec("logistic", "logistic regression on the cats, full batch, float64", "full_batch", (12288, 1),
             learning_rate=0.005, iterations=2000, initializer="zeros", **CATS),
        Spec("flower", "the flower, tanh, full batch, float64", "full_batch", (2, 4, 1), 400, 1.2, iterations=10_000,
             hidden="tanh", dtype="float64", initializer="randn", seed=2, record_every=1000, tolerance=5e-3,
             contenders=FULL),
        Spec("mnist", "MNIST, Adam, batch 128, float32", "mini_batch", (784, 128, 64, 10), 60_000, 1e-3, epochs=3,
             batch_size=128, output="softmax", tolerance=3e-2, contenders=MINI),
        Spec("small", "20,000 rows, Adam, batch 32, float32", "mini_batch", (10, 16, 8, 2), 20_000, 1e-3, epochs=10,
             batch_size=32, contenders=MINI),
        Spec("medium", "100,000 rows, Adam, batch 1024, float32", "mini_batch", (28, 256, 256, 2), 100_000, 1e-3,
             epochs=4, batch_size=1024, contenders=MINI),
        Spec("large", "30,000 rows, Adam, batch 512, float32", "mini_batch", (100, 1024, 1024, 10), 30_000, 1e-3,
             epochs=2, batch_size=512, output="softmax", tolerance=2e-2, contenders=MINI),
        Spec("many", "32 learning rates of the small network, Adam, batch 32, float32", "many", (10, 16, 8, 2), 20_000,
             1e-3, epochs=2, batch_size=32, contenders=("ellayer", "ellayer-one-by-one")),
    )
}  # fmt: skip

LEARNING_RATES = np.geomspace(1e-4, 1e-2, 32).tolist()
"""Of the workload "many"."""


class DataMissingError(Exception):
    """The files that a workload reads are not there."""


def make(spec: Spec, data: Path | None) -> Work:
    """Return a workload with its numbers.

    Parameters
    ----------
    spec : Spec
        With another m than the table's, the first m examples.
    data : Path or None
        The folder with ``cats/`` and ``mnist/``.

    Raises
    ------
    DataMissingError
    """
    X, Y = _DATA.get(spec.name, _synthetic)(spec, data)
    X, Y = (np.asfortranarray(a[:, : spec.m].astype(spec.dtype)) for a in (X, Y))
    from ellayer import initialize_parameters

    parameters = initialize_parameters(network(spec), spec.initializer, spec.seed, spec.dtype)
    return Work(spec, X, Y, parameters, _orders(spec))


def network(spec: Spec) -> Any:
    """Return the workload's network."""
    from ellayer import Network

    loss = "cross_entropy" if spec.output == "softmax" else "binary_cross_entropy"
    return Network(list(spec.layer_dims), spec.hidden, loss=loss)


def _orders(spec: Spec) -> np.ndarray:
    """The order of the examples in each epoch: the one that ``train`` draws from seed 0."""
    from ellayer.engine.batches import Batches

    if not spec.epochs:
        return np.zeros((0, spec.m), np.int32)
    batches = Batches(spec.m, spec.batch_size, seed=0)
    return np.stack([batches.order(epoch) for epoch in range(spec.epochs)])


def _cats(spec: Spec, data: Path | None) -> tuple[np.ndarray, np.ndarray]:
    if data is None or not (data / "cats").is_dir():
        raise DataMissingError(f"no cats/ in the data folder {data}")
    from ellayer.data import load

    cats = load(data / "cats")
    return cats.X, cats.Y


def _flower(spec: Spec, data: Path | None) -> tuple[np.ndarray, np.ndarray]:
    from ellayer.data import load

    flower = load("flower")
    return flower.X, flower.Y


def _mnist(spec: Spec, data: Path | None) -> tuple[np.ndarray, np.ndarray]:
    if data is None or not (data / "mnist").is_dir():
        raise DataMissingError(f"no mnist/ in the data folder {data}")
    images, labels = (
        np.frombuffer(gzip.decompress((data / "mnist" / name).read_bytes()), np.uint8, offset=offset)
        for name, offset in (("train-images-idx3-ubyte.gz", 16), ("train-labels-idx1-ubyte.gz", 8))
    )
    X = images.reshape(-1, 784)[: spec.m].T.astype(spec.dtype) / 255
    return X, np.eye(10, dtype=spec.dtype)[:, labels[: spec.m]]


def _synthetic(spec: Spec, data: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Normal numbers, labelled by a random network and noise, so that no contender can fit them to a cost of 0."""
    random = np.random.default_rng(7)
    n_x, n_L = spec.layer_dims[0], spec.layer_dims[-1]
    X = random.standard_normal((n_x, spec.m))
    hidden = np.tanh(random.standard_normal((32, n_x)) @ X / np.sqrt(n_x))
    scores = random.standard_normal((n_L, 32)) @ hidden + 2.0 * random.standard_normal((n_L, spec.m))
    Y = scores == scores.max(axis=0) if spec.output == "softmax" else scores > 0
    return X, Y.astype(float)


_DATA: dict[str, Callable] = {"cats": _cats, "logistic": _cats, "flower": _flower, "mnist": _mnist}


def share_of(contender: str, spec: Spec) -> int:
    """Return k if a contender does only the first of k equal parts of a workload's updates, else 1."""
    return spec.shortened if contender in PROPORTIONAL else 1


def tiny(spec: Spec) -> Spec:
    """Return a version of a workload that takes a moment."""
    if spec.name in ("cats", "logistic"):  # no files needed: the names of the data are left
        dims = (300, *spec.layer_dims[1:])
        return replace(spec, name=f"tiny-{spec.name}", layer_dims=dims, m=40, iterations=30, record_every=10)
    if spec.iterations:
        return replace(spec, iterations=30, record_every=10)
    dims = tuple(min(n, 16) for n in spec.layer_dims)
    return replace(spec, name=f"tiny-{spec.name}", layer_dims=dims, m=90, epochs=2, batch_size=32)


def save(work: Work, folder: Path) -> None:
    """Store a workload: one file per array, X as rows."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spec.json").write_text(json.dumps(asdict(work.spec)))
    arrays = {"X": work.X.T, "Y": work.Y.T, "orders": work.orders} | work.parameters
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def load(folder: Path) -> Work:
    """Read a workload back; X and Y are views (n, m) of rows, as a reader of tables gives them."""
    fields = json.loads((folder / "spec.json").read_text())
    spec = Spec(**{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()})
    arrays = {file.stem: np.load(file) for file in folder.glob("*.npy")}
    X, Y, orders = arrays.pop("X"), arrays.pop("Y"), arrays.pop("orders")
    return Work(spec, X.T, Y.T, arrays, orders)


def final_cost(work: Work, parameters: Parameters | list[Parameters] | None) -> float | None:
    """Return J over all examples in float64 (the mean of J over several networks): one formula for all contenders."""
    if parameters is None:
        return None
    if isinstance(parameters, list):
        return float(np.mean([final_cost(work, one) for one in parameters]))
    A = work.X.astype(np.float64)
    for layer in work.layers():
        Z = np.asarray(parameters[f"W{layer}"], float) @ A + np.asarray(parameters[f"b{layer}"], float)
        A = np.tanh(Z) if work.spec.hidden == "tanh" else np.maximum(Z, 0)
    if work.spec.output == "softmax":
        losses = np.logaddexp.reduce(Z, axis=0) - np.sum(work.Y * Z, axis=0)
    else:
        losses = np.sum(np.logaddexp(0, Z) - work.Y * Z, axis=0)
    return float(np.mean(losses))


def operations(layer_dims: tuple[int, ...], m: int) -> float:
    """Return the multiply-adds of one pass over m examples: forward, dW, and dA but for the input's."""
    products = [a * b for a, b in pairwise(layer_dims)]
    return m * (3.0 * sum(products) - products[0])
