"""States: every value checked, the normal form, and the tables of ``core`` read by themselves."""

from __future__ import annotations

import json

import pytest

from ellayer.core.activations import ACTIVATIONS, Activation, tanh_backward, tanh_forward
from ellayer.core.initializers import INITIALIZERS
from ellayer.core.losses import LOSSES
from ellayer.core.optimizers import OPTIMIZERS
from ellayer.core.schedules import SCHEDULES
from ellayer.data.planar import PLANE
from ellayer.play.errors import StateError
from ellayer.play.options import options
from ellayer.play.problem import make_network, make_problem
from ellayer.play.run import Run
from ellayer.play.state import TABLES, from_hash, normal_form, to_hash
from ellayer.play.tables import SessionTables

WRONG = [
    ("data.source", "roses"), ("data.source", 3), ("data.source", "upload:" + "x" * 100), ("data.size", 1), ("data.size", 10_001),
    ("data.size", 2.5), ("data.size", True), ("data.noise", -0.1), ("data.noise", "0"), ("data.seed", -1), ("data.target", 5),
    ("data.seed", 2**32), ("data.scale", "yes"), ("data.test_fraction", 1), ("data.axes", "x1"), ("data.axes", ["x1"]),
    ("data.axes", ["x1", "x1"]), ("data.axes", ["x1", "nothing"]), ("data.points", [[1, 2]]), ("data.points", [[1, 2, 7]]),
    ("data.points", [[1, 2, 0.5]]), ("data.points", [[float("nan"), 2, 0]]), ("data.points", [[0, 0, 0]] * 2001),
    ("data.removed", [400]), ("data.removed", [-1]), ("network.hidden", 3), ("network.hidden", [{"units": 0}]),
    ("network.hidden", [{"units": 513}]), ("network.hidden", [{"activation": "sofa"}]), ("network.hidden", [4]),
    ("network.hidden", [{"units": 4}] * 9), ("network.initializer", "ones"), ("network.seed", None if False else "1"),
    ("training.loss", "cross"), ("training.optimizer", "sgdd(3)"), ("training.optimizer", "x" * 300),
    ("training.schedule", ["constant"]), ("training.schedule_length", 0), ("training.learning_rate", 0),
    ("training.learning_rate", float("inf")), ("training.learning_rate", 10**400), ("training.batch_size", 0), ("training.l1", -1), ("training.l2", "a"),
    ("training.dropout", 1.0), ("training.weight_decay", -1), ("stop.iterations", 0), ("stop.test_cost_patience", 0),
]  # fmt: skip


def build(state: dict) -> None:
    complete = normal_form(state)
    make_network(complete, make_problem(complete["data"], SessionTables()))


@pytest.mark.parametrize(("field", "value"), WRONG, ids=lambda value: str(value)[:30])
def test_a_wrong_value_is_a_problem_of_its_field(field, value):
    part, name = field.split(".")
    with pytest.raises(StateError) as problem:
        build({part: {name: value}})
    assert problem.value.field == field
    assert "expected" in str(problem.value) or "unknown" in str(problem.value)
    assert len(str(problem.value)) < 700


@pytest.mark.parametrize(
    "state", [None, [], "x", 3, {"data": []}, {"network": 1}, {"version": 2}, {"data": {"more": 1}}]
)
def test_another_shape_is_a_problem(state):
    with pytest.raises(StateError, match="expected"):
        normal_form(state)


@pytest.mark.parametrize("source", [*PLANE, *TABLES])
def test_the_normal_form_is_complete_and_its_own_normal_form(source):
    state = normal_form({"data": {"source": source}})
    assert normal_form(json.loads(json.dumps(state))) == state
    assert from_hash(to_hash(state)) == state
    assert (state["data"]["size"] is None) == (source in TABLES)


@pytest.mark.parametrize("text", ["", "%%%", "e30x", "W10", "e30" * 40_000])
def test_another_text_in_the_url_is_a_problem(text):
    with pytest.raises(StateError, match="expected"):
        from_hash(text)


def test_the_options_are_the_tables():
    known = options()
    for key, table in (
        ("activations", ACTIVATIONS), ("losses", LOSSES), ("initializers", INITIALIZERS), ("optimizers", OPTIMIZERS),
        ("schedules", SCHEDULES), ("data", [*PLANE, *TABLES]),
    ):  # fmt: skip
        assert [row["name"] for row in known[key]] == list(table)
    json.dumps(known, allow_nan=False)
    assert all(row["html"].startswith("<math") for row in known["activations"])


def test_a_new_row_appears_by_itself():
    ACTIVATIONS.add("bent", lambda name: Activation(name, tanh_forward, tanh_backward, latex="z^{2}"))
    try:
        (row,) = (row for row in options()["activations"] if row["name"] == "bent")
        assert "<msup>" in row["html"]
        state = normal_form({"network": {"hidden": [{"units": 2, "activation": "bent"}]}})
        assert make_network(state, make_problem(state["data"], SessionTables())).activations[0] == "bent"
    finally:
        ACTIVATIONS.remove("bent")


@pytest.mark.parametrize("source", ["waves", "flower", "iris"])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains_or_is_a_problem_of_the_loss(source, loss, monkeypatch):
    monkeypatch.setattr("ellayer.play.run.ENGINE", "numpy+direct")
    state = normal_form({"data": {"source": source}, "training": {"loss": loss, "learning_rate": 0.01}})
    problem = make_problem(state["data"], SessionTables())
    if not trains(source, loss):
        with pytest.raises(StateError) as refused:
            Run(state, problem)
        assert refused.value.field == "training.loss"
        return
    run = Run(state, problem)
    run.advance(2)
    assert run.iteration == 2


def trains(source: str, loss: str) -> bool:
    """Whether a loss suits the targets: numbers are not classes, nor counts."""
    return source != "waves" or LOSSES[loss].targets == "real"
