"""The gradients written by hand: against finite differences and against jax.grad."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ellayer.core import (
    ACTIVATIONS,
    LOSSES,
    L_model_backward,
    L_model_forward,
    Network,
    compute_cost,
    relative_weights,
)
from ellayer.core.inputs import Inputs
from ellayer.core.regularizers import dropout_mask, l1_backward, l1_forward, l2_backward, l2_forward
from ellayer.inspection import check_gradients

# Output activations whose values a loss is defined for, by the loss's targets.
OUTPUTS = {
    "binary": ["sigmoid", "softmax"],
    "one_hot": ["softmax", "sigmoid"],
    "count": ["exp", "softplus", "sigmoid"],
    "real": list(ACTIVATIONS),
}
PAIRS = [(output, loss) for loss, row in LOSSES.items() for output in OUTPUTS[row.targets]]


def targets(kind: str, n: int, m: int, random: np.random.Generator) -> np.ndarray:
    if kind == "one_hot":
        return np.eye(n)[random.integers(0, n, m)].T
    if kind == "binary":
        return random.integers(0, 2, (n, m)).astype(float)
    if kind == "count":
        return random.poisson(1.5, (n, m)).astype(float)
    return random.standard_normal((n, m))


@st.composite
def embeddings(draw, n_x):
    """What may stand before the first layer; all categories have the same number of levels."""
    numbers = draw(st.integers(0, n_x))
    categories = draw(st.integers(0, n_x - numbers))
    frequencies, ramps = draw(st.sampled_from([(2, 0), (0, 3), (2, 3)]))
    return Inputs(numbers, frequencies, 2, (3,) * categories, 2, scaling=draw(st.booleans()), ramps=ramps)


@st.composite
def problems(draw):
    """A network of any kind, with parameters, data, weights, penalties, dropout masks and embeddings."""
    output, loss = draw(st.sampled_from(PAIRS))
    least = 2 if output == "softmax" or LOSSES[loss].targets == "one_hot" else 1
    hidden = draw(st.lists(st.tuples(st.integers(1, 5), st.sampled_from(list(ACTIVATIONS))), max_size=3))
    assume(sum(name == "exp" for _, name in hidden) < 2)  # exp of exp leaves every scale behind
    dims = [draw(st.integers(1, 4)), *(n for n, _ in hidden), draw(st.integers(least, 3))]
    inputs = draw(st.none() | embeddings(dims[0]))
    network = Network(
        dims, [*(name for _, name in hidden), output], loss, parametric=draw(st.booleans()), inputs=inputs
    )
    m = draw(st.integers(1, 6))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parameters = {
        k: random.standard_normal(shape) * (0.8 / np.sqrt(shape[1]) if k[0] == "W" else 0.4)
        for k, shape in network.shapes.items()
    }
    X, Y = random.standard_normal((dims[0], m)), targets(LOSSES[loss].targets, dims[-1], m, random)
    for j, levels in enumerate(inputs.categories if inputs else (), start=1):
        X[-j] = random.integers(-1, levels, m)
    extras = {
        "l2": draw(st.sampled_from([0.0, 0.3])),
        "l1": draw(st.sampled_from([0.0, 0.2])),
        "weights": draw(st.none() | st.just(1)) and np.maximum(random.random((1, m)) - 0.2, [[1e-3]]),
        "masks": {
            l: dropout_mask(np.zeros((network.widths[l], m)), 0.4, draw(st.integers(0, 99)), 0, l)
            for l in draw(st.sets(st.integers(0, len(hidden))))
        },
    }
    return network, parameters, X, Y, extras


@given(problems())
@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_gradients_equal_finite_differences(problem):
    network, parameters, X, Y, extras = problem
    check = check_gradients(network, parameters, X, Y, **extras)
    assert check.passed, f"{network}\n{check}"


class TestAgainstJax:
    """Equality with jax.grad to 1e-12, with weights, L2, L1 and dropout in the cost.

    All layers are equally wide where many networks are compared: JAX compiles each operation once per
    shape, which is what takes the time.
    """

    def agree(self, activations: list[str], loss: str, dims=(3, 3, 3, 3), **more) -> None:
        import jax

        network = Network(dims, activations, loss, **more)
        random, m = np.random.default_rng(11), 5
        parameters = {k: 0.5 * random.standard_normal(shape) for k, shape in network.shapes.items()}
        X, Y = random.standard_normal((3, m)), targets(LOSSES[loss].targets, dims[-1], m, random)
        w = relative_weights(random.random((1, m)))
        masks = {l: dropout_mask(np.zeros((network.widths[l], m)), 0.3, 1, 0, l) for l in (0, 2)}

        AL, caches = L_model_forward(X, parameters, network, masks)
        grads = L_model_backward(AL, Y, caches, network, w)
        grads = l1_backward(l2_backward(grads, parameters, 0.3, m), parameters, 0.2, m)

        def J(p, x):
            A, c = L_model_forward(x, p, network, masks)
            cost = compute_cost(A, jax.numpy.asarray(Y), network, w, c[-1].Z)
            return cost + l2_forward(p, 0.3, m) + l1_forward(p, 0.2, m)

        with jax.enable_x64(True):
            held = {k: jax.numpy.asarray(v) for k, v in parameters.items()}
            gradient = jax.grad(J, argnums=(0, 1))
            if more:  # shapes of its own: cheaper compiled as a whole
                gradient = jax.jit(gradient)
            expected, dX = gradient(held, jax.numpy.asarray(X))
        pairs = {k: (grads[f"d{k}"], np.asarray(expected[k])) for k in parameters}
        pairs["X"] = grads["dX" if network.inputs else "dA0"] / m, np.asarray(dX)
        for name, (ours, theirs) in pairs.items():
            error = np.linalg.norm(ours - theirs)
            assert error <= 1e-12 * max(np.linalg.norm(theirs), 1e-3), f"{network} d{name}"

    @pytest.mark.parametrize("loss", LOSSES)
    def test_every_hidden_activation_with_every_loss(self, loss):
        for spec in [*ACTIVATIONS, "leaky_relu(0.2)", "elu(1.7)"]:
            self.agree([spec, spec, LOSSES[loss].output], loss)

    @pytest.mark.parametrize("loss", LOSSES)
    def test_every_output_activation_that_suits_the_loss(self, loss):
        for output in OUTPUTS[LOSSES[loss].targets]:
            self.agree(["tanh", "gelu", output], loss)

    @pytest.mark.parametrize(
        "loss",
        [
            "cross_entropy(0.1)",
            "binary_cross_entropy(0.2)",
            "huber(0.2)",
            "quantile(0.9)",
            "focal(0.5)",
            "focal(0)",
        ],
    )
    def test_losses_with_numbers_of_their_own(self, loss):
        self.agree(["tanh", "silu", LOSSES[loss].output], loss)

    @pytest.mark.parametrize("spec", ["tanh", "selu", "softmax"])
    def test_blended_activations_and_embedded_inputs(self, spec):
        self.agree(
            [spec, spec, "softmax"],
            "cross_entropy",
            dims=(3, 4, 3, 2),
            parametric=True,
            inputs=Inputs(2, 3, 2, scaling=True, ramps=3),
        )


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if LOSSES[loss].fused])
def test_fused_and_unfused_networks_are_the_same(loss, monkeypatch):
    """The short cut dZ = A - Y against dA and g' multiplied out, through a whole network."""
    network = Network([3, 4, 2], ["tanh", LOSSES[loss].output], loss)
    random = np.random.default_rng(3)
    parameters = {k: random.standard_normal(shape) for k, shape in network.shapes.items()}
    X, Y = random.standard_normal((3, 7)), targets(LOSSES[loss].targets, 2, 7, random)
    AL, caches = L_model_forward(X, parameters, network)
    fused = L_model_backward(AL, Y, caches, network)
    cost = compute_cost(AL, Y, network, ZL=caches[-1].Z)
    monkeypatch.setitem(network.__dict__, "fused_pair", None)
    unfused = L_model_backward(AL, Y, caches, network)
    assert set(unfused) - set(fused) == {"dA2"}
    for name in fused:
        np.testing.assert_allclose(unfused[name], fused[name], rtol=1e-12, atol=1e-13)
    assert compute_cost(AL, Y, network, ZL=caches[-1].Z) == pytest.approx(float(cost), rel=1e-12)
