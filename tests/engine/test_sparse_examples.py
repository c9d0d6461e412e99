"""Sparse examples: the run is that of dense ones, bit for bit where mini-batches are dense, and bad ones are named."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse

from ellayer import Network, train
from ellayer.core.objective import dropout_masks, objective
from ellayer.core.propagation import L_model_forward

X = sparse.random(6, 50, density=0.3, random_state=0, format="csc")
LABELS = np.arange(50) % 3
NETWORK = Network([6, 5, 3])
FEW = sparse.random(90, 50, density=0.03, random_state=1, format="csr")  # few non-zeros: products by them
OF_FEW = Network([90, 5, 3], ["tanh", "softmax"])
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


OF_NONZEROS = {
    "mini-batches": {"batch_size": 7},
    "full batch": {"optimizer": "rmsprop", "learning_rate": 0.01},
    "in the span of the examples": {"engine": "wide"},
    "L-BFGS": {"optimizer": "lbfgs", "num_iterations": 5, "l2": 0.1},
    "dropout of inputs and units": {"batch_size": 20, "dropout": [0.3, 0.2], "optimizer": "adam"},
    "penalties": {"batch_size": 20, "l1": 0.1, "l2": 0.2, "optimizer": "adamw", "clip_norm": 0.5},
    "weights, factors": {"batch_size": 20, "sample_weight": WEIGHTS, "learning_rate_factors": {"W1": 0.5}},
    "validation, metrics": {
        "batch_size": 20,
        "validation": (FEW.tocsc()[:, :20], LABELS[:20]),
        "metrics": ["accuracy"],
        "patience": 2,
        "optimizer": "momentum",
    },
    "compiled": {"batch_size": 20, "engine": "jax"},
}


@pytest.mark.parametrize("case", OF_NONZEROS)
def test_products_by_nonzeros_give_the_run_of_dense_ones(case):
    settings = {
        "num_iterations": 30,
        "learning_rate": 0.1,
        "record_every": 5,
        "engine": "numpy",
        **OF_NONZEROS[case],
    }
    dense = settings | (
        {"validation": (FEW.toarray()[:, :20], LABELS[:20])} if "validation" in settings else {}
    )
    one, other = train(OF_FEW, FEW, LABELS, **settings), train(OF_FEW, FEW.toarray(), LABELS, **dense)
    for name, theta in one.parameters.items():
        assert theta.flags.c_contiguous
        np.testing.assert_allclose(theta, other.parameters[name], rtol=1e-9, atol=1e-12)
    for column in set(one.history) - {"seconds"}:
        if column != "loop":
            np.testing.assert_allclose(one.history[column], other.history[column], rtol=1e-9, err_msg=column)
    np.testing.assert_allclose(one.predict_proba(FEW), other.predict_proba(FEW.toarray()), rtol=1e-9)


def test_gradients_of_sparse_examples_by_central_differences():
    columns, Y = FEW.tocsc()[:, :9], np.eye(3)[LABELS[:9]].T
    columns = sparse.csc_array(columns)
    random = np.random.RandomState(2)
    theta = {name: random.randn(*shape) for name, shape in OF_FEW.shapes.items()}
    J = objective(OF_FEW, 9, WEIGHTS[None, :9], l2=0.3)
    masks = dropout_masks(OF_FEW, {0: 0.4}, columns, seed=1, step=0)

    def cost(parameters):
        AL, caches = L_model_forward(columns, parameters, OF_FEW, masks)
        return float(J.cost(AL, caches[-1].Z, Y, parameters)), caches, AL

    _, caches, AL = cost(theta)
    grads = J.gradients(AL, caches, Y, theta)
    for name in ("W1", "b1"):
        direction = random.randn(*theta[name].shape)
        ends = [cost(theta | {name: theta[name] + sign * 1e-5 * direction})[0] for sign in (1, -1)]
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(
            float((grads[f"d{name}"] * direction).sum()), rel=1e-7
        )


def test_a_sparse_mask_is_the_dense_one_at_the_stored_numbers():
    columns = sparse.csc_array(FEW)
    one, other = (dropout_masks(OF_FEW, {0: 0.4}, A, 3, 4)[0] for A in (columns, columns.toarray()))
    np.testing.assert_array_equal(one.toarray(), np.where(columns.toarray() != 0, other, 0))


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
    from ellayer.engine.sparse import check_columns

    network = Network([3, 1])
    X = sparse.csc_array(np.eye(3))
    assert np.shares_memory(check_columns(network, X, None).data, X.data)
    assert check_columns(network, X, "float32").dtype == np.float32
    assert check_columns(network, X.astype(np.float32), None).dtype == np.float32
    assert check_columns(network, X.astype(int), None).dtype == np.float64
