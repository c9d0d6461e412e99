"""save and load: what comes back predicts equally, holds the same facts and goes on training."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import ellayer
from ellayer import MLPClassifier, MLPRegressor, Network
from ellayer.core import ACTIVATIONS, LOSSES
from ellayer.core.inputs import Inputs
from ellayer.storage import ModelFileError

RANDOM = np.random.RandomState(0)
X = RANDOM.randn(3, 60)
Y = (X[0] * X[1] > 0).astype(int)


def fit(model, *data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(*data)


def again(model, path):
    """Through a file and back."""
    ellayer.save(model, path / "m.ellayer")
    return ellayer.load(path / "m.ellayer")


@pytest.fixture(scope="module")
def result():
    return ellayer.train(
        Network([3, 5, 1], "tanh"), X, Y, optimizer="adam", num_iterations=250, seed=7, validation=(X, Y),
        metrics={"accuracy": lambda AL, Y: float(np.mean((AL > 0.5) == Y))}, monitor="validation_accuracy",
    )  # fmt: skip


def test_a_result_comes_back(result, tmp_path):
    back = again(result, tmp_path)
    assert type(back) is type(result)
    np.testing.assert_array_equal(back.predict_proba(X), result.predict_proba(X))
    np.testing.assert_array_equal(back.predict(X), result.predict(X))
    for name in ("network", "costs", "history", "stopped_by", "engine", "seconds"):
        assert getattr(back, name) == getattr(result, name)
    assert back.history.final == result.history.final
    assert type(back.history) is type(result.history)
    assert back.history.to_csv() == result.history.to_csv()
    assert (back.state.seed, back.state.step, back.state.optimizer_state) == (7, 250, None)
    more = ellayer.train(back.network, X, Y, optimizer="adam", num_iterations=10, state=back.state)
    assert more.state.step == 260
    back.parameters["W1"][:] = 0  # its own, and writable
    assert back.state.parameters["W1"].any()


def test_a_diverged_history_with_nan_comes_back(tmp_path):
    with pytest.warns(ellayer.engine.DivergenceWarning):
        result = ellayer.train(
            Network([3, 4, 1], "identity", "squared_error"), 1e3 * X, Y, learning_rate=1e3, num_iterations=300
        )
    back = again(result, tmp_path)
    np.testing.assert_equal(dict(back.history), dict(result.history))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "network",
    [
        Network([3, 1]),
        Network([3, 4, 2], ["leaky_relu(0.3)", "softmax"], "focal(1.5)"),
        Network([3, 4, 2], "gelu", "cross_entropy(smoothing=0.1)", parametric=True),
        Network([3, 4, 1], inputs=Inputs(numbers=1, categories=(5,), scaling=True)),
    ],
)
def test_a_network_and_its_parameters_come_back(network, dtype, tmp_path):
    parameters = ellayer.initialize_parameters(network, seed=2, dtype=dtype)
    parameters["W1"] = np.asfortranarray(parameters["W1"])
    got, back = again((network, parameters), tmp_path)
    assert got == network
    assert list(back) == list(parameters)
    for name, theta in parameters.items():
        np.testing.assert_array_equal(back[name], theta, strict=True)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_row_of_the_tables_comes_back(activation, loss, tmp_path):
    n_L = 2 if LOSSES[loss].targets == "one_hot" else 1
    network = Network([3, 4, n_L], activation, loss)
    parameters = ellayer.initialize_parameters(network, seed=2)
    got, back = again((network, parameters), tmp_path)
    assert got == network
    AL = [ellayer.core.L_model_forward(X, theta, network)[0] for theta in (parameters, back)]
    np.testing.assert_array_equal(*AL)


CLASSIFIERS = {
    "text": ({}, np.where(Y, "ja", "nein")),
    "three": ({"activation": ["tanh"], "dropout": 0.2}, RANDOM.randint(0, 3, 60) - 1),
    "bools": ({"class_weight": {False: 1.0, True: 3.0}, "dtype": np.float32}, Y.astype(bool)),
    "several labels": ({"activation": "leaky_relu(0.2)"}, RANDOM.randint(0, 2, (60, 3))),
    "early stopping": ({"early_stopping": True, "n_iter_no_change": np.inf, "monitor": "accuracy"}, Y),
    "lbfgs": ({"solver": "lbfgs", "alpha": np.float64(0.3)}, Y.astype(object)),
    "one class": ({"class_weight": "balanced"}, np.full(60, "only")),
    "optax": ({"optimizer": "lion"}, Y),
}


@pytest.mark.parametrize("case", CLASSIFIERS)
def test_a_classifier_comes_back(case, tmp_path):
    settings, y = CLASSIFIERS[case]
    if y.dtype == object:
        y = y.astype(int)
    model = fit(MLPClassifier(hidden_layer_sizes=(4,), max_iter=8, random_state=3, **settings), X.T, y)
    back = again(model, tmp_path)
    assert type(back) is MLPClassifier
    np.testing.assert_array_equal(back.predict(X.T), model.predict(X.T), strict=True)
    np.testing.assert_array_equal(back.predict_proba(X.T), model.predict_proba(X.T), strict=True)
    np.testing.assert_array_equal(back.classes_, model.classes_, strict=True)
    assert back.get_params() == model.get_params()
    assert back.get_params()["hidden_layer_sizes"] == (4,)
    np.testing.assert_equal(dict(back.history_), dict(model.history_))
    public = [name for name in vars(model) if name.endswith("_") and not name.startswith("_")]
    assert not [name for name in public if not hasattr(back, name)]
    assert fit(clone(back), X.T, y).loss_ == model.loss_


def test_a_regressor_with_names_comes_back(tmp_path):
    table = pd.DataFrame(X.T, columns=["größe", "age", "x y"])
    targets = np.c_[Y, X[0]]
    weights = [np.ones((3, 4)), np.ones((4, 2))]
    settings = {
        "init_params": (weights, [np.zeros(4), np.zeros(2)]),
        "max_iter": 5,
        "hidden_layer_sizes": [4],
    }
    model = fit(MLPRegressor(**settings, random_state=1, loss="huber"), table, targets)
    back = again(model, tmp_path)
    np.testing.assert_array_equal(back.predict(table), model.predict(table), strict=True)
    assert back.feature_names_in_.tolist() == ["größe", "age", "x y"]
    np.testing.assert_array_equal(back.init_params[0][1], weights[1])
    with pytest.raises(ValueError, match="feature names"):
        back.predict(table[["age", "größe", "x y"]])


def test_an_estimator_goes_on_as_if_it_had_never_been_stored(tmp_path):
    model = MLPClassifier(hidden_layer_sizes=(4,), random_state=3)
    for _ in range(3):
        model.partial_fit(X.T, Y, classes=[0, 1])
    back = again(model, tmp_path)
    for _ in range(2):
        model.partial_fit(X.T, Y)
        back.partial_fit(X.T, Y)
    for a, b in zip(model.coefs_, back.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.loss_curve_ == back.loss_curve_


def test_pickle_and_joblib_work_too(result, tmp_path):
    model = fit(MLPClassifier(hidden_layer_sizes=(4,), max_iter=5), X.T, np.where(Y, "ja", "nein"))
    joblib.dump(model, tmp_path / "m.joblib")
    for back in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "m.joblib")):
        np.testing.assert_array_equal(back.predict_proba(X.T), model.predict_proba(X.T))
    joblib.dump(result, tmp_path / "r.joblib")
    for back in (pickle.loads(pickle.dumps(result)), joblib.load(tmp_path / "r.joblib")):
        np.testing.assert_array_equal(back.predict_proba(X), result.predict_proba(X))
        assert back.history == result.history


def test_a_fresh_process_predicts_the_same(result, tmp_path):
    model = fit(MLPClassifier(hidden_layer_sizes=(4,), max_iter=5), X.T, np.where(Y, "ja", "nein"))
    ellayer.save(model, tmp_path / "e.ellayer")
    ellayer.save(result, tmp_path / "r.ellayer")
    np.save(tmp_path / "X.npy", X)
    code = (
        "import ellayer, numpy as np\n"
        "X = np.load('X.npy')\n"
        "model, result = ellayer.load('e.ellayer'), ellayer.load('r.ellayer')\n"
        "np.savez('said.npz', P=model.predict_proba(X.T), y=model.predict(X.T), AL=result.predict_proba(X))\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=True)
    said = np.load(tmp_path / "said.npz")
    np.testing.assert_array_equal(said["P"], model.predict_proba(X.T))
    np.testing.assert_array_equal(said["y"], model.predict(X.T))
    np.testing.assert_array_equal(said["AL"], result.predict_proba(X))


def test_the_file_is_plain_safetensors_with_readable_facts(result, tmp_path):
    path = tmp_path / "m.ellayer"
    ellayer.save(result, path)
    with safe_open(path, framework="numpy") as file:
        assert set(file.keys()) == {f"parameters/{name}" for name in result.parameters}
        facts = json.loads(file.metadata()["ellayer"])
    assert facts["format_version"] == 1
    assert facts["kind"] == "TrainingResult"
    assert facts["versions"]["ellayer"] == ellayer.__version__
    assert facts["content"]["network"]["layer_dims"] == [3, 5, 1]
    assert facts["content"]["seed"] == 7
    assert facts["content"]["history"]["loss"] == result.history["loss"]


class MyClassifier(MLPClassifier):
    """A class of one's own, whose code no file holds."""


