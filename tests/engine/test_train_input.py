"""Bad input to ``train``: an error that names what was expected, what came and what to try."""

from __future__ import annotations

import numpy as np
import pytest
from engine_cases import BATCH, BINARY, M, assert_same, problem

import ellayer
from ellayer.core import Network, initialize_parameters
from ellayer.engine.validation import check_finite, finite_numbers

CLASSES = Network([3, 4, 3])
COUNTS = Network([3, 4, 1], ["tanh", "exp"])
SEVERAL = Network([3, 4, 2], loss="binary_cross_entropy")
X, Y = problem(BINARY)
LABELS = np.arange(M) % 3


def changed(array, index, value):
    """Return a copy with one number changed."""
    array = np.array(array, dtype=float)
    array[index] = value
    return array


DATA = {
    "rows as examples": (BINARY, X.T, Y, r"X: expected \(3, m\).*received \(13, 3\).*X.T has the right shape.*Transpose\?"),
    "another number of features": (BINARY, X[:2], Y, r"X: expected \(3, m\).*received \(2, 13\); make layer_dims\[0\] = 2"),
    "flat X": (BINARY, X[0], Y, r"expected shape \(n_x, m\) = \(3, m\).*received shape \(13,\).*reshape\(-1, 1\)"),
    "pictures": (BINARY, np.zeros((13, 2, 2, 3)), Y, r"received shape \(13, 2, 2, 3\); flatten.*reshape\(m, -1\).T"),
    "empty X": (BINARY, np.zeros((0, 0)), Y, r"at least one example and one feature, received shape \(0, 0\)"),
    "no example": (BINARY, np.zeros((3, 0)), np.zeros((1, 0)), r"at least one example.*received shape \(3, 0\)"),
    "nothing": (BINARY, [], [], r"X: expected shape .* received shape \(0,\)"),
    "None": (BINARY, None, Y, "X: expected numbers, received dtype object"),
    "text": (BINARY, [["a"] * 13] * 3, Y, "X: expected numbers, received dtype <U1; encode text"),
    "complex": (BINARY, X + 1j, Y, "X: expected numbers, received dtype complex128"),
    "nan": (BINARY, changed(X, (1, 4), np.nan), Y, "received nan at feature 1 of example 4 .1 nan or infinite.*fill or drop"),
    "inf": (BINARY, changed(X, (2, 0), -np.inf), Y, "X: expected finite numbers, received -inf at feature 2 of example 0"),
    "both inf": (BINARY, changed(changed(X, (0, 1), np.inf), (0, 2), -np.inf), Y, "received inf at feature 0 of example 1 .2 "),
    "Y too short": (BINARY, X, Y[:, :9], r"Y: expected shape \(1, 13\), received \(1, 9\); X has 13 examples and Y 9"),
    "flat Y too short": (BINARY, X, Y[0, :9], r"Y: expected shape \(1, 13\), received \(9,\); X has 13 examples and Y 9"),
    "flat classes too short": (CLASSES, X, LABELS[:9], r"Y: expected shape \(3, 13\), received \(9,\); X has 13 examples and Y 9"),
    "Y with three axes": (BINARY, X, Y[None], r"Y: expected shape \(1, 13\), received \(1, 1, 13\); try Y.reshape\(1, 13\)"),
    "Y as rows": (BINARY, X, Y.T, r"received \(13, 1\); Y.T has the right shape: transpose\?"),
    "text as Y": (BINARY, X, ["cat"] * 13, "Y: expected numbers, received dtype <U3; encode labels as 0, 1"),
    "labels 1 and 2": (BINARY, X, Y + 1, "'binary_cross_entropy' expects labels 0 and 1, received 2; recode"),
    "labels -1 and 1": (BINARY, X, 2 * Y - 1, "expects labels 0 and 1, received -1; recode the labels, or choose a loss"),
    "probabilities as labels": (BINARY, X, Y * 0.3 + 0.1, "expects labels 0 and 1, received 0.1, 0.4"),
    "nan in Y": (BINARY, X, changed(Y, (0, 5), np.nan), "Y: expected finite numbers, received nan"),
    "a class too many": (CLASSES, X, LABELS + 1, r"Y: expected class indices 0..2 .the network has 3 outputs., received 1..3"),
    "half a class": (CLASSES, X, LABELS / 2, "expected class indices 0..2"),
    "columns that are not one-hot": (CLASSES, X, np.ones((3, 13)), "expects one-hot columns.*received columns that sum to 3..3"),
    "class indices as one row": (CLASSES, X, LABELS[None], r"Y: expected shape \(3, 13\), received \(1, 13\); .*Y.ravel\(\)"),
    "flat Y for several outputs": (SEVERAL, X, Y[0], r"Y: expected shape \(2, 13\), received \(13,\); .*one row per output"),
    "counts below 0": (COUNTS, X, Y - 1, "'poisson' expects numbers >= 0, received -1"),
}  # fmt: skip

