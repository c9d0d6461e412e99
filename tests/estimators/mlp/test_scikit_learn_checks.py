"""scikit-learn's own checks over the configurations; what fails is what its own class fails too."""

from __future__ import annotations

from inspect import signature

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from ellayer import MLPClassifier, MLPRegressor

WEIGHTS = "check_sample_weight_equivalence_on_"
SPLIT_OR_DRAWN = dict.fromkeys(
    [f"{WEIGHTS}dense_data", f"{WEIGHTS}sparse_data"],
    "what is drawn by example (a validation split, a dropout mask) differs when an example is repeated or removed; "
    "scikit-learn's own class fails it with early_stopping and with mini-batches",
)
SMALL_SPLIT = {
    "check_estimators_nan_inf": "10 examples leave 1 for validation; scikit-learn's own class fails it alike",
    "check_fit2d_1feature": "10 examples leave 1 for validation; scikit-learn's own class fails it alike",
}
EARLY = {
    **SPLIT_OR_DRAWN,
    **SMALL_SPLIT,
    "check_classifiers_one_label": "10 examples leave 1 for validation; scikit-learn's own class fails it alike",
}
EARLY_REGRESSOR = {
    **SPLIT_OR_DRAWN,
    **SMALL_SPLIT,
    "check_regressors_no_decision_function": "10 examples leave 1; scikit-learn's own class fails it alike",
}
FLOAT32 = dict.fromkeys(
    [f"{WEIGHTS}dense_data", f"{WEIGHTS}sparse_data"],
    "compared to 1e-7, the rounding of float32; scikit-learn's own class is only asked in float64",
)

# A check that passes against expectation fails; scikit-learn has the argument from 1.8 on.
STRICT = {"xfail_strict": True} if "xfail_strict" in signature(parametrize_with_checks).parameters else {}
# Large steps, few of them: a check is of the interface, and fits up to thirty networks. The first two are the defaults.
FAST = {"hidden_layer_sizes": (32,), "max_iter": 25, "learning_rate_init": 0.02}
CONFIGURATIONS = [  # each option in one of them
    (MLPClassifier(max_iter=100), {}),
    (MLPRegressor(max_iter=100), {}),
    (MLPClassifier(**FAST, activation="leaky_relu", early_stopping=True, dropout=0.1), EARLY),
    (MLPRegressor(**FAST, loss="huber", early_stopping=True), EARLY_REGRESSOR),
    (MLPClassifier((32,), solver="lbfgs", max_iter=50), {}),
    (MLPRegressor(hidden_layer_sizes=(32,), solver="lbfgs", max_iter=50), {}),
    (MLPClassifier((32,), solver="sgd", learning_rate="adaptive", learning_rate_init=0.1, max_iter=50, class_weight="balanced"), {}),
    (MLPClassifier((20, 10), ["leaky_relu", "tanh"], loss="focal", optimizer="adamw", clip_norm=1.0, learning_rate_init=0.02, learning_rate_schedule="cosine", max_iter=40), {}),
    (MLPClassifier(**FAST, dtype="float32"), FLOAT32),
    (MLPRegressor(**FAST | {"max_iter": 60}, loss="poisson"), {}),
]  # fmt: skip


def expected(estimator):
    return next(failing for model, failing in CONFIGURATIONS if model is estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
@pytest.mark.filterwarnings("ignore::ellayer.engine.DivergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([model for model, _ in CONFIGURATIONS], expected_failed_checks=expected, **STRICT)
def test_scikit_learn_check(estimator, check):
    check(estimator)
