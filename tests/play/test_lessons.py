"""Each task of each lesson is open at the start, and becomes true by doing what it asks."""

from __future__ import annotations

import pytest

from ellayer.play.lesson_list import LESSONS


def changed(page, part: str, **values: object) -> dict:
    """The state of the page with other values in one part."""
    state = next(m["state"] for m in reversed(page.messages) if m["type"] in ("state", "ready"))
    return {**state, part: {**state[part], **values}}


def change(page, part: str, **values: object) -> None:
    page.set_state(**changed(page, part, **values))


def hidden(page, *units: int, activation: str) -> None:
    change(page, "network", hidden=[{"units": n, "activation": activation} for n in units])


def look(page, kind: str, layer: int) -> None:
    page.ask("look", "looked", kind=kind, layer=layer, row=0, column=0)


def line(page):
    page.train(200)
    yield "separate"
    look(page, "weight", 1)
    yield "weight"
    change(page, "data", source="xor", size=None, noise=None)
    page.train(300)
    yield "xor"


def zeros(page):
    page.train(200)
    yield "train"
    look(page, "unit", 1)
    yield "unit"
    change(page, "network", initializer="randn")
    page.train(2000)
    yield "random"


def depth(page):
    page.train(500)
    yield "one"
    hidden(page, 8, 8, activation="tanh")
    page.train(1500)
    yield "deep"
    look(page, "unit", 2)
    yield "second"


def activations(page):
    page.train(300)
    yield "linear"
    hidden(page, 6, activation="tanh")
    page.train(1000)
    yield "bend"
    hidden(page, 6, activation="relu")
    page.train(100)
    look(page, "unit", 1)
    yield "relu"


def rate(page):
    page.train(300)
    yield "low"
    change(page, "training", learning_rate=30.0)
    page.train(100)
    yield "high"
    change(page, "training", learning_rate=1.2)
    page.train(1900)
    yield "right"


def overfitting(page):
    page.train(1500)
    yield "rise"
    change(page, "training", l2=2.0)
    page.train(1000)
    yield "l2"
    change(page, "training", l2=0.0)
    page.set_state(**changed(page, "stop", test_cost_patience=5))
    page.train(5000)
    yield "stop"


def vanishing(page):
    page.train(100)
    yield "small"
    look(page, "weight", 1)
    yield "weight"
    hidden(page, 6, 6, 6, 6, 6, activation="tanh")
    page.train(1000)
    yield "flow"


def rare(page):
    page.train(20)
    yield "blind"
    for k in range(10):
        page.send("add_point", x1=1.0 + k / 10, x2=1.0, y=1)
        page.wait("frame")
    yield "more"
    page.train(3000)
    yield "found"


DO = {do.__name__: do for do in (line, zeros, depth, activations, rate, overfitting, vanishing, rare)}


def test_there_is_a_lesson_for_each():
    assert list(LESSONS) == list(DO)
    assert all(len(lesson.tasks) == 3 for lesson in LESSONS.values())


@pytest.mark.parametrize("name", LESSONS)
def test_the_tasks_become_true_by_doing_them(page, name):
    lesson = page.ask("lesson", "lesson", id=name)
    assert [task["done"] for task in lesson["tasks"]] == [False] * 3
    tasks = [task["id"] for task in lesson["tasks"]]
    for number, done in enumerate(DO[name](page), 1):
        assert tasks[number - 1] == done
        page.send("nothing")  # whose answer comes after the tasks
        while page.receive()["type"] != "problem":
            continue
        ready = [m["id"] for m in page.messages if m["type"] == "task"]
        assert ready == tasks[:number], [m["text"] for m in page.messages if m["type"] == "frame"][-1]
    assert number == len(tasks)


def test_a_lesson_can_be_left_and_an_unknown_one_is_a_problem(page):
    page.ask("lesson", "lesson", id="line")
    assert page.ask("lesson", "lesson", id=None)["tasks"] == []
    page.send("lesson", id="nonsense")
    assert "expected a lesson" in page.wait("problem")["text"]
