"""The program written for scikit-learn, unchanged: both are trained and compared."""

from __future__ import annotations

import inspect
import re
import warnings

import numpy as np
import pytest
import sklearn
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import ellayer

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning"),  # some of these fits are bad ones
]
PAIRS = [
    (ellayer.MLPClassifier, neural_network.MLPClassifier),
    (ellayer.MLPRegressor, neural_network.MLPRegressor),
]
ATTRIBUTES = [
    "loss_", "best_loss_", "loss_curve_", "validation_scores_", "best_validation_score_", "t_", "n_iter_", "n_layers_",
    "n_outputs_", "out_activation_", "n_features_in_",
]  # fmt: skip


def targets(kind, iris, line):
    """Return an estimator pair, its parameters, X and y."""
    X, y = iris
    if kind in ("squared_error", "outputs", "poisson"):
        X, Y = line
        y = {"squared_error": Y[:, 0], "outputs": Y, "poisson": np.round(np.exp(Y[:, 0]))}[kind]
        return PAIRS[1], {"loss": "poisson" if kind == "poisson" else "squared_error"}, X, y
    y = {
        "binary": (y == 1).astype(int),
        "multiclass": np.array(["setosa", "versicolor", "virginica"])[y],
        "multilabel": np.c_[y > 0, X[:, 0] > 0, X[:, 1] > 0].astype(int),
    }[kind]
    return PAIRS[0], {}, X, y


def both(pair, X, y, sample_weight=None, **parameters):
    """Fit both, check that they came out the same, return them."""
    ours, theirs = (make(random_state=3, **parameters).fit(X, y, sample_weight) for make in pair)
    for name in ATTRIBUTES:
        assert hasattr(ours, name) == hasattr(theirs, name), name
        if name == "out_activation_":
            assert ours.out_activation_ == theirs.out_activation_
        elif hasattr(theirs, name) and getattr(theirs, name) is not None:
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-9, abs=1e-11), name
        elif hasattr(theirs, name):
            assert getattr(ours, name) is None, name
    for mine, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        assert mine.shape == other.shape
        assert mine.dtype == other.dtype
        np.testing.assert_allclose(mine, other, rtol=1e-7, atol=1e-9)
    mine, other = ours.predict(X), theirs.predict(X)
    assert mine.dtype == other.dtype
    if mine.dtype.kind == "f":
        np.testing.assert_allclose(mine, other, rtol=1e-7)
    else:
        assert (mine == other).all()
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(ours.predict_log_proba(X), np.log(ours.predict_proba(X)), rtol=1e-12)
    return ours, theirs


KINDS = ["binary", "multiclass", "multilabel", "squared_error", "outputs", "poisson"]
SETTINGS = [
    {},
    {"solver": "sgd", "learning_rate_init": 0.02},
    {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.05},
    {"solver": "sgd", "nesterovs_momentum": False, "activation": "tanh", "learning_rate_init": 0.02},
    {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3, "learning_rate_init": 0.1},
    {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1, "n_iter_no_change": 2, "tol": 1e-3,
     "max_iter": 300},
    {"activation": "logistic", "hidden_layer_sizes": (7, 5), "alpha": 0.1},
    {"activation": "identity", "hidden_layer_sizes": [], "alpha": 0.0, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-6},
    {"early_stopping": True, "learning_rate_init": 0.01, "validation_fraction": 0.2, "tol": 0.0},
    {"solver": "sgd", "learning_rate": "adaptive", "early_stopping": True, "learning_rate_init": 0.1,
     "n_iter_no_change": 2},
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: "-".join(map(str, s.values())) or "defaults")
def test_full_batch_training_is_scikit_learns(kind, settings, iris, line):
    pair, own, X, y = targets(kind, iris, line)
    if kind == "outputs" and settings.get("learning_rate_init") == 0.1:
        settings = settings | {"learning_rate_init": 0.01}
    if kind == "multiclass" and settings.get("early_stopping") and sklearn.__version__.startswith("1.7."):
        y = np.unique(y, return_inverse=True)[1]  # its own network cannot stop early on texts there
    both(pair, X, y, **({"max_iter": 60} | own | settings))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "squared_error", "poisson"])
def test_sample_weights(kind, iris, line):
    pair, own, X, y = targets(kind, iris, line)
    weights = np.random.RandomState(0).randint(0, 4, len(X))
    both(pair, X, y, weights, max_iter=30, **own)


