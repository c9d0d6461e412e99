"""Edges that no equation shows: defaults, ends of ranges, spellings."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer.core.inputs import ramps_forward
from ellayer.core.losses import LOSSES
from ellayer.core.metrics import METRICS, metric_names, reliability
from ellayer.core.parameter_names import kind_of, layer_of, weight_matrices
from ellayer.core.schedules import SCHEDULES


def test_parameters_have_a_kind_and_a_layer():
    assert [layer_of(name) for name in ("W1", "b12", "a3", "E2", "s0", "f0")] == [1, 12, 3, 0, 0, 0]
    assert [kind_of(name) for name in ("W1", "b12", "E2")] == ["W", "b", "E"]
    assert weight_matrices({"W1": 1, "b1": 2, "W2": 3, "a1": 4}) == {"W1": 1, "W2": 3}


@pytest.mark.parametrize("task", ["classes", "numbers"])
def test_metric_names_are_those_of_a_task_without_numbers(task):
    names = metric_names(task)
    assert {METRICS[name].task for name in names} == {task}
    assert "pinball" not in names
    assert ("auc" in names) == (task == "classes")


def test_labels_may_be_smoothed_wholly():
    A, Y = np.array([[0.3, 0.6]]), np.array([[1.0, 0.0]])
    half = LOSSES["binary_cross_entropy"].forward(A, np.full((1, 2), 0.5))
    np.testing.assert_allclose(LOSSES["binary_cross_entropy(1)"].forward(A, Y), half, rtol=1e-15)


@pytest.mark.parametrize(
    ("spec", "spelling"), [("step(1000000)", "step(every=1000000.0)"), ("step(999999)", "step(every=999999)")]
)
def test_large_numbers_are_spelled_as_floats(spec, spelling):
    assert SCHEDULES.canonical(spec) == spelling


def test_ramps_between_equal_thresholds_are_0():
    t = np.array([0.0, 1.0, 1.0, 2.0]).reshape(1, 4, 1)
    A, _ = ramps_forward(np.array([[0.5, 1.0, 1.5]]), t)
    np.testing.assert_array_equal(A, [[0.5, 1.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.5]])


def test_the_warm_up_ends_at_1():
    assert SCHEDULES["warm_up(4)"].factor(np.arange(7), 100).tolist() == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0]


def test_the_one_cycle_and_the_flat_cosine_at_their_corners():
    one = SCHEDULES["one_cycle(0.25, 0.1, 0.01)"].factor(np.array([0, 10, 20, 60, 100, 120]), 80)
    np.testing.assert_allclose(one[[0, 2, 4, 5]], [0.1, 1.0, 0.01, 0.01], atol=1e-12)
    np.testing.assert_allclose(one[1], 0.55, rtol=1e-12)
    flat = SCHEDULES["flat_cosine(0.5)"].factor(np.array([0, 40, 60, 80, 90]), 80)
    np.testing.assert_allclose(flat, [1.0, 1.0, 0.5, 0.0, 0.0], atol=1e-12)


def test_reliability_is_of_the_second_of_two_classes_and_of_the_most_probable_of_more():
    P = np.array([[0.8, 0.2], [0.3, 0.7]])
    predicted, observed = reliability(P, np.array([0, 0]))
    assert (predicted.tolist(), observed.tolist()) == ([0.2, 0.7], [0.0, 0.0])
    P = np.array([[0.2, 0.1, 0.7], [0.5, 0.3, 0.2]])
    predicted, observed = reliability(P, np.array([2, 1]))
    assert (predicted.tolist(), observed.tolist()) == ([0.7, 0.5], [1.0, 0.0])
