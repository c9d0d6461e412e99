"""Network: the description, its tables and everything it refuses."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ellayer.core import ACTIVATIONS, LOSSES, Activation, Loss, Network
from ellayer.core.inputs import Inputs


def test_the_networks_of_the_notes():
    assert Network([12288, 1]).activations == ("sigmoid",)
    flower = Network([2, 4, 1], "tanh")
    assert flower.activations == ("tanh", "sigmoid")
    assert flower.loss == "binary_cross_entropy"
    cats = Network([12288, 20, 7, 5, 1])
    assert cats.activations == ("relu", "relu", "relu", "sigmoid")
    assert cats.L == 4
    assert cats.fused
    assert repr(flower) == "Network(2-4-1, tanh, sigmoid; binary_cross_entropy)"


def test_shape_table_is_the_notes_table_of_dimensions():
    """W^[l] (n_l, n_(l-1)), b^[l] (n_l, 1), Z^[l] and A^[l] (n_l, m)."""
    table = Network([12288, 20, 7, 5, 1]).shape_table(209)
    assert [
        (r["layer"], r["W"], r["b"], r["Z"], r["A"], r["activation"], r["parameters"]) for r in table
    ] == [
        (1, (20, 12288), (20, 1), (20, 209), (20, 209), "relu", 245780),
        (2, (7, 20), (7, 1), (7, 209), (7, 209), "relu", 147),
        (3, (5, 7), (5, 1), (5, 209), (5, 209), "relu", 40),
        (4, (1, 5), (1, 1), (1, 209), (1, 209), "sigmoid", 6),
    ]
    assert Network([3, 2]).shape_table()[0]["Z"] == (2, "m")


def test_shapes_and_parameter_count():
    network = Network([3, 2, 1])
    assert network.shapes == {"W1": (2, 3), "b1": (2, 1), "W2": (1, 2), "b2": (1, 1)}
    assert network.parameter_count == 6 + 2 + 2 + 1


@pytest.mark.parametrize(
    ("dims", "activations", "loss", "expected_output", "expected_loss"),
    [
        ([3, 4, 1], "relu", None, "sigmoid", "binary_cross_entropy"),
        ([3, 4, 5], "relu", None, "softmax", "cross_entropy"),
        ([3, 4, 5], ["relu", "sigmoid"], None, "sigmoid", "binary_cross_entropy"),
        ([3, 4, 5], ["relu", "softmax"], None, "softmax", "cross_entropy"),
        ([3, 4, 1], ["relu", "identity"], None, "identity", "squared_error"),
        ([3, 4, 1], ["relu", "linear"], None, "identity", "squared_error"),
        ([3, 4, 1], ["relu", "exp"], None, "exp", "poisson"),
        ([3, 4, 1], ["relu", "tanh"], None, "tanh", "squared_error"),
        ([3, 4, 1], ["relu", None], "mse", "identity", "squared_error"),
        ([3, 4, 1], "relu", "huber(2)", "identity", "huber(delta=2)"),
        ([3, 4, 2], "relu", "focal", "softmax", "focal"),
        ([3, 4, 1], ["relu", "tanh"], "absolute_error", "tanh", "absolute_error"),
        ([3, 1], "tanh", None, "sigmoid", "binary_cross_entropy"),
        ([3, 1], ["identity"], None, "identity", "squared_error"),
        ([3, 1], [], None, "sigmoid", "binary_cross_entropy"),
    ],
)
def test_output_and_loss_follow_from_one_another(dims, activations, loss, expected_output, expected_loss):
    network = Network(dims, activations, loss)
    assert network.activations[-1] == expected_output
    assert network.loss == expected_loss
    assert len(network.activations) == len(network.layer_activations) == network.L


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([3, 0, 1],), r"at least 1 unit in every layer, received 0 in layer 1 of \[3, 0, 1\]"),
        (([0, 1],), "received 0 in layer 0"),
        (([3, -2, 1],), "received -2 in layer 1"),
        (([3],), r"at least the input and one layer, like \[n_x, 1\]; received \[3\]"),
        (([],), r"received \[\]"),
        (([3, 2.5, 1],), r"expected integers .* received \[3, 2.5, 1\]"),
        (([3, "4", 1],), "expected integers"),
        ((5,), "expected integers .* received 5"),
        ((None,), "received None"),
        (("3-4-1",), "expected integers"),
        (
            ([3, 4, 1], "rleu"),
            r"unknown activation: expected one of elu, exp, .*; received 'rleu'; did you mean 'relu'",
        ),
        (([3, 1], "rleu"), "unknown activation"),
        (([3, 4, 1], ["relu", "sigmod"]), "did you mean 'sigmoid'"),
        (([3, 4, 1], [None, "sigmoid"]), "unknown activation.*received None"),
        (([3, 4, 1], ["relu", ""]), "unknown activation"),
        (([3, 4, 1], 7), "expected a name or a list of names, received 7"),
        (([3, 4, 4, 1], ["relu"]), r"a list of 2 \(hidden layers\) or of 3 \(with the output\), received 1"),
        (([3, 4, 1], ["relu"] * 3), "received 3"),
        (([3, 4, 1], "relu", "hinge"), "unknown loss: expected one of .*received 'hinge'"),
        (([3, 4, 1], "relu", 3), "unknown loss"),
        (
            ([3, 4, 1], "relu", "cross_entropy"),
            "one output unit per class.*received 1.*'binary_cross_entropy'",
        ),
        (([3, 4, 1], ["relu", "softmax"]), "one output unit per class"),
        (([3, 4, 1], "leaky_relu(steep)"), "expected a finite number"),
    ],
)
def test_what_is_refused_is_told_what_was_expected(arguments, message):
    with pytest.raises(ValueError, match=message):
        Network(*arguments)


def test_numpy_sizes_become_plain_integers():
    network = Network(np.array([3, 4, 1]), np.array(["relu"]))
    assert all(type(n) is int for n in network.layer_dims)
    json.loads(network.to_json())


def test_frozen_hashable_and_equal_by_value():
    network = Network([2, 4, 1], "leaky_relu(0.10)")
    same = Network((2, 4, 1), ["leakyrelu(slope=0.1)", "logistic"], "log_loss")
    assert network == same
    assert hash(network) == hash(same)
    assert network != Network([2, 4, 1], "leaky_relu(0.2)")
    with pytest.raises(dataclasses.FrozenInstanceError):
        network.layer_dims = (1, 1)


def test_copies_and_pickles_after_its_rows_were_looked_up():
    network = Network([2, 4, 3], "elu(0.5)", "cross_entropy(0.1)")
    assert network.layer_activations
    assert network.loss_row
    assert network.shapes
    assert pickle.loads(pickle.dumps(network)) == copy.deepcopy(network) == network


@given(
    st.lists(st.integers(1, 10**9), min_size=2, max_size=6),
    st.data(),
)
@settings(deadline=None, derandomize=True)
def test_json_round_trip(dims, data):
    loss = data.draw(st.sampled_from([s for s in LOSSES if dims[-1] > 1 or LOSSES[s].targets != "one_hot"]))
    slope = data.draw(st.floats(0, 1))
    names = data.draw(
        st.lists(
            st.sampled_from([*ACTIVATIONS, f"leaky_relu({slope})"]),
            min_size=len(dims) - 1,
            max_size=len(dims) - 1,
        )
    )
    network = Network(dims, names, loss)
    again = Network.from_json(network.to_json())
    assert again == network
    assert again.layer_activations == network.layer_activations


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[2, 4, 1]",
        "{}",
        '{"layer_dims": [2, 1]}',
        '{"layer_dims": [2, 1], "activations": ["sigmoid"], "loss": "binary_cross_entropy", "more": 1}',
        '{"layer_dims": [2, 0], "activations": ["sigmoid"], "loss": "binary_cross_entropy"}',
        '{"layer_dims": [2, 1], "activations": ["nope"], "loss": "binary_cross_entropy"}',
        '{"layer_dims": "21", "activations": ["sigmoid"], "loss": "binary_cross_entropy"}',
        '{"layer_dims": [2, 1], "activations": null, "loss": null}',
    ],
)
def test_json_that_is_no_network_is_refused(text):
    with pytest.raises(ValueError):
        Network.from_json(text)


# Rows of one's own, parametric activations, inputs.

SQUARE = Activation("square", lambda Z: Z * Z, lambda dA, Z, A: 2 * dA * Z)
CUBE = Loss("cube", lambda A, Y: abs(A - Y) ** 3 / 3, lambda A, Y: (A - Y) * abs(A - Y), "identity", "real")


def test_rows_of_ones_own():
    network = Network([2, 3, 1], SQUARE, CUBE)
    assert network.activations == ("square", "identity")
    assert network.loss == "cube"
    assert network.layer_activations[0] is SQUARE
    assert network.loss_row is CUBE
    assert network.custom == (SQUARE, CUBE)
    assert not network.fused
    assert hash(network) == hash(Network([2, 3, 1], [SQUARE, "identity"], CUBE))
    with pytest.raises(ValueError, match=r"custom functions: square.*use names"):
        network.to_json()


def test_a_row_of_the_table_is_the_same_as_its_name():
    by_row = Network([2, 3, 1], ACTIVATIONS["leaky_relu(0.1)"], LOSSES["mse"])
    assert by_row == Network([2, 3, 1], "leaky_relu(0.1)", "mse")
    assert by_row.custom == ()
    assert Network.from_json(by_row.to_json()) == by_row


def test_a_name_means_one_thing():
    """An activation of one's own called sigmoid would be taken for the one the loss fuses with."""
    usurper = dataclasses.replace(SQUARE, name="sigmoid")
    with pytest.raises(
        ValueError, match="one activation of the name 'sigmoid', received a second, different one"
    ):
        Network([2, 1], [usurper])
    other = dataclasses.replace(SQUARE, gain=2.0)
    with pytest.raises(ValueError, match="give yours a name of its own"):
        Network([2, 3, 3, 1], [SQUARE, other])
    both = Network([2, 3, 1], SQUARE, dataclasses.replace(CUBE, name="square"))
    assert both.loss_row.name == both.layer_activations[0].name == "square"


