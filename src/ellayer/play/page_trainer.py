"""The training of a page: its run, updates at a pace, and the messages about them."""

from __future__ import annotations

import time
from collections.abc import Callable

from .data_message import data_message, network_message
from .frames import FrameMaker, finite_curve
from .lessons import LessonProgress
from .messages import DataState, JsonObject, State
from .open_model import OpenModel
from .opening import ReadOnlyModel
from .pace import Pace
from .problem import Problem, make_problem
from .state import to_hash
from .tables import SessionTables
from .worker import Message, Worker

DIAGNOSIS_SECONDS = 0.5
COMPILE_AFTER = 0.3  # seconds without another state before its updates are compiled
IN_FLIGHT = 2  # frames that the page has not acknowledged


class PageTrainer(Worker):
    """A worker that trains and sends frames.

    Parameters
    ----------
    send : callable
        Takes each message to the page; called in the thread.
    tables : SessionTables
    model : OpenModel

    Attributes
    ----------
    state : State
    run : Run
    """

    def __init__(self, send: Callable[[Message], None], tables: SessionTables, model: OpenModel) -> None:
        super().__init__(send)
        self.tables: SessionTables = tables
        self.model: OpenModel = model
        self._running = False
        self._number, self._acknowledged = 0, 0
        self._pace = Pace()
        self._next_diagnosis = 0.0
        self._diagnosis: list[JsonObject] = []
        self._curve_sent = 0
        self._plane_of = "member"
        self._lesson: LessonProgress | None = None
        self._data: DataState | None = None  # that the present problem was made from

    @property
    def _pause_seconds(self) -> float | None:
        """Seconds until the next update; None if there is none before a message."""
        if not self._running:
            return None if self.run.is_compiled else max(0.0, self._compile_at - time.perf_counter())
        if self._number - self._acknowledged >= IN_FLIGHT:
            return None
        return self._pace.pause_seconds

    def _fail(self) -> None:
        self._running = False

    def _build(self, state: State, model: OpenModel) -> None:
        """Adopt a state, at its start; nothing changes if it cannot be used."""
        run = model.make_run(state, self._problem(state["data"]))
        self.model, self.model.read_only = model, None
        self.state, self.run, self._frames = state, run, FrameMaker(run, model.whole(run), self._plane_of)
        self._data = {**state["data"]}
        self._running = False
        self._pace.restart()
        self._next_diagnosis, self._diagnosis = 0.0, []
        self._compile_at = time.perf_counter() + COMPILE_AFTER

    def _problem(self, data: DataState) -> Problem:
        """Return the examples of a state; those of the present run if the data are the same."""
        if self._data == data:
            return self.run.problem
        return make_problem(data, self.tables)

    def _show(self, model: ReadOnlyModel) -> None:
        """Show a model instead of the run, until another state is set."""
        self._running, self.model.read_only = False, model
        self._send(self.model.message(self.run))
        if model.network is not None:
            self._send(network_message(model.network, model.parameters, model.inputs))

    def _send_all(self, with_data: bool) -> None:
        self._send(
            {"type": "state", "state": self.state, "url": to_hash(self.state),
             "parameter_count": self.run.network.parameter_count,
             "shapes": [[name, list(shape)] for name, shape in self.run.network.shapes.items()]}
        )  # fmt: skip
        self._send(self.model.message(self.run))
        if with_data:
            self._send(data_message(self.run))
        self._send_network()
        self.run.record()
        self._send_curve(reset=True)
        self._send_frame()

    def _send_network(self) -> None:
        self._send(network_message(self.run.network, self.run.parameters, self.run.input_names))

    def _update(self) -> None:
        """Do the updates between two frames, and send the next one; compile while nothing runs."""
        if not self._running:
            self.run.compile()
            return
        begin, was_compiled = time.perf_counter(), self.run.is_compiled
        first = self.run.iteration
        self.run.advance(self._pace.updates)
        seconds = time.perf_counter() - begin
        done = self.run.iteration - first
        self._pace.learn_speed(done, seconds, was_compiled)
        if self.run.finished is not None:
            self._running = False
        self._after_updates()
        self._pace.end_frame(begin, done, seconds)

    def _after_updates(self) -> None:
        self.run.record()
        self._send_curve(reset=False)
        self._send_frame()
        self._check_lesson()

    def _send_curve(self, reset: bool) -> None:
        curve = self.run.curve
        if not reset and len(curve) < self._curve_sent:  # it was thinned out
            reset = True
        points = curve if reset else curve[self._curve_sent :]
        self._curve_sent = len(curve)
        if points:
            self._send({"type": "curve", "points": finite_curve(points), "reset": reset})

    def _send_frame(self) -> None:
        self._number += 1
        content, binary = self._frames.frame(
            self._number, self._running, self._pace.speed if self._running else 0.0
        )
        now = time.perf_counter()
        if now >= self._next_diagnosis or not self._running:
            self._diagnosis = self._frames.diagnosis() if self.run.iteration else []
            self._next_diagnosis = now + DIAGNOSIS_SECONDS
        self._send(content | {"diagnosis": self._diagnosis})
        for body in binary:
            self._send_message(body)

    def _check_lesson(self) -> None:
        if self._lesson is not None:
            for task in self._lesson.newly_done(self.run, self._diagnosis):
                self._send({"type": "task", "id": task, "done": True})
