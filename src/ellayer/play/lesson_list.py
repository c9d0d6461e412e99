"""The eight lessons: states to start from, explanations, and tasks."""

from __future__ import annotations

import numpy as np

from .lessons import Facts, Lesson, Task
from .messages import JsonObject


def _hidden(*units: int, activation: str = "tanh") -> list[dict[str, object]]:
    return [{"units": n, "activation": activation} for n in units]


def _units_are_equal(facts: Facts) -> bool:
    """Whether all units of layer 1 are the same, after some training."""
    W = facts.run.parameters["W1"]
    return facts.iteration >= 200 and bool(np.allclose(W, W[:1], rtol=1e-9, atol=1e-12))


def _has_overfitted(facts: Facts) -> bool:
    """Whether the test cost has risen by a fifth above its lowest."""
    costs = [cost for cost in facts.test_costs if np.isfinite(cost)]
    return facts.iteration >= 200 and len(costs) > 2 and costs[-1] > 1.2 * min(costs)


def _l2_helps(facts: Facts) -> bool:
    costs = [cost for cost in facts.test_costs if np.isfinite(cost)]
    settings = facts.run.state["training"]
    return settings["l2"] > 0 and facts.iteration >= 1000 and costs[-1] < 1.1 * min(costs)


def _added_rare(facts: Facts) -> int:
    return sum(point[2] == 1 for point in facts.run.state["data"]["points"])


