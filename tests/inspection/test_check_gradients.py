"""check_gradients at the front door: models of every kind, and rows of one's own."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ellayer import Network, check_gradients, initialize_parameters
from ellayer.core import ACTIVATIONS, LOSSES
from ellayer.core.activations import Activation, tanh_backward, tanh_forward
from ellayer.core.losses import FusedPair, Loss, squared_error_backward, squared_error_forward
from ellayer.inspection import gradient_check

RNG = np.random.default_rng(2)


def test_results_pairs_networks_and_estimators(flower, estimator, worked):
    result, X, Y = flower
    assert check_gradients(result, X, Y).passed
    assert check_gradients((worked.network, worked.parameters), worked.X, worked.Y, l2=0.1).passed
    assert check_gradients(worked.network, worked.parameters, worked.X, worked.Y).passed
    assert check_gradients(estimator, RNG.standard_normal((6, 3)), list("abcabc")).passed


@pytest.mark.parametrize("name", [*ACTIVATIONS, *LOSSES])
def test_every_row_of_the_tables_passes(name):
    check = check_gradients(name)
    assert check.passed, str(check)


def test_a_row_of_ones_own_before_it_is_admitted():
    right = Activation("my_tanh", tanh_forward, tanh_backward)
    wrong = Activation(
        "off", tanh_forward, lambda dA, Z, A: tanh_backward(dA, Z, A) * np.where(Z > 4, 1.01, 1.0)
    )
    assert check_gradients(right).passed
    assert not check_gradients(wrong).passed
    assert "FAILED" in str(check_gradients(wrong))
    shapeless = Activation("sums", lambda Z: Z.sum(axis=0), lambda dA, Z, A: dA)
    with pytest.raises(ValueError, match="of the shape of Z"):
        check_gradients(shapeless)


def test_a_loss_of_ones_own_both_ways():
    half = Loss("half", squared_error_forward, lambda A, Y: 0.5 * (A - Y), "identity", "real")
    assert not check_gradients(half).passed
    pair = Loss("pair", squared_error_forward, lambda A, Y: 0.5 * (A - Y), "identity", "real",
                fused=FusedPair(squared_error_forward, squared_error_backward))  # fmt: skip
    check = check_gradients(pair)
    verdicts = {row.name: row.verdict for row in check.rows}
    assert verdicts["dW1 (pair)"] == "ok"
    assert verdicts["dW1 (through dA)"] == "wrong"
    assert check_gradients(dataclasses.replace(pair, backward=squared_error_backward)).passed


def test_what_does_not_fit_is_said(worked):
    model = (worked.network, worked.parameters)
    with pytest.raises(ValueError, match="labels of the 4 examples, received none"):
        check_gradients(model, worked.X)
    with pytest.raises(TypeError, match=r"expected \(model, X, y\)"):
        check_gradients(model)
    with pytest.raises(ValueError, match="expected a model, or the name"):
        check_gradients("rellu")
    with pytest.raises(ValueError, match="expected a TrainingResult"):
        check_gradients(3, worked.X, worked.Y)
    with pytest.raises(ValueError, match="received none; pass the pair"):
        check_gradients(worked.network, worked.X, worked.Y)


def test_a_kink_exactly_at_the_data_is_said():
    network = Network([2, 3, 1])
    zeros = initialize_parameters(network, "zeros")
    check = check_gradients((network, zeros), RNG.standard_normal((2, 5)), [0, 1, 0, 1, 1])
    assert not check.passed
    assert "NOT CHECKED" in str(check)


def test_a_large_network_is_checked_along_few_directions(monkeypatch):
    costs, cost = [], gradient_check.CostFunction.cost

    def counted(self, theta):
        costs.append(theta)
        return cost(self, theta)

    monkeypatch.setattr(gradient_check.CostFunction, "cost", counted)
    network = Network([12288, 20, 7, 5, 1])
    pixels, cats = RNG.random((12288, 209)), RNG.integers(0, 2, (1, 209))
    check = check_gradients(
        (network, initialize_parameters(network, "randn_over_sqrt", seed=1)), pixels, cats
    )
    assert check.passed
    assert check.directions == 20
    assert len(costs) <= 1 + 2 * 3 * 20 * len(
        network.shapes
    )  # 246,000 parameters; three steps where there are kinks
