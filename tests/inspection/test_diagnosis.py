"""diagnose: each finding on a run that has the fault, and silence on one that has not."""

from __future__ import annotations

import time

import numpy as np
import pytest

import ellayer
from ellayer import Network, TabularClassifier, data, diagnose, initialize_parameters, train
from ellayer.engine.history import History
from ellayer.inspection.diagnosis_findings import CHECKS, advice_for

FLOWER = data.load("flower")
RNG = np.random.default_rng(4)


@pytest.fixture(scope="module")
def tumours():
    """Standardised columns of a real table, and the raw ones."""
    B = data.load("breast_cancer")
    return (B.X - B.X.mean(1, keepdims=True)) / B.X.std(1, keepdims=True), B.X, B.Y


def run(layers, activation="relu", X=FLOWER.X, Y=FLOWER.Y, **settings):
    network = Network(layers, activation)
    return train(
        network,
        X,
        Y,
        **{"seed": 2, "num_iterations": 500, "learning_rate": 0.5, "record_every": 20, **settings},
    )


def dead_start(network):
    start = initialize_parameters(network, seed=1)
    return {**start, "b1": start["b1"] - 20.0}


def test_the_notes_run_on_the_flower_is_healthy(flower):
    result, X, Y = flower
    diagnosis = diagnose(result, X, Y)
    assert diagnosis.healthy, str(diagnosis)
    assert "No problems found" in str(diagnosis)
    assert list(diagnosis.not_looked_at) == ["overfitting", "rising_validation_loss", "simple_model_better"]


def test_a_good_run_on_a_real_table_is_healthy(tumours):
    X, _, Y = tumours
    for settings in ({"learning_rate": 0.1}, {"optimizer": "adam", "learning_rate": 0.005, "batch_size": 32}):
        result = run([30, 10, 1], "tanh", X[:, ::2], Y[:, ::2], l2=1.0, num_iterations=400, **settings)
        diagnosis = diagnose(result, X[:, ::2], Y[:, ::2], validation=(X[:, 1::2], Y[:, 1::2]))
        assert diagnosis.healthy, str(diagnosis)
        assert list(diagnosis.not_looked_at) == ["rising_validation_loss", "simple_model_better"]


FAULTY = {
    "symmetric_initialisation": lambda: run([2, 4, 1], "tanh", initializer="zeros"),
    "learning_rate_too_high": lambda: run([2, 4, 1], "tanh", learning_rate=30.0),
    "learning_rate_too_low": lambda: run([2, 4, 1], "tanh", learning_rate=3e-4),
    "vanishing_gradients": lambda: run([2, *[8] * 8, 1], "sigmoid", num_iterations=200),
    "exploding_gradients": lambda: run([2, *[30] * 8, 1], initializer="randn(scale=3)", learning_rate=1e-9,
                                       num_iterations=40),
    "dead_units": lambda: run([2, 20, 1], parameters=dead_start(Network([2, 20, 1]))),
    "saturated_units": lambda: run([2, 8, 1], "tanh", initializer="randn(scale=100)", learning_rate=0.01),
    "underfitting": lambda: run([2, 1], learning_rate=0.1),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTY)
def test_a_run_with_the_fault_has_the_finding(name):
    diagnosis = diagnose(FAULTY[name](), FLOWER.X, FLOWER.Y)
    assert name in diagnosis, str(diagnosis)
    (finding, *_) = [f for f in diagnosis.findings if f.name == name]
    assert finding.severity in ("serious", "warning")
    assert any(c.isdigit() for c in finding.figure)
    assert len(finding.advice) > 20
    assert finding.title in str(diagnosis)
    assert finding.advice in diagnosis._repr_html_().replace("&#x27;", "'")


def test_without_the_fault_the_finding_is_silent():
    """The same networks with the fault mended."""
    mended = {
        "symmetric_initialisation": run([2, 4, 1], "tanh"),
        "learning_rate_too_high": run([2, 4, 1], "tanh"),
        "learning_rate_too_low": run([2, 4, 1], "tanh"),
        "vanishing_gradients": run([2, *[8] * 8, 1], "tanh", initializer="xavier_normal", num_iterations=200,
                                   learning_rate=0.05),
        "exploding_gradients": run([2, *[30] * 8, 1], num_iterations=40, learning_rate=0.01),
        "dead_units": run([2, 20, 1]),
        "saturated_units": run([2, 8, 1], "tanh"),
        "underfitting": run([2, 8, 1], "tanh", num_iterations=2000),
    }  # fmt: skip
    assert set(mended) == set(FAULTY)
    for name, result in mended.items():
        diagnosis = diagnose(result, FLOWER.X, FLOWER.Y)
        assert name not in diagnosis, str(diagnosis)


def test_divergence_is_a_learning_rate_too_high(tumours):
    _, raw, Y = tumours
    with pytest.warns(ellayer.engine.DivergenceWarning):
        result = train(Network([30, 1], loss="squared_error"), raw, Y, learning_rate=1.0)
    diagnosis = diagnose(result)
    assert diagnosis.findings[0].name == "learning_rate_too_high"
    assert "stopped being a finite number" in diagnosis.findings[0].figure


def test_unscaled_inputs(tumours):
    scaled, raw, Y = tumours
    result = run([30, 10, 1], "tanh", raw, Y, learning_rate=1e-4)
    assert "unscaled_inputs" in diagnose(result, raw)
    assert "unscaled_inputs" not in diagnose(result, scaled)
    assert "unscaled_inputs" in diagnose(result, 1e-4 * scaled)
    assert "unscaled_inputs" in diagnose(result, np.vstack([500 * scaled[:1] * 0.01, 0.01 * scaled[1:]]))