_LIST = (
    Lesson(
        "line",
        "A line between two classes",
        "Without a hidden layer the network is logistic regression: z = w1 x1 + w2 x2 + b, and the boundary, where z = 0, is a "
        "line.\nTwo clouds can be separated by a line. Some sets cannot.",
        {
            "data": {"source": "two_clouds"},
            "network": {"hidden": [], "initializer": "zeros"},
            "training": {"learning_rate": 0.1},
        },
        (
            Task("separate", "Train until 95 % of the training points are right.",
                 lambda f: f.source == "two_clouds" and f.iteration > 0 and f.accuracy >= 0.95),
            Task("weight", "Look at a weight: its equation, and its derivative.",
                 lambda f: f.saw("weight", 1)),
            Task("xor", "Choose the data xor and train 300 iterations: a line leaves more than a quarter wrong.",
                 lambda f: f.source == "xor" and not f.activations and f.iteration >= 300 and f.accuracy < 0.75),
        ),
    ),
    Lesson(
        "zeros",
        "Why not to start from zeros",
        "If all weights are zero, all units of a layer compute the same, get the same gradient and stay the same: the layer "
        "has one unit in effect. Random numbers break the symmetry.",
        {
            "data": {"source": "flower"},
            "network": {"hidden": _hidden(4), "initializer": "zeros"},
            "training": {"learning_rate": 1.2},
        },
        (
            Task("train", "Train 200 iterations from zeros and see that the units stay equal.", _units_are_equal),
            Task("unit", "Look at a unit of layer 1.", lambda f: f.saw("unit", 1)),
            Task("random", "Choose another initializer and train until 80 % of the training points are right.",
                 lambda f: f.run.state["network"]["initializer"] != "zeros" and f.accuracy >= 0.8),
        ),
    ),
    Lesson(
        "depth",
        "Depth",
        "Every unit bends the plane once, and the next layer bends what is bent already. One layer of four units cannot "
        "follow two spirals; two layers of eight units can.",
        {
            "data": {"source": "spirals", "noise": 0.0, "size": 200},
            "network": {"hidden": _hidden(4), "initializer": "auto", "seed": 1},
            "training": {"optimizer": "adam", "learning_rate": 0.02},
        },
        (
            Task("one", "Train 500 iterations with one hidden layer of at most 4 units: less than 80 % are right.",
                 lambda f: len(f.activations) == 1 and f.run.network.layer_dims[1] <= 4 and f.iteration >= 500
                 and f.accuracy < 0.8),
            Task("deep", "Add a layer, set both to 8 units, and train until 95 % of the training points are right.",
                 lambda f: len(f.activations) >= 2 and f.accuracy >= 0.95),
            Task("second", "Look at a unit of the second layer: what it separates.",
                 lambda f: len(f.activations) >= 2 and f.saw("unit", 2)),
        ),
    ),
    Lesson(
        "activations",
        "Activations",
        "A layer without an activation function (identity) is linear, and layers of them are linear together. The bend comes "
        "from the activation: a kink (relu) or a curve (tanh, sigmoid).",
        {
            "data": {"source": "circles", "noise": 0.1},
            "network": {"hidden": _hidden(6, activation="identity"), "initializer": "auto", "seed": 1},
            "training": {"learning_rate": 0.5},
        },
        (
            Task("linear", "Train 300 iterations with identity: less than 70 % are right.",
                 lambda f: set(f.activations) == {"identity"} and f.iteration >= 300 and f.accuracy < 0.7),
            Task("bend", "Choose another activation and train until 90 % of the training points are right.",
                 lambda f: "identity" not in f.activations and f.iteration > 0 and f.accuracy >= 0.9),
            Task("relu", "Choose relu, train, and look at a unit of layer 1.",
                 lambda f: f.activations == ["relu"] and f.iteration > 0 and f.saw("unit", 1)),
        ),
    ),
    Lesson(
        "rate",
        "A learning rate that is too high",
        "The rate is the length of a step down the slope. Too small, and nothing seems to happen; too large, and a step jumps "
        "over the valley, so that the cost rises or swings.",
        {
            "data": {"source": "flower"},
            "network": {"hidden": _hidden(4), "initializer": "randn"},
            "training": {"learning_rate": 0.001},
        },
        (
            Task("low", "Train 300 iterations at a rate of at most 0.01: the cost hardly falls (by less than 1 %).",
                 lambda f: f.run.state["training"]["learning_rate"] <= 0.01 and f.iteration >= 300
                 and f.run.shown_cost[0] > 0.99 * f.run.curve[0][1]),
            Task("high", "Take a rate of 30 or more and train 100 iterations: the cost goes up.",
                 lambda f: f.run.state["training"]["learning_rate"] >= 30 and f.iteration >= 100 and f.rises),
            Task("right", "Find a rate with which the training cost falls below 0.4 within 2,000 iterations.",
                 lambda f: f.iteration <= 2000 and f.run.shown_cost[0] < 0.4),
        ),
    ),
    Lesson(
        "overfitting",
        "Overfitting and L2",
        "A large network memorises the noise of a small set: the training cost keeps falling while the test cost "
        "rises. L2 makes large weights expensive; the stop rule ends the training in time.",
        {
            "data": {"source": "moons", "size": 80, "noise": 0.4, "test_fraction": 0.5},
            "network": {"hidden": _hidden(32, activation="relu"), "initializer": "auto", "seed": 1},
            "training": {"optimizer": "adam", "learning_rate": 0.02},
        },
        (
            Task("rise", "Train until the test cost is a fifth above its lowest.", _has_overfitted),
            Task("l2", "Choose an L2 above 0 and train 1,000 iterations: the test cost stays within a tenth of its lowest.",
                 _l2_helps),
            Task("stop", "Set a patience in the stop rule and let it end the training.",
                 lambda f: f.run.finished == "patience"),
        ),
    ),
    Lesson(
        "vanishing",
        "Vanishing gradients",
        "On its way back a gradient is multiplied by the slope of the activation in every layer. The slope of the sigmoid is "
        "at most 1/4, so little arrives at the first layers, and they hardly learn.",
        {
            "data": {"source": "circles", "noise": 0.1},
            "network": {"hidden": _hidden(6, 6, 6, 6, 6, activation="sigmoid"), "initializer": "xavier", "seed": 1},
            "training": {"learning_rate": 0.5},
        },
        (
            Task("small", "Train 100 iterations: the gradient of layer 1 is below a hundredth of that of the last layer.",
                 lambda f: f.iteration >= 100 and f.gradient_ratio < 0.01),
            Task("weight", "Look at a weight of layer 1: the factors of the chain rule.",
                 lambda f: f.saw("weight", 1)),
            Task("flow", "Choose tanh or relu in all layers and train until 90 % of the training points are right.",
                 lambda f: len(f.activations) >= 5 and not set(f.activations) & {"sigmoid"} and f.accuracy >= 0.9),
        ),
    ),
    Lesson(
        "rare",
        "Rare classes",
        "If one point in twenty belongs to a class, a network that never predicts it is right for 95 %. The accuracy hides "
        "what the confusion matrix shows.",
        {
            "data": {"source": "rare"},
            "network": {"hidden": _hidden(4), "initializer": "randn"},
            "training": {"learning_rate": 0.1},
        },
        (
            Task("blind", "Train 20 iterations: at least 90 % are right, and no point of the rare class is recognised.",
                 lambda f: f.iteration >= 20 and f.accuracy >= 0.9 and f.recall_of_last == 0),
            Task("more", "Add ten points of the rare class by hand.", lambda f: _added_rare(f) >= 10),
            Task("found", "Train, with any settings, until four in five points of the rare class are recognised.",
                 lambda f: f.iteration > 0 and f.recall_of_last >= 0.8),
        ),
    ),
)  # fmt: skip

LESSONS: dict[str, Lesson] = {lesson.id: lesson for lesson in _LIST}


def lesson_rows() -> list[JsonObject]:
    """Return the lessons for a list of them."""
    return [
        {"id": lesson.id, "title": lesson.title, "text": lesson.text.partition("\n")[0]}
        for lesson in LESSONS.values()
    ]
