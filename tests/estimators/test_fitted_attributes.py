"""The law of fitted attributes: each one that a docstring names is set by fit, stored by save, restored by load."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pandas as pd
import pytest
from sklearn import neural_network
from sklearn.datasets import load_iris

import ellayer
from ellayer import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::ellayer._warn.FitWarning"),
]

NOT_STORED = {"held_out_"}  # rows of a stream: the docstring says so
STOCHASTIC = {"loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"}  # not of lbfgs

X = pd.DataFrame(load_iris().data[::2], columns=["a", "b", "c", "d"])
LABELS = np.array(["x", "y", "z"])[load_iris().target[::2]]
NUMBERS = X["a"].to_numpy() - X["b"].to_numpy()

MLP = {"hidden_layer_sizes": (4,), "random_state": 0, "max_iter": 4}
TABLE = {"hidden_layer_sizes": (4,), "random_state": 0, "epochs": 3}
FITS = {
    "adam": lambda: MLPClassifier(**MLP).fit(X, LABELS),
    "early stopping": lambda: MLPClassifier(early_stopping=True, **MLP).fit(X, LABELS),
    "restored": lambda: MLPRegressor(restore_best=True, learning_rate_init=0.5, **MLP).fit(X, NUMBERS),
    "regressor": lambda: MLPRegressor(solver="sgd", **MLP).fit(X, NUMBERS),
    "lbfgs": lambda: MLPRegressor(solver="lbfgs", **MLP).fit(X, NUMBERS),
    "optax": lambda: MLPClassifier(optimizer="lion", **MLP).fit(X, LABELS),
    "partial": lambda: MLPClassifier(**MLP).partial_fit(X, LABELS, classes=["x", "y", "z"]),
    "table": lambda: TabularClassifier(1, **TABLE).fit(X, LABELS),
    "members": lambda: TabularClassifier(3, metric="accuracy", **TABLE).fit(X, LABELS),
    "eval_set": lambda: TabularRegressor(1, **TABLE).fit(X, NUMBERS, eval_set=(X, NUMBERS)),
    "table of numbers": lambda: TabularRegressor(2, **TABLE).fit(X, NUMBERS),
    "constant": lambda: TabularRegressor(1, **TABLE).fit(X, np.ones(len(X))),
}  # fmt: skip


def documented(estimator) -> set[str]:
    """Return the attributes that the docstring of an estimator's class names."""
    section = (
        inspect.getdoc(type(estimator)).partition("Attributes\n----------\n")[2].partition("\nExamples\n")[0]
    )
    heads = [line.partition(" : ")[0] for line in section.splitlines() if line and not line.startswith(" ")]
    names = {name for head in heads for name in re.split(r",\s*", head.strip()) if name}
    assert len(names) > 10
    assert all(re.fullmatch(r"[a-z_]+_", name) for name in names), names
    return names


def same(one, other) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, (np.ndarray, float)):
        return np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind == "f")
    if isinstance(one, ellayer.TablePreparation):
        return one.describe() == other.describe()
    return one == other


@pytest.mark.parametrize("name", FITS)
def test_documented_attributes_are_set_stored_and_restored(name, tmp_path):
    model = FITS[name]()
    names = documented(model) - NOT_STORED - (STOCHASTIC if name == "lbfgs" else set())
    missing = [attribute for attribute in names if not hasattr(model, attribute)]
    if name == "constant":
        missing = [attribute for attribute in missing if attribute != "network_"]
    assert not missing
    ellayer.save(model, tmp_path / "m.ellayer")
    loaded = ellayer.load(tmp_path / "m.ellayer")
    for attribute in names:
        assert same(getattr(model, attribute), getattr(loaded, attribute)), attribute


@pytest.mark.parametrize("name", FITS)
def test_every_public_fitted_attribute_is_documented(name):
    model = FITS[name]()
    fitted = {
        attribute for attribute in vars(model) if attribute.endswith("_") and not attribute.startswith("_")
    }
    assert fitted <= documented(model)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_what_comes_from_scikit_learn_is_stored_and_continues(solver, tmp_path):
    theirs = neural_network.MLPClassifier((4,), solver=solver, max_iter=4, random_state=0).fit(X, LABELS)
    model = ellayer.from_sklearn(theirs)
    ellayer.save(model, tmp_path / "m.ellayer")
    loaded = ellayer.load(tmp_path / "m.ellayer")
    assert (
        loaded.loss_curve_ == model.loss_curve_ if solver != "lbfgs" else not hasattr(loaded, "loss_curve_")
    )
    for one in (model, loaded):
        one.set_params(solver="adam" if solver == "lbfgs" else solver).partial_fit(X, LABELS)
    np.testing.assert_array_equal(model.predict_proba(X), loaded.predict_proba(X))
