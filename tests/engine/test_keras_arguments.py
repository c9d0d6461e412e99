"""train in the words of Keras and PyTorch: epochs, a validation split, names of metrics, of optimizers and so on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csc_matrix

from ellayer import EllayerError, Network, train, train_many
from ellayer.core import ACTIVATIONS, INITIALIZERS, LOSSES, OPTIMIZERS, SCHEDULES
from ellayer.core.metrics import METRICS
from ellayer.core.other_words import ADVICE, SAME, plain_word
from ellayer.core.registry import Registry
from ellayer.engine.optax_rules import find_optimizer

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 50))
Y = (X[0] > 0).astype(float)
CLASSES = np.digitize(X[0], [-0.5, 0.5])
BINARY, THREE, NUMBERS = Network([3, 4, 1]), Network([3, 4, 3]), Network([3, 4, 1], loss="squared_error")
TABLES = {table.kind: table for table in (ACTIVATIONS, INITIALIZERS, LOSSES, OPTIMIZERS, SCHEDULES, METRICS)}


def equal(one, other):
    assert one.history["loss"] == other.history["loss"]
    for name, theta in one.parameters.items():
        np.testing.assert_array_equal(theta, other.parameters[name])


@pytest.mark.parametrize(("batch_size", "steps"), [(None, 1), (8, 7), (25, 2)])
def test_an_epoch_is_a_pass_and_a_record(batch_size, steps):
    by_epochs = train(BINARY, X, Y, epochs=4, batch_size=batch_size)
    by_updates = train(BINARY, X, Y, num_iterations=4 * steps, record_every=steps, batch_size=batch_size)
    equal(by_epochs, by_updates)
    assert by_epochs.history["iteration"] == [steps * epoch for epoch in range(4)]
    every_second = train(BINARY, X, Y, epochs=4, batch_size=batch_size, record_every=2 * steps)
    assert len(every_second.history) == 2


def test_the_defaults_are_a_thousand_updates_and_a_record_per_hundred():
    equal(train(BINARY, X, Y), train(BINARY, X, Y, num_iterations=1000, record_every=100))


@pytest.mark.parametrize("many", [False, True])
def test_a_split_is_the_validation_set_of_the_rest(many):
    run = (lambda *a, **k: train_many(*a, **k)[0]) if many else train
    weights = RANDOM.random(50)
    split = run(BINARY, X, Y, validation_split=0.2, epochs=3, seed=5, sample_weight=weights)
    out = np.sort(np.random.RandomState(5).permutation(50)[:10])
    inside = np.setdiff1d(np.arange(50), out)
    by_hand = run(
        BINARY, X[:, inside], Y[inside], validation=(X[:, out], Y[out], weights[out]), epochs=3, seed=5,
        sample_weight=weights[inside],
    )  # fmt: skip
    equal(split, by_hand)
    assert split.history["validation_loss"] == by_hand.history["validation_loss"]


def test_a_split_of_sparse_examples_and_of_classes():
    dense = train(THREE, X, CLASSES, validation_split=0.3, epochs=2, batch_size=10)
    sparse = train(THREE, csc_matrix(X), CLASSES, validation_split=0.3, epochs=2, batch_size=10)
    np.testing.assert_allclose(dense.history["validation_loss"], sparse.history["validation_loss"])


def test_a_run_with_a_split_continues():
    settings = {"validation_split": 0.2, "batch_size": 10, "seed": 3, "engine": "numpy"}
    half = train(BINARY, X, Y, epochs=2, **settings)
    equal(
        train(BINARY, X, Y, epochs=2, state=half.state, **settings), train(BINARY, X, Y, epochs=4, **settings)
    )


def test_metrics_by_name():
    result = train(BINARY, X, Y, epochs=3, validation_split=0.2, metrics=["acc", "AUC", "log_loss"])
    assert {"accuracy", "validation_roc_auc", "log_loss"} <= set(result.history)
    assert result.history["log_loss"] == pytest.approx(result.history["loss"])
    right = (result.predict_proba(X) > 0.5)[0] == Y
    whole = train(BINARY, X, Y, epochs=3, metrics=["accuracy"])
    assert 0.0 <= right.mean() <= 1.0
    assert whole.history.final["accuracy"] == pytest.approx(((whole.predict_proba(X) > 0.5)[0] == Y).mean())
    three = train(THREE, X, CLASSES, epochs=3, metrics=["accuracy", "balanced_accuracy", "brier"])
    assert three.history.final["accuracy"] == pytest.approx((three.predict(X)[0] == CLASSES).mean())
    numbers = train(NUMBERS, X, X[1], epochs=3, metrics=["rmse", "r2"])
    assert numbers.history["rmse"] == pytest.approx(np.sqrt(2 * np.array(numbers.history["loss"])))


def test_the_direction_of_a_named_metric_is_known():
    settings = {"epochs": 30, "learning_rate": 0.3, "monitor": "rmse", "metrics": ["rmse"]}
    best = train(NUMBERS, X, X[1], **settings)
    assert np.sqrt(np.mean((best.predict(X)[0] - X[1]) ** 2)) == pytest.approx(
        min([*best.history["rmse"], best.history.final["rmse"]])
    )


def my_error(AL, Y):
    return float(np.abs(AL - Y).mean())


WRONG = {
    "both": ({"epochs": 3, "num_iterations": 9}, "epochs, num_iterations: expected at most one of them"),
    "no epochs": ({"epochs": -1}, "epochs: expected an integer >= 0"),
    "both sets": (
        {"validation_split": 0.2, "validation": (X, Y)},
        "expected at most one of them, received both",
    ),
    "all": ({"validation_split": 1.0}, "validation_split: expected a finite number > 0 and < 1"),
    "nothing": ({"validation_split": 0.001}, "leaves examples on both sides, received 0.001 of 50"),
    "a text": ({"metrics": "accuracy"}, r"try metrics=\['accuracy'\]"),
    "numbers": ({"metrics": ["rmse"]}, "names among accuracy, .* received 'rmse'"),
    "a square": ({"metrics": ["MSE"]}, "write 'rmse', its square root"),
    "a class": ({"optimizer": type("Adam", (), {})}, "received Adam; try 'adam'"),
    "no equal": ({"optimizer": "Adadelta"}, "received 'Adadelta'; try 'adam'"),
    "a plateau": ({"schedule": "ReduceLROnPlateau"}, r"write 'adaptive\(factor=0.1, patience=10\)'"),
    "weights": ({"validation_split": 0.2, "sample_weight": [1.0]}, "one weight per example, 50"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_understood_is_refused_with_the_word_to_use(case):
    settings, message = WRONG[case]
    with pytest.raises(EllayerError, match=message):
        train(BINARY, X, Y, **settings)


def test_a_function_among_the_names():
    result = train(BINARY, X, Y, epochs=1, metrics=["accuracy", my_error])
    assert set(result.history.final) >= {"accuracy", "my_error"}
    with pytest.raises(EllayerError, match="2 separate outputs"):
        train(Network([3, 2], loss="binary_cross_entropy"), X, np.ones((2, 50)), metrics=["accuracy"])


@pytest.mark.parametrize("kind", SAME)
def test_words_of_others_are_rows_of_ours(kind):
    table: Registry = TABLES[kind]
    for word, ours in SAME[kind].items():
        assert word == plain_word(word)
        assert table[word.upper()] is table[ours]


@pytest.mark.parametrize("kind", ADVICE)
def test_advice_is_for_words_without_a_row_and_names_rows(kind):
    table = TABLES[kind]
    for word, sentence in ADVICE[kind].items():
        with pytest.raises(EllayerError) as error:
            find_optimizer(word) if kind == "optimizer" else table[word]
        assert sentence in str(error.value)
        assert all(quote in table or "..." in quote for quote in sentence.split("'")[1::2])


def test_names_of_classes_are_understood():
    settings = {"optimizer": "Adam", "initializer": "HeNormal", "schedule": "CosineAnnealingLR", "epochs": 5}
    ours = {"optimizer": "adam", "initializer": "he_normal", "schedule": "cosine", "epochs": 5}
    equal(
        train(Network([3, 4, 1], "LeakyReLU", loss="BCEWithLogitsLoss"), X, Y, **settings),
        train(Network([3, 4, 1], "leaky_relu"), X, Y, **ours),
    )
