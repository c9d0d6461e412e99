"""Scores by class, confusions, thresholds and coverage: scikit-learn's numbers, and sums that must agree."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import classification_report, precision_score, recall_score

from ellayer.report import Predictions
from ellayer.report.decisions import (
    class_scores,
    count_pairs,
    coverage_of,
    decisions,
    positive_last,
    threshold_table,
    top_confusions,
)
from ellayer.report.scores import scores

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("K", [2, 3, 12])
def test_scores_by_class_are_those_of_scikit_learn(K):
    classes = [f"c{k:02}" for k in range(K)]
    y, prediction = RNG.choice(classes, 200), RNG.choice(classes[:-1] if K > 2 else classes, 200)
    theirs = classification_report(y, prediction, output_dict=True, zero_division=0)
    for ours in class_scores(y, prediction, classes):
        expected = theirs[ours.label]
        assert ours.precision == pytest.approx(expected["precision"])
        assert ours.recall == pytest.approx(expected["recall"])
        assert ours.f1 == pytest.approx(expected["f1-score"])
        assert ours.support == expected["support"]


def test_the_f1_of_the_positive_class_is_the_score_of_the_report():
    y = RNG.choice(["bad", "good"], 100, p=[0.2, 0.8])
    P = RNG.dirichlet((1, 1), 100)
    model = Predictions("the network", np.where(P[:, 0] > 0.5, "bad", "good"), P)
    classes, (turned,) = positive_last(["bad", "good"], [model], "bad")
    assert classes == ["good", "bad"]
    np.testing.assert_array_equal(turned.P[:, 1], P[:, 0])
    ours = scores(y, turned.prediction, turned.P, classes)
    by_class = {row.label: row for row in class_scores(y, turned.prediction, classes)}
    assert ours["f1"].value == pytest.approx(by_class["bad"].f1)
    plain = scores(y, model.prediction, model.P, ["bad", "good"])
    for name in ("accuracy", "roc_auc", "log_loss", "brier"):
        assert ours[name].value == pytest.approx(plain[name].value)
    assert positive_last(["bad", "good"], [model], "good") == (["bad", "good"], [model])


def test_labels_that_the_model_does_not_know_count_as_wrong():
    rows = class_scores(["a", "new", "b"], ["a", "a", "b"], ["a", "b"])
    assert [(row.precision, row.recall, row.support) for row in rows] == [(0.5, 1.0, 1), (1.0, 1.0, 1)]


def test_top_confusions_are_in_order_and_add_up():
    classes = list(range(10))
    y, prediction = RNG.integers(0, 10, 500), RNG.integers(0, 10, 500)
    counts = count_pairs(y, prediction, classes)
    every = top_confusions(counts, classes, 90)
    assert sum(row.count for row in every) == (y != prediction).sum()
    assert [row.count for row in every] == sorted((row.count for row in every), reverse=True)
    assert len(top_confusions(counts, classes)) == 10
    assert top_confusions(np.diag([3, 4]), ["a", "b"]) == []


def test_thresholds_have_scikit_learns_precision_and_recall_and_the_cost_of_their_errors():
    p, positive = RNG.uniform(size=300), RNG.uniform(size=300) < 0.3
    for row in threshold_table(p, positive, {"fp": 2.0, "fn": 7.0}, 0.123):
        called = p > row.threshold
        assert row.precision == pytest.approx(precision_score(positive, called, zero_division=0))
        assert row.recall == pytest.approx(recall_score(positive, called))
        assert row.cost == pytest.approx(
            (2 * (called & ~positive).sum() + 7 * (~called & positive).sum()) / 300
        )
        assert row.used == (row.threshold == 0.123)
    assert sum(row.used for row in threshold_table(p, positive, {}, 0.5)) == 1


def test_coverage_counts_the_rows_inside():
    it = coverage_of(np.arange(10.0), np.zeros(10), 0.5, -1.0, 4.0)
    assert it.observed == 0.5
    assert it.ends[0] < 0.5 < it.ends[1]


def test_decisions_are_plain_data():
    y = np.array(["a", "b", "c"] * 10)
    facts = decisions(y, Predictions("the network", y[::-1].copy()), ["a", "b", "c"]).to_json()
    assert facts["positive"] is None
    assert len(facts["classes"]) == 3
    assert facts["confusions"][0]["count"] == 10
    numbers = decisions(
        np.arange(9.0), Predictions("n", np.zeros(9)), [], intervals={0.5: (-1.0, 3.0)}
    ).to_json()
    assert numbers["intervals"][0]["observed"] == pytest.approx(4 / 9)