def test_float32_stays_float32(iris):
    X, y = iris
    ours = ellayer.MLPClassifier(max_iter=5, random_state=0).fit(X.astype(np.float32), y)
    assert {a.dtype for a in ours.coefs_ + ours.intercepts_} == {np.dtype("float32")}
    assert ours.predict_proba(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("kind", ["binary", "multiclass", "squared_error"])
def test_mini_batches_in_order(kind, iris, line):
    pair, own, X, y = targets(kind, iris, line)
    both(pair, X, y, batch_size=32, shuffle=False, max_iter=20, **own)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "squared_error", "poisson"])
def test_lbfgs_reaches_the_same_cost(kind, iris, line):
    pair, own, X, y = targets(kind, iris, line)
    settings = {
        "solver": "lbfgs",
        "hidden_layer_sizes": 4,
        "alpha": 0.1,
        "activation": "tanh",
        "random_state": 0,
    }
    ours, theirs = (make(max_iter=500, **settings, **own).fit(X, y) for make in pair)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=0.02)
    assert not hasattr(ours, "loss_curve_")
    assert 1 <= ours.n_iter_ <= 500
    one, other = (make(max_iter=3, **settings, **own).fit(X, y) for make in pair)
    np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_over_parts_of_different_sizes(solver, iris):
    X, y = iris
    parts = [(0, 60), (40, 120), (100, 150), (0, 60), (7, 30)]
    pair = [make(solver=solver, learning_rate="invscaling", random_state=0) for make in PAIRS[0]]
    for low, high in parts:
        for model in pair:
            model.partial_fit(X[low:high], y[low:high], classes=[0, 1, 2])
    np.testing.assert_allclose(pair[0].coefs_[1], pair[1].coefs_[1], rtol=1e-9)
    assert pair[0].t_ == pair[1].t_ == 273
    assert pair[0].loss_curve_ == pytest.approx(pair[1].loss_curve_, rel=1e-10)


def printed(capsys, pair, X, y, **parameters):
    lines = []
    for make in pair:
        make(random_state=0, verbose=True, **parameters).fit(X, y)
        lines.append(capsys.readouterr().out)
    return lines


@pytest.mark.parametrize(
    "settings",
    [
        {"max_iter": 3},
        {"tol": 0.05, "n_iter_no_change": 3},
        {"early_stopping": True, "n_iter_no_change": 3, "tol": 0.01},
        {
            "solver": "sgd",
            "learning_rate": "adaptive",
            "n_iter_no_change": 1,
            "tol": 0.1,
            "learning_rate_init": 1e-4,
        },
    ],
)
def test_printed_lines(settings, iris, capsys):
    ours, theirs = printed(capsys, PAIRS[0], *iris, **settings)
    assert ours == theirs
    assert ours


@pytest.mark.parametrize("index", [0, 1])
def test_constructor_is_a_superset(index):
    ours, theirs = (inspect.signature(make).parameters for make in PAIRS[index])
    for name, parameter in theirs.items():
        assert ours[name].default == parameter.default, name
        assert ours[name].kind == parameter.kind, name
    positional = [[n for n, p in s.items() if p.kind is p.POSITIONAL_OR_KEYWORD] for s in (ours, theirs)]
    assert positional[0] == positional[1]
    public = {name for name in dir(PAIRS[index][1]) if not name.startswith("_")}
    assert public <= set(dir(PAIRS[index][0]))


WRONG = [
    {"activation": "ghost"}, {"solver": "newton"}, {"alpha": -1}, {"batch_size": 0}, {"learning_rate": "fast"},
    {"learning_rate_init": 0}, {"max_iter": 0}, {"shuffle": "yes"}, {"tol": -1}, {"momentum": 2},
    {"nesterovs_momentum": 3}, {"early_stopping": "no"}, {"validation_fraction": 1.0}, {"beta_1": 1.0},
    {"epsilon": 0}, {"n_iter_no_change": -1}, {"hidden_layer_sizes": -1}, {"hidden_layer_sizes": (4, 0)},
    {"max_fun": 0}, {"power_t": -1}, {"random_state": "seed"},
]  # fmt: skip


@pytest.mark.parametrize("parameters", WRONG, ids=str)
@pytest.mark.parametrize("pair", PAIRS, ids=["classifier", "regressor"])
def test_wrong_parameters_get_the_same_error(pair, parameters, iris):
    errors = []
    for make in pair:
        with pytest.raises(ValueError) as caught:
            make(**parameters).fit(*iris)
        errors.append(caught)
    assert any(issubclass(errors[i].type, errors[1 - i].type) for i in (0, 1))  # ours may be its EllayerError
    first = next(iter(parameters))
    if first not in ("activation", "n_iter_no_change"):  # more is allowed for these
        # scikit-learn prints sets, whose order changes from process to process
        words = [sorted(re.findall(r"[^\s{},]+", str(error.value).rstrip("."))) for error in errors]
        assert words[0] == words[1]
    assert first in str(errors[0].value)


