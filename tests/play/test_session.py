"""A session: what the page sends and what comes back, step by step."""

from __future__ import annotations

import json
import struct
import threading
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from play_client import Page

from ellayer import derive, initialize_parameters, trace, train
from ellayer.errors import EllayerError
from ellayer.play import limits
from ellayer.play.page_trainer import IN_FLIGHT
from ellayer.play.session import _HANDLERS


def header(plane: bytes) -> tuple[int, ...]:
    return struct.unpack("<5I", plane[:20])


def numbers(frame: dict) -> np.ndarray:
    """The weights and biases of a frame."""
    return np.frombuffer(frame["planes"][-1][20:], "<f4")


def test_the_first_messages(page):
    kinds = [m["type"] for m in page.messages]
    assert kinds == ["ready", "state", "model", "data", "network", "curve", "frame"]
    assert page.messages[2]["name"] is None
    data, network = page.messages[3], page.messages[4]
    assert (data["task"], data["train"], data["test"], data["classes"]) == (
        "classes",
        320,
        80,
        ["red", "blue"],
    )
    assert len(data["points"]) == 400
    assert sum(point[3] for point in data["points"]) == 80
    assert sorted(point[4] for point in data["points"]) == list(range(400))
    assert np.shape(network["W"][0]) == (4, 2)
    frame = page.first
    assert [header(plane)[1:] for plane in frame["planes"]] == [(1, 64, 64, 1), (2, 32, 32, 4), (3, 17, 1, 1)]
    assert [len(plane) - 20 for plane in frame["planes"]] == [64 * 64, 4 * 32 * 32, 4 * 17]
    assert "training cost 0.69" in frame["text"]
    assert np.sum(frame["confusions"]["train"]) == 320
    assert np.sum(frame["confusions"]["test"]) == 80


def test_a_name_with_half_a_character_reaches_the_page(page):
    """As an uploaded model may have it; text with one cannot be encoded."""
    page.session._send({"type": "state", "name": "\ud800\u00e9"})
    assert page.wait("state")["name"] == "?\u00e9"


def test_epochs_batches_and_examples_are_those_of_train(page):
    page.set_state(training={"batch_size": 50, "learning_rate": 0.5, "dropout": 0.25, "seed": 4})
    run = page.session.run
    options = {"learning_rate": 0.5, "seed": 4, "engine": "numpy+direct", "dropout": 0.25}
    start = initialize_parameters(run.network, "randn", 2)
    iterations = []
    for unit in ("batch", "batch", "epoch", "epoch", "example"):
        iterations.append(page.ask("step", "frame", unit=unit)["iteration"])
    assert iterations == [1, 2, 7, 14, 15]
    own = train(
        run.network, run.problem.X, run.Y, parameters=start, batch_size=50, num_iterations=14, **options
    )
    own = train(run.network, run.problem.X, run.Y, state=own.state, batch_size=1, num_iterations=1, **options)
    for name, theta in own.parameters.items():
        np.testing.assert_array_equal(run.parameters[name], theta)


def test_play_pause_and_back_to_the_same_start(page):
    first = numbers(page.first)
    frame = page.train(300)
    assert frame["iteration"] >= 300
    assert not frame["running"]
    assert not np.array_equal(numbers(frame), first)
    page.send("rewind")
    page.wait("state")
    np.testing.assert_array_equal(numbers(page.wait("frame")), first)
    page.train(300)
    again = page.messages[-1]
    if again["iteration"] == frame["iteration"]:
        np.testing.assert_array_equal(numbers(again), numbers(frame))
    curve = [m for m in page.messages if m["type"] == "curve"]
    assert curve[-1]["points"][-1][0] == again["iteration"]


def test_no_frames_without_acknowledgement():
    with Page(acknowledge=False) as page:
        page.send("play")
        seen = [page.wait("frame")["frame"] for _ in range(IN_FLIGHT - 1)]
        time.sleep(0.3)
        waiting = page.session.run.iteration
        time.sleep(0.3)
        assert page.session.run.iteration == waiting
        page.send("ack", frame=10**6)  # of frames that were never sent
        assert page.wait("frame")["frame"] == seen[-1] + 1


