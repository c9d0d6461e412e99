"""Outputs of several networks at once equal those of each."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer.core import Inputs, Network, initialize_parameters
from ellayer.core.inference import outputs
from ellayer.core.members import FEWEST_EXAMPLES, member_outputs

NETWORKS = {
    "plain": Network([5, 7, 3], "tanh"),
    "no hidden layer": Network([5, 1]),
    "parametric": Network([5, 7, 4, 1], "selu", parametric=True),
    "ramps": Network([5, 7, 3], "mish", inputs=Inputs(numbers=2, frequencies=0, ramps=3, scaling=True)),
    "categories": Network([5, 7, 3], "relu", inputs=Inputs(numbers=1, frequencies=0, ramps=2, categories=(3, 4), scaling=True)),
    "only categories": Network([2, 6, 1], "relu", inputs=Inputs(frequencies=0, categories=(3, 2))),
    "cosines, which members do not share": Network([5, 7, 3], "relu", inputs=Inputs(numbers=2, frequencies=3, width=4)),
    "units that depend on each other": Network([5, 7, 3], ["softmax", "softmax"]),
}  # fmt: skip


def examples(network, m, random):
    X = random.randn(network.layer_dims[0], m)
    for j, levels in enumerate(network.inputs.categories if network.inputs else ()):
        X[-len(network.inputs.categories) + j] = random.randint(-1, levels, size=m)
    return X


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("m", [0, 1, 64, 300])
def test_members_equal_each_network(network, m, monkeypatch):
    monkeypatch.setattr("ellayer.core.members.NUMBERS_AT_ONCE", 1)  # blocks of a tile
    random = np.random.RandomState(0)
    members = [initialize_parameters(network, seed=k) for k in range(3)]
    for member in members:
        member |= {
            name: theta + random.rand(*theta.shape) for name, theta in member.items() if name[0] in "sE"
        }
    X = examples(network, m, random)
    together = member_outputs(X, members, network)
    assert together.shape == (3, network.layer_dims[-1], m)
    for member, Z in zip(members, together, strict=True):
        np.testing.assert_allclose(Z, outputs(X, member, network)[1], rtol=1e-12, atol=1e-13)


def test_the_dtype_is_that_of_the_parameters():
    network = NETWORKS["categories"]
    members = [initialize_parameters(network, seed=k, dtype="float32") for k in range(2)]
    X = examples(network, 100, np.random.RandomState(0)).astype("float32")
    assert member_outputs(X, members, network).dtype == np.float32


def test_two_members_that_share_their_inputs_are_computed_together(monkeypatch):
    network = NETWORKS["ramps"]
    members = [initialize_parameters(network, seed=k) for k in range(2)]
    X = examples(network, FEWEST_EXAMPLES, np.random.RandomState(0))
    expected = [outputs(X, member, network)[1] for member in members]
    monkeypatch.setattr("ellayer.core.members.outputs", None)  # what computes a single network
    np.testing.assert_allclose(member_outputs(X, members, network), expected, rtol=1e-12, atol=1e-13)


def test_one_member_is_to_the_bit_the_network():
    network = NETWORKS["ramps"]
    member = initialize_parameters(network, seed=0)
    X = examples(network, 100, np.random.RandomState(0))
    np.testing.assert_array_equal(member_outputs(X, [member], network)[0], outputs(X, member, network)[1])
