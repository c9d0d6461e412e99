"""Metrics: each row of the table equals scikit-learn's function of the same name, weighted too."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from ellayer.core.metrics import METRICS, metric_names

RANDOM = np.random.default_rng(7)


def _one_hot(truth, K):
    return np.eye(K)[truth]


def _auc(truth, P, w):
    if P.shape[1] == 2:
        return sk.roc_auc_score(truth, P[:, 1], sample_weight=w)
    each = [sk.roc_auc_score(truth == k, P[:, k], sample_weight=w) for k in range(P.shape[1])]
    return np.mean(each)


# By name, scikit-learn's value of (truth, prediction, weights); None where it has none.
THEIRS = {
    "accuracy": lambda y, a, w: sk.accuracy_score(y, a, sample_weight=w),
    "balanced_accuracy": lambda y, a, w: sk.balanced_accuracy_score(y, a, sample_weight=w),
    "f1": lambda y, a, w: sk.f1_score(y, a, sample_weight=w, average="binary" if y.max() == 1 else "macro"),
    "roc_auc": _auc,
    "log_loss": lambda y, P, w: sk.log_loss(y, P, sample_weight=w),
    "brier": lambda y, P, w: (
        sk.brier_score_loss(y, P[:, 1], sample_weight=w)
        if P.shape[1] == 2
        else np.average(((P - _one_hot(y, P.shape[1])) ** 2).sum(axis=1), weights=w)
    ),
    "calibration_error": None,
    "rmse": lambda y, a, w: sk.root_mean_squared_error(y, a, sample_weight=w),
    "mae": lambda y, a, w: sk.mean_absolute_error(y, a, sample_weight=w),
    "r2": lambda y, a, w: sk.r2_score(y, a, sample_weight=w),
    "pinball(q=0.9)": lambda y, a, w: sk.mean_pinball_loss(y, a, alpha=0.9, sample_weight=w),
}
SPECS = list(THEIRS)


def example(metric, K, ties=False, m=300):
    """Truth and prediction as the metric takes them, of a model that is often right."""
    if metric.task == "numbers":
        y = 1e4 + RANDOM.normal(size=m)
        return y, y + 0.5 * RANDOM.normal(size=m)
    truth = RANDOM.integers(0, K, m)
    Z = RANDOM.normal(size=(m, K))
    Z[np.arange(m), truth] += 1.2
    P = np.exp(np.round(Z) if ties else Z)
    P /= P.sum(axis=1, keepdims=True)
    return truth, P.argmax(axis=1) if metric.takes == "labels" else P


def test_every_row_is_compared():
    assert [METRICS[spec].name.split("(")[0] for spec in SPECS] == list(METRICS)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("K", [2, 4])
@pytest.mark.parametrize("spec", [spec for spec in SPECS if THEIRS[spec]])
def test_every_row_equals_scikit_learn(spec, K, ties, weighted):
    metric = METRICS[spec]
    truth, prediction = example(metric, K, ties)
    weights = RANDOM.uniform(size=len(truth)) if weighted else None
    expected = THEIRS[spec](truth, prediction, weights)
    assert metric.value(truth, prediction, weights, K) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("spec", SPECS)
def test_a_weight_counts_a_row_as_often(spec):
    metric = METRICS[spec]
    truth, prediction = example(metric, 3)
    times = RANDOM.integers(1, 4, len(truth))
    if spec != "calibration_error":  # its bins hold as many rows each
        often = metric.value(np.repeat(truth, times), np.repeat(prediction, times, axis=0), K=3)
        assert metric.value(truth, prediction, times, 3) == pytest.approx(often, rel=1e-9)
    lines = np.stack([times, np.ones(len(times))])
    both = metric.statistic(truth, prediction, 3)(lines)
    assert both.shape == (2,)
    assert both[1] == pytest.approx(metric.value(truth, prediction, K=3), rel=1e-12)


@pytest.mark.parametrize("spec", SPECS)
def test_better_predictions_score_better(spec):
    metric = METRICS[spec]
    truth, prediction = example(metric, 3, m=1000)
    perfect = truth if metric.takes != "probabilities" else _one_hot(truth, 3)
    worse, best = metric.value(truth, prediction, K=3), metric.value(truth, perfect, K=3)
    assert best > worse if metric.maximize else best < worse
    if metric.share:
        assert 0 <= worse <= 1


def test_macro_f1_leaves_out_classes_that_nobody_names():
    truth, labels = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    value = METRICS["f1"].value(truth, labels, K=5)
    assert value == pytest.approx(sk.f1_score(truth, labels, average="macro"))
    assert (
        METRICS["f1"].value(np.zeros(4, int), np.zeros(4, int), K=2) == 0.0
    )  # nothing to find, nothing found


def test_what_is_not_defined_is_nan():
    P = np.tile([0.7, 0.3], (6, 1))
    assert math.isnan(METRICS["roc_auc"].value(np.zeros(6, int), P, K=2))
    assert math.isnan(METRICS["r2"].value(np.full(6, 2.0), np.arange(6.0)))
    assert math.isnan(
        METRICS["roc_auc"].value(np.array([0, 1]), np.array([[0.5, 0.5], [np.nan, np.nan]]), K=2)
    )


def test_the_floor_of_the_log_loss_is_scikit_learns():
    truth, P = np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]])
    assert METRICS["log_loss"].value(truth, P, K=2) == pytest.approx(sk.log_loss(truth, P))
    assert METRICS["log_loss"].value(truth, P.astype(np.float32), K=2) == pytest.approx(sk.log_loss(truth, P))


def test_names():
    assert METRICS["auc"] is METRICS["roc_auc"]
    assert metric_names("classes")[-1] == "auc"
    assert METRICS["pinball(0.9)"].title == "pinball loss of the 0.9 quantile"
    for name in METRICS:
        metric = METRICS[name]
        assert metric.task in ("classes", "numbers")
        assert metric.takes in ("labels", "probabilities", "numbers")
        assert metric.interval in ("percentiles", "wilson", "normal")
        assert metric.decision in ("largest", "prior", "tuned")
        assert metric.decision == "largest" or metric.takes == "labels"


@pytest.mark.parametrize("spec", [spec for spec in SPECS if METRICS[spec].task == "classes"])
@pytest.mark.parametrize("K", [2, 3])
def test_a_class_that_weighs_nothing_counts_as_one_that_is_not_there(spec, K):
    """Resamples leave classes out: no 0 / 0 is computed, and no warning comes of it."""
    metric = METRICS[spec]
    truth, prediction = example(metric, K)
    lines = np.stack([truth != k for k in range(K)]).astype(float)
    values = metric.statistic(truth, prediction, K)(lines)
    for k, value in enumerate(values):
        if spec == "calibration_error":  # its bins are those of all rows
            continue
        rows = truth != k
        alone = metric.value(truth[rows], prediction[rows], K=K)
        assert value == pytest.approx(alone, rel=1e-9, nan_ok=True), k


def test_f1_of_a_class_that_is_neither_there_nor_predicted():
    truth, labels = np.array([0, 0, 1]), np.array([0, 1, 1])
    two_of_three = METRICS["f1"].value(truth, labels, K=3)
    assert two_of_three == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert METRICS["f1"].value(np.array([0, 0]), np.array([0, 0]), K=2) == 0.0
    assert METRICS["f1"].statistic(np.array([0, 0]), np.array([0, 0]), 2)(np.ones((1, 2))).tolist() == [0.0]


def test_r2_of_numbers_that_do_not_vary_is_not_defined():
    metric = METRICS["r2"]
    assert np.isnan(metric.value(np.full(5, 3.0), np.arange(5.0)))
    assert np.isnan(metric.statistic(np.arange(5.0), np.arange(5.0), 0)(np.eye(5)[:1])).all()
    far = 1e9 + np.arange(5.0)
    assert metric.value(far, far + 0.5) == pytest.approx(1 - 0.25 / 2)


def test_bins_hold_equal_values_together_and_at_least_twenty_rows():
    from ellayer.core.metrics import equal_bins

    bins = equal_bins(np.repeat([0.1, 0.2, 0.9], 50))
    assert sorted(map(len, bins)) == [50, 50, 50]
    assert [len(rows) for rows in equal_bins(np.arange(39.0))] == [39]
    assert [len(rows) for rows in equal_bins(np.arange(40.0))] == [20, 20]
    assert len(equal_bins(np.arange(1000.0))) == 10
    assert np.concatenate(equal_bins(np.arange(1000.0)[::-1])).tolist() == list(range(999, -1, -1))
