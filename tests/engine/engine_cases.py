"""Small problems, a loop written out by hand, and comparisons of two runs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ellayer.core import (
    L_model_backward,
    L_model_forward,
    Network,
    compute_cost,
    initialize_parameters,
    relative_weights,
    update_parameters,
)

BINARY = Network([3, 4, 1], "tanh")
M = 13  # not a multiple of the batches of 5
BATCH = 5


def problem(
    network: Network, m: int = M, seed: int = 0, dtype: str = "float64"
) -> tuple[np.ndarray, np.ndarray]:
    """Return X (n_x, m) and Y (n_L, m) that suit a network, both read-only."""
    random = np.random.default_rng(seed)
    n_x, n_L = network.layer_dims[0], network.layer_dims[-1]
    X = random.standard_normal((n_x, m)).astype(dtype)
    kind = network.loss_row.targets
    if kind == "one_hot":
        Y = np.eye(n_L)[random.integers(0, n_L, m)].T.astype(dtype)
    elif kind == "binary":
        Y = random.integers(0, 2, (n_L, m)).astype(dtype)
    elif kind == "count":
        Y = random.poisson(1.5, (n_L, m)).astype(dtype)
    else:
        Y = random.standard_normal((n_L, m)).astype(dtype)
    X.flags.writeable = Y.flags.writeable = False
    return X, Y


class ByHand(NamedTuple):
    """What the loop written out by hand went through: entry i belongs to before update i."""

    costs: list[float]
    norms: list[float]
    parameters: list[dict[str, np.ndarray]]


def by_hand(
    network: Network,
    X: np.ndarray,
    Y: np.ndarray,
    learning_rate: float,
    num_iterations: int,
    parameters: dict[str, np.ndarray] | None = None,
    weights: Any = None,
) -> ByHand:
    """Gradient descent on the full batch with the notes' four functions, from seed 0."""
    parameters = parameters or initialize_parameters(network, dtype=str(X.dtype))
    w = None if weights is None else relative_weights(np.asarray(weights, X.dtype).reshape(1, -1))
    seen = ByHand([], [], [parameters])
    with np.errstate(all="ignore"):
        for _ in range(num_iterations):
            AL, caches = L_model_forward(X, parameters, network)
            grads = L_model_backward(AL, Y, caches, network, w)
            seen.costs.append(float(compute_cost(AL, Y, network, w, caches[-1].Z)))
            seen.norms.append(float(np.sqrt(sum(np.sum(grads[f"d{k}"] ** 2) for k in parameters))))
            parameters = update_parameters(parameters, grads, learning_rate)
            seen.parameters.append(parameters)
    return seen


def assert_close(a: Any, b: Any, tolerance: float = 1e-9) -> None:
    """Two results have gone the same way, within rounding."""
    np.testing.assert_allclose(a.costs, b.costs, rtol=tolerance, atol=tolerance)
    columns = set(a.history) & set(b.history) - {"seconds", "loop"}
    assert columns == set(a.history) - {"seconds", "loop"}
    for name in columns:
        np.testing.assert_allclose(
            a.history[name], b.history[name], rtol=tolerance, atol=tolerance, err_msg=name
        )
    assert_parameters_close(a.parameters, b.parameters, tolerance)


def assert_parameters_close(a: dict, b: dict, tolerance: float = 1e-9) -> None:
    """Two dicts of parameters are equal within rounding."""
    assert list(a) == list(b)
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=tolerance, atol=tolerance, err_msg=name)


def assert_same_parameters(a: dict, b: dict) -> None:
    """Two dicts of parameters are equal bit for bit, dtype included."""
    assert list(a) == list(b)
    for name in a:
        assert a[name].dtype == b[name].dtype
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def assert_same(a: Any, b: Any) -> None:
    """Two results, their states included, are equal bit for bit."""
    assert_same_parameters(a.parameters, b.parameters)
    assert_same_parameters(a.state.parameters, b.state.parameters)
    assert a.costs == b.costs
    assert list(a.history) == list(b.history)
    for name in set(a.history) - {"seconds"}:
        np.testing.assert_array_equal(a.history[name], b.history[name], err_msg=name)
    for field in ("step", "seed", "rate_scale", "interval", "best_value", "best_step", "waited"):
        assert getattr(a.state, field) == getattr(b.state, field), field
    _assert_same_tree(a.state.optimizer_state, b.state.optimizer_state)
    _assert_same_tree(a.state.best_parameters, b.state.best_parameters)
    _assert_same_tree(a.state.coordinates, b.state.coordinates)


def _assert_same_tree(a: Any, b: Any) -> None:
    if isinstance(a, dict):
        assert list(a) == list(b)
        for name in a:
            _assert_same_tree(a[name], b[name])
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            _assert_same_tree(one, other)
    else:
        np.testing.assert_array_equal(a, b)