OPTIONS = {
    "learning rate 0": ({"learning_rate": 0}, "learning_rate: expected a finite number > 0, received 0"),
    "learning rate below 0": ({"learning_rate": -0.1}, "learning_rate: expected a finite number > 0, received -0.1"),
    "learning rate nan": ({"learning_rate": np.nan}, "learning_rate: expected a finite number > 0, received nan"),
    "learning rate inf": ({"learning_rate": np.inf}, "learning_rate: expected a finite number > 0, received inf"),
    "learning rate as text": ({"learning_rate": "fast"}, "learning_rate: expected a number, received 'fast'"),
    "iterations below 0": ({"num_iterations": -1}, "num_iterations: expected an integer >= 0, received -1"),
    "half an iteration": ({"num_iterations": 1.5}, "num_iterations: expected an integer >= 0, received 1.5"),
    "batch of none": ({"batch_size": 0}, "batch_size: expected an integer >= 1, received 0"),
    "half a batch": ({"batch_size": 0.5}, "batch_size: expected an integer >= 1, received 0.5"),
    "record never": ({"record_every": 0}, "record_every: expected an integer >= 1, received 0"),
    "seed below 0": ({"seed": -1}, "seed: expected an integer >= 0, received -1"),
    "l2 below 0": ({"l2": -1}, "l2: expected a finite number >= 0, received -1"),
    "l1 nan": ({"l1": np.nan}, "l1: expected a finite number >= 0, received nan"),
    "weight decay below 0": ({"weight_decay": -1}, "weight_decay: expected a finite number >= 0"),
    "clipping to 0": ({"clip_norm": 0}, "clip_norm: expected a finite number > 0, received 0"),
    "dropping all": ({"dropout": 1.0}, "dropout: expected a finite number >= 0 and < 1, received 1.0"),
    "dropout below 0": ({"dropout": -0.1}, "dropout: expected a finite number >= 0 and < 1, received -0.1"),
    "dropout of the output": ({"dropout": [0.1, 0.1, 0.1]}, "dropout: expected one rate, 1 .* or 2 .* received 3"),
    "unknown initializer": ({"initializer": "he_norml"}, "expected one of .*he_normal.*did you mean 'he_normal'"),
    "unknown optimizer": ({"optimizer": "adm"}, "unknown optimizer: expected one of gd, .*lion.*did you mean 'adam'"),
    "a number the optimizer lacks": ({"optimizer": "adam(beta=0.9)"}, "'adam' takes beta1=0.9, beta2=0.999"),
    "no optimizer": ({"optimizer": None}, "optimizer: expected a name or an optax .*received NoneType"),
    "unknown schedule": ({"schedule": "cosin"}, "expected one of .*cosine.*did you mean 'cosine'"),
    "a schedule of another kind": ({"schedule": 0.5}, "schedule: expected a name, one of constant.*received float"),
    "schedule length 0": ({"schedule_length": 0}, "schedule_length: expected an integer >= 1, received 0"),
    "unknown engine": ({"engine": "torch"}, "engine: expected 'auto', 'numpy', 'jax'.*received 'torch'"),
    "no engine": ({"engine": None}, "engine: expected .*received None"),
    "unknown dtype": ({"dtype": "float16"}, "dtype: expected 'float32' or 'float64', received 'float16'"),
    "a dtype that is none": ({"dtype": "double precision"}, "dtype: expected 'float32' or 'float64'"),
    "weights of another length": ({"sample_weight": np.ones(4)}, r"one weight per example, shape \(13,\); received shape \(4,\)"),
    "weights below 0": ({"sample_weight": -np.ones(M)}, "sample_weight: expected finite weights >= 0, not all 0"),
    "weights all 0": ({"sample_weight": np.zeros(M)}, "not all 0; received values in 0..0"),
    "weights nan": ({"sample_weight": np.full(M, np.nan)}, "expected finite weights"),
    "validation without Y": ({"validation": X}, r"validation: expected \(X, Y\).*received ndarray"),
    "validation as rows": ({"validation": (X.T, Y)}, r"validation X: expected \(3, m\).*Transpose"),
    "validation labels": ({"validation": (X, Y + 1)}, "validation Y: the loss .* expects labels 0 and 1"),
    "validation weights": ({"validation": (X, Y, [1.0])}, "validation weights: expected one weight per example"),
    "monitor without validation": ({"monitor": "validation_loss"}, "monitor: expected one of loss; received 'validation_loss'"),
    "patience 0": ({"patience": 0}, "patience: expected an integer >= 1, received 0"),
    "tolerance nan": ({"tolerance": np.nan}, "tolerance: expected a finite number"),
    "no time": ({"time_limit": 0}, "time_limit: expected a finite number > 0, received 0"),
    "factors of nothing": ({"learning_rate_factors": {"W3": 1}}, r"a kind or a name among W, W1, W2, b, b1, b2; received \['W3'\]"),
    "factor below 0": ({"learning_rate_factors": {"b": -1}}, r"learning_rate_factors\['b'\]: expected a finite number >= 0"),
    "a bare callback": ({"callbacks": print}, r"callbacks: expected a list of functions.*write callbacks=\[function\]"),
    "parameters missing": ({"parameters": {"W1": X}}, r"parameters: expected a dict with W1, b1, W2, b2; received \['W1'\]"),
    "parameters as a list": ({"parameters": [X]}, "parameters: expected a dict with W1.*received list"),
    "parameters of another network": (
        {"parameters": initialize_parameters(Network([3, 5, 1]))},
        r"parameters\['W1'\]: expected shape \(4, 3\), received \(5, 3\)",
    ),
    "nan in parameters": (
        {"parameters": initialize_parameters(BINARY) | {"b1": np.full((4, 1), np.nan)}},
        r"parameters\['b1'\]: expected finite numbers, received nan",
    ),
    "a callback that is none": ({"callbacks": [3]}, "callbacks: expected functions, received int"),
    "progress that is none": ({"progress": 3}, "progress: expected True, False or a function, received int"),
    "a metric with the name of a column": ({"metrics": {"loss": print}}, "metrics: expected names other than the columns.*received 'loss'"),
    "metrics as a number": ({"metrics": 3}, "metrics: expected a dict of functions .*received int"),
    "a metric without a name": ({"metrics": [3]}, "metrics: expected names or functions of .*received int"),
    "a metric that is none": ({"metrics": {"share": 3}}, "metrics: expected a dict of functions .*received int for 'share'"),
    "a score that is none": ({"score": 3, "validation": (X, Y)}, "score: expected a function, received int"),
    "factors as a number": ({"learning_rate_factors": 3}, "learning_rate_factors: expected a dict .*received int"),
    "weights as text": ({"sample_weight": ["a"] * M}, "sample_weight: expected numbers, received dtype <U1"),
    "weights as object": ({"sample_weight": [None] * M}, "sample_weight: expected numbers, received dtype object"),
    "a seed too large": ({"seed": 2**40}, r"seed: expected an integer from 0 to 4294967295, received 1099511627776"),
    "a state that is none": ({"state": {"step": 3}}, "state: expected the TrainState of a result, received dict"),
    "a device that is no list": ({"devices": 3, "engine": "jax"}, "devices: expected a name like 'gpu:0' or devices of jax, received 3"),
    "a rule of optax on NumPy": ({"optimizer": "lion", "engine": "numpy"}, "optimizer 'lion' is from optax and runs compiled"),
}  # fmt: skip


