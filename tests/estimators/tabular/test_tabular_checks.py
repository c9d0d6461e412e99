"""scikit-learn's own checks of the table estimators and their preparation."""

from __future__ import annotations

from inspect import signature

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from ellayer import TablePreparation, TabularClassifier, TabularRegressor

WEIGHTS = dict.fromkeys(
    ["check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"],
    "which rows are held out, and the order of mini-batches, differ when a row is repeated or removed",
)
SMALL = {"epochs": 20, "hidden_layer_sizes": (32, 32)}
# A check that passes against expectation fails; scikit-learn has the argument from 1.8 on.
STRICT = {"xfail_strict": True} if "xfail_strict" in signature(parametrize_with_checks).parameters else {}
CONFIGURATIONS = [
    (TabularClassifier(1, **SMALL), WEIGHTS),
    (TabularRegressor(1, **SMALL), WEIGHTS),
    (TabularClassifier(1, **SMALL, recipe="full", metric="accuracy", class_weight="balanced"), WEIGHTS),
    (TabularRegressor(1, **SMALL, recipe="full", loss="huber(delta=1)", dtype="float64"), WEIGHTS),
    (TablePreparation(), {}),
]


def expected(estimator):
    return next(failing for model, failing in CONFIGURATIONS if model is estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([model for model, _ in CONFIGURATIONS], expected_failed_checks=expected, **STRICT)
def test_scikit_learn_check(estimator, check):
    check(estimator)
