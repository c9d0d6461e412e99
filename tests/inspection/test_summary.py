"""summary: shapes, counts and pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from ellayer import Network, initialize_parameters, summary
from ellayer.inspection.svg import network_svg


def test_the_cats_network():
    s = summary(Network([12288, 20, 7, 5, 1]), m=209)
    assert s.parameter_count == 245973
    assert sum(row["parameters"] for row in s.rows) == 245973
    assert "(20, 12288)" in str(s)
    assert "245,973" in str(s)
    assert "layer 1:  Z1 (20, 209) = W1 (20, 12288) X (12288, 209) + b1 (20, 1)" in s.dimensions()
    ElementTree.fromstring(s.to_svg())
    ElementTree.fromstring(s._repr_html_().split("</style>")[1])


@pytest.mark.parametrize("parametric", [False, True])
@pytest.mark.parametrize("inputs", [None, {"numbers": 2, "categories": [4], "scaling": True}])
def test_every_learned_number_is_counted(parametric, inputs):
    network = Network([5, 8, 3], "relu", parametric=parametric, inputs=inputs)
    table = str(summary(network))
    counts = [
        int(line.split("│")[6].replace(",", "")) for line in table.splitlines() if "(" in line and "│" in line
    ]
    assert sum(counts) == network.parameter_count


def test_a_small_network_is_drawn_unit_by_unit_with_its_weights():
    network = Network([2, 3, 1], "tanh")
    parameters = initialize_parameters(network, seed=1)
    picture = ElementTree.fromstring(network_svg(network, parameters, ["left", "right"]))
    lines = [e for e in picture.iter() if e.tag.endswith("line")]
    assert len(lines) == 9
    circles = [e for e in picture.iter() if e.tag.endswith("circle")]
    assert len(circles) == 6
    widest = max(lines[:6], key=lambda e: float(e.get("stroke-width")))
    assert f"= {parameters['W1'].flat[abs(parameters['W1']).argmax()]:.4g}" in widest[0].text
    signs = {e.get("stroke") for e in lines}
    assert len(signs) == 2
    assert any(e.text == "left" for e in picture.iter())


def test_a_large_one_by_layer():
    picture = ElementTree.fromstring(network_svg(Network([784, 100, 10])))
    assert not [e for e in picture.iter() if e.tag.endswith("circle")]
    assert {"W1", "784", "100 x 784"} <= {e.text for e in picture.iter()}


def test_trained_models_too(flower):
    s = summary(flower[0], m=400)
    np.testing.assert_array_equal(s.parameters["W1"], flower[0].parameters["W1"])


@pytest.mark.parametrize("m", [0, -3, True])
def test_m_is_a_number_of_examples(m):
    with pytest.raises(ValueError, match="m: expected"):
        summary(Network([2, 1]), m=m)
