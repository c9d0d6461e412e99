"""derive: the chain's product is the derivative, and the finite difference agrees."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ellayer import Network, derive, initialize_parameters, trace

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
    assert "a kink lies within the step" in str(d)


@pytest.mark.parametrize("parameter", [("W9", 0, 0), ("W1", 0), ("W1", 4, 0), "W1", ("W1", 0.5, 0), ()])
def test_a_parameter_that_is_not_there(worked, parameter):
    with pytest.raises(ValueError, match="parameter: expected"):
        derive((worked.network, worked.parameters), worked.X, worked.Y, parameter)


def test_labels_are_needed(worked):
    with pytest.raises(ValueError, match="labels"):
        derive((worked.network, worked.parameters), worked.X, None, ("W1", 0, 0))
