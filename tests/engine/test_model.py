"""The parts of any trained model, and a user's examples and labels as columns."""

from __future__ import annotations

import numpy as np
import pytest
from engine_cases import problem
from scipy import sparse

import ellayer
from ellayer import EllayerError, Network
from ellayer.core import initialize_parameters
from ellayer.engine import unpack_model
from ellayer.engine.model import labels_as_columns, parts_of_network, rows_as_columns

SOFTMAX = Network([2, 3])
ROWS = np.array([[1, 2], [3, 4], [5, 6], [7, 8]])


def test_a_pair_and_a_result_give_the_same_parts():
    network = Network([2, 1])
    result = ellayer.train(network, *problem(network), num_iterations=3, record_every=1, engine="numpy")
    of_pair, of_result = unpack_model((network, result.parameters)), unpack_model(result)
    assert of_pair.network is of_result.network is network
    assert of_pair.member_parameters == of_result.member_parameters == [result.parameters]
    assert (of_result.stopped_by, of_result.engine) == ("iterations", "numpy")
    assert of_result.history["loss"] == result.costs
    assert not of_pair.history


@pytest.mark.parametrize(
    "model", [(SOFTMAX,), (SOFTMAX, {}, None), ({}, SOFTMAX), [SOFTMAX, {}], ellayer.MLPClassifier, None]
)
def test_anything_else_is_refused(model):
    with pytest.raises(EllayerError, match="model: expected a TrainingResult, a pair"):
        unpack_model(model)


@pytest.mark.parametrize(
    ("network", "kind", "decoded"),
    [
        (Network([2, 1]), "binary", [0, 1]),
        (Network([2, 2], loss="binary_cross_entropy"), "multilabel", [[0, 1], [1, 0]]),
        (Network([2, 2], loss="cross_entropy"), "classes", [1, 0]),
        (Network([2, 1], loss="squared_error"), "numbers", [0.25, 0.75]),
        (Network([2, 2], loss="squared_error"), "numbers", [[0.25, 0.75], [0.75, 0.25]]),
    ],
)
def test_outputs_are_decoded_by_the_kind_of_target(network, kind, decoded):
    parts = parts_of_network(network, initialize_parameters(network))
    assert parts.target_kind == kind
    AL = np.array([[0.25, 0.75], [0.75, 0.25]])[: network.layer_dims[-1]]
    assert parts.decode(AL).tolist() == decoded


def test_rows_become_columns():
    columns = rows_as_columns(SOFTMAX, ROWS)
    assert (columns.tolist(), columns.dtype) == (ROWS.T.tolist(), np.float64)
    np.testing.assert_array_equal(rows_as_columns(SOFTMAX, sparse.csr_array(ROWS)), columns)
    for wrong in (ROWS.T, ROWS[0], ROWS[None]):
        with pytest.raises(EllayerError, match=r"X: expected shape \(m, 2\), one example per row, received"):
            rows_as_columns(SOFTMAX, wrong)


def test_labels_become_one_hot_columns():
    classes, one_hot = np.array(["a", "b", "c"]), np.eye(3)[:, [2, 0, 1, 2]]
    for y, known in (
        (["c", "a", "b", "c"], classes),
        ([2, 0, 1, 2], None),
        (one_hot.T, classes),
        (one_hot.T, None),
    ):
        columns = labels_as_columns(SOFTMAX, y, 4, known)
        assert (columns.tolist(), columns.dtype) == (one_hot.tolist(), np.float64)


def test_labels_that_are_not_known_are_listed_as_far_as_five():
    classes = np.arange(0, 40, 2)
    with pytest.raises(
        EllayerError, match=r"y: expected labels among \[0, 2, .*18\], received \[-1, 1, 3, 5, 7\]$"
    ):
        labels_as_columns(Network([2, 20]), np.array([0, 1, 3, 5, 7, 9, 99, -1, 2]), 9, classes)
    with pytest.raises(EllayerError, match=r"received \['d'\]"):
        labels_as_columns(SOFTMAX, ["a", "d"], 2, np.array(["a", "b", "c"]))
