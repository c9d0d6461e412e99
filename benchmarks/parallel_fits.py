"""Two members on two cores: the time of a fit with ``n_jobs=2`` over that with one job, on joblib's processes and on Dask."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager

import joblib
import numpy as np

from ellayer import TabularClassifier
from goals import judge

SHARE = 0.6
BACKENDS = ("loky", "dask")


@contextmanager
def workers(backend: str) -> Iterator[None]:
    """Return a context in which joblib uses a backend with two processes."""
    if backend == "loky":
        with joblib.parallel_config("loky"):
            yield
        return
    import distributed

    sizes = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(**sizes) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        yield


def fit_seconds(epochs: int, n_jobs: int | None) -> tuple[float, np.ndarray]:
    """Return the seconds of a fit of two members to 2,000 rows of 12 numbers, and its probabilities."""
    random = np.random.RandomState(0)
    X = random.normal(size=(2000, 12))
    y = X[:, 0] + X[:, 1] ** 2 + 0.3 * random.normal(size=2000) > 1
    model = TabularClassifier(2, epochs=epochs, random_state=0, n_jobs=n_jobs)
    begin = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - begin, model.predict_proba(X)


def rows(backends: list[str], epochs: int) -> list[dict]:
    """Return two rows per backend: for the first fit, which begins the processes of loky, and for the second."""
    fit_seconds(2, None)  # imports
    alone, expected = fit_seconds(epochs, None)
    result = []
    for backend in backends:
        with workers(backend):
            for call in ("first", "second"):
                seconds, received = fit_seconds(epochs, 2)
                assert np.array_equal(expected, received)
                what = f"{backend}, {call} fit: two members at once ({seconds:.2f} s) / one after the other ({alone:.2f} s)"
                result.append(judge("parallel fits", what, seconds / alone, SHARE, False))
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", choices=BACKENDS, help="by default both, one after the other")
    parser.add_argument("--epochs", type=int, default=150)
    options = parser.parse_args()
    for row in rows([options.backend] if options.backend else list(BACKENDS), options.epochs):
        print(row)
