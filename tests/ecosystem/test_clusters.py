"""Members and folds on the processes of a Dask cluster and of Ray: the same model to the bit, the same errors."""

from __future__ import annotations

import os

import joblib
import numpy as np
import pytest

from ellayer import TabularClassifier, TabularRegressor, train_many
from ellayer.core import Network
from ellayer.engine import ahead
from ellayer.engine.workers import Workers
from ellayer.errors import ParameterError

X = np.random.RandomState(0).normal(size=(300, 4))
CLASSES = np.where(X[:, 0] + X[:, 1] > 0.3, "yes", "no")
SMALL = {"epochs": 6, "hidden_layer_sizes": 8, "random_state": 0}


@pytest.fixture(scope="module", params=["dask", "ray"])
def backend(request):
    """Begin a cluster of two processes, with the backend of joblib for it."""
    if request.param == "dask":
        distributed = pytest.importorskip("distributed")
        sizes = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
        with distributed.LocalCluster(**sizes) as cluster, distributed.Client(cluster):
            yield "dask"
        return
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
        object_store_memory=10**8,
    )
    yield "ray"
    ray.shutdown()


@pytest.fixture(autouse=True)
def any_fit_pays(monkeypatch):
    monkeypatch.setattr(ahead, "FEWEST_SECONDS", 0.0)


def test_tasks_run_elsewhere_and_errors_arrive(backend):
    def where(shared: np.ndarray, number: int) -> tuple[int, float]:
        if number < 0:
            raise ParameterError("number: expected one above 0", "number", "one above 0", number)
        return os.getpid(), float(shared[number])

    with joblib.parallel_config(backend), Workers(2, X[:, 0]) as workers:
        results = workers.map(where, [(k,) for k in range(8)])
        assert [value for _, value in results] == X[:8, 0].tolist()
        assert os.getpid() not in {pid for pid, _ in results}
        with pytest.raises(ParameterError, match="expected one above 0"):
            workers.map(where, [(1,), (-1,)])


@pytest.mark.parametrize(
    "model", [TabularClassifier(3, **SMALL), TabularRegressor(2, **SMALL, model="boosting")]
)
def test_members_and_folds(backend, model):
    y = CLASSES if isinstance(model, TabularClassifier) else X[:, 2]
    expected = model.fit(X, y)._get_fitted()[0]
    with joblib.parallel_config(backend):
        received = model.set_params(n_jobs=2).fit(X, y)._get_fitted()[0]
    model.set_params(n_jobs=None)
    for name in expected:
        if not name.endswith("seconds"):
            np.testing.assert_array_equal(expected[name], received[name], err_msg=name)


def test_networks_whose_runs_end_early(backend):
    network, Y = Network([4, 5, 1]), (CLASSES == "yes")[None]
    options = {"engine": "numpy", "learning_rate": [0.1, 0.5], "num_iterations": 400, "record_every": 5, "batch_size": 50,
               "validation": (X[:50].T, Y[:, :50]), "patience": 2}  # fmt: skip
    expected = train_many(network, X.T, Y, **options)
    with joblib.parallel_config(backend):
        received = train_many(network, X.T, Y, **options, n_jobs=2)
    for one, other in zip(expected, received, strict=True):
        assert one.stopped_by == other.stopped_by
        assert one.costs == other.costs
