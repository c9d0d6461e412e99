"""Contributions of columns: they add up to the prediction, and are the Shapley values of a model without interactions."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import polars as pl
import pytest

from ellayer import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, explain, load, save
from ellayer.core import Network, initialize_parameters
from ellayer.errors import EllayerError
from ellayer.inspection.ensemble import Ensemble

pytestmark = [
    pytest.mark.filterwarnings("ignore:column"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
M = 160
RNG = np.random.default_rng(3)
TABLE = pl.DataFrame(
    {
        "size": RNG.normal(50.0, 10.0, M),
        "weight": np.where(np.arange(M) % 10 == 0, np.nan, RNG.normal(2.0, 1.0, M)),
        "town": RNG.choice([f"town {k}" for k in range(12)], M),
        "paid": RNG.choice([True, False], M),
        "day": np.datetime64("2024-01-01") + RNG.integers(0, 300, M),
        "constant": np.ones(M),
    }
)
HEIGHT = TABLE["size"].to_numpy() / 10 + 2.0 * TABLE["paid"].to_numpy() + RNG.normal(0.0, 0.1, M)
KINDS = np.array(["low", "middle", "tall"])[np.digitize(HEIGHT, np.quantile(HEIGHT, [0.3, 0.7]))]
SMALL = {"epochs": 10, "hidden_layer_sizes": (16, 8), "random_state": 0}


def logit(p):
    return np.log(p) - np.log1p(-p)


def fit(case: str):
    """A small table model of a kind: with one or two members, with ramps or with cosines and embedded categories."""
    task, _, recipe = case.partition(" ")
    options = {**SMALL, "recipe": recipe or "ramps", "n_members": 2 if task != "classes" else 1}
    if task == "numbers":
        return TabularRegressor(**options).fit(TABLE, HEIGHT)
    y = KINDS if task == "classes" else np.where(KINDS == "tall", "tall", "other")
    return TabularClassifier(**options).fit(TABLE, y)


@pytest.mark.parametrize("case", ["numbers", "classes", "two", "numbers full", "classes full", "two full"])
def test_the_contributions_add_up_to_the_prediction(case):
    model = fit(case)
    explanation = explain(model, TABLE)
    assert explanation.names == TABLE.columns
    assert explanation.values.shape == (M, 6)
    size = np.abs(explanation.values).sum(axis=1)
    assert (explanation.gap <= 2e-3 * size + 1e-9).all()
    np.testing.assert_allclose(
        explanation.base + explanation.values.sum(axis=1), explanation.output, atol=2e-3 * size.max()
    )
    assert not explanation.values[:, 5].any()  # an unused column contributes nothing
    if case.startswith("numbers"):
        np.testing.assert_allclose(explanation.output, model.predict(TABLE), rtol=1e-9)
        assert explanation.labels is None
    else:
        P, places = model.predict_proba(TABLE), np.searchsorted(model.classes_, explanation.labels)
        np.testing.assert_allclose(explanation.output, logit(P[np.arange(M), places]), rtol=1e-7, atol=1e-9)
        if case.startswith("classes"):
            assert places.tolist() == P.argmax(axis=1).tolist()
        else:
            assert set(explanation.labels) == {"tall"}


def test_a_class_can_be_chosen_and_two_classes_mirror_each_other():
    model = fit("two")
    tall, other = (explain(model, TABLE[:20], label=label) for label in ("tall", "other"))
    np.testing.assert_allclose(tall.values, -other.values, atol=2e-2)
    np.testing.assert_allclose(tall.output, -other.output, rtol=1e-9)
    with pytest.raises(EllayerError, match="label: expected one of other, tall"):
        explain(model, TABLE[:2], label="small")


def test_the_columns_that_the_target_is_made_of_matter_most():
    model = TabularRegressor(1, epochs=100, hidden_layer_sizes=16, random_state=0).fit(TABLE, HEIGHT)
    values = np.abs(explain(model, TABLE).values).mean(axis=0)
    assert {TABLE.columns[j] for j in np.argsort(-values)[:2]} == {"size", "paid"}


def test_the_baseline_is_the_average_training_row_or_that_of_other_rows(tmp_path):
    model = fit("numbers")
    own = explain(model, TABLE[:5])
    other = explain(model, TABLE[:5], baseline=TABLE[:1])
    assert np.allclose(other.values[0], 0.0)
    assert np.isclose(other.base[0], other.output[0])
    assert not np.isclose(own.base[0], other.base[0])
    save(model, tmp_path / "m.ellayer")
    np.testing.assert_allclose(explain(load(tmp_path / "m.ellayer"), TABLE[:5]).values, own.values)


def test_a_model_of_an_older_file_starts_from_the_neutral_row():
    model = fit("two full")
    model.average_inputs_ = []
    explanation = explain(model, TABLE[:10])
    assert (explanation.gap <= 2e-3 * np.abs(explanation.values).sum(axis=1) + 1e-9).all()


# Shapley


def shapley(value, x, start):
    """Return the exact Shapley values of a function of n features, absent ones at their baseline."""
    n = len(x)
    phi = np.zeros(n)

    def of(present):
        row = start.copy()
        row[list(present)] = x[list(present)]
        return value(row)

    for j in range(n):
        others = [k for k in range(n) if k != j]
        for size in range(n):
            share = factorial(size) * factorial(n - size - 1) / factorial(n)
            phi[j] += share * sum(of((*some, j)) - of(some) for some in combinations(others, size))
    return phi


def parts_of(layer_dims, activation, seed=0):
    network = Network(layer_dims, activation)
    parameters = initialize_parameters(network, seed=seed)
    return network, {name: 1.5 * theta for name, theta in parameters.items()}


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_linear_network_has_its_shapley_values(outputs):
    model = parts_of([5, 4, outputs], "identity")
    if outputs == 3:
        model = parts_of([5, 3], "identity")
    X = RNG.normal(size=(5, 4))
    start = RNG.normal(size=5)
    explanation = explain(model, X, baseline=start[:, None], label=0 if outputs == 3 else 1)
    function = Ensemble.of(model)
    unit = np.zeros(1, int) if outputs == 3 else np.ones(1, int)
    value = lambda row: float(function.value(row[:, None], unit)[0])  # noqa: E731
    if outputs == 1:
        exact = np.stack([shapley(value, x, start) for x in X.T])
        np.testing.assert_allclose(explanation.values, exact, atol=1e-9)
    np.testing.assert_allclose(
        explanation.values.sum(axis=1), [value(x) - value(start) for x in X.T], atol=5e-3
    )


def test_a_network_with_interactions_comes_close_to_its_shapley_values():
    network = Network([4, 8, 1], "tanh", "squared_error")
    model = network, initialize_parameters(network, seed=1)
    X, start = RNG.normal(size=(4, 30)), np.zeros(4)
    explanation = explain(model, X)
    function = Ensemble.of(model)
    exact = np.stack(
        [shapley(lambda r: float(function.value(r[:, None], np.zeros(1, int))[0]), x, start) for x in X.T]
    )
    assert np.corrcoef(explanation.values.ravel(), exact.ravel())[0, 1] > 0.95
    np.testing.assert_allclose(explanation.values.sum(axis=1), exact.sum(axis=1), atol=5e-3)


# Other models


def test_other_estimators_are_explained_in_their_own_columns():
    X = np.stack([TABLE["size"].to_numpy() / 10 - 5, HEIGHT - 5], axis=1)
    classifier = MLPClassifier(hidden_layer_sizes=8, max_iter=200, random_state=0).fit(X, KINDS)
    explanation = explain(classifier, X[:6])
    assert explanation.names == ["x0", "x1"]
    assert explanation.frame.height == 6
    regressor = MLPRegressor(hidden_layer_sizes=8, max_iter=20, random_state=0).fit(X, X)
    second = explain(regressor, X[:6], label=1)
    np.testing.assert_allclose(second.output, regressor.predict(X[:6])[:, 1], rtol=1e-6)


def test_slopes_are_the_derivatives_of_the_value():
    model = fit("classes full")
    ensemble = Ensemble.of(model)
    S = ensemble.features(ensemble.parts.prepare(TABLE[:8]))
    units = np.arange(8) % 3
    slopes, v = ensemble.slopes(S, units), RNG.normal(size=S.shape)
    h = 1e-5
    difference = (ensemble.value(S + h * v, units) - ensemble.value(S - h * v, units)) / (2 * h)
    np.testing.assert_allclose((slopes * v).sum(axis=0), difference, rtol=1e-4, atol=1e-6)


def test_certain_predictions_keep_their_digits():
    network = Network([1, 3], "identity")
    model = network, {"W1": np.array([[80.0], [0.0], [-80.0]]), "b1": np.zeros((3, 1))}
    explanation = explain(model, [[1.0]])
    assert np.isfinite(explanation.values).all()
    assert explanation.output[0] == pytest.approx(80.0)


def test_the_frame_names_the_class_and_the_columns():
    explanation = explain(fit("two"), TABLE[:4])
    assert explanation.frame.columns == ["explained class", "base", *TABLE.columns, "output"]
    assert len(explanation.top(0, 3)) == 3
    assert "log odds" in repr(explanation)


def test_a_constant_target_has_nothing_to_explain():
    with pytest.warns(UserWarning, match="one class"):
        model = TabularClassifier(1, **SMALL).fit(TABLE, np.full(M, "same"))
    with pytest.raises(EllayerError, match="constant"):
        explain(model, TABLE)