@pytest.mark.parametrize("case", DATA)
def test_bad_data(case):
    network, X_bad, Y_bad, message = DATA[case]
    with pytest.raises(ValueError, match=message):
        ellayer.train(network, X_bad, Y_bad, num_iterations=2)


@pytest.mark.parametrize("case", OPTIONS)
def test_bad_options(case):
    options, message = OPTIONS[case]
    with pytest.raises(ValueError, match=message):
        ellayer.train(BINARY, X, Y, **{"num_iterations": 2, **options})


def test_a_network_that_is_none():
    with pytest.raises(ValueError, match=r"network: expected an ellayer.Network, received list"):
        ellayer.train([3, 4, 1], X, Y)


def test_layers_and_activations_that_do_not_exist():
    with pytest.raises(
        ValueError, match=r"at least 1 unit in every layer, received 0 in layer 1 of \[3, 0, 1\]"
    ):
        Network([3, 0, 1])
    with pytest.raises(
        ValueError, match=r"unknown activation: expected one of .*relu.*received 'rellu'; did you mean 'relu'"
    ):
        Network([3, 4, 1], "rellu")


def test_a_number_too_large_for_float32():
    with pytest.raises(
        ValueError, match=r"received inf at feature 0 of example 0 .*scale values that overflow"
    ):
        ellayer.train(BINARY, changed(X, (0, 0), 1e300), Y, dtype="float32", num_iterations=2)
    large = ellayer.train(
        BINARY, np.full((3, M), 1e308), Y, num_iterations=2
    )  # finite, though their sum is not
    assert np.isfinite(large.costs).all()


def test_predict_checks_too():
    result = ellayer.train(BINARY, X, Y, num_iterations=2)
    with pytest.raises(ValueError, match="Transpose"):
        result.predict(X.T)
    with pytest.raises(ValueError, match="finite"):
        result.predict_proba(changed(X, (0, 0), np.nan))


