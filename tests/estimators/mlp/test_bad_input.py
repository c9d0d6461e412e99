"""Bad input gets a clear answer: an error, or a warning with the remedy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_param_validation,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
)

from ellayer import MLPClassifier, MLPRegressor, TablePreparation, TabularClassifier, TabularRegressor
from ellayer._sklearn_compat import InvalidParameter
from ellayer.engine import DivergenceWarning
from ellayer.errors import EllayerError
from ellayer.estimators import FitWarning, ScaleWarning, TargetWarning, UnderfitWarning
from ellayer.estimators.examples import Examples

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_class_weight_of_an_unknown_class(iris):
    with pytest.raises(ValueError, match=r"expected classes of y, 0, 1, 2; received the unknown 'setosa'"):
        MLPClassifier(class_weight={0: 1.0, "setosa": 2.0}).fit(*iris)
    with pytest.raises(ValueError, match="finite weights >= 0"):
        MLPClassifier(class_weight={0: -1.0}).fit(*iris)
    with pytest.raises(ValueError, match="'class_weight' parameter"):
        MLPClassifier(class_weight=3).fit(*iris)
    with pytest.raises(ValueError, match="'balanced'"):
        MLPClassifier(class_weight="unbalanced").fit(*iris)


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "b", "c"]])
def test_a_class_with_one_example_under_early_stopping(labels):
    y = np.array([labels[i % (len(labels) - 1)] for i in range(40)] + [labels[-1]])
    with pytest.raises(ValueError, match=f"only 1 member, which is too few: '{labels[-1]}'"):
        MLPClassifier(early_stopping=True).fit(np.random.RandomState(0).randn(41, 3), y)


def test_constant_columns_are_silent_for_they_mislead_nobody(iris):
    X, y = iris
    model = MLPClassifier(max_iter=5).fit(np.c_[X, np.full(150, 7.0), np.zeros(150)], y)
    assert np.isfinite(model.predict_proba(np.c_[X, np.full(150, 7.0), np.zeros(150)])).all()


def test_one_column_times_a_million(cancer):
    X, y = cancer
    X = X.copy()
    X[:, 3] *= 1e6
    frame = pd.DataFrame(X, columns=[f"f{i}" for i in range(30)])
    with pytest.warns(FitWarning, match="column 'f3' is of a scale up to .*StandardScaler"):
        MLPClassifier(random_state=0, max_iter=30).fit(frame, y)
    remedied = make_pipeline(StandardScaler(), MLPClassifier(random_state=0)).fit(frame, y)
    assert remedied.score(frame, y) > 0.97


def test_target_of_scale_1e30(line):
    X, Y = line
    y = Y[:, 0] * 1e30
    with pytest.warns(FitWarning, match="TransformedTargetRegressor"):
        model = MLPRegressor(random_state=0, max_iter=5).fit(X, y)
    assert np.isfinite(model.predict(X)).all()
    remedied = TransformedTargetRegressor(
        MLPRegressor(random_state=0, max_iter=500), transformer=StandardScaler()
    )
    assert remedied.fit(X, y).score(X, y) > 0.8


def test_negative_weights(iris):
    X, y = iris
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        MLPClassifier().fit(X, y, sample_weight=np.linspace(-1, 1, 150))
    with pytest.raises(
        ValueError, match=r"Sample weights must contain|not all 0"
    ):  # of newer scikit-learn, ours
        MLPClassifier().fit(X, y, sample_weight=np.zeros(150))


def test_a_class_never_predicted():
    random = np.random.RandomState(0)
    X, y = random.randn(300, 2), np.array(["often"] * 295 + ["seldom"] * 5)
    with pytest.warns(FitWarning, match="'seldom' is never predicted.*class_weight='balanced'"):
        MLPClassifier(random_state=0).fit(X, y)


def test_dead_units(iris):
    X, y = iris
    dead = {
        "W1": np.zeros((5, 4)),
        "b1": np.full((5, 1), -1.0),
        "W2": np.ones((3, 5)),
        "b2": np.zeros((3, 1)),
    }
    with (
        pytest.warns(FitWarning, match="layer 1: 5 of 5 units are dead.*leaky_relu"),
        pytest.warns(UnderfitWarning, match="never predicted"),
    ):
        MLPClassifier(5, init_params=dead, max_iter=25, n_iter_no_change=None).fit(X, y)


def test_a_fit_that_gave_up_early_is_looked_at_too():
    """A huge rate kills every unit at once; the loss then stands still, and the fit stops after 12 epochs."""
    X = np.random.RandomState(0).randn(100, 3)
    model = MLPRegressor(
        hidden_layer_sizes=(8,), solver="sgd", learning_rate_init=1e3, clip_norm=1.0, random_state=0
    )
    with pytest.warns(UnderfitWarning, match="layer 1: 8 of 8 units are dead.*smaller learning_rate_init"):
        model.fit(X, X[:, 0])
    assert model.stopped_by_ == "convergence"
    assert model.n_iter_ < 20


def test_a_callback_that_is_no_function(iris):
    with pytest.raises(ValueError, match=r"callbacks.*expected functions .*received int"):
        MLPClassifier(callbacks=[3]).fit(*iris)


def test_one_class_only(iris):
    X, _ = iris
    with pytest.warns(FitWarning, match="one class only, 'same'"):
        model = MLPClassifier(max_iter=5).fit(X, np.full(150, "same"))
    assert set(model.predict(X)) == {"same"}
    assert model.predict_proba(X).shape == (150, 1)


def test_nan_with_number_and_columns(iris):
    X, y = iris
    frame = pd.DataFrame(X.copy(), columns=["a", "b", "c", "d"])  # older versions of pandas write to X
    frame.loc[[3, 5], "b"] = np.nan
    frame.loc[7, "d"] = np.inf
    with pytest.raises(ValueError, match=r"(?s)Input X contains.*3 values.*'b': 2, 'd': 1"):
        MLPClassifier().fit(frame, y)
    model = MLPClassifier(max_iter=5).fit(X, y)
    with pytest.raises(ValueError, match=r"(?s)Input X contains NaN.*1 values.*0: 1"):
        model.predict(np.array([[np.nan, 0, 0, 0]]))
    with pytest.raises(ValueError, match="Input y contains NaN"):
        MLPRegressor().fit(X, np.where(y > 1, np.nan, y))


def test_divergence_stops_keeps_the_best_and_says_what_to_try(line):
    X, y = line
    with pytest.warns(DivergenceWarning, match="learning_rate="):
        model = MLPRegressor(
            solver="sgd", learning_rate_init=50.0, random_state=0, activation="identity"
        ).fit(X, y)
    assert model.stopped_by_ == "divergence"
    assert np.isfinite(model.predict(X)).all()
    errors = ((model.predict(X) - y) ** 2).mean()
    assert errors < 10 * (y**2).mean()  # the start, not the last huge step


def test_numbers_beyond_all_bounds():
    random = np.random.RandomState(0)
    X = np.finfo(float).max * random.uniform(size=(10, 2))
    with (
        pytest.warns(FitWarning, match="scale"),
        pytest.raises(ValueError, match="Solver produced non-finite parameter weights"),
    ):
        MLPRegressor().fit(X, random.randn(10))


def test_poisson_of_negative_targets(line):
    X, Y = line
    with pytest.raises(ValueError, match=">= 0"):
        MLPRegressor("poisson").fit(X, Y[:, 0])


def test_sparse_text_and_wrong_shapes(iris):
    X, y = iris
    with pytest.raises(ValueError, match="could not convert string to float"):
        MLPClassifier().fit(np.array([["a", "b"]] * 4), [0, 1, 0, 1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MLPClassifier().fit(X, y[:-1])
    with pytest.raises(ValueError, match="expected \\(X, y\\)"):
        MLPClassifier(validation_data=(X,)).fit(X, y)
    with pytest.raises(ValueError, match="not a valid scoring"):
        MLPClassifier(monitor="beauty").fit(X, y)


@pytest.mark.parametrize("device", [3.5, -1, [], {"a": 1}, b"gpu", [5], "gpu:x", "tpu9"])
def test_a_device_that_is_none_is_refused_by_name(device):
    with pytest.raises(InvalidParameter, match="device"):
        MLPClassifier(max_iter=2, device=device).fit(np.eye(4), [0, 1, 0, 1])


@pytest.mark.parametrize(
    "model",
    [MLPClassifier(), MLPRegressor(), TabularClassifier(), TabularRegressor(), TablePreparation()],
    ids=str,
)
def test_every_parameter_has_its_constraints(model):
    check_param_validation(type(model).__name__, model)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "model", [MLPClassifier(max_iter=2), MLPRegressor(max_iter=2), TablePreparation()], ids=str
)
@pytest.mark.parametrize(
    "check", [check_transformer_get_feature_names_out, check_transformer_get_feature_names_out_pandas]
)
def test_names_of_the_outputs_follow_those_of_the_inputs(model, check):
    check(type(model).__name__, model)


@pytest.mark.parametrize(
    ("category", "X", "y"),
    [
        (ScaleWarning, 1e5 * np.eye(8), [0, 1] * 4),
        (TargetWarning, np.eye(8), [1] * 8),
    ],
)
def test_each_kind_of_warning_has_a_category(category, X, y):
    with pytest.warns(FitWarning) as caught:
        MLPClassifier(4, max_iter=25, random_state=0, learning_rate_init=1e-5).fit(X, y)
    assert category in {warning.category for warning in caught}


def test_the_bound_of_examples_is_that_of_their_largest_number():
    X = np.random.default_rng(0).standard_normal((3000, 100)).astype(np.float32)
    X[1234, 5] = -1e6
    assert 1e6 <= Examples(X, X[:, :1]).bound < 1.001e6
    for number in (np.nan, np.inf, 1e30):  # the square of the last is infinite
        X[7, 0] = number
        assert not np.isfinite(Examples(X, X[:, :1]).bound)


def test_nan_is_found_if_sklearn_assumes_finite_numbers():
    X = np.where(np.eye(8), np.nan, 1.0)
    with config_context(assume_finite=True), pytest.raises(EllayerError, match="non-finite"):
        MLPClassifier(max_iter=2).fit(X, [0, 1] * 4)
