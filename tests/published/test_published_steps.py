"""The notes' published numbers, from the notes' functions."""

from __future__ import annotations

import re

import numpy as np
import pytest

import ellayer
from ellayer.steps import deep, logistic, shallow

LOGISTIC_CATS = [
    0.693147, 0.584508, 0.466949, 0.376007, 0.331463, 0.303273, 0.279880, 0.260042, 0.242941, 0.228004,
    0.214820, 0.203078, 0.192544, 0.183033, 0.174399, 0.166521, 0.159305, 0.152667, 0.146542, 0.140872,
]  # fmt: skip
FLOWER = [0.693048, 0.288083, 0.254385, 0.233864, 0.226792, 0.222644, 0.219731, 0.217504, 0.219471, 0.218612]
TWO_LAYER_CATS = {0: 0.693050, 100: 0.646432, 2400: 0.048555}
L_LAYER_CATS = {0: 0.771749, 100: 0.672053, 2400: 0.092878}
ROUNDED = 5.1e-7  # half of the sixth digit


def printed_costs(text):
    return [float(cost) for cost in re.findall(r"^Cost after iteration \d+: (.+)$", text, re.MULTILINE)]


def test_logistic_regression_on_the_cats(cats, capsys):
    d = logistic.model(*cats, num_iterations=2000, learning_rate=0.005, print_cost=True)
    lines = capsys.readouterr().out
    assert printed_costs(lines) == LOGISTIC_CATS
    np.testing.assert_allclose(d["costs"], LOGISTIC_CATS, rtol=0, atol=ROUNDED)
    assert lines.splitlines()[-2:] == ["train accuracy: 99.04306220095694 %", "test accuracy: 70.0 %"]


def test_one_hidden_layer_on_the_flower(flower, capsys):
    X, Y = flower
    parameters = shallow.nn_model(X, Y, n_h=4, num_iterations=10000, print_cost=True)
    costs = printed_costs(capsys.readouterr().out)
    np.testing.assert_allclose(costs[:8], FLOWER[:8], rtol=0, atol=1e-9)
    # from here on the cost jumps, and the order of additions decides the fourth digit
    np.testing.assert_allclose(costs[8:], FLOWER[8:], rtol=0, atol=2e-4)
    predictions = shallow.predict(parameters, X)
    accuracy = (Y @ predictions.T + (1 - Y) @ (1 - predictions.T)).item() / Y.size * 100
    assert int(accuracy) == 90


def test_five_hidden_units_on_the_flower(flower):
    X, Y = flower
    predictions = shallow.predict(shallow.nn_model(X, Y, n_h=5, num_iterations=5000), X)
    assert int(100 * np.mean(predictions == Y)) == 91


@pytest.mark.parametrize(
    ("model", "layers_dims", "initializer", "published", "accuracies"),
    [
        (deep.two_layer_model, (12288, 7, 1), "randn", TWO_LAYER_CATS, ("1.0", "0.72")),
        (deep.L_layer_model, (12288, 20, 7, 5, 1), "randn_over_sqrt", L_LAYER_CATS, ("0.9856459330143541", "0.8")),
    ],
)  # fmt: skip
def test_deep_networks_on_the_cats(
    cats, capsys, monkeypatch, model, layers_dims, initializer, published, accuracies
):
    """The notes' loop runs the updates 0 to 100 and 2400 to 2499, ``ellayer.train`` those in between.

    The loop keeps nothing but the parameters from one update to the next, so that it can start anywhere.
    """

    def train(iterations):
        return ellayer.train(
            ellayer.Network(layers_dims), cats.X_train, cats.Y_train, initializer=initializer, seed=1,
            learning_rate=0.0075, num_iterations=iterations, record_every=100,
        )  # fmt: skip

    parameters, costs = model(cats.X_train, cats.Y_train, layers_dims, num_iterations=101, print_cost=True)
    np.testing.assert_allclose(costs, [published[0], published[100]], rtol=0, atol=ROUNDED)
    start = train(101)
    assert costs == pytest.approx(start.costs, rel=1e-12)
    for name, values in parameters.items():
        np.testing.assert_allclose(start.parameters[name], values, rtol=1e-9, atol=1e-12)
    middle = train(2400).parameters
    monkeypatch.setattr(deep, "start", lambda *arguments: middle)
    parameters, costs = model(cats.X_train, cats.Y_train, layers_dims, num_iterations=100, print_cost=True)
    np.testing.assert_allclose(costs, [published[2400]], rtol=0, atol=ROUNDED)
    assert len(printed_costs(capsys.readouterr().out)) == 3
    deep.predict(cats.X_train, cats.Y_train, parameters)
    deep.predict(cats.X_test, cats.Y_test, parameters)
    assert capsys.readouterr().out == "Accuracy: {}\nAccuracy: {}\n".format(*accuracies)