def test_an_edit_is_the_number_of_the_next_update(page):
    page.ask("step", "frame", unit="batch")
    network = page.ask("edit", "network", parameter="W1", row=2, column=1, value=0.75)
    assert network["W"][0][2][1] == 0.75
    page.ask("edit", "network", parameter="b2", row=0, value=-1)
    assert page.session.run.parameters["b2"][0, 0] == -1
    for wrong in ({"parameter": "W3"}, {"row": 4}, {"column": 2}, {"value": "1"}, {"value": None}):
        page.send("edit", **{"parameter": "W1", "row": 0, "column": 0, "value": 0.0, **wrong})
        assert "expected" in page.wait("problem")["text"]


def test_points_are_added_and_removed(page):
    page.send("add_point", x1=0.5, x2=-0.5, y=1)
    data = page.wait("data")
    assert data["train"] == 321
    assert [point for point in data["points"] if point[4] == 400] == [[0.5, -0.5, 1, 0, 400]]
    page.send("remove_point", index=3)
    data = page.wait("data")
    assert data["train"] + data["test"] == 400
    assert 3 not in [point[4] for point in data["points"]]
    page.send("remove_point", index=400)
    assert page.wait("data")["train"] + page.messages[-1]["test"] == 399
    page.wait("frame")
    for wrong in ({"x1": "a", "x2": 0, "y": 0}, {"x1": 0, "x2": 0, "y": 2}, {"x1": 1e30, "x2": 0, "y": 0}):
        page.send("add_point", **wrong)
        assert page.receive()["type"] == "problem"
    page.send("remove_point", index=10**6)
    assert page.receive()["type"] == "problem"


def test_a_problem_leaves_the_run_as_it_is(page):
    before = page.train(50)["iteration"]
    page.send("set_state", state={"training": {"learning_rate": "fast"}})
    problem = page.receive()
    assert (problem["type"], problem["field"]) == ("problem", "training.learning_rate")
    assert page.ask("step", "frame", unit="batch")["iteration"] == before + 1


def test_looking_shows_the_numbers_of_trace_and_derive(page):
    page.train(20)
    run = page.session.run
    number = int(run.problem.train[7])
    pair = run.network, run.parameters
    looked = page.ask("look", "looked", kind="weight", layer=1, row=1, column=0, example=number)
    derivation = derive(pair, run.problem.X, run.Y, ("W1", 1, 0), example=7)
    assert looked["difference"]["analytic"] == derivation.gradient
    assert looked["difference"]["relative_error"] < 1e-7
    assert looked["text"] == str(derivation)
    assert looked["chain_html"].count("<math") == len(derivation.lines())
    traced = trace(pair, run.problem.X, run.Y, example=7, learning_rate=run.learning_rate)
    assert looked["sections"][1]["rows"][-1]["value"] == traced["dW1"][1, 0]
    unit = page.ask("look", "looked", kind="unit", layer=2, row=0, example=number)
    assert unit["sections"][0]["rows"][-1] == {"term": "Z2[0,0]", "value": traced["Z2"][0, 0]}
    bias = page.ask("look", "looked", kind="bias", layer=1, row=3)
    assert bias["title"].startswith("b1[3], example")
    point = page.ask("look", "looked", kind="point", example=number)
    assert [row["value"] for row in point["rows"]] == [*traced["A0"][:, 0], traced["Y"][0, 0]]
    test = page.ask("look", "looked", kind="point", example=int(run.problem.test[0]))
    assert test["title"] == f"Example {run.problem.test[0]}"
    for wrong in ({"kind": "cat"}, {"kind": "unit", "layer": 0, "row": 0}, {"kind": "unit", "layer": 1, "row": 4},
                  {"kind": "weight", "layer": 1, "row": 0, "column": 2}, {"kind": "point", "example": 400}):  # fmt: skip
        page.send("look", **wrong)
        problem = page.receive()
        assert problem["type"] == "problem"
    sizes = f"{len(run.problem.train)} training and {len(run.problem.test)} test examples"
    assert problem["text"] == f"example: expected the number of one of the {sizes}, received 400"


