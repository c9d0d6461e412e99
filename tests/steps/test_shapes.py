"""Wrong shapes, in every possible way, through every function of the notes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ellayer.steps import checks, deep, logistic, shallow

CLEAR = r"expected .+received .+try "

TURNS = {
    "transposed": lambda a: a.T,
    "flat": np.ravel,
    "a row short": lambda a: a[:-1],
    "a column short": lambda a: a[:, :-1],
    "a row more": lambda a: np.concatenate([a, a[:1]]),
    "a column more": lambda a: np.concatenate([a, a[:, :1]], axis=1),
    "three dimensions": lambda a: a[None],
    "a number": lambda a: a[0, 0],
    "no example": lambda a: a[:, :0],
    "no row": lambda a: a[:0],
}

random = np.random.RandomState(0)
N_X, N_H, N_Y, M = 3, 4, 2, 5
w, X, Y1 = random.randn(N_X, 1), random.randn(N_X, M), random.rand(1, M).round()
W1, b1, W2, b2 = random.randn(N_H, N_X), random.randn(N_H, 1), random.randn(N_Y, N_H), random.randn(N_Y, 1)
Y2, A2 = random.rand(N_Y, M).round(), random.rand(N_Y, M)
Z1, A1, Z2 = random.randn(N_H, M), random.rand(N_H, M), random.randn(N_Y, M)
theta = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
layer = {"A_prev": X, "W": W1, "b": b1}
d_theta = {f"d{name}": value for name, value in theta.items()}
activations = {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def only(arrays, names):
    return {name: arrays[name] for name in names}


def linear(a):
    return a["A_prev"], a["W"], a["b"]


FUNCTIONS = {
    "propagate": ({"w": w, "X": X, "Y": Y1}, lambda a: logistic.propagate(a["w"], 0.0, a["X"], a["Y"])),
    "propagate_loop": (
        {"w": w, "X": X, "Y": Y1},
        lambda a: logistic.propagate_loop(a["w"], 0.0, a["X"], a["Y"]),
    ),
    "optimize": ({"w": w, "X": X, "Y": Y1}, lambda a: logistic.optimize(a["w"], 0.0, a["X"], a["Y"], 1, 0.1)),
    "logistic.predict": ({"w": w, "X": X}, lambda a: logistic.predict(a["w"], 0.0, a["X"])),
    "logistic.model": (
        {"X_train": X, "Y_train": Y1, "X_test": X, "Y_test": Y1},
        lambda a: logistic.model(a["X_train"], a["Y_train"], a["X_test"], a["Y_test"], 1),
    ),
    "layer_sizes": ({"X": X, "Y": Y2}, lambda a: shallow.layer_sizes(a["X"], a["Y"])),
    "forward_propagation": ({"X": X, **theta}, lambda a: shallow.forward_propagation(a["X"], only(a, theta))),
    "shallow.predict": ({"X": X, **theta}, lambda a: shallow.predict(only(a, theta), a["X"])),
    "shallow.compute_cost": ({"A2": A2, "Y": Y2}, lambda a: shallow.compute_cost(a["A2"], a["Y"])),
    "backward_propagation": (
        {"X": X, "Y": Y2, **theta, **activations},
        lambda a: shallow.backward_propagation(only(a, theta), only(a, activations), a["X"], a["Y"]),
    ),
    "shallow.update_parameters": (
        {**theta, **d_theta},
        lambda a: shallow.update_parameters(only(a, theta), only(a, d_theta)),
    ),
    "nn_model": ({"X": X, "Y": Y2}, lambda a: shallow.nn_model(a["X"], a["Y"], N_H, 1)),
    "linear_forward": (layer, lambda a: deep.linear_forward(*linear(a))),
    "linear_activation_forward": (layer, lambda a: deep.linear_activation_forward(*linear(a), "relu")),
    "L_model_forward": ({"X": X, **theta}, lambda a: deep.L_model_forward(a["X"], only(a, theta))),
    "deep.compute_cost": ({"AL": A2, "Y": Y2}, lambda a: deep.compute_cost(a["AL"], a["Y"])),
    "linear_backward": ({"dZ": Z1, **layer}, lambda a: deep.linear_backward(a["dZ"], linear(a))),
    "sigmoid_backward": ({"dA": A1, "Z": Z1}, lambda a: deep.sigmoid_backward(a["dA"], a["Z"])),
    "relu_backward": ({"dA": A1, "Z": Z1}, lambda a: deep.relu_backward(a["dA"], a["Z"])),
    "linear_activation_backward": (
        {"dA": A1, "Z": Z1, **layer},
        lambda a: deep.linear_activation_backward(a["dA"], (linear(a), a["Z"]), "sigmoid"),
    ),
    "L_model_backward": (
        {"AL": A2, "Y": Y2, "X": X, **theta, **activations},
        lambda a: deep.L_model_backward(
            a["AL"],
            a["Y"],
            [((a["X"], a["W1"], a["b1"]), a["Z1"]), ((a["A1"], a["W2"], a["b2"]), a["Z2"])],
        ),
    ),
    "deep.update_parameters": (
        {**theta, **d_theta},
        lambda a: deep.update_parameters(only(a, theta), only(a, d_theta), 0.1),
    ),
    "L_layer_model": (
        {"X": X, "Y": Y2},
        lambda a: deep.L_layer_model(a["X"], a["Y"], [N_X, N_H, N_Y], num_iterations=1),
    ),
    "two_layer_model": (
        {"X": X, "Y": Y2},
        lambda a: deep.two_layer_model(a["X"], a["Y"], [N_X, N_H, N_Y], num_iterations=1),
    ),
    "deep.predict": ({"X": X, "Y": Y2, **theta}, lambda a: deep.predict(a["X"], a["Y"], only(a, theta))),
}

COUNTS = ("a column short", "a column more")
ROWS = ("a row short", "a row more")
FINE = (  # another number of examples, where nothing else has it; flat labels; sizes taken from the array itself
    {(f, "X", turn) for f in ("forward_propagation", "shallow.predict", "L_model_forward", "logistic.predict")
     for turn in COUNTS}
    | {(f, "A_prev", turn) for f in ("linear_forward", "linear_activation_forward") for turn in COUNTS}
    | {(f, "Y", "flat") for f in ("propagate", "propagate_loop", "optimize")}
    | {("logistic.model", y, "flat") for y in ("Y_train", "Y_test")}
    | {("logistic.predict", "w", "flat")}
    | {(f, x, turn) for f in ("layer_sizes", "nn_model") for x in "XY" for turn in ROWS}
    | {("L_model_backward", "A2", turn) for turn in TURNS}
)  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS)
def test_right_shapes_pass_and_read_only_inputs_stay(function):
    arrays, call = FUNCTIONS[function]
    frozen = {name: np.array(array) for name, array in arrays.items()}
    for array in frozen.values():
        array.setflags(write=False)
    call(frozen)
    for name, array in frozen.items():
        np.testing.assert_array_equal(array, arrays[name])


def refusal(call, arrays):
    """Return the words of the refusal, or "taken"."""
    try:
        call(arrays)
    except ValueError as error:
        return str(error)
    return "taken"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_wrong_shapes_are_refused_clearly(function):
    arrays, call = FUNCTIONS[function]
    for name, array in arrays.items():
        for turn, turned in ((turn, make(array)) for turn, make in TURNS.items()):
            expected = "^taken$" if turned.shape == array.shape or (function, name, turn) in FINE else CLEAR
            answer = refusal(call, arrays | {name: turned})
            assert re.search(expected, answer), f"{name}, {turn}: {answer}"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_words_for_numbers_are_refused_clearly(function):
    arrays, call = FUNCTIONS[function]
    for name in arrays.keys() - ({"A2"} if function == "L_model_backward" else set()):
        with pytest.raises(ValueError, match=CLEAR):
            call(arrays | {name: np.full(arrays[name].shape, "cat")})
        with pytest.raises(ValueError, match=CLEAR):
            call(arrays | {name: arrays[name] * 1j})


def test_the_turned_array_is_named_even_when_another_one_trips():
    with pytest.raises(ValueError, match=r"A_prev: .*transpose\? try A_prev\.T$"):
        deep.linear_activation_forward(X.T, W1, b1, "relu")
    with pytest.raises(ValueError, match=r"b: .*n = 3 as in W, received \(4, 1\); transpose\? try W\.T$"):
        deep.linear_forward(X, W1.T, b1)
    with pytest.raises(ValueError, match=r"b: .*try b\.reshape\(-1, 1\), a column$"):
        deep.linear_forward(X, W1, b1.ravel())
    with pytest.raises(ValueError, match=r"X: .*received \(400, 3\); transpose\? try X\.T$"):
        deep.L_model_forward(np.ones((400, 3)), theta)
    with pytest.raises(
        ValueError, match=r"X: expected shape \(n_x, m\) .*received \(3,\); try X\.reshape\(-1, 1\)"
    ):
        shallow.predict(theta, X[:, 0])
    with pytest.raises(
        ValueError,
        match=r"Y: expected shape \(1, m\) with m = 5 as in X, received \(1, 4\); try X and Y that agree in m$",
    ):
        logistic.propagate(w, 0.0, X, Y1[0, :4])


def test_a_bias_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match=r"b: expected a number, received an array of shape \(5,\); try"):
        logistic.propagate(w, np.zeros(M), X, Y1)


@pytest.mark.parametrize("b", ["0", None, 1j])
def test_a_bias_of_another_kind_is_refused(b):
    with pytest.raises(ValueError, match=r"b: expected real numbers, received .*; try b\.astype\(float\)"):
        logistic.propagate(w, b, X, Y1)


def test_rows_as_examples_with_flat_labels():
    for call in (
        lambda x, y: logistic.model(x, y, x, y),
        lambda x, y: shallow.nn_model(x, y, 4),
        lambda x, y: deep.L_layer_model(x, y, [N_X, 1]),
    ):
        with pytest.raises(ValueError, match=r"transpose\? try X(_train)?\.T$"):
            call(X.T, Y1[0])


def test_no_example_is_refused():
    with pytest.raises(ValueError, match=r"X: expected at least one .*received shape \(3, 0\); try"):
        logistic.propagate(w, 0.0, X[:, :0], Y1[:, :0])
    with pytest.raises(ValueError, match=r"AL: expected at least one .*received shape \(2, 0\); try"):
        deep.compute_cost(A2[:, :0], Y2[:, :0])


def test_a_letter_is_bound_by_its_first_array():
    checks.check_shapes({"A": (X, ("n", "m")), "B": (Y2, ("k", "m"))})
    with pytest.raises(ValueError, match=r"B: expected shape \(n, m\) with n = 3 as in A and m = 5 as in A"):
        checks.check_shapes({"A": (X, ("n", "m")), "B": (Y2, ("n", "m"))})