def test_parametric_and_inputs_are_part_of_the_description():
    plain = Network([4, 3, 2])
    inputs = Inputs(numbers=2, frequencies=5, width=3, categories=(4,), dimension=6, scaling=True)
    rich = Network([4, 3, 2], parametric=True, inputs=inputs)
    assert rich != plain
    assert rich.widths == (2 * 4 + 1 + 6, 3, 2)
    assert rich.shapes == {
        "W1": (3, 15), "b1": (3, 1), "a1": (3, 1), "W2": (2, 3), "b2": (2, 1),
        "f0": (2, 5, 1), "p0": (2, 5, 1), "V0": (2, 3, 5), "c0": (2, 3, 1), "E1": (6, 4), "s0": (15, 1),
    }  # fmt: skip
    assert rich.parameter_count == sum(np.prod(shape) for shape in rich.shapes.values())
    again = Network.from_json(rich.to_json())
    assert again == rich
    assert hash(again) == hash(rich)
    assert again.inputs == inputs
    assert "inputs" not in plain.to_json()


def test_inputs_that_embed_more_rows_than_there_are():
    with pytest.raises(
        ValueError, match=r"expected at least 3 rows of X for the embedded columns, received .* 2"
    ):
        Network([2, 1], inputs=Inputs(numbers=2, categories=(3,)))
