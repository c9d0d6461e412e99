"""Between scikit-learn's world, the notes' and this one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import neural_network

import ellayer
from ellayer import MLPClassifier, MLPRegressor, Network, from_sklearn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def problems(iris, line):
    X, y = iris
    texts = np.array(["a", "b", "c"])[y]
    several = np.c_[y > 0, X[:, 0] > 0].astype(int)
    return {
        "binary": (MLPClassifier, X, texts == "b"),
        "multiclass": (MLPClassifier, X, texts),
        "multilabel": (MLPClassifier, X, several),
        "regression": (MLPRegressor, line[0], line[1][:, 0]),
        "outputs": (MLPRegressor, *line),
    }


KINDS = ["binary", "multiclass", "multilabel", "regression", "outputs"]


def theirs(make):
    return getattr(neural_network, make.__name__)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "settings", [{}, {"solver": "sgd", "activation": "tanh"}, {"solver": "lbfgs"}], ids=str
)
def test_from_and_to_scikit_learn(kind, settings, iris, line):
    make, X, y = problems(iris, line)[kind]
    model = theirs(make)(hidden_layer_sizes=(8, 6), random_state=0, max_iter=30, **settings).fit(X, y)
    ours = from_sklearn(model)
    assert type(ours) is make
    assert (ours.predict(X) == model.predict(X)).all() or np.allclose(ours.predict(X), model.predict(X))
    back = ours.to_sklearn()
    assert type(back) is type(model)
    assert (back.predict(X) == model.predict(X)).all() or np.allclose(back.predict(X), model.predict(X))
    if hasattr(model, "predict_proba"):
        np.testing.assert_allclose(ours.predict_proba(X), model.predict_proba(X), rtol=1e-9, atol=1e-300)
        np.testing.assert_allclose(back.predict_proba(X), model.predict_proba(X), rtol=1e-12)
    assert back.get_params() == model.get_params()


@pytest.mark.parametrize("settings", [{}, {"solver": "sgd", "learning_rate": "invscaling"}], ids=str)
def test_training_goes_on_where_scikit_learn_stopped(settings, iris):
    X, y = iris
    model = neural_network.MLPClassifier(random_state=0, **settings)
    for _ in range(5):
        model.partial_fit(X, y, classes=[0, 1, 2])
    ours = from_sklearn(model)
    for _ in range(5):
        model.partial_fit(X, y)
        ours.partial_fit(X, y)
    np.testing.assert_allclose(ours.coefs_[0], model.coefs_[0], rtol=1e-7, atol=1e-10)
    assert ours.loss_curve_ == pytest.approx(model.loss_curve_)


def test_what_scikit_learn_has_no_word_for(iris):
    with pytest.raises(ValueError, match="expected one of scikit-learn's activations"):
        MLPClassifier(activation="leaky_relu", max_iter=2).fit(*iris).to_sklearn()
    with pytest.raises(TypeError, match="received dict"):
        from_sklearn({})


def test_from_parameters(iris, line):
    X, y = iris
    network = Network([4, 6, 3], "tanh")
    result = ellayer.train(network, X.T, y, learning_rate=0.5, num_iterations=200)
    model = MLPClassifier.from_parameters(result.parameters, classes=["a", "b", "c"], activation="tanh")
    assert model.network_ == network
    np.testing.assert_allclose(model.predict_proba(X), result.predict_proba(X.T).T)
    assert set(model.predict(X)) <= {"a", "b", "c"}
    np.testing.assert_array_equal(model.parameters_["W1"], result.parameters["W1"])
    model.set_params(max_iter=3, warm_start=True).fit(X, np.array(["a", "b", "c"])[y])
    with pytest.raises(ValueError, match="expected 3 different labels"):
        MLPClassifier.from_parameters(result.parameters, classes=["a", "b"])
    with pytest.raises(ValueError, match="consistent shapes"):
        MLPRegressor.from_parameters({**result.parameters, "W2": result.parameters["W2"].T})
    binary = MLPClassifier.from_parameters({"W1": np.ones((1, 4)), "b1": np.zeros((1, 1))})
    np.testing.assert_array_equal(binary.predict(X), (X.sum(axis=1) > 0).astype(int))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "settings",
    [{"batch_size": 30}, {"early_stopping": True}, {"solver": "lbfgs"}, {"optimizer": "lion"}],
    ids=str,
)
def test_fitted_facts_make_the_same_estimator_again(kind, settings, iris, line):
    make, X, y = problems(iris, line)[kind]
    model = make(random_state=0, max_iter=12, **settings).fit(X, y)
    arrays, facts = model._get_fitted()
    again = make(**model.get_params())
    again._set_fitted({name: array.copy() for name, array in arrays.items()}, json.loads(json.dumps(facts)))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    for name in ("loss_", "n_iter_", "t_", "n_features_in_", "out_activation_", "stopped_by_"):
        assert getattr(again, name) == getattr(model, name)
    assert again.history_ == model.history_
    assert getattr(again, "loss_curve_", 0) == getattr(model, "loss_curve_", 0)
    for estimator in (model, again):
        estimator.set_params(warm_start=True, max_iter=3).fit(X, y)
    np.testing.assert_array_equal(again.coefs_[0], model.coefs_[0])
