"""Half a minute of ratios with wide limits, for continuous integration: does anything take 1.5 times what it took?

Each ratio is of two calls in this process, in turn, the fastest of each by the processor's clock, so that it hardly
depends on the machine or on what else runs there. ``MEASURED`` has the ratios of the last study.
"""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from goals import judge

REGRESSION = 1.5
MEASURED = {
    "predict, one row: ellayer / scikit-learn": 0.22,
    "predict, 1,000 rows: ellayer / scikit-learn": 0.69,
    "fit of 30-100-1 on NumPy: ellayer / scikit-learn": 0.75,
    "10-16-8-2, batch 32: compiled / NumPy": 0.12,
    "400-64-10, batch 128, compiled: fit of the estimator / train": 1.15,
    "400-64-10, batch 128: compiled / matrix products alone": 1.6,
    "a model file of 98 MB: load / reading and hashing": 0.86,
}
Pair = tuple[Callable[[], Any], Callable[[], Any]]


def rows(data: Path | None = None, repeat: int = 5, clock: str = "cpu") -> list[dict]:
    """Return a row per ratio; it is reached if it is at most ``REGRESSION`` times the one of the last study."""
    result = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for what, pair in pairs().items():
            result.append(judge("smoke", what, ratio(pair, repeat), REGRESSION * MEASURED[what], False))
    return result


def ratio(pair: Pair, repeat: int) -> float:
    """Return the seconds of the first call over those of the second, each the fewest of several in turn."""
    for call in pair:
        call()  # imports, compiles
    fewest = [float("inf")] * 2
    for _ in range(repeat):
        for k, call in enumerate(pair):
            begin = time.process_time()
            call()
            fewest[k] = min(fewest[k], time.process_time() - begin)
    return fewest[0] / fewest[1]


def pairs() -> dict[str, Pair]:
    """Return the pairs of calls by the names of their ratios."""
    return dict(zip(MEASURED, [*_predictions(), _fits(), _loops(), *_epochs(), _load()], strict=True))


def _predictions() -> list[Pair]:
    from sklearn.neural_network import MLPClassifier

    import ellayer

    X = np.random.default_rng(0).standard_normal((1000, 30))
    theirs = MLPClassifier((64, 32), max_iter=2, random_state=0).fit(X, X[:, 0] > 0)
    ours = ellayer.from_sklearn(theirs)

    def times(model: Any, rows: np.ndarray, count: int) -> Callable[[], Any]:
        return lambda: [model.predict(rows) for _ in range(count)]

    return [(times(ours, X[:m], n), times(theirs, X[:m], n)) for m, n in ((1, 300), (1000, 60))]


def _fits() -> Pair:
    from sklearn.datasets import load_breast_cancer
    from sklearn.neural_network import MLPClassifier

    import ellayer

    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    settings = {"max_iter": 50, "random_state": 0}
    return (
        lambda: ellayer.MLPClassifier(engine="numpy", **settings).fit(X, y),
        lambda: MLPClassifier(**settings).fit(X, y),
    )


def _loops() -> Pair:
    from ellayer import Network, train

    random = np.random.default_rng(0)
    X, Y = random.standard_normal((10, 4000), np.float32), random.integers(0, 2, 4000)

    def run(engine: str) -> Callable[[], Any]:
        settings = {"optimizer": "adam", "num_iterations": 1000, "batch_size": 32, "record_every": 1000}
        return lambda: train(Network([10, 16, 8, 2]), X, Y, engine=engine, **settings)

    return run("jax"), run("numpy")


def _epochs() -> list[Pair]:
    import ellayer

    random, m, batch = np.random.default_rng(0), 12_800, 128
    X, y = random.standard_normal((m, 400), np.float32), random.integers(0, 10, m)
    W1, W2 = random.standard_normal((64, 400), np.float32), random.standard_normal((10, 64), np.float32)
    A, Z1, Z2 = X[:batch].T, W1 @ X[:batch].T, W2 @ W1 @ X[:batch].T

    def fit() -> None:
        ellayer.MLPClassifier((64,), max_iter=2, batch_size=batch, engine="jax", random_state=0).fit(X, y)

    def train() -> None:
        ellayer.train(
            ellayer.Network([400, 64, 10]), X.T, y, optimizer="adam", num_iterations=2 * m // batch,
            batch_size=batch, engine="jax", l2=1e-4, record_every=m // batch,
        )  # fmt: skip

    def products() -> None:
        for _ in range(2 * m // batch):
            W1 @ A, W2 @ Z1, W2.T @ Z2, Z2 @ Z1.T, Z1 @ A.T

    return [(fit, train), (train, products)]


def _load() -> Pair:
    import ellayer

    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    path, network = Path(folder, "large.ellayer"), ellayer.Network([3500, 3500, 1])
    ellayer.save(ellayer.train(network, np.ones((3500, 2)), [0, 1], num_iterations=1, engine="numpy"), path)
    return lambda: ellayer.load(path), lambda: hashlib.sha256(path.read_bytes()).digest()