BAD_DATA = {
    "one more row": lambda X, y: (X, y[:-1]),
    "nan": lambda X, y: (np.where(X > 1, np.nan, X), y),
    "flat": lambda X, y: (X[:, 0], y),
    "empty": lambda X, y: (X[:0], y[:0]),
    "text": lambda X, y: (X.astype(str).astype(object) + "a", y),
    "continuous labels": lambda X, y: (X, X[:, 0]),
    "no y": lambda X, y: (X, None),
}


@pytest.mark.parametrize("bad", BAD_DATA)
def test_bad_data_gets_the_same_type_of_error(bad, iris):
    errors = []
    for make in PAIRS[0]:
        with pytest.raises(ValueError) as caught:
            make(max_iter=2).fit(*BAD_DATA[bad](*iris))
        errors.append(caught)
    assert any(issubclass(errors[i].type, errors[1 - i].type) for i in (0, 1))  # ours may be its EllayerError
    assert str(errors[0].value).startswith(str(errors[1].value).split("\n")[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_plain_array_is_predicted_as_the_same_numbers_in_another_form(dtype, iris):
    X, y = iris[0].astype(dtype), iris[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = ellayer.MLPClassifier((5,), max_iter=5, random_state=0).fit(X, y)
    expected = model.predict_proba(np.ma.array(X))  # of another type, so validated by scikit-learn
    for same in (X, np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2]):
        np.testing.assert_allclose(model.predict_proba(same), expected, rtol=1e-5)
    large = np.full((1, 4), 0.01 * np.finfo(dtype).max)
    assert model.predict(large).shape == (1,)  # finite, though the squares are not; and without a warning
    for bad in (X[:0], X[0], X[:, :3], X * np.nan):
        with pytest.raises(ValueError, match=r"sample|1D|features|NaN"):
            model.predict(bad)
    del model.n_features_in_  # some subclasses have none
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-5)


@pytest.mark.parametrize("pair", PAIRS, ids=["classifier", "regressor"])
def test_before_and_after_a_fit(pair, iris):
    X, y = iris
    for make in pair:
        with pytest.raises(NotFittedError):
            make().predict(X)
        model = make(max_iter=2).fit(X, y)
        with pytest.raises(ValueError, match="4 features as input"):
            model.predict(X[:, :3])
        with pytest.raises(AttributeError, match="partial_fit"):
            ellayer.MLPClassifier(solver="lbfgs").partial_fit(X, y)
        assert not hasattr(ellayer.MLPRegressor(optimizer="lbfgs"), "partial_fit")


def test_warm_start_and_partial_fit_errors(iris):
    X, y = iris
    for make in PAIRS[0]:
        model = make(max_iter=2, warm_start=True).fit(X, y)
        with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same classes"):
            model.fit(X, y + 1)
        with pytest.raises(ValueError, match=r"`y` has classes not in `self\.classes_`"):
            make().partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y + 1)
        with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
            make().partial_fit(X, y)


def test_warnings_are_scikit_learns(iris):
    X, y = iris
    texts = []
    for make in PAIRS[0]:
        caught = []
        for solver in ("adam", "lbfgs"):
            with pytest.warns(ConvergenceWarning) as some:
                make(max_iter=2, solver=solver, random_state=0).fit(X, y)
            caught += some
        with pytest.warns(UserWarning, match="It is going to be clipped"):
            make(max_iter=2, batch_size=1000).fit(X, y)
        texts.append([str(w.message).splitlines()[0] for w in caught])
    assert texts[0] == texts[1]


def test_nothing_is_said_where_nothing_is_wrong(iris):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ellayer.MLPClassifier(max_iter=1000, learning_rate_init=0.01, random_state=0).fit(*iris)


def test_interrupted_by_the_user(iris):
    def interrupt(info):
        if info.epoch == 3:
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = ellayer.MLPClassifier(max_iter=50, callbacks=[interrupt]).fit(*iris)
    assert model.n_iter_ == 3
    assert model.stopped_by_ == "interrupted"


def test_accuracy_at_the_defaults(shared_data):
    from sklearn.datasets import load_digits, load_wine
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    for load in (load_digits, load_wine):
        X, y = load(return_X_y=True)
        A, B, a, b = train_test_split(X, y, random_state=0, stratify=y)
        scaler = StandardScaler().fit(A)
        scores = [
            make(random_state=0).fit(scaler.transform(A), a).score(scaler.transform(B), b)
            for make in PAIRS[0]
        ]
        assert scores[0] >= scores[1] - 0.02
