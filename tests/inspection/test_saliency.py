"""saliency: input gradients against finite differences, integrated gradients against their sum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ellayer import Network, initialize_parameters, saliency
from ellayer.core import L_model_forward
from ellayer.report import saliency_bars, saliency_overlay

RNG = np.random.default_rng(5)


def output(network, parameters, X, unit, of="output"):
    AL, caches = L_model_forward(X, parameters, network)
    return (AL if of == "output" else caches[-1].Z)[unit]


@settings(max_examples=20, deadline=None)
@given(
    activation=st.sampled_from(["tanh", "sigmoid", "gelu", "softplus"]),
    n_L=st.sampled_from([1, 3]),
    of=st.sampled_from(["output", "Z"]),
    parametric=st.booleans(),
    embedded=st.booleans(),
    seed=st.integers(0, 50),
)
def test_gradients_and_completeness(activation, n_L, of, parametric, embedded, seed):
    inputs = {"numbers": 2, "scaling": True} if embedded else None
    network = Network([4, 5, n_L], activation, parametric=parametric, inputs=inputs)
    parameters = initialize_parameters(network, seed=seed)
    X = np.random.default_rng(seed).standard_normal((4, 3))
    s = saliency((network, parameters), X, unit=n_L - 1, of=of)
    h = 1e-6
    for j in range(4):
        nudge = np.zeros((4, 1))
        nudge[j] = h
        slope = (
            output(network, parameters, X + nudge, n_L - 1, of)
            - output(network, parameters, X - nudge, n_L - 1, of)
        ) / (2 * h)
        np.testing.assert_allclose(s.gradients[j], slope, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(s.output, output(network, parameters, X, n_L - 1, of), rtol=1e-12)
    np.testing.assert_allclose(s.baseline_output, output(network, parameters, 0 * X, n_L - 1, of), rtol=1e-12)
    assert (s.gap <= 1e-4 * np.abs(s.output - s.baseline_output) + 1e-12).all()
    np.testing.assert_allclose(s.integrated.sum(axis=0), s.output - s.baseline_output, rtol=2e-4, atol=1e-10)


def test_a_linear_network_contributes_weight_times_input():
    network = Network([3, 1], loss="squared_error")
    parameters = {"W1": np.array([[2.0, -1.0, 0.0]]), "b1": np.array([[5.0]])}
    s = saliency((network, parameters), [[1.0], [4.0], [9.0]], baseline=[0.0, 1.0, 2.0])
    np.testing.assert_allclose(s.integrated[:, 0], [2.0, -3.0, 0.0])
    assert s.top(count=2) == [(1, pytest.approx(-3.0)), (0, pytest.approx(2.0))]


def test_the_predicted_class_is_explained_and_codes_are_left_alone():
    network = Network([4, 6, 3], inputs={"categories": [3]})
    parameters = initialize_parameters(network, seed=1)
    X = np.vstack([RNG.standard_normal((3, 5)), RNG.integers(0, 3, (1, 5))])
    s = saliency((network, parameters), X)
    AL, _ = L_model_forward(X, parameters, network)
    np.testing.assert_array_equal(s.units, AL.argmax(axis=0))
    assert (s.integrated[3] == 0).all()
    assert s.gap.max() < 1e-3


def test_what_does_not_fit_is_said(worked):
    model = (worked.network, worked.parameters)
    for wrong, message in (
        ({"unit": 1}, "unit: expected an output from 0 to 0"),
        ({"baseline": [1.0, 2.0]}, "baseline: expected"),
        ({"baseline": np.nan}, "finite"),
        ({"of": "loss"}, "of: expected"),
        ({"steps": 0}, "steps: expected"),
    ):
        with pytest.raises(ValueError, match=message):
            saliency(model, worked.X, **wrong)


def test_the_pictures():
    figure = saliency_overlay(RNG.random((8, 8, 3)), RNG.standard_normal(192))
    assert len(figure.axes) == 2
    assert saliency_overlay(255 * RNG.random((6, 5)), np.zeros((6, 5))).axes[1].images[
        0
    ].get_array().shape == (6, 5, 3)
    figure = saliency_bars(RNG.standard_normal(40), [f"column {j}" for j in range(40)])
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert len(labels) == 16
    assert labels[-1] == "25 others together"
    figure.canvas.draw()
    with pytest.raises(ValueError, match="contributions: expected"):
        saliency_overlay(np.zeros((4, 4)), np.zeros(5))
    with pytest.raises(ValueError, match="picture: expected"):
        saliency_overlay(np.zeros(4), np.zeros(4))
    with pytest.raises(ValueError, match="names: expected"):
        saliency_bars(np.zeros(4), ["a"])
