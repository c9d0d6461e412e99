"""Each further parameter does what it says."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import balanced_accuracy_score, log_loss, recall_score
from sklearn.model_selection import GridSearchCV, train_test_split

from ellayer import MLPClassifier, MLPRegressor, Network
from ellayer._sklearn_compat import SklearnCallbacks, search_of
from ellayer.core import L_model_forward, initialize_parameters
from ellayer.engine import train

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def unbalanced():
    random = np.random.RandomState(0)
    X = np.concatenate([random.randn(570, 2), random.randn(30, 2) + 1.2])
    return X, np.repeat(["common", "rare"], [570, 30])


def fitted(X, y, **parameters):
    return MLPClassifier(**{"random_state": 0, "max_iter": 60, **parameters}).fit(X, y)


# Activations, outputs, losses


def test_activation_per_layer_equals_a_hand_built_network(iris):
    X, y = iris
    model = fitted(X, y, hidden_layer_sizes=(6, 5), activation=["leaky_relu(0.1)", "tanh"], max_iter=7)
    network = Network([4, 6, 5, 3], ["leaky_relu(0.1)", "tanh", "softmax"])
    assert model.network_ == network
    start = MLPClassifier(
        (6, 5), ["leaky_relu(0.1)", "tanh"], random_state=0, max_iter=1, learning_rate_init=1e-15
    )
    result = train(
        network, X.T, y, parameters=start.fit(X, y).parameters_, optimizer="adam(epsilon_hat=1)", learning_rate=0.001,
        l2=0.0001, num_iterations=7, record_every=1,
    )  # fmt: skip
    assert result.costs == pytest.approx(model.loss_curve_, rel=1e-9)
    np.testing.assert_allclose(model.parameters_["W2"], result.parameters["W2"], atol=1e-9)


def swish(Z):
    import jax.numpy as jnp

    return Z / (1.0 + jnp.exp(-Z))


def cube(Z):
    return Z**3


def cube_prime(Z):
    return 3.0 * Z**2


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_a_function_equals_the_tables_row(engine, iris):
    own = fitted(*iris, activation=swish, engine=engine)
    row = fitted(*iris, activation="silu", engine=engine)
    assert own.loss_curve_ == pytest.approx(row.loss_curve_, rel=1e-8)
    assert "own_swish" in repr(own.network_)


def test_a_pair_of_functions(iris):
    X, y = iris
    model = fitted(
        X, y, hidden_layer_sizes=5, activation=(cube, cube_prime), max_iter=300, learning_rate_init=0.01
    )
    assert model.engine_ == "numpy"
    assert model.score(X, y) > 0.9
    by_hand = (X @ model.coefs_[0] + model.intercepts_[0]) ** 3
    np.testing.assert_allclose(model.transform(X), by_hand)
    mixed = fitted(X, y, hidden_layer_sizes=(5, 4), activation=[(cube, cube_prime), "relu"], max_iter=2)
    assert mixed.network_.activations == ("own_cube", "relu", "softmax")


def test_two_functions_of_one_name_are_told_apart(iris):
    model = fitted(*iris, hidden_layer_sizes=(4, 4), max_iter=2, activation=[
        (lambda Z: Z**3, lambda Z: 3 * Z**2), (lambda Z: Z**2, lambda Z: 2 * Z)])  # fmt: skip
    assert len(set(model.network_.activations)) == 3


def test_a_wrong_derivative_is_refused(iris):
    with pytest.raises(ValueError, match="the derivative does not match the function"):
        fitted(*iris, activation=(cube, lambda Z: 2.0 * Z**2))
    with pytest.raises(ValueError, match="pass the pair"):
        fitted(*iris, activation=lambda Z: np.sort(Z))
    with pytest.raises(ValueError, match="one per hidden layer, 1 "):
        fitted(*iris, activation=["relu", "tanh"])


def test_output_activation(iris, line):
    X, y = iris
    model = fitted(
        X, y, output_activation="sigmoid", loss="squared_error", max_iter=300, learning_rate_init=0.01
    )
    assert model.out_activation_ == "logistic"
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    assert model.score(X, y) > 0.9
    X, Y = line
    positive = MLPRegressor(output_activation="softplus", random_state=0, max_iter=50).fit(X, Y)
    assert positive.predict(X).min() > 0
    with pytest.raises(ValueError, match="softmax"):
        fitted(X, Y[:, 0] > 0, output_activation="softmax")


@pytest.mark.parametrize(
    ("loss", "share"), [("quantile(q=0.9)", 0.9), ("quantile(q=0.2)", 0.2), ("absolute_error", 0.5)]
)
def test_quantile_losses_hit_their_quantile(loss, share):
    random = np.random.RandomState(0)
    X = random.randn(400, 1)
    y = X[:, 0] + random.exponential(size=400)
    model = MLPRegressor(loss, 10, "tanh", max_iter=800, learning_rate_init=0.01, random_state=0, tol=0).fit(
        X, y
    )
    assert (y <= model.predict(X)).mean() == pytest.approx(share, abs=0.05)


def test_huber_shrugs_outliers_off():
    random = np.random.RandomState(0)
    X = random.randn(200, 1)
    y = 2.0 * X[:, 0]
    spoilt = np.where(np.arange(200) % 10 == 0, y + 50, y)
    errors = {
        loss: np.abs(
            MLPRegressor(loss, (), solver="lbfgs", random_state=0, max_iter=500).fit(X, spoilt).predict(X) - y
        ).mean()
        for loss in ("squared_error", "huber(delta=0.5)")
    }
    assert errors["huber(delta=0.5)"] < 0.2 < errors["squared_error"]


def test_label_smoothing_and_focal_loss_calm_the_probabilities(iris):
    X, y = iris
    plain, smooth, focal = (
        fitted(X, y, loss=loss, solver="lbfgs", max_iter=300, alpha=0).predict_proba(X).max(axis=1).mean()
        for loss in ("log_loss", "log_loss(smoothing=0.2)", "focal(gamma=3)")
    )
    assert smooth < plain - 0.05
    assert focal < plain
    with pytest.raises(ValueError, match="expected a loss for regression"):
        MLPRegressor("focal").fit(X, y)
    with pytest.raises(ValueError, match="did you mean"):
        MLPRegressor("hubber").fit(X, y)


# Regularization and weights


def test_class_weight_finds_the_rare_class(unbalanced):
    X, y = unbalanced
    recall = {
        str(weights): recall_score(y, fitted(X, y, class_weight=weights).predict(X), pos_label="rare")
        for weights in (None, "balanced", {"rare": 19.0})
    }
    assert recall["None"] < 0.5
    assert recall["balanced"] > 0.7
    assert recall["{'rare': 19.0}"] > 0.7
    weights = np.where(y == "rare", 19.0, 1.0)
    by_sample = MLPClassifier(random_state=0, max_iter=60).fit(X, y, sample_weight=weights)
    by_class = fitted(X, y, class_weight={"rare": 19.0})
    np.testing.assert_allclose(by_sample.coefs_[0], by_class.coefs_[0])


def test_class_weight_under_early_stopping_looks_at_the_weighted_loss(unbalanced):
    X, y = unbalanced
    model = fitted(X, y, class_weight="balanced", early_stopping=True, max_iter=200)
    assert balanced_accuracy_score(y, model.predict(X)) > 0.7


def test_dropout_narrows_the_gap_on_an_unbalanced_set():
    random = np.random.RandomState(0)
    X = random.randn(300, 30)
    y = (X[:, 0] + 0.8 * random.randn(300) > 1.0).astype(int)
    A, B, a, b = train_test_split(X, y, random_state=0, stratify=y)
    outcomes = {}
    for dropout in (0.0, 0.5, [0.2, 0.5]):
        model = fitted(A, a, hidden_layer_sizes=100, dropout=dropout, max_iter=150, n_iter_no_change=None)
        outcomes[str(dropout)] = log_loss(b, model.predict_proba(B))
    assert outcomes["0.5"] < outcomes["0.0"]
    assert outcomes["[0.2, 0.5]"] < outcomes["0.0"]


def test_l1_empties_and_decay_and_alpha_shrink(cancer):
    X, y = cancer
    norm = lambda model: float(np.abs(model.coefs_[0]).sum())  # noqa: E731
    plain = fitted(X, y, alpha=0.0)
    assert norm(fitted(X, y, alpha=0.0, l1=2.0)) < 0.5 * norm(plain)
    assert norm(fitted(X, y, alpha=0.0, weight_decay=1.0)) < 0.9 * norm(plain)
    assert norm(fitted(X, y, alpha=20.0)) < 0.9 * norm(plain)
    assert norm(fitted(X, y, alpha=0.0, optimizer="adamw")) < norm(plain)  # adamw brings its own decay


def test_clip_norm_bounds_the_step(line):
    X, y = line
    step = {}
    for clip in (None, 1e-3):
        start = MLPRegressor(
            solver="sgd", momentum=0, random_state=0, max_iter=1, learning_rate_init=1e-12
        ).fit(X, y)
        one = MLPRegressor(
            optimizer="gd", random_state=0, max_iter=1, learning_rate_init=1.0, clip_norm=clip, alpha=0
        ).fit(X, y * 100)
        moved = [
            a - b for a, b in zip(one.coefs_ + one.intercepts_, start.coefs_ + start.intercepts_, strict=True)
        ]
        step[clip] = np.sqrt(sum((d**2).sum() for d in moved))
    assert step[1e-3] == pytest.approx(1e-3, rel=1e-3)
    assert step[None] > 1.0


# Optimizers and rates


@pytest.mark.parametrize("optimizer", ["gd", "nesterov(0.8)", "rmsprop", "adamw", "lbfgs"])
def test_optimizer_by_name(optimizer, iris):
    model = fitted(*iris, optimizer=optimizer, learning_rate_init=0.02, max_iter=100)
    assert model.loss_ < 0.5
    assert model.score(*iris) > 0.85


def test_optimizer_from_optax(iris):
    import optax

    model = fitted(*iris, optimizer=optax.chain(optax.clip(1.0), optax.adam(0.02)))
    assert model.engine_ == "jax"
    assert model.score(*iris) > 0.9
    with pytest.raises(ValueError, match="unknown optimizer"):
        fitted(*iris, optimizer="adamm")


def test_learning_rate_schedule(iris):
    model = fitted(*iris, learning_rate_schedule="cosine", learning_rate_init=0.01, max_iter=50)
    rates = model.history_["learning_rate"]
    assert rates[0] == pytest.approx(0.01)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 1e-4
    halves = fitted(*iris, learning_rate_schedule=lambda step: 0.5**step, max_iter=3).history_[
        "learning_rate"
    ]
    assert halves == pytest.approx([0.001, 0.0005, 0.00025])


def test_starts(iris):
    X, y = iris
    zeros = fitted(X, y, initializer="zeros", max_iter=1, learning_rate_init=1e-12)
    assert np.abs(zeros.coefs_[0]).max() < 1e-9
    start = initialize_parameters(Network([4, 100, 3]), "he_normal", seed=5)
    taken = fitted(X, y, init_params=start, max_iter=1, learning_rate_init=1e-12)
    np.testing.assert_allclose(taken.parameters_["W1"], start["W1"], atol=1e-9)
    pair = ([start["W1"].T, start["W2"].T], [start["b1"].ravel(), start["b2"].ravel()])
    same = fitted(X, y, init_params=pair, max_iter=1, learning_rate_init=1e-12)
    np.testing.assert_array_equal(same.coefs_[0], taken.coefs_[0])
    with pytest.raises(ValueError, match=r"W1 of shape \(100, 4\) \(coefs\[0\] of shape \(4, 100\)\)"):
        fitted(X, y, init_params={**start, "W1": start["W1"].T})
    with pytest.raises(ValueError, match="at most one"):
        fitted(X, y, init_params=start, initializer="zeros")


# Watching, stopping, calling back


def test_validation_data_is_scored_and_not_learned_from(cancer):
    X, y = cancer
    A, B, a, b = train_test_split(X, y, random_state=0)
    model = fitted(A, a, validation_data=(B, b), max_iter=20)
    plain = fitted(A, a, max_iter=20)
    np.testing.assert_array_equal(model.coefs_[0], plain.coefs_[0])
    assert len(model.validation_scores_) == 20
    assert model.validation_scores_[-1] == pytest.approx(model.score(B, b))
    assert model.history_["validation_loss"][-1] == pytest.approx(log_loss(b, model.predict_proba(B)))


@pytest.mark.parametrize("monitor", ["loss", "f1_macro", "neg_log_loss", None])
def test_monitor_stops_at_its_own_best_and_brings_it_back(monitor, unbalanced):
    X, y = unbalanced
    A, B, a, b = train_test_split(X, y, random_state=0, stratify=y)
    model = MLPClassifier(
        early_stopping=True, validation_data=(B, b), monitor=monitor, random_state=0, max_iter=300,
        learning_rate_init=0.05, n_iter_no_change=15, hidden_layer_sizes=50,
    ).fit(A, a)  # fmt: skip
    assert model.stopped_by_ == "convergence"
    loss = log_loss(b, model.predict_proba(B))
    if monitor in ("loss", "neg_log_loss"):
        assert loss == pytest.approx(min(model.history_["validation_loss"]), rel=1e-6)
    if monitor == "f1_macro":
        from sklearn.metrics import f1_score

        assert f1_score(b, model.predict(B), average="macro") == pytest.approx(max(model.validation_scores_))


def test_restore_best(cancer):
    X, y = cancer
    A, B, a, b = train_test_split(X, y, random_state=0)
    settings = {
        "early_stopping": True,
        "validation_data": (B, b),
        "monitor": "loss",
        "learning_rate_init": 0.05,
    }
    best = fitted(A, a, **settings)
    last = fitted(A, a, restore_best=False, **settings)
    curve = best.history_["validation_loss"]
    assert log_loss(b, best.predict_proba(B)) == pytest.approx(min(curve))
    assert log_loss(b, last.predict_proba(B)) == pytest.approx(curve[-1])


def test_restore_best_of_the_training_loss(iris):
    settings = {"solver": "sgd", "learning_rate_init": 2.0, "alpha": 0.0, "max_iter": 15, "loss": "log_loss"}
    best, last = (fitted(*iris, restore_best=wish, **settings) for wish in (True, False))
    assert best.loss_curve_ == last.loss_curve_
    X, y = iris
    cost = lambda model: -np.log(np.maximum(model.predict_proba(X)[range(150), y], 1e-300)).mean()  # noqa: E731
    assert cost(best) <= min(best.loss_curve_) + 1e-9
    assert cost(best) <= cost(last)


def test_no_limit_of_patience(iris):
    with pytest.warns(ConvergenceWarning):
        assert fitted(*iris, n_iter_no_change=np.inf, tol=10.0, max_iter=30).n_iter_ == 30
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # all epochs were asked for: nothing to warn of
        assert fitted(*iris, n_iter_no_change=None, tol=10.0, max_iter=30).n_iter_ == 30
    assert fitted(*iris, n_iter_no_change=3, tol=10.0, max_iter=30).n_iter_ == 5


def test_callbacks_see_each_epoch_and_can_stop(iris):
    seen = []

    def watch(info):
        seen.append((info.epoch, info.max_epochs, info.loss, info.parameters["W1"].shape, info.estimator))
        return info.epoch == 4

    model = fitted(*iris, callbacks=[watch])
    assert [epoch for epoch, *_ in seen] == [1, 2, 3, 4]
    assert seen[-1][1:4] == (60, model.loss_curve_[-1], (100, 4))
    assert seen[0][4] is model
    assert model.stopped_by_ == "callback"


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_scikit_learns_callbacks(solver, iris):
    callback = pytest.importorskip("sklearn.callback")
    for given in ("set", "parameter"):
        monitor = callback.ScoringMonitor(scoring="accuracy")
        model = MLPClassifier(solver=solver, max_iter=5, random_state=0)
        if given == "set":
            model.set_callbacks(monitor)
        else:
            model.set_params(callbacks=[monitor])
        model.fit(*iris)
        scores = [row["accuracy"] for row in monitor.get_logs().data]
        assert len(scores) >= model.n_iter_
        assert scores[-1] == pytest.approx(model.score(*iris))


def test_a_search_states_its_fits_and_needs_no_callbacks(iris):
    pytest.importorskip("sklearn.callback")
    searches = []

    class Noted(MLPClassifier):
        def fit(self, X, y):
            searches.append(search_of(self))
            assert (
                SklearnCallbacks.of(self, X, y, None, 3) is None
            )  # else every epoch would be a call of the loop
            return super().fit(X, y)

    search = GridSearchCV(Noted(max_iter=3, random_state=0), {"alpha": [0.1, 0.2]}, cv=3).fit(*iris)
    assert [total for _, total in searches] == [6] * 6 + [2]  # and the last fit, on all rows
    assert len({name for name, _ in searches}) == 1
    assert search_of(search.best_estimator_) is None


def test_time_limit(cancer):
    begin = time.perf_counter()
    model = fitted(*cancer, max_iter=1_000_000, n_iter_no_change=None, time_limit=0.3)
    assert time.perf_counter() - begin < 10
    assert model.stopped_by_ == "time"


# Where and how


def test_dtype(iris):
    model = fitted(*iris, dtype="float32")
    assert model.coefs_[0].dtype == np.float32
    assert fitted(iris[0].astype("f4"), iris[1], dtype="float64").coefs_[0].dtype == np.float64


def test_engines_agree_and_device_is_checked(iris):
    one, other = (fitted(*iris, engine=engine, max_iter=20, device="cpu") for engine in ("numpy", "jax"))
    np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], atol=1e-9)
    assert (one.engine_, other.engine_) == ("numpy", "jax")
    with pytest.raises(ValueError, match="expected one of the devices of this machine"):
        fitted(*iris, device="quantum")
    with pytest.raises(ValueError, match="engine"):
        fitted(*iris, engine="torch")


def test_transform_gives_any_layer(iris):
    X, y = iris
    model = fitted(X, y, hidden_layer_sizes=(6, 5), max_iter=5)
    _, caches = L_model_forward(X.T, model.parameters_, model.network_)
    for layer in range(-4, 4):
        expected = X if layer in (0, -4) else caches[layer - 1 if layer > 0 else layer].A.T
        np.testing.assert_allclose(model.transform(X, layer=layer), expected)
    np.testing.assert_array_equal(model.transform(X), model.transform(X, layer=2))
    assert list(model.get_feature_names_out()) == [f"mlpclassifier{i}" for i in range(5)]
    with pytest.raises(ValueError, match="integer from -4 to 3"):
        model.transform(X, layer=4)


def test_history_is_a_table(iris):
    import pandas as pd

    model = fitted(*iris, early_stopping=True, max_iter=12)
    table = pd.DataFrame(model.history_)
    assert list(table.columns) == [
        "epoch", "loss", "validation_loss", "validation_score", "learning_rate", "gradient_norm", "seconds",
    ]  # fmt: skip
    assert table["loss"].tolist() == model.loss_curve_
    assert table["validation_score"].tolist() == model.validation_scores_
    assert table["seconds"].is_monotonic_increasing
