"""Scores: equal to scikit-learn's, with intervals that hold what they promise, whatever the rows are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from ellayer.core.metrics import equal_bins
from ellayer.errors import EllayerError
from ellayer.report import METRICS, Predictions, differences, scores
from ellayer.report.scores import calibration_bins, wilson

RANDOM = np.random.default_rng(7)


def example(m: int, K: int, ties: bool = False):
    """Labels, predictions, probabilities and classes of a model that is often right."""
    classes = [f"class {k}" for k in range(K)]
    truth = RANDOM.integers(0, K, m)
    Z = RANDOM.normal(size=(m, K))
    Z[np.arange(m), truth] += 1.2
    P = np.exp(np.round(Z) if ties else Z)
    P /= P.sum(axis=1, keepdims=True)
    labels = np.array(classes, dtype=object)
    return truth, labels[truth], labels[P.argmax(axis=1)], P, classes


@pytest.mark.parametrize("K", [2, 4])
def test_values_are_those_of_scikit_learn(K):
    truth, y, said, P, classes = example(300, K)
    weights = RANDOM.uniform(size=300)
    found = {name: score.value for name, score in scores(y, said, P, classes, weights).items()}
    assert list(found) == [name for name in METRICS if METRICS[name].task == "classes"]
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(y, said, sample_weight=weights))
    assert found["log_loss"] == pytest.approx(sk.log_loss(truth, P, sample_weight=weights))
    assert found["f1"] == pytest.approx(
        sk.f1_score(truth, P.argmax(axis=1), average="binary" if K == 2 else "macro", sample_weight=weights)
    )
    assert list(scores(y, said, None, classes)) == ["accuracy", "balanced_accuracy", "f1"]


def test_only_the_named_scores_are_computed():
    _, y, said, P, classes = example(100, 2)
    assert list(scores(y, said, P, classes, names=["brier", "auc", "rmse"])) == ["brier", "roc_auc"]
    assert list(scores([1.0, 2.0], [1.0, 2.5], names=["pinball(0.9)"])) == ["pinball(q=0.9)"]


def test_every_score_has_a_row_and_lies_in_its_interval():
    _, y, said, P, classes = example(150, 2)
    for name, score in {**scores(y, said, P, classes), **scores(P[:, 0], P[:, 0] ** 2)}.items():
        assert score.low <= score.value <= score.high, name
        assert score.maximize == METRICS[name].maximize


@pytest.mark.parametrize("m", [200, 12_000])
def test_intervals_are_as_wide_as_theory_says(m):
    """Of a mean: 1.96 standard errors either side, resampled whole or in part."""
    error = RANDOM.normal(size=m)
    mae = scores(np.zeros(m), error)["mae"]
    half = 1.96 * np.std(np.abs(error)) / math.sqrt(m)
    assert (mae.high - mae.low) / 2 == pytest.approx(half, rel=0.15)
    assert (mae.high + mae.low) / 2 == pytest.approx(mae.value, abs=half / 4)


def test_the_same_rows_give_the_same_intervals():
    _, y, said, P, classes = example(90, 3)
    assert scores(y, said, P, classes) == scores(y, said, P, classes)


def test_wilson_is_that_of_scipy():
    from scipy.stats import binomtest

    for right, m in ((0, 5), (5, 5), (31, 40)):
        there = binomtest(right, m).proportion_ci(0.95, method="wilson")
        assert wilson(right / m, m) == pytest.approx((there.low, there.high), abs=1e-12)


def test_a_share_lies_in_its_interval_whatever_rounding_does():
    for m in range(1, 60):
        for right in range(m + 1):
            low, high = wilson(right / m, m)
            assert 0 <= low <= right / m <= high <= 1, (right, m)


def test_one_class_only_has_no_ranking_and_all_else():
    found = scores(["a"] * 6, ["a"] * 6, np.tile([0.7, 0.3], (6, 1)), ["a", "b"])
    assert math.isnan(found["roc_auc"].value)
    assert found["accuracy"].value == 1.0
    assert 0.5 < found["accuracy"].low < 1.0  # six rows are not certainty
    assert found["roc_auc"].to_json() == {"value": None, "low": None, "high": None}


def test_one_row_has_values_but_no_intervals():
    found = scores(["a"], ["b"], np.array([[0.3, 0.7]]), ["a", "b"])
    assert found["log_loss"].value == pytest.approx(-math.log(0.3))
    assert math.isnan(found["log_loss"].low)
    assert math.isnan(scores([1.0], [2.0])["rmse"].high)


def test_nan_is_passed_on_in_silence():
    assert math.isnan(scores([1.0, 2.0, 3.0], [1.0, math.nan, 3.0])["rmse"].value)
    found = scores(["a", "b"], ["a", "a"], np.array([[0.5, 0.5], [math.nan, math.nan]]), ["a", "b"])
    assert found["accuracy"].value == 0.5
    assert math.isnan(found["roc_auc"].value)


def test_a_constant_target_has_no_r2():
    assert math.isnan(scores([2.0] * 10, np.arange(10.0))["r2"].value)


def test_a_class_that_is_not_known_counts_as_wrong():
    found = scores(["a", "new"], ["a", "a"], np.array([[0.9, 0.1], [0.9, 0.1]]), ["a", "b"])
    assert found["accuracy"].value == 0.5
    assert found["log_loss"].value == pytest.approx((-math.log(0.9) - math.log(np.finfo(float).eps)) / 2)


def test_a_calibrated_model_is_less_off_than_an_overconfident_one():
    p = RANDOM.uniform(size=4000)
    y = (RANDOM.uniform(size=4000) < p).astype(int)
    honest = np.stack([1 - p, p], axis=1)
    loud = np.stack([p < 0.5, p >= 0.5], axis=1) * 0.98 + 0.01
    errors = [scores(y, (p > 0.5).astype(int), P, [0, 1])["calibration_error"].value for P in (honest, loud)]
    assert errors[0] < 0.03
    assert errors[1] > 0.15


def test_bins_hold_as_many_rows_and_never_part_equal_values():
    values = np.repeat([0.1, 0.2, 0.9], [150, 30, 20])
    bins = equal_bins(values)
    assert sorted(np.concatenate(bins).tolist()) == list(range(200))
    assert all(len({*values[rows]}) <= 2 for rows in bins)
    owners = [{*values[rows]} for rows in bins]
    assert sum(0.1 in owner for owner in owners) == 1


def test_the_difference_of_two_models_is_told_on_the_same_rows():
    y = RANDOM.normal(size=400)
    noise = RANDOM.normal(size=400)
    better = differences(y, Predictions("a", y + 0.9 * noise), Predictions("b", y + noise))
    assert better["rmse"].low > 0  # far too little for the intervals of each, certain on the same rows
    assert better["rmse"].value == pytest.approx(0.1 * np.sqrt(np.mean(noise**2)))
    same = differences(y, Predictions("a", y + noise), Predictions("b", y + noise))
    assert (same["mae"].value, same["mae"].low, same["mae"].high) == (0.0, 0.0, 0.0)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="a prediction for each of at least one row, received 0 rows"):
        scores([], [])
    with pytest.raises(ValueError, match=r"shape \(2, 2\), one column per class; received \(2, 3\)"):
        scores(["a", "b"], ["a", "b"], np.ones((2, 3)) / 3, ["a", "b"])
    with pytest.raises(ValueError, match="not all of them 0"):
        scores([1.0, 2.0], [1.0, 2.0], weights=[0.0, 0.0])


@pytest.mark.parametrize("n", [1, 3, 7, 40, 1000])
def test_an_interval_of_a_share_holds_it_to_the_bit(n):
    for hits in range(n + 1):
        low, high = wilson(hits / n, n)
        assert 0.0 <= low <= hits / n <= high <= 1.0


@pytest.mark.parametrize("K", [2, 3])
def test_the_bins_of_a_calibration_curve_make_up_the_calibration_error(K):
    _, y, said, P, classes = example(500, K)
    bins = calibration_bins(P, y, classes)
    assert sum(row.rows for row in bins) == 500
    assert all(row.low <= row.observed <= row.high for row in bins)
    error = sum(row.rows * abs(row.predicted - row.observed) for row in bins) / 500
    assert scores(y, said, P, classes)["calibration_error"].value == pytest.approx(error)


def test_labels_need_no_classes_where_they_can_be_told():
    y, labels, P = (
        ["no", "yes", "no", "yes"],
        ["no", "yes", "yes", "yes"],
        np.eye(2)[[0, 1, 1, 1]] * 0.8 + 0.1,
    )
    expected = scores(y, labels, P, classes=["no", "yes"])
    assert scores(y, labels, P) == expected
    assert "roc_auc" in expected
    assert list(scores(y, labels)) == list(scores(y, labels, classes=["no", "yes"]))
    numbered = scores([0, 1, 0, 1], [0, 1, 1, 1], P)
    assert {name: score.value for name, score in numbered.items()} == {
        n: s.value for n, s in expected.items()
    }
    assert "accuracy" in scores([True, False], [True, True])
    assert "rmse" in scores([0, 1, 0, 1], [0, 1, 1, 1])
    with pytest.raises(EllayerError, match=r"classes: expected the label of each column of P.*classes_"):
        scores(y, labels, np.full((4, 3), 1 / 3))


def test_scores_show_themselves():
    table = scores(["a", "b"], ["a", "b"])
    assert repr(table).startswith("ScoreTable(accuracy 100.0 % [")
    assert "accuracy ↑" in table._repr_html_()
    assert isinstance(table, dict)
