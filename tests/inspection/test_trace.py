"""trace: the numbers are those of the worked example and of the engine's own step; every view shows them."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import ellayer
from ellayer import Network, initialize_parameters, trace, train
from ellayer.inspection.mathml import to_mathml

RNG = np.random.default_rng(0)
X, Y3 = RNG.standard_normal((4, 30)), RNG.integers(0, 3, 30)
INPUTS = {"numbers": 2, "categories": [3], "scaling": True, "frequencies": 4}


def test_the_worked_example_number_by_number(worked):
    t = trace(worked.network, worked.X, worked.Y, worked.parameters, learning_rate=worked.learning_rate)
    for name, value in worked.step.items():
        np.testing.assert_allclose(t[name], value, rtol=1e-12, atol=1e-13, err_msg=name)
    for name, value in worked.updated.items():
        np.testing.assert_allclose(t[f"new {name}"], value, rtol=1e-12, err_msg=name)
    assert [s.name for s in t if s.phase == "backward"] == [
        "dA2", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1", "dA0",
    ]  # fmt: skip
    assert t.step("Z1").shape == (2, 4)
    np.testing.assert_array_equal(t["X"], worked.X)


SETTINGS = [
    {},
    {"l2": 0.3, "l1": 0.05, "learning_rate": 0.2},
    {"optimizer": "adam", "weight_decay": 0.1},
    {"batch_size": 8, "dropout": [0.1, 0.3, 0.2], "seed": 4},
    {
        "sample_weight": np.linspace(0.5, 2, 30),
        "clip_norm": 0.01,
        "schedule": "cosine",
        "schedule_length": 20,
    },
    {"optimizer": "momentum", "learning_rate_factors": {"b": 0.5}},
]


@pytest.mark.parametrize("iteration", [0, 7])
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: "+".join(s) or "plain")
def test_the_step_is_the_runs_own(settings, iteration):
    network = Network([4, 6, 5, 3], "tanh")
    t = trace(network, X, Y3, iteration=iteration, **settings)
    before = train(network, X, Y3, num_iterations=iteration, record_every=1, **settings)
    after = train(network, X, Y3, num_iterations=iteration + 1, record_every=1, **settings)
    for name in network.shapes:
        np.testing.assert_allclose(t[name], before.parameters[name], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(t[f"new {name}"], after.parameters[name], rtol=1e-12, atol=1e-14)
    assert t["J"] == pytest.approx(after.costs[-1], rel=1e-12)
    norm = np.sqrt(sum((t[f"d{name}"] ** 2).sum() for name in network.shapes))
    assert norm == pytest.approx(after.history["gradient_norm"][-1], rel=1e-10)


def test_the_next_step_of_a_run_from_its_state(flower):
    result, F, Y = flower
    t = trace(result, F, Y, state=result.state)
    assert t.iteration == 0 or t.iteration == 10000
    after = train(result.network, F, Y, state=result.state, num_iterations=1, learning_rate=1.2)
    np.testing.assert_allclose(t["new W1"], after.parameters["W1"], rtol=1e-12)
    assert t.learning_rate == 1.2


def test_a_wide_runs_state_can_be_traced():
    wide, y = RNG.standard_normal((300, 12)), RNG.integers(0, 2, (1, 12))
    result = train(Network([300, 3, 1]), wide, y, num_iterations=20, engine="numpy+wide", learning_rate=0.01)
    whole = trace(result, wide, y, state=result.state, learning_rate=0.01)
    after = train(
        result.network, wide, y, state=result.state, num_iterations=1, learning_rate=0.01, engine="numpy+wide"
    )
    np.testing.assert_allclose(whole["new W1"], after.parameters["W1"], rtol=1e-9)
    alone = trace(result, wide, y, state=result.state, example=3, learning_rate=0.01)
    np.testing.assert_allclose(alone["new W2"], alone["W2"] - 0.01 * alone["dW2"], rtol=1e-12)


@pytest.mark.parametrize("parametric", [False, True])
@pytest.mark.parametrize("inputs", [None, INPUTS])
def test_every_parameter_has_its_gradient_equation_and_update(parametric, inputs):
    network = Network([4, 5, 3], "relu", parametric=parametric, inputs=inputs)
    values = X.copy()
    values[3] = RNG.integers(0, 3, 30)
    t = trace(network, values, Y3, seed=1)
    for name, shape in network.shapes.items():
        assert t[f"d{name}"].shape == t[name].shape == t[f"new {name}"].shape == shape
        assert t.step(f"d{name}").plain.startswith(f"d{name} = ")
    assert ellayer.check_gradients((network, {k: t[k] for k in network.shapes}), values, Y3).passed
    assert ("da1" in [s.name for s in t]) == parametric
    assert t["A0"].shape[0] == network.widths[0]


def test_one_example_in_full(worked):
    t = trace(worked.network, worked.X, worked.Y, worked.parameters, example=2)
    assert t["Z1"].shape == (2, 1)
    np.testing.assert_allclose(t["Z1"][:, 0], np.array(worked.step["Z1"])[:, 2])
    np.testing.assert_allclose(t["dZ2"][:, 0], np.array(worked.step["dZ2"])[:, 2])
    np.testing.assert_allclose(t["dW1"], t["dZ1"] @ t["X"].T)
    assert "example 2" in str(t)
    written = {s["name"]: s for s in json.loads(t.to_json())["steps"]}
    assert all("values" in s for s in written.values())


def test_a_batch_as_statistics_with_any_cell():
    network = Network([4, 20, 3], "tanh")
    t = trace(network, X, Y3, seed=1)
    step = {s["name"]: s for s in json.loads(t.to_json(numbers=50))["steps"]}["A1"]
    assert "values" not in step
    assert step["statistics"]["mean"] == pytest.approx(float(t["A1"].mean()))
    assert f"{t['A1'].mean():.4g}" in str(t)
    assert t.cell("A1", 13, 29).value == t["A1"][13, 29]


@pytest.mark.parametrize("extra", [{}, {"l2": 0.5, "l1": 0.1}, {"dropout": 0.4, "seed": 2}, {"sample_weight": np.linspace(1, 3, 30)}])  # fmt: skip
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_terms_of_a_cell_add_up_to_it(activation, extra):
    network = Network([4, 6, 5, 3], activation)
    t = trace(network, X, Y3, seed=1, **{k: v for k, v in extra.items() if k != "seed"})
    for name in ("Z1", "Z3", "dA0", "dA1", "dA2", "dW1", "dW3", "db2", "new W2", "J"):
        value = t[name]
        index = tuple(n - 1 for n in value.shape)
        cell = t.cell(name, *index)
        assert cell.scale * sum(v for _, v in cell.terms) == pytest.approx(
            float(value[index]), rel=1e-10, abs=1e-14
        )
        assert str(cell).startswith(cell.name)
    cell = t.cell("dZ1", 2, 3)
    assert np.prod([v for _, v in cell.terms]) == pytest.approx(float(t["dZ1"][2, 3]), rel=1e-10)


def test_a_long_sum_shows_its_largest_terms():
    network = Network([200, 2, 1])
    t = trace(network, RNG.standard_normal((200, 3)), [0, 1, 1], seed=1)
    text = str(t.cell("Z1", 0, 0))
    assert len(text.splitlines()) == 11
    assert "the other 193 terms together" in text


def test_without_labels_the_forward_half():
    network = Network([4, 5, 3])
    t = trace((network, initialize_parameters(network, seed=1)), X)
    assert [s.name for s in t if s.phase == "forward"] == ["Z1", "A1", "Z2", "A2"]
    assert "no labels" in str(t)
    with pytest.raises(KeyError, match="without labels"):
        t["dW1"]


def test_the_page_is_well_formed_and_sets_the_mathematics(worked):
    t = trace(worked.network, worked.X, worked.Y, worked.parameters, l2=0.1)
    page = t._repr_html_()
    assert page.count("<math") == len(t.steps)
    assert "http" not in page.replace("http://www.w3.org/1998/Math/MathML", "")
    body = page.split("</style>")[1].replace("&nbsp;", " ")
    ElementTree.fromstring(body)
    out = io.StringIO()
    from rich.console import Console

    Console(file=out, width=80).print(t)
    assert "dW1" in out.getvalue()


@pytest.mark.parametrize("table", ["ACTIVATIONS", "LOSSES", "OPTIMIZERS"])
def test_every_rows_latex_can_be_set(table):
    rows = getattr(ellayer.core, table)
    for name in rows:
        for latex in filter(None, (getattr(rows[name], key, "") for key in ("latex", "latex_prime"))):
            assert "\\" not in to_mathml(latex), f"{name}: {latex}"
            ElementTree.fromstring(to_mathml(latex))


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber"])
def test_an_output_without_a_pair_goes_through_dA(loss):
    network = Network([4, 5, 1], ["tanh", "tanh"], loss)
    t = trace(network, X, RNG.standard_normal(30), seed=1)
    np.testing.assert_allclose(t["dZ2"], t["dA2"] * (1 - t["A2"] ** 2))


def test_an_estimator_speaks_rows_and_labels(estimator):
    rows, labels = RNG.standard_normal((9, 3)), np.array(list("abcabcabc"))
    t = trace(estimator, rows, labels)
    np.testing.assert_array_equal(t["X"], rows.T)
    assert t["Y"].argmax(axis=0).tolist() == [0, 1, 2] * 3
    with pytest.raises(ValueError, match="expected labels among"):
        trace(estimator, rows, ["a"] * 8 + ["x"])
    with pytest.raises(ValueError, match=r"expected shape \(m, 3\)"):
        trace(estimator, rows.T, labels)


def test_what_does_not_fit_is_said():
    network = Network([4, 5, 3])
    start = initialize_parameters(network, seed=1)
    with pytest.raises(ValueError, match="Transpose"):
        trace((network, start), X.T, Y3)
    with pytest.raises(ValueError, match="expected a number from 0 to 29"):
        trace((network, start), X, Y3, example=30)
    with pytest.raises(ValueError, match="labels"):
        trace((network, start), X, learning_rate=0.1)
    with pytest.raises(ValueError, match="received none; pass the pair"):
        trace(network, X)
    with pytest.raises(ValueError, match="lbfgs"):
        trace((network, start), X, Y3, optimizer="lbfgs")
    with pytest.raises(ValueError, match=r"parameters\['W1'\]: expected shape"):
        trace(network, X, Y3, {**start, "W1": np.ones((2, 2))})
    with pytest.raises(ValueError, match="for a pipeline pass its last step"):
        trace(type("Pipeline", (), {"steps": [], "fit": None})(), X, Y3)
    t = trace((network, start), X, Y3)
    with pytest.raises(IndexError, match="2 numbers inside"):
        t.cell("Z1", 9, 0)


def test_the_cats_network_is_traced_in_under_a_second():
    import time

    network = Network([12288, 20, 7, 5, 1])
    pixels, cats = RNG.random((12288, 209)), RNG.integers(0, 2, (1, 209))
    start = initialize_parameters(network, seed=1)
    seconds = []
    for _ in range(2):
        begin = time.process_time()
        t = trace((network, start), pixels, cats)
        assert len(str(t)) > 100
        seconds.append(time.process_time() - begin)
    assert min(seconds) < 1.0
