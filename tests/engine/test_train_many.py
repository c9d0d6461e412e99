"""train_many: each of the networks trained at once is the one its own train gives."""

from __future__ import annotations

import numpy as np
import pytest
from engine_cases import BINARY, assert_close, problem

import ellayer
from ellayer.core.optimizers import Optimizer
from ellayer.engine import DivergenceWarning
from ellayer.engine.jax_loop import trace_count

X, Y = problem(BINARY, m=24)
FOLDS = np.ones((3, 24))
for fold in range(3):
    FOLDS[fold, 8 * fold : 8 * (fold + 1)] = 0

SETTINGS = {
    "rates": {"learning_rate": [0.01, 0.1, 1.0]},
    "l2": {"l2": [0.0, 0.5, 3.0], "optimizer": "momentum"},
    "l1": {"l1": [0.0, 0.5, 3.0]},
    "decay": {"weight_decay": [0.0, 0.01, 0.1], "optimizer": "adamw"},
    "seeds": {"seed": [1, 2, 3], "batch_size": 10},
    "seeds, full batch": {"seed": [1, 2, 3]},
    "dropout": {"dropout": [0.0, 0.2, 0.5], "seed": [4, 5, 6], "batch_size": 10, "optimizer": "adam"},
    "folds": {"sample_weight": FOLDS, "batch_size": 10, "optimizer": "adam"},
    "folds, full batch": {"sample_weight": FOLDS, "optimizer": "nesterov"},
    "one weight row": {"sample_weight": FOLDS[0], "learning_rate": [0.1, 0.2, 0.3]},
    "schedule": {"learning_rate": [0.1, 0.2, 0.3], "schedule": "cosine"},
    "factors": {"learning_rate": [0.1, 0.2, 0.3], "learning_rate_factors": {"b": 0.1, "W2": 3.0}},
}


def own(settings: dict, k: int) -> dict:
    """The settings of network k alone."""
    each = {"learning_rate", "l2", "l1", "weight_decay", "dropout", "seed"}
    alone = {name: value[k] if name in each else value for name, value in settings.items()}
    weights = settings.get("sample_weight")
    if weights is not None and weights.ndim == 2:
        alone["sample_weight"] = weights[k]
    return alone


@pytest.mark.parametrize("name", SETTINGS)
def test_on_numpy_each_is_to_the_bit_its_own_training(name):
    settings = SETTINGS[name]
    many = ellayer.train_many(BINARY, X, Y, num_iterations=10, record_every=2, engine="numpy", **settings)
    for k, result in enumerate(many):
        alone = ellayer.train(
            BINARY, X, Y, num_iterations=10, record_every=2, engine="numpy+direct", **own(settings, k)
        )
        assert result.costs == alone.costs
        for parameter, theta in alone.parameters.items():
            np.testing.assert_array_equal(result.parameters[parameter], theta)


@pytest.mark.parametrize("name", SETTINGS)
def test_each_equals_its_own_training(name):
    settings = SETTINGS[name]
    common = {"num_iterations": 50, "record_every": 7, "validation": (X[:, :5], Y[:, :5])}
    many = ellayer.train_many(BINARY, X, Y, **common, **settings)
    assert len(many) == 3
    for k, one in enumerate(many):
        alone = ellayer.train(BINARY, X, Y, engine="numpy", **common, **own(settings, k))
        assert_close(one, alone)
        for parameter, theta in alone.parameters.items():
            np.testing.assert_allclose(one.parameters[parameter], theta, rtol=1e-9, atol=1e-9)
        assert one.history.final["validation_loss"] == pytest.approx(alone.history.final["validation_loss"])


def test_a_rule_of_ones_own_receives_arrays_in_their_shape():
    """One that divides by the norms of rows, which has no meaning for vectors of all networks."""

    def by_rows(grads, state, parameters, rates, t):
        norms = {k: (grads[f"d{k}"] ** 2).sum(axis=-1, keepdims=True) ** 0.5 + 1e-3 for k in parameters}
        return {k: theta - rates[k] * grads[f"d{k}"] / norms[k] for k, theta in parameters.items()}, state

    optimizer = Optimizer("rows", lambda parameters: {}, by_rows, 0.1)
    settings = {"learning_rate": [0.01, 0.1], "optimizer": optimizer, "num_iterations": 5}
    for k, one in enumerate(ellayer.train_many(BINARY, X, Y, **settings)):
        assert_close(one, ellayer.train(BINARY, X, Y, engine="numpy", **own(settings, k)))


def test_each_keeps_its_own_best_and_its_own_held_out_set():
    held_out = [(X[:, row == 0], Y[:, row == 0]) for row in FOLDS]
    common = {
        "num_iterations": 60,
        "record_every": 3,
        "batch_size": 10,
        "learning_rate": 1.0,
        "restore_best": True,
    }
    many = ellayer.train_many(BINARY, X, Y, sample_weight=FOLDS, validation=held_out, **common)
    for row, one, its_own in zip(FOLDS, many, held_out, strict=True):
        alone = ellayer.train(BINARY, X, Y, sample_weight=row, validation=its_own, engine="numpy", **common)
        assert one.state.best_step == alone.state.best_step
        assert one.state.best_value == pytest.approx(alone.state.best_value)
        assert one.state.best_value == min(
            [*one.history["validation_loss"], one.history.final["validation_loss"]]
        )


def test_patience_stops_each_by_itself_and_a_callback_stops_all():
    common = {"num_iterations": 4000, "record_every": 4, "learning_rate": [1e-9, 0.5]}
    still, moving = ellayer.train_many(BINARY, X, Y, patience=2, tolerance=1e-3, **common)
    assert (still.stopped_by, still.state.step) == ("patience", 12)
    assert 3 < len(moving.history) < 1000  # the second continued
    seen: list[int] = []
    stopped = ellayer.train_many(
        BINARY, X, Y, callbacks=[lambda info: seen.append(info.iteration) or True], **common
    )
    assert (seen, stopped[1].stopped_by, len(stopped[1].costs)) == ([4], "callback", 1)


