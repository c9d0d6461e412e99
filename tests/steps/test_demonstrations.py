"""The small demonstrations of the notes."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer.steps import demonstrations, shallow


def test_nudging_approaches_the_derivative():
    assert demonstrations.derivative_by_nudging(lambda a: 3 * a, 2) == pytest.approx(3, abs=1e-9)
    errors = [
        abs(demonstrations.derivative_by_nudging(lambda a: a * a, 2, h) - 4) for h in (1e-1, 1e-2, 1e-3)
    ]
    np.testing.assert_allclose(errors, [1e-1, 1e-2, 1e-3], rtol=1e-6)  # (a + h)^2 - a^2 = 2ah + h^2


@pytest.mark.parametrize(("a", "b", "c"), [(5, 3, 2), (-1.5, 0.25, 4.0)])
def test_computation_graph_backward_equals_nudging(a, b, c):
    values, derivatives = demonstrations.computation_graph(a, b, c)
    assert values["J"] == 3 * (a + b * c)
    for i, name in enumerate("abc"):

        def J(x, i=i):
            arguments = [a, b, c]
            arguments[i] = x
            return demonstrations.computation_graph(*arguments)[0]["J"]

        slope = demonstrations.derivative_by_nudging(J, (a, b, c)[i], 1e-6)
        assert slope == pytest.approx(derivatives[f"d{name}"], abs=1e-6)


def test_loops_equal_vectorised_and_leave_the_global_generator_alone():
    np.random.seed(4)
    rows = demonstrations.loops_against_vectorised(n=50)
    assert np.random.rand() == np.random.RandomState(4).rand()
    assert [row.equal for row in rows] == [True] * 3
    for row in rows:
        assert row.ratio == row.loop_seconds / row.vectorised_seconds > 0


def test_compare_sees_a_difference():
    row = demonstrations.compare("off", lambda v: v, lambda v: v + 1e-6, np.ones(3))
    assert row.equal is False


def test_calories_in_percent():
    percent = demonstrations.calories_in_percent()
    np.testing.assert_allclose(percent.sum(axis=0), [100.0] * 4, rtol=1e-14)
    assert percent[0, 0] == pytest.approx(100 * 56 / 59)
    with pytest.raises(ValueError, match=r"table: expected shape \(n, k\), received \(3,\); try"):
        demonstrations.calories_in_percent(np.ones(3))


@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_hidden_units_stay_identical_from_equal_weights(weight):
    random = np.random.RandomState(0)
    x = random.randn(2, 20)
    y = x[:1] > 0
    parameters = demonstrations.zero_initialisation(x, y, n_h=4, num_iterations=200, weight=weight)
    np.testing.assert_allclose(parameters["W1"], np.repeat(parameters["W1"][:1], 4, axis=0), rtol=1e-9)
    np.testing.assert_allclose(parameters["W2"], np.repeat(parameters["W2"][:, :1], 4, axis=1), rtol=1e-9)
    assert parameters["W1"].any() == (weight != 0)
    trained = shallow.nn_model(x, y, 4, num_iterations=200)["W1"]
    assert np.ptp(trained, axis=0).min() > 1e-3