def test_what_a_file_cannot_hold_is_refused(result, tmp_path):
    path = tmp_path / "m.ellayer"
    function = fit(MLPClassifier(hidden_layer_sizes=(2,), max_iter=2, callbacks=[lambda info: None]), X.T, Y)
    with pytest.raises(
        ModelFileError, match=r"settings/callbacks/0: expected plain data.*received the function"
    ):
        ellayer.save(function, path)
    random = fit(
        MLPClassifier(hidden_layer_sizes=(2,), max_iter=2, random_state=np.random.RandomState(0)), X.T, Y
    )
    with pytest.raises(ModelFileError, match=r"settings/random_state: expected plain data.*RandomState"):
        ellayer.save(random, path)
    own = fit(MLPClassifier(hidden_layer_sizes=(2,), max_iter=2, activation=(np.tanh, _slope)), X.T, Y)
    with pytest.raises(ModelFileError, match="MLPClassifier: expected a network of named activations"):
        ellayer.save(own, path)
    with pytest.raises(NotFittedError):
        ellayer.save(MLPClassifier(), path)
    with pytest.raises(ModelFileError, match=r"model: expected a TrainingResult.*received MyClassifier"):
        ellayer.save(fit(MyClassifier(hidden_layer_sizes=(2,), max_iter=2), X.T, Y), path)
    with pytest.raises(ModelFileError, match=r"model: expected a TrainingResult.*received str"):
        ellayer.save(str(path), result)
    with pytest.raises(ModelFileError, match=r"W1.*expected shape \(1, 3\), received \(1, 4\)"):
        ellayer.save((Network([3, 1]), {"W1": np.ones((1, 4)), "b1": np.ones((1, 1))}), path)
    assert not list(tmp_path.iterdir())