def test_optax_rules_and_given_starts():
    starts = [ellayer.initialize_parameters(BINARY, "he_normal", seed) for seed in (7, 8)]
    many = ellayer.train_many(
        BINARY, X, Y, parameters=starts, optimizer="lion", num_iterations=30, record_every=10
    )
    for start, one in zip(starts, many, strict=True):
        assert_close(
            one,
            ellayer.train(
                BINARY, X, Y, parameters=start, optimizer="lion", num_iterations=30, record_every=10
            ),
        )


def test_other_numbers_compile_nothing():
    common = {"num_iterations": 10, "batch_size": 10}
    ellayer.train_many(BINARY, X, Y, learning_rate=[0.1, 0.2], l2=[0.1, 0.2], **common)
    before = trace_count()
    ellayer.train_many(BINARY, X, Y, learning_rate=[0.3, 0.4], l2=[1.0, 2.0], record_every=3, **common)
    assert trace_count() == before


def test_one_divergence_leaves_the_others_alone():
    network = ellayer.Network([3, 4, 1], "identity", "squared_error")
    with pytest.warns(
        DivergenceWarning, match="network 1: the cost stopped being a finite number at iteration"
    ):
        good, bad = ellayer.train_many(
            network, *problem(network), learning_rate=[0.01, 1e6], num_iterations=100
        )
    assert (good.stopped_by, bad.stopped_by) == ("iterations", "divergence")
    assert np.isfinite(good.costs).all()
    assert all(np.isfinite(theta).all() for theta in bad.parameters.values())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": [0.1, 0.2], "seed": [1, 2, 3]}, "expected sequences of one length, received"),
        ({"learning_rate": [0.1, -1.0]}, "learning_rate: expected a finite number > 0, received -1"),
        ({"dropout": [0.1, 1.0]}, "dropout: expected a finite number >= 0 and < 1, received 1.0"),
        (
            {"sample_weight": np.ones((2, 5))},
            r"sample_weight: expected one weight per example, shape \(24,\)",
        ),
        ({"seed": [1, -2]}, "seed: expected an integer >= 0, received -2"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        ellayer.train_many(BINARY, X, Y, **settings)


@pytest.mark.parametrize("optimizer", ["gd", "adam", "adagrad"])
def test_continuing_many_is_running_longer(tmp_path, optimizer):
    """Whole, in two parts from memory, and in two parts through a file: the same bits."""
    common = {"optimizer": optimizer, "batch_size": 16, "record_every": 5, "dropout": 0.2, "seed": [1, 2],
              "schedule": "cosine", "schedule_length": 40, "validation": (X, Y), "restore_best": True}  # fmt: skip
    network = BINARY
    whole = ellayer.train_many(network, X, Y, num_iterations=40, **common)
    seen = []
    half = ellayer.train_many(
        network, X, Y, num_iterations=20, callbacks=[lambda info: seen.append(info)], **common
    )
    ellayer.storage.save_checkpoint(seen[-1].states, tmp_path / "many")
    del common["seed"]
    for states in ([r.state for r in half], ellayer.storage.load_checkpoint(tmp_path / "many")):
        rest = ellayer.train_many(network, X, Y, num_iterations=20, states=states, **common)
        for a, b in zip(whole, rest, strict=True):
            assert a.costs == b.costs
            assert a.history["validation_loss"] == b.history["validation_loss"]
            assert all((a.parameters[name] == b.parameters[name]).all() for name in a.parameters)


def test_states_of_unequal_length_are_refused():
    network = BINARY
    states = [ellayer.train(network, X, Y, num_iterations=n).state for n in (3, 4)]
    with pytest.raises(ValueError, match="equally many updates"):
        ellayer.train_many(network, X, Y, num_iterations=2, states=states)


def test_a_joint_score_gives_all_networks_the_same_best_record():
    seen = []

    def mean_error(outputs, targets, weights):
        assert weights == [None] * 3
        seen.append(len(outputs))
        return float(np.mean([abs(A - B).mean() for A, B in zip(outputs, targets, strict=True)]))

    settings = {
        "learning_rate": [0.01, 0.1, 3.0], "num_iterations": 12, "record_every": 2, "seed": 1,
        "validation": [(X[:, 8 * k : 8 * (k + 1)], Y[:, 8 * k : 8 * (k + 1)]) for k in range(3)],
    }  # fmt: skip
    joint = {
        "monitor": "validation_score",
        "restore_best": True,
        "maximize": False,
        "joint_score": mean_error,
    }
    results = ellayer.train_many(BINARY, X, Y, **settings, **joint)
    scores = [[*r.history["validation_score"], r.history.final["validation_score"]] for r in results]
    assert scores[0] == scores[1] == scores[2]
    assert set(seen) == {3}
    error = [lambda A, B, weights: float(abs(A - B).mean())] * 3
    alone = ellayer.train_many(BINARY, X, Y, **settings, score=error[0])
    each = [[*r.history["validation_score"], r.history.final["validation_score"]] for r in alone]
    np.testing.assert_allclose(scores[0], np.mean(each, axis=0), rtol=1e-6)
    for settings_of_one, received in (
        ({"score": error[0]}, "a score as well"),
        ({"validation": None}, "no validation set"),
        ({"joint_score": 3}, "int"),
    ):
        with pytest.raises(ValueError, match=f"joint_score: .* received {received}"):
            ellayer.train_many(BINARY, X, Y, **{**settings, **joint, **settings_of_one})
