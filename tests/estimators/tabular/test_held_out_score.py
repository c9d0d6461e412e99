"""The engine's score of held-out examples, which the table estimators choose their epoch by."""

from __future__ import annotations

import numpy as np
import pytest

import ellayer
from ellayer import Network, train, train_many
from ellayer.engine import jax_loop

random = np.random.RandomState(0)
X = random.randn(3, 80)
Y = (X[:1] > 0).astype(float)
held = (random.randn(3, 40), (random.rand(1, 40) > 0.5).astype(float), random.rand(40))


def score(A, Y, weights):
    return float(np.average((A > 0.5) == Y, weights=None if weights is None else weights))


SETTINGS = {
    "num_iterations": 12,
    "record_every": 3,
    "score": score,
    "monitor": "validation_score",
    "batch_size": 32,
}


def test_it_is_recorded_weighed_and_the_best_comes_back():
    network = Network([3, 4, 1], "tanh")
    result = train(network, X, Y, validation=held, learning_rate=1.0, seed=1, engine="numpy", **SETTINGS)
    scores = [*result.history["validation_score"], result.history.final["validation_score"]]
    assert len(scores) == 5
    assert score(result.predict_proba(held[0]), held[1], held[2].reshape(1, -1)) == pytest.approx(max(scores))
    least = train(
        network, X, Y, validation=held, learning_rate=1.0, seed=1, engine="numpy", maximize=False, **SETTINGS
    )
    assert score(least.predict_proba(held[0]), held[1], held[2].reshape(1, -1)) == pytest.approx(min(scores))


def test_many_at_once_are_scored_alike_and_compiled_once():
    network = Network([3, 5, 1], "tanh")
    before = jax_loop.trace_count()
    results = train_many(network, X, Y, validation=held, learning_rate=[0.1, 1.0], seed=1, **SETTINGS)
    assert jax_loop.trace_count() == before + 1
    for rate, result in zip([0.1, 1.0], results, strict=True):
        alone = train(network, X, Y, validation=held, learning_rate=rate, seed=1, engine="numpy", **SETTINGS)
        np.testing.assert_allclose(result.history["validation_score"], alone.history["validation_score"])
        np.testing.assert_allclose(result.parameters["W1"], alone.parameters["W1"], rtol=1e-9)


def test_there_is_no_score_without_a_validation_set():
    with pytest.raises(ValueError, match="monitor: expected one of loss; received 'validation_score'"):
        ellayer.train(Network([3, 4, 1]), X, Y, **SETTINGS)
