"""Eight lessons: each a state and three tasks, which are checked from what happens in a session."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..core.inference import class_index
from ..core.propagation import L_model_backward, L_model_forward
from .messages import JsonObject
from .run import Run


@dataclass
class Facts:
    """Facts that a task may ask about.

    Attributes
    ----------
    run : Run
        The present one.
    looks : list of mapping
        The parts that were looked at.
    findings : set of str
        Names of the findings about the present run.
    """

    run: Run
    looks: Sequence[Mapping[str, object]] = ()
    findings: frozenset[str] = frozenset()

    @property
    def iteration(self) -> int:
        """Updates done."""
        return self.run.iteration

    @property
    def source(self) -> str:
        """The name of the data."""
        return self.run.state["data"]["source"]

    @property
    def activations(self) -> list[str]:
        """Activations of the hidden layers, without their numbers."""
        return [layer["activation"].partition("(")[0] for layer in self.run.state["network"]["hidden"]]

    @property
    def prediction(self) -> np.ndarray:
        """The predicted class of each training example."""
        with np.errstate(all="ignore"):
            AL, _ = L_model_forward(self.run.problem.X, self.run.parameters, self.run.network)
        return np.asarray(class_index(AL))

    @property
    def accuracy(self) -> float:
        """Share of the training examples that are predicted correctly."""
        return float((self.prediction == self.run.problem.y).mean())

    @property
    def recall_of_last(self) -> float:
        """Share of the training examples of the last class that are recognised."""
        last = self.run.problem.y == len(self.run.problem.classes) - 1
        return float((self.prediction[last] == self.run.problem.y[last]).mean())

    @property
    def gradient_ratio(self) -> float:
        """|dZ| of the first layer, divided by that of the last."""
        run = self.run
        with np.errstate(all="ignore"):
            AL, caches = L_model_forward(run.problem.X, run.parameters, run.network)
            grads = L_model_backward(AL, run.Y, caches, run.network)
            return float(np.linalg.norm(grads["dZ1"]) / np.linalg.norm(grads[f"dZ{run.network.L}"]))

    @property
    def test_costs(self) -> list[float]:
        """The test costs of the curve."""
        return [point[2] for point in self.run.curve]

    @property
    def rises(self) -> bool:
        """Whether the training cost has risen by a tenth above an earlier one, or is not finite."""
        costs = np.array([point[1] for point in self.run.curve])
        if self.run.finished == "divergence" or not np.isfinite(costs).all():
            return True
        return bool((costs > 1.1 * np.minimum.accumulate(costs)).any())

    def saw(self, kind: str, layer: int | None = None) -> bool:
        """Whether a part of a kind (of a layer) was looked at."""
        return any(
            one.get("kind") == kind and (layer is None or one.get("layer") == layer) for one in self.looks
        )


@dataclass(frozen=True)
class Task:
    """One thing to do in a lesson; ``is_done`` reads the facts."""

    id: str
    text: str
    is_done: Callable[[Facts], bool]


@dataclass(frozen=True)
class Lesson:
    """A state to start from, an explanation, and tasks."""

    id: str
    title: str
    text: str
    state: Mapping[str, object]
    tasks: tuple[Task, ...]


class LessonProgress:
    """The progress in one lesson.

    Parameters
    ----------
    lesson : Lesson
    """

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.done: set[str] = set()
        self._looks: list[Mapping[str, object]] = []

    def note_look(self, message: Mapping[str, object]) -> None:
        """Remember a part that was looked at."""
        self._looks = [*self._looks[-50:], dict(message)]

    def newly_done(self, run: Run, diagnosis: Sequence[JsonObject]) -> list[str]:
        """Return the tasks that have become true."""
        facts = Facts(run, self._looks, frozenset(str(one["name"]) for one in diagnosis))
        new = [task.id for task in self.lesson.tasks if task.id not in self.done and task.is_done(facts)]
        self.done.update(new)
        return new

    def message(self) -> JsonObject:
        """Return the lesson for the page."""
        paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in self.lesson.text.split("\n"))
        tasks = [
            {"id": task.id, "text": task.text, "done": task.id in self.done} for task in self.lesson.tasks
        ]
        return {
            "type": "lesson", "id": self.lesson.id, "title": self.lesson.title, "text_html": paragraphs, "tasks": tasks
        }  # fmt: skip
