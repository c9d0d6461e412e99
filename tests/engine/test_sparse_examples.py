"""Sparse examples: the run is that of dense ones, bit for bit, and bad ones are named."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse

from ellayer import Network, train

X = sparse.random(6, 50, density=0.3, random_state=0, format="csc")
LABELS = np.arange(50) % 3
NETWORK = Network([6, 5, 3])
WEIGHTS = np.linspace(0.1, 1.0, 50)
SETTINGS = {
    "mini-batches": {"batch_size": 7},
    "weights, adam, dropout": {
        "batch_size": 10,
        "sample_weight": WEIGHTS,
        "optimizer": "adam",
        "dropout": 0.2,
    },
    "the full batch": {},
    "metrics": {"batch_size": 7, "metrics": {"mean": lambda A, Y: float(A.mean())}},
    "validation": {"batch_size": 7, "validation": (X, LABELS), "patience": 3, "record_every": 5},
}


# Each case in both dtypes on NumPy, and compiled in one: every other one in float64.
RUNS = [
    *((case, dtype, "numpy") for case in SETTINGS for dtype in ("float32", "float64")),
    *((case, f"float{32 << k % 2}", "jax") for k, case in enumerate(SETTINGS)),
]


@pytest.mark.parametrize(("case", "dtype", "engine"), RUNS)
def test_a_run_on_sparse_examples_is_that_on_dense_ones(case, dtype, engine):
    settings = {
        "num_iterations": 40,
        "learning_rate": 0.1,
        "dtype": dtype,
        "engine": engine,
        **SETTINGS[case],
    }
    kept, dense = train(NETWORK, X, LABELS, **settings), train(NETWORK, X.toarray(), LABELS, **settings)
    for name, theta in kept.parameters.items():
        assert theta.dtype == dtype
        np.testing.assert_array_equal(theta, dense.parameters[name])
    assert kept.costs == dense.costs
    np.testing.assert_array_equal(kept.predict(X), dense.predict(X.toarray()))


def test_five_and_five_are_ten():
    settings = {"batch_size": 7, "schedule_length": 40, "schedule": "cosine", "optimizer": "adam"}
    first = train(NETWORK, X, LABELS, num_iterations=13, **settings)
    both = train(NETWORK, X, LABELS, num_iterations=27, state=first.state, **settings)
    whole = train(NETWORK, X, LABELS, num_iterations=40, **settings)
    np.testing.assert_array_equal(both.parameters["W1"], whole.parameters["W1"])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (X.T.tocsr(), r"X: expected \(6, m\).*received \(50, 6\).*Transpose"),
        (X * np.nan, "X: expected finite numbers, received nan or infinity"),
        (X.astype(complex), "X: expected numbers, received dtype complex128"),
        (sparse.csr_matrix((6, 0)), "at least one example and one feature"),
    ],
)
def test_bad_sparse_examples(bad, message):
    with pytest.raises(ValueError, match=message):
        train(NETWORK, bad, LABELS, batch_size=7)


def test_sparse_examples_of_the_right_type_are_not_copied():
    from ellayer.engine.sparse import check_sparse

    network = Network([3, 1])
    X = sparse.csc_array(np.eye(3))
    assert check_sparse(network, X, None) is X
    assert check_sparse(network, X, "float32").dtype == np.float32
    assert check_sparse(network, X.astype(np.float32), None).dtype == np.float32
    assert check_sparse(network, X.astype(int), None).dtype == np.float64
