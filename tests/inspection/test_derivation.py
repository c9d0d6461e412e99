"""derive: the chain's product is the derivative, and the finite difference agrees."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ellayer import Network, derive, initialize_parameters, trace
from ellayer.core import Inputs

RNG = np.random.default_rng(1)
X = RNG.standard_normal((3, 12))


@settings(max_examples=25, deadline=None)
@given(
    activation=st.sampled_from(["tanh", "sigmoid", "relu", "elu", "softplus"]),
    n_L=st.sampled_from([1, 3]),
    parametric=st.booleans(),
    l2=st.sampled_from([0.0, 0.4]),
    pick=st.integers(0, 10**6),
)
def test_gradient_chain_and_difference_agree(activation, n_L, parametric, l2, pick):
    network = Network([3, 4, 4, n_L], activation, parametric=parametric)
    start = {k: v + 0.1 for k, v in initialize_parameters(network, seed=2).items()}
    Y = np.arange(12) % max(2, n_L)
    names = list(network.shapes)
    name = names[pick % len(names)]
    shape = network.shapes[name]
    index = tuple((pick // 7) % n for n in shape)
    d = derive((network, start), X, Y, (name, *index), l2=l2)
    t = trace((network, start), X, Y, l2=l2)
    assert d.gradient == pytest.approx(float(t[f"d{name}"][index]), rel=1e-12, abs=1e-15)
    assert d.finite_difference == pytest.approx(d.gradient, rel=1e-5, abs=1e-9)
    assert d.contributions.mean() + d.penalty == pytest.approx(d.gradient, rel=1e-9, abs=1e-15)
    last, local, before = d.factors[-1], d.factors[-2], d.factors[-3]
    assert last.value == pytest.approx(d.contributions[d.example], abs=1e-15)
    if len(d.factors) <= 4 or name[0] != "a":
        assert before.value * local.value == pytest.approx(last.value, rel=1e-9, abs=1e-14)


TABLE = Inputs(numbers=2, frequencies=3, width=2, categories=(3, 4), dimension=2, ramps=3)
ROWS = np.vstack([RNG.standard_normal((3, 12)), np.arange(12) % 4 - 1.0, np.arange(12) % 4])  # -1: unknown


@settings(max_examples=40, deadline=None)
@given(
    scaling=st.booleans(), activation=st.sampled_from(["tanh", "selu"]), pick=st.integers(0, 10**6),
    l2=st.sampled_from([0.0, 0.4]),
)  # fmt: skip
def test_a_parameter_before_layer_1(scaling, activation, pick, l2):
    network = Network([5, 4, 3], activation, inputs={**vars(TABLE), "scaling": scaling})
    start = {k: v + 0.1 for k, v in initialize_parameters(network, seed=2).items()}
    names = [name for name in network.shapes if name[0] not in "Wb"]
    name = names[pick % len(names)]
    index = tuple((pick // 7) % n for n in network.shapes[name])
    d = derive((network, start), ROWS, np.arange(12) % 3, (name, *index), l2=l2)
    exact = trace((network, start), ROWS, np.arange(12) % 3, l2=l2)[f"d{name}"]
    assert d.gradient == pytest.approx(float(exact[index]), rel=1e-12, abs=1e-15)
    assert d.contributions.mean() == pytest.approx(d.gradient, rel=1e-9, abs=1e-15)
    assert d.finite_difference == pytest.approx(d.gradient, rel=1e-5, abs=1e-9)
    assert d.penalty == 0.0
    rows = sum(factor.plain.startswith("dA0[") for factor in d.factors)
    before, local = d.factors[-2 * rows - 1 : -rows - 1], d.factors[-rows - 1 : -1]
    assert sum(a.value * b.value for a, b in zip(before, local, strict=True)) == pytest.approx(
        d.factors[-1].value, rel=1e-9, abs=1e-14
    )
    ElementTree.fromstring(d._repr_html_().split("</style>")[1])


def test_an_embedding_in_words():
    network = Network([5, 4, 3], "tanh", inputs={**vars(TABLE), "scaling": True})
    start = initialize_parameters(network, seed=2)
    frequency = derive((network, start), ROWS, np.arange(12) % 3, ("f0", 1, 2), example=3)
    assert [f.plain.partition(" ")[0] for f in frequency.factors[-5:]] == [
        "dL/dA0[4,3]", "dL/dA0[5,3]", "dA0[4,3]/df0[1,2,0]", "dA0[5,3]/df0[1,2,0]", "dL/df0[1,2,0]",
    ]  # fmt: skip
    ends = derive((network, start), ROWS, np.arange(12) % 3, ("t0", 0, 1), example=3)
    assert ends.factors[-1].plain == (
        "dL/dt0[0,1,0] = dL/dA0[6,3] * dA0[6,3]/dt0[0,1,0] + dL/dA0[7,3] * dA0[7,3]/dt0[0,1,0]"
    )
    short = derive((network, start), ROWS, np.arange(12) % 3, ("s0", 13))
    assert short.name == "s0[13,0]"
    assert f"dA0[13,{short.example}]/ds0[13,0]" in str(short)


def test_the_worked_example_in_words(worked):
    d = derive((worked.network, worked.parameters), worked.X, worked.Y, ("W1", 0, 1), example=2)
    text = str(d)
    assert [f.value for f in d.factors] == pytest.approx(
        [3.375006, 0.703704, 0.492593, 0.492593, -1.5, -0.738889], rel=1e-5
    )
    assert "A0[1,2]" in text
    assert "relative error" in text
    assert d.gradient == pytest.approx(worked.step["dW1"][0][1])
    ElementTree.fromstring(d._repr_html_().split("</style>")[1])


def test_a_kink_at_the_data_is_said():
    network = Network([2, 2, 1])
    start = {k: v * 0 for k, v in initialize_parameters(network, seed=1).items()}
    d = derive((network, start), X[:2], np.arange(12) % 2, ("W1", 0, 0))
    assert d.finite_difference is None
    assert "there is a kink within the step" in str(d)


@pytest.mark.parametrize("parameter", [("W9", 0, 0), ("W1", 0), ("W1", 4, 0), "W1", ("W1", 0.5, 0), ()])
def test_a_parameter_that_is_not_there(worked, parameter):
    with pytest.raises(ValueError, match="parameter: expected"):
        derive((worked.network, worked.parameters), worked.X, worked.Y, parameter)


@pytest.mark.parametrize("parameter", [("E3", 0, 0), ("E1", 0, 3), ("V0", 0, 0), ("f0", 2, 0), ("s0", 40, 0)])
def test_an_embedding_that_is_not_there(parameter):
    network = Network([5, 4, 3], inputs=TABLE)
    with pytest.raises(ValueError, match="parameter: expected"):
        derive((network, initialize_parameters(network)), ROWS, np.arange(12) % 3, parameter)


def test_labels_are_needed(worked):
    with pytest.raises(ValueError, match="labels"):
        derive((worked.network, worked.parameters), worked.X, None, ("W1", 0, 0))