@pytest.mark.parametrize("engine", ["numpy+direct", "numpy+wide", "jax+direct"])
def test_inputs_are_never_changed(engine):
    """The arrays of ``problem`` are read-only; so are these."""
    weights = np.linspace(0.1, 1, M)
    start = initialize_parameters(BINARY, seed=3)
    for array in (weights, *start.values()):
        array.flags.writeable = False
    copies = [array.copy() for array in (X, Y, weights, *start.values())]
    options = {
        "learning_rate": 0.3,
        "l2": 0.1,
        "optimizer": "momentum",
        "num_iterations": 20,
        "engine": engine,
    }
    result = ellayer.train(
        BINARY,
        X,
        Y,
        parameters=start,
        sample_weight=weights,
        validation=(X, Y, weights),
        patience=2,
        **options,
    )
    for before, after in zip(copies, (X, Y, weights, *start.values()), strict=True):
        np.testing.assert_array_equal(before, after)
    for name, theta in result.parameters.items():
        assert theta.flags.writeable
        assert not np.shares_memory(theta, start[name])


@pytest.mark.parametrize("engine", ["numpy", "jax+direct"])
def test_zero_iterations_give_back_a_copy(engine):
    start = initialize_parameters(BINARY, seed=3)
    result = ellayer.train(BINARY, X, Y, parameters=start, num_iterations=0, engine=engine)
    for name, theta in result.parameters.items():
        assert not np.shares_memory(theta, start[name])


@pytest.mark.parametrize("engine", ["numpy", "jax+direct"])
@pytest.mark.parametrize("batch_size", [None, BATCH])
def test_what_numbers_may_come_as(engine, batch_size):
    options = {
        "learning_rate": 0.3,
        "num_iterations": 20,
        "record_every": 5,
        "batch_size": batch_size,
        "engine": engine,
    }
    whole = np.round(3 * X)
    expected = ellayer.train(BINARY, whole, Y, **options)
    for X_same in (
        whole.astype(int),
        whole.astype(np.int8),
        whole.tolist(),
        np.asfortranarray(whole),
        whole.astype("f2"),
    ):
        assert_same(ellayer.train(BINARY, X_same, Y, **options), expected)
    for Y_same in (
        Y.astype(bool),
        Y.astype(int),
        Y[0],
        Y[0].tolist(),
        Y.astype(np.uint8),
        Y.astype(np.float32),
    ):
        assert_same(ellayer.train(BINARY, whole, Y_same, **options), expected)
    yes = ellayer.train(BINARY, whole > 0, Y, **options)
    assert_same(yes, ellayer.train(BINARY, (whole > 0).astype(float), Y, **options))
    strided = np.repeat(whole, 2, axis=1)[:, ::2]
    assert_same(ellayer.train(BINARY, strided, Y, **options), expected)


def test_class_numbers_and_one_hot_columns_are_the_same():
    columns = np.eye(3)[LABELS].T
    options = {"learning_rate": 0.3, "num_iterations": 20, "record_every": 5}
    assert_same(ellayer.train(CLASSES, X, LABELS, **options), ellayer.train(CLASSES, X, columns, **options))


@pytest.mark.parametrize("engine", ["numpy", "jax+direct"])
def test_float32_in_float32_out(engine):
    X32, _ = problem(BINARY, dtype="float32")
    options = {
        "num_iterations": 20,
        "record_every": 5,
        "engine": engine,
        "optimizer": "adam",
        "l2": 0.1,
        "patience": 99,
    }
    result = ellayer.train(BINARY, X32, Y, validation=(X, Y), sample_weight=np.ones(M), **options)
    trees = (result.parameters, result.state.best_parameters, *result.state.optimizer_state.values())
    for tree in trees:
        assert {theta.dtype for theta in tree.values()} == {np.dtype("float32")}
    assert result.predict_proba(X).dtype == np.float32
    assert ellayer.train(BINARY, X32, Y, dtype="float64", **options).parameters["W1"].dtype == np.float64
    assert ellayer.train(BINARY, X, Y, dtype=np.float32, **options).parameters["W1"].dtype == np.float32


def test_pandas_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X.T)
    assert_same(
        ellayer.train(BINARY, frame.T, pandas.Series(Y[0]), num_iterations=5),
        ellayer.train(BINARY, X, Y, num_iterations=5),
    )


def test_only_the_array_that_is_known_to_be_finite_is_not_examined_again():
    strange = changed(X, (1, 2), np.nan)  # so that the test sees who looks
    with finite_numbers(strange.T):
        check_finite(strange, "X")
        with pytest.raises(ellayer.EllayerError, match="at feature 1 of example 2"):
            check_finite(strange.copy(), "X")
    with pytest.raises(ellayer.EllayerError, match="X: expected finite numbers"):
        check_finite(strange, "X")
