"""The cost and its gradients, against the same written out."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer.core import L_model_backward, L_model_forward, Network, compute_cost, initialize_parameters
from ellayer.core.objective import dropout_masks, objective

NETWORK = Network([4, 6, 3, 1], "tanh")
RANDOM = np.random.RandomState(0)
X, Y = RANDOM.randn(4, 20), (RANDOM.rand(1, 20) > 0.5) * 1.0
THETA = initialize_parameters(NETWORK, seed=1)


@pytest.mark.parametrize("weights", [None, RANDOM.rand(1, 20) * 5], ids=["equal", "weighted"])
@pytest.mark.parametrize(("l2", "l1"), [(None, None), (0.7, None), (None, 0.3), (0.7, 0.3)])
def test_cost_and_gradients_are_the_sums_of_their_parts(weights, l2, l1):
    total = 20.0 if weights is None else weights.sum()
    AL, caches = L_model_forward(X, THETA, NETWORK)
    relative = None if weights is None else weights / weights.mean()
    W = [theta for name, theta in THETA.items() if name[0] == "W"]
    expected = compute_cost(AL, Y, NETWORK, relative, caches[-1].Z)
    expected += (l2 or 0) / (2 * total) * sum((w**2).sum() for w in W)
    expected += (l1 or 0) / total * sum(np.abs(w).sum() for w in W)
    J = objective(NETWORK, 20, weights, l2, l1)
    assert J.cost(AL, caches[-1].Z, Y, THETA) == pytest.approx(float(expected), rel=1e-14)
    grads = J.gradients(AL, caches, Y, THETA)
    bare = L_model_backward(AL, Y, caches, NETWORK, relative, input_gradient=False)
    assert set(grads) == set(bare)
    for name, theta in THETA.items():
        more = ((l2 or 0) * theta + (l1 or 0) * np.sign(theta)) / total if name[0] == "W" else 0.0
        np.testing.assert_allclose(grads[f"d{name}"], bare[f"d{name}"] + more, rtol=1e-12, atol=1e-17)
    assert "dA0" in J.gradients(AL, caches, Y, THETA, input_gradient=True)


def test_examples_that_weigh_nothing_change_nothing():
    AL, caches = L_model_forward(X, THETA, NETWORK)
    J = objective(NETWORK, 20, np.zeros((1, 20)), l2=1.0, l1=1.0)
    assert J.cost(AL, caches[-1].Z, Y, THETA) == 0
    grads = J.gradients(AL, caches, Y, THETA)
    assert all((grads[f"d{name}"] == 0).all() for name in THETA)


def test_what_comes_between_loss_and_penalties_sees_the_loss_alone():
    AL, caches = L_model_forward(X, THETA, NETWORK)
    J = objective(NETWORK, 20, l2=1.0)
    none = J.gradients(AL, caches, Y, THETA, project=lambda g, p: {k: 0.0 * v for k, v in g.items()})
    np.testing.assert_allclose(none["dW1"], THETA["W1"] / 20)


def test_masks_are_those_of_the_layers_with_a_rate():
    masks = dropout_masks(NETWORK, {0: 0.5, 2: 0.25}, X.astype(np.float32), seed=3, step=7)
    assert {l: (D.shape, D.dtype) for l, D in masks.items()} == {0: ((4, 20), "f4"), 2: ((3, 20), "f4")}
    assert not dropout_masks(NETWORK, {}, X, seed=3, step=7)