def _slope(Z):
    return 1 - np.tanh(Z) ** 2


def test_an_activation_unknown_where_the_file_is_read(tmp_path):
    ACTIVATIONS.add("mine", lambda name: ACTIVATIONS["tanh"])
    try:
        network = Network([3, 2, 1], ["mine", "sigmoid"])
        ellayer.save((network, ellayer.initialize_parameters(network)), tmp_path / "m.ellayer")
    finally:
        ACTIVATIONS.remove("mine")
    with pytest.raises(ModelFileError, match=r"that this version supports; unknown activation.*'mine'"):
        ellayer.load(tmp_path / "m.ellayer")


def test_provenance_goes_along(result, tmp_path):
    told = {"source": "a.csv", "rows": {"train": 60}, "reading": {"delimiter": ";"}, "scores": [0.5, None]}
    ellayer.save(result, tmp_path / "m.ellayer", provenance=told)
    assert ellayer.storage.read_provenance(tmp_path / "m.ellayer") == told
    np.testing.assert_array_equal(ellayer.load(tmp_path / "m.ellayer").predict(X), result.predict(X))
    ellayer.save(result, tmp_path / "m.ellayer")
    assert ellayer.storage.read_provenance(tmp_path / "m.ellayer") == {}


def test_provenance_is_plain_data(result, tmp_path):
    with pytest.raises(ModelFileError, match="provenance"):
        ellayer.save(result, tmp_path / "m.ellayer", provenance={"code": print})
    assert not list(tmp_path.iterdir())


def test_the_folder_of_a_run_is_its_model(result, tmp_path):
    ellayer.save(result, tmp_path / "model.ellayer")
    np.testing.assert_array_equal(ellayer.load(tmp_path).parameters["W1"], result.parameters["W1"])
    (tmp_path / "model.ellayer").unlink()
    with pytest.raises(ModelFileError, match=r"received a folder without it"):
        ellayer.load(tmp_path)
