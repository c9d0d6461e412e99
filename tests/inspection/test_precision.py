"""precision_audit: digits lost are digits lost."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ellayer import Network, initialize_parameters, precision_audit, trace

RNG = np.random.default_rng(6)
X, Y = RNG.standard_normal((3, 20)), RNG.integers(0, 2, 20)


def test_each_precision_keeps_its_digits():
    network = Network([3, 5, 1], "tanh")
    start = initialize_parameters(network, seed=1)
    audit = precision_audit((network, start), X, Y)
    t = trace((network, start), X, Y, learning_rate=0.1)
    for row in audit.rows:
        assert row.size == pytest.approx(float(np.linalg.norm(t[row.name])), rel=1e-10)
    for name in ("Z1", "A1", "Z2", "A2"):
        assert 6 < audit[name].digits("float32") < 9
        assert 1.5 < audit[name].digits("bfloat16") < 4
    assert all(row.error["float32"] < row.error["bfloat16"] for row in audit.rows)
    assert "bfloat16" in str(audit)
    assert "<table>" in audit._repr_html_()


def test_an_update_below_the_last_place_is_reported_as_lost():
    network = Network([3, 5, 1], "tanh")
    start = {k: v + 1.0 for k, v in initialize_parameters(network, seed=1).items()}
    tiny = precision_audit((network, start), X, Y, learning_rate=1e-7)
    assert tiny["new W1"].lost["bfloat16"] == 1.0
    assert any("bfloat16: 100 % of W1 is unchanged" in line for line in tiny.findings())
    large = precision_audit((network, start), X, Y, learning_rate=1.0)
    assert large["new W1"].lost["float32"] == 0.0


def test_cancellation_shows_where_it_happens():
    """1e4 + small: float32 keeps the sum's digits, and loses them in the difference a - y."""
    network = Network([1, 1], loss="squared_error")
    parameters = {"W1": np.array([[1.0]]), "b1": np.array([[1e4]])}
    audit = precision_audit((network, parameters), [[0.123456789]], [1e4])
    assert audit["Z1"].digits("float32") > 7
    assert audit["dZ1"].digits("float32") < 4


def test_overflow_is_infinite():
    network = Network([1, 1], loss="squared_error")
    parameters = {"W1": np.array([[1e30]]), "b1": np.array([[0.0]])}
    audit = precision_audit((network, parameters), [[1e20]], [0.0])
    assert audit["Z1"].error["float32"] == math.inf
    assert audit["Z1"].digits("float32") == 0


def test_what_does_not_fit_is_said():
    model = (network := Network([3, 5, 1], "tanh"), initialize_parameters(network, seed=1))
    with pytest.raises(ValueError, match="learning_rate"):
        precision_audit(model, X, Y, learning_rate=0)
    with pytest.raises(ValueError, match="labels"):
        precision_audit(model, X, None)
    with pytest.raises(KeyError, match="expected one of"):
        precision_audit(model, X, Y)["Z9"]