def test_class_imbalance(tumours):
    X, _, Y = tumours
    few = np.r_[np.flatnonzero(Y[0] == 1), np.flatnonzero(Y[0] == 0)[:10]]
    result = run([30, 4, 1], "tanh", X[:, few], Y[:, few], learning_rate=0.01, num_iterations=40)
    assert "class_imbalance" in diagnose(result, X[:, few], Y[:, few])
    assert "class_imbalance" not in diagnose(result, X, Y)


def test_overfitting_from_held_out_examples_and_from_the_history(tumours):
    X, _, Y = tumours
    train_part, held_out = (X[:, :60], Y[:, :60]), (X[:, 300:], Y[:, 300:])
    settings = {"learning_rate": 0.1, "num_iterations": 3000}
    result = run([30, 60, 1], "relu", *train_part, **settings)
    assert "overfitting" in diagnose(result, *train_part, validation=held_out)
    recorded = run([30, 60, 1], "relu", *train_part, validation=held_out, **settings)
    assert "overfitting" in diagnose(recorded)
    even, odd = (X[:, ::2], Y[:, ::2]), (X[:, 1::2], Y[:, 1::2])
    mended = run([30, 4, 1], "tanh", *even, validation=odd, l2=5.0, learning_rate=0.1)
    assert "overfitting" not in diagnose(mended)
    assert "overfitting" not in diagnose(mended, *even, validation=odd)


def test_regression_underfits_against_the_mean():
    X = RNG.standard_normal((3, 80))
    noise, signal = RNG.standard_normal(80), 2.0 * X[0] - X[1]
    network = Network([3, 1], loss="squared_error")
    assert "underfitting" in diagnose(train(network, X, noise, learning_rate=0.1), X, noise)
    assert diagnose(train(network, X, signal, learning_rate=0.1), X, signal).healthy


def test_a_simple_model_that_is_better_is_a_finding(flower):
    result, X, Y = flower
    better = diagnose(result, X, Y, simple=("logistic regression has a lower loss", 0.2))
    assert better.names == ["simple_model_better"]
    assert "Logistic regression has a lower loss" in str(better)
    assert diagnose(result, X, Y, simple=("", 0.0)).healthy


def test_a_validation_loss_that_rises_after_the_epoch_that_was_kept():
    random = np.random.RandomState(0)
    X, y = random.randn(60, 8), random.randint(0, 2, 60)
    model = TabularClassifier(1, epochs=60, hidden_layer_sizes=64, learning_rate=0.2, random_state=0).fit(
        X, y
    )
    assert "rising_validation_loss" in diagnose(model)


def test_what_is_missing_is_named_and_nothing_to_look_at_is_refused(flower):
    result, X, Y = flower
    alone = diagnose(result)
    assert set(alone.not_looked_at) == {
        n
        for n, (need, _) in CHECKS.items()
        if "X" in need
        or need in ("Y", "held-out examples", "a validation loss by epoch", "predictions of a simple model")
    }
    assert "needs X" in str(alone)
    pair = (result.network, result.parameters)
    diagnosis = diagnose(pair, X, Y)
    assert "learning_rate_too_high" in diagnosis.not_looked_at
    with pytest.raises(ValueError, match="stored history"):
        diagnose(pair)
    with pytest.raises(ValueError, match="received Y alone"):
        diagnose(result, Y=Y)
    with pytest.raises(ValueError, match="validation: expected"):
        diagnose(result, X, Y, validation=X)
    with pytest.raises(ValueError, match="Transpose"):
        diagnose(result, X.T, Y)


def test_an_estimators_loss_curve_is_its_history(estimator):
    estimator.history_ = History({"loss": [0.5, 0.7, 0.9, 1.2, 1.5]})
    assert "learning_rate_too_high" in diagnose(estimator)
    rows = RNG.standard_normal((30, 3))
    assert "learning_rate_too_high" in diagnose(estimator, rows, np.array(list("abc") * 10))


def test_the_update_ratio_is_the_engines_next_step(tumours):
    X, _, Y = tumours
    for settings in (
        {"learning_rate": 0.1},
        {"optimizer": "momentum", "learning_rate": 0.01},
        {"optimizer": "adam"},
    ):
        settings = {"learning_rate": 0.001} | settings
        result = run([30, 6, 1], "tanh", X, Y, num_iterations=300, **settings)
        after = train(result.network, X, Y, state=result.state, num_iterations=1, **settings)
        layer = diagnose(result, X, Y).layers[0]
        moved = np.linalg.norm(after.parameters["W1"] - result.parameters["W1"]) / np.linalg.norm(
            result.parameters["W1"]
        )
        assert layer.update == pytest.approx(moved, rel=0.15)


def test_a_diagnosis_costs_little_beside_the_run(flower):
    result, X, Y = flower
    seconds = []
    for _ in range(3):
        begin = time.process_time()
        diagnose(result, X, Y)
        seconds.append(time.process_time() - begin)
    assert min(seconds) < 0.03 * max(result.seconds, 0.3)


@pytest.mark.parametrize("name", CHECKS)
def test_advice_for_a_command_without_the_settings_is_that_of_python(name):
    advice = advice_for(name, ())
    assert advice == advice_for(name) or "--" not in advice
    assert len(advice) > 10