@pytest.mark.parametrize("state", [
    {"data": {"source": "digits"}, "network": {"hidden": [{"units": 40, "activation": "relu"}]}},
    {"data": {"source": "iris", "axes": ["petal length (cm)", "petal width (cm)"]}},
    {"data": {"source": "waves", "test_fraction": 0}},
    {"data": {"source": "four_clouds", "scale": True}, "network": {"hidden": []}},
])  # fmt: skip
def test_other_kinds_of_data(page, state):
    frame = page.set_state(**state)
    kinds = [header(plane)[1] for plane in frame["planes"]]
    source = state["data"]["source"]
    assert kinds == {"digits": [4, 3], "four_clouds": [1, 3]}.get(source, [1, 2, 3])
    data = next(m for m in reversed(page.messages) if m["type"] == "data")
    if source == "digits":
        assert np.shape(data["pictures"]["pixels"]) == (24, 64)
        assert header(frame["planes"][0])[2:] == (8, 8, limits.SHOWN)
    if source == "iris":
        assert data["axes"]["names"] == state["data"]["axes"]
        assert header(frame["planes"][0])[4] == 3
    if source == "waves":
        assert frame["plane_range"] == data["target_range"]
        assert frame["score"]["test"] is None
        assert "confusions" not in frame
    page.train(20)
    page.ask("look", "looked", kind="point")


def test_runs_are_saved_and_dropped(page):
    page.train(10)
    assert page.ask("keep_run", "saved_runs", name="<b>first</b>")["runs"][0]["name"] == "<b>first</b>"
    runs = page.ask("keep_run", "saved_runs")["runs"]
    assert [run["id"] for run in runs] == [1, 2]
    assert [run["id"] for run in page.ask("drop_run", "saved_runs", id=1)["runs"]] == [2]
    for _ in range(limits.SAVED_RUNS + 3):
        runs = page.ask("keep_run", "saved_runs")["runs"]
    assert len(runs) == limits.SAVED_RUNS


def test_the_diagnosis_and_the_end_of_a_run(page):
    page.set_state(training={"learning_rate": 60.0}, stop={"iterations": 400})
    frame = page.train(400)
    assert frame["finished"] == "iterations"
    assert "stopped after" in frame["text"]
    assert any(finding["grade"] for finding in frame["diagnosis"])
    assert not page.ask("play", "frame")["running"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats() | st.text(max_size=8)
    | st.sampled_from(["W1", "unit", "weight", "epoch", "flower", "digits", "line", "points", "<script>"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["data", "network", "training", "hidden", "source", "size", "points", "units", "activation"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = ("state", "unit", "parameter", "row", "column", "value", "x1", "x2", "y", "index", "kind", "layer", "example", "id",
         "name", "frame", "iterations_per_update")  # fmt: skip
MESSAGES = st.builds(
    lambda kind, values: json.dumps({"type": kind, **values}),
    st.sampled_from([*_HANDLERS, "stop", "", "ready"]), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4),
) | st.text(max_size=20)  # fmt: skip


@pytest.fixture(scope="module")
def hardened():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ellayer.play.run.ENGINE", "numpy+direct")
        with Page() as page:
            yield page


@settings(
    max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(MESSAGES)
def test_no_message_crashes_a_session(hardened, text):
    """Three hundred odd messages: each is answered or ignored, none is a bug, and the session goes on."""
    assert hardened.session.put(text)
    hardened.send("pause")
    while (message := hardened.receive())["type"] != "frame" or message["running"]:
        assert not message.get("fault"), (text, message)
    json.dumps(hardened.messages[-1]["text"])
    del hardened.messages[:]


def test_half_a_character_is_a_problem_and_the_page_goes_on(page):
    for text in (
        r'{"type": "keep_run", "name": "\ud800"}',
        r'{"type": "set_state", "state": {"data": {"target": "\ud800"}}}',
    ):
        assert page.session.put(text)
        assert "JSON" in page.wait("problem")["text"]
    assert page.ask("keep_run", "saved_runs", name="\U0001f600")["runs"][0]["name"] == "\U0001f600"


def test_a_request_that_waits_when_the_page_leaves_ends():
    begun, go_on = threading.Event(), threading.Event()
    page = Page()
    page.session.start()
    first = page.session.call(lambda: begun.set() or go_on.wait(20))
    assert begun.wait(20)
    waiting = page.session.call(lambda: None)
    page.session.close()
    go_on.set()
    assert first.result(20)
    for late in (waiting, page.session.call(lambda: None)):
        with pytest.raises(EllayerError, match="closed"):
            late.result(20)
