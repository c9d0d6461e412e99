"""A session: one page, its state, and the thread that trains for it."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from ..errors import EllayerError
from . import limits
from .commands import number_of, parse_message, text_of, whole_of
from .data_message import data_message, network_message
from .errors import StateError
from .frames import FrameMaker, finite_curve
from .lesson_list import LESSONS, lesson_rows
from .lessons import LessonProgress
from .look import look
from .messages import DataState, JsonObject, State
from .models import opening_on_upload
from .open_model import OpenModel
from .opening import Opening, ReadOnlyModel
from .options import options
from .problem import Problem, make_problem
from .python_text import python_text
from .saved_runs import SavedRuns
from .state import normal_form, to_hash
from .tables import SessionTables
from .worker import Message, Worker

if TYPE_CHECKING:
    from ..runs import SavedModel

FRAME_SECONDS = 1 / 32  # 30 a second, and a little for the way
DIAGNOSIS_SECONDS = 0.5
COMPILE_AFTER = 0.3  # seconds without another state before its updates are compiled
IN_FLIGHT = 2  # frames that the page has not acknowledged
FASTEST_START = 64  # updates of the first chunk after compiling


class Session(Worker):
    """One page that trains.

    Parameters
    ----------
    opening : Opening
    send : callable
        Takes each message to the page; called in the thread of the session.

    Attributes
    ----------
    id : str
        Not guessable; downloads and uploads name it.
    """

    def __init__(self, opening: Opening, send: Callable[[Message], None]) -> None:
        self.id: str = secrets.token_urlsafe(16)
        self.tables = SessionTables(opening.tables)
        super().__init__(send)
        self._opening = opening
        self._running = False
        self._number, self._acknowledged = 0, 0
        self._per_update: int | None = None
        self._speed, self._chunk, self._share = 0.0, 1, 1.0
        self._frame_seconds, self._next_update, self._next_diagnosis = 0.0, 0.0, 0.0
        self._diagnosis: list[JsonObject] = []
        self._curve_sent = 0
        self._saved = SavedRuns()
        self._lesson: LessonProgress | None = None
        self.model = OpenModel(opening.model)
        self._data: DataState | None = None  # that the present problem was made from

    @property
    def _pause_seconds(self) -> float | None:
        """Seconds until the next update; None if there is none before a message."""
        if not self._running:
            return None if self.run.is_compiled else max(0.0, self._compile_at - time.perf_counter())
        if self._number - self._acknowledged >= IN_FLIGHT:
            return None
        return max(0.0, self._next_update - time.perf_counter())

    def _end(self) -> None:
        self.tables.close()

    def _fail(self) -> None:
        self._running = False

    def _begin(self) -> None:
        self._build(normal_form(self._opening.state), self.model)
        from .. import __version__

        self._send(
            {"type": "ready", "session": self.id, "mode": "play", "options": options(), "state": self.state,
             "lessons": lesson_rows(), "version": __version__}
        )  # fmt: skip
        if self._opening.read_only is not None:
            self._show(self._opening.read_only)
        else:
            self._send_all(with_data=True)

    def _handle(self, text: str) -> None:
        """Do what a message of the page asks for."""
        message = parse_message(text)
        kind = message.get("type")
        handler = _HANDLERS.get(kind) if isinstance(kind, str) else None
        if handler is None:
            raise StateError("", f"type: expected one of {', '.join(_HANDLERS)}; received {str(kind)[:40]!r}")
        if kind in _OF_A_RUN:
            self.model.check_runs()
        handler(self, message)
        self._check_lesson()

    # State

    def _build(self, state: State, model: OpenModel) -> None:
        """Adopt a state, at its start; nothing changes if it cannot be used."""
        run = model.make_run(state, self._problem(state["data"]))
        self.model, self.model.read_only = model, None
        self.state, self.run, self._frames = state, run, FrameMaker(run)
        self._data = {**state["data"]}
        self._running = False
        self._speed, self._chunk = 0.0, 1
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

    def _rebuild(self, state: State) -> None:
        self._build(state, self.model)
        self._send_all(with_data=True)

    def _set_state(self, message: Mapping[str, object]) -> None:
        self._rebuild(normal_form(message.get("state")))

    def _rewind(self, message: Mapping[str, object]) -> None:
        self._build(self.state, self.model)
        self._send_all(with_data=False)

    def open(self, opening: Opening) -> JsonObject:
        """Adopt an opening; called in the thread of the session. Nothing changes if it cannot be used."""
        shown = opening.read_only
        if shown is not None:
            source = None if shown.saved is None else self.tables.latest_with(_columns_of(shown.saved))
            if source is not None and shown.saved is not None:  # a table with its columns is here already
                with contextlib.suppress(EllayerError):  # it may have other values
                    return self.open(opening_on_upload(shown.saved, shown.card.name, self.tables.get(source)))
            self._show(shown)
            return {"state": self.state, "read_only": True}
        entries, data = self.tables.entries, self._data
        self.tables.entries = entries | dict(opening.tables)
        self._data = None  # a source of the same name is another one
        try:
            self._build(normal_form(opening.state), OpenModel(opening.model))
        except Exception:
            self.tables.entries, self._data = entries, data
            raise
        self._send_all(with_data=True)
        return {"state": self.state}

    def describe_table(self, description: JsonObject) -> JsonObject:
        """Return the description of an uploaded table, and whether the model that lacks its rows can open on it."""
        shown = self.model.read_only
        if shown is None or shown.saved is None:
            return description
        fits = self.tables.latest_with(_columns_of(shown.saved)) == description["source"]
        return description | {"fits_model": fits}

    def _open_on(self, message: Mapping[str, object]) -> None:
        """Open the model that lacks its rows on an uploaded table."""
        model = self.model.read_only
        if model is None or model.saved is None:
            raise StateError(
                "", "open_on: expected an open model of a table that lacks its rows, received none"
            )
        source = self.tables.get(text_of(message, "source"))
        self.open(opening_on_upload(model.saved, model.card.name, source))

    def _add_point(self, message: Mapping[str, object]) -> None:
        data = self.state["data"]
        point = [number_of(message, name) for name in ("x1", "x2", "y")]
        if len(data["points"]) >= limits.POINTS:
            raise StateError("data.points", f"points: expected at most {limits.POINTS:,}, received one more")
        self._change_data(points=[*data["points"], point])

    def _remove_point(self, message: Mapping[str, object]) -> None:
        data, number = self.state["data"], whole_of(message, "index")
        m = len(self.run.problem.rows.y)
        if number < m:
            self._change_data(removed=[*data["removed"], number])
        elif number < m + len(data["points"]):
            self._change_data(points=[one for k, one in enumerate(data["points"]) if k != number - m])
        else:
            raise StateError("data.points", f"index: expected that of a point, received {number}")

    def _change_data(self, **changes: object) -> None:
        data = {**self.state["data"], **changes}
        self._rebuild(normal_form({**self.state, "data": data}))

    # Training

    def _play(self, message: Mapping[str, object]) -> None:
        if self.run.finished is None:
            self._running, self._next_update = True, 0.0
        else:
            self._send_frame()

    def _pause(self, message: Mapping[str, object]) -> None:
        if self.model.read_only is not None:
            return
        self._running = False
        self._send_frame()
        self._send_embeddings()

    def _send_embeddings(self) -> None:
        if self.model.has_embeddings:
            self._send(self.model.message(self.run))

    def _step(self, message: Mapping[str, object]) -> None:
        unit = message.get("unit")
        if unit not in ("epoch", "batch", "example"):
            raise StateError("", f"unit: expected epoch, batch or example, received {str(unit)[:40]!r}")
        self._running = False
        per_epoch = self.run.updates_per_epoch
        rest = per_epoch - self.run.iteration % per_epoch
        self.run.advance(rest if unit == "epoch" else 1, one_example=unit == "example")
        self._after_updates()
        self._send_embeddings()

    def _set_speed(self, message: Mapping[str, object]) -> None:
        wish = message.get("iterations_per_update")
        self._per_update = (
            None if wish is None else max(1, min(whole_of(message, "iterations_per_update"), 100_000))
        )

    def _edit(self, message: Mapping[str, object]) -> None:
        place = whole_of(message, "row"), whole_of(message, "column", 0)
        self.run.edit(text_of(message, "parameter"), *place, number_of(message, "value"))
        self._send_network()
        self._after_updates()

    def _update(self) -> None:
        """Do the updates between two frames, and send the next one; compile while nothing runs."""
        if not self._running:
            self.run.compile()
            return
        begin, was_compiled = time.perf_counter(), self.run.is_compiled
        count = self._per_update or self._chunk
        first = self.run.iteration
        self.run.advance(count)
        seconds = time.perf_counter() - begin
        done = self.run.iteration - first
        if was_compiled:
            speed = done / max(seconds, 1e-9)
            self._chunk = self._next_chunk(speed, seconds)
        else:
            self._chunk = FASTEST_START if seconds < 5 else 1
        if self.run.finished is not None:
            self._running = False
        self._after_updates()
        now = time.perf_counter()
        elapsed = max(now - begin, FRAME_SECONDS)
        self._speed = done / elapsed if not self._speed else 0.8 * self._speed + 0.2 * done / elapsed
        self._frame_seconds = now - begin - seconds
        late = now - begin > FRAME_SECONDS  # other threads took their part of the time
        self._share = min(1.0, max(0.3, self._share * (0.95 if late else 1.01)))
        self._next_update = begin + FRAME_SECONDS

    def _next_chunk(self, speed: float, seconds: float) -> int:
        """Return the number of updates that fit between two frames, at most twice the last one."""
        time_left = max(FRAME_SECONDS / 3, FRAME_SECONDS - self._frame_seconds - 0.004)
        return max(1, min(int(self._share * speed * time_left), 2 * self._chunk, 100_000))

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
            self._number, self._running, self._speed if self._running else 0.0
        )
        now = time.perf_counter()
        if now >= self._next_diagnosis or not self._running:
            self._diagnosis = self._frames.diagnosis() if self.run.iteration else []
            self._next_diagnosis = now + DIAGNOSIS_SECONDS
        self._send(content | {"diagnosis": self._diagnosis})
        for body in binary:
            self._send_message(body)

    def _acknowledge(self, message: Mapping[str, object]) -> None:
        self._acknowledged = max(self._acknowledged, min(whole_of(message, "frame"), self._number))

    # Looking

    def _look(self, message: Mapping[str, object]) -> None:
        self._send(cast("JsonObject", look(self.run, message)))
        if self._lesson is not None:
            self._lesson.note_look(message)

    def python(self) -> str:
        """Return the lines of Python that do the same; called in the thread of the session."""
        return python_text(self.run, self.model.text(self.run))

    def _send_python(self, message: Mapping[str, object]) -> None:
        self._send({"type": "python", "text": self.python()})

    def _keep_run(self, message: Mapping[str, object]) -> None:
        name = text_of(message, "name", "")
        self._send(self._saved.add(name, finite_curve(self.run.curve)))

    def _drop_run(self, message: Mapping[str, object]) -> None:
        self._send(self._saved.drop(whole_of(message, "id")))

    # Lessons

    def _load_lesson(self, message: Mapping[str, object]) -> None:
        name = message.get("id")
        if name is None:
            self._lesson = None
            self._send({"type": "lesson", "id": None, "title": "", "text_html": "", "tasks": []})
            return
        lesson = LESSONS.get(name) if isinstance(name, str) else None
        if lesson is None:
            raise StateError("", f"id: expected a lesson ({', '.join(LESSONS)}), received {str(name)[:40]!r}")
        self._lesson = LessonProgress(lesson)
        self._rebuild(normal_form(lesson.state))
        self._send(self._lesson.message())

    def _check_lesson(self) -> None:
        if self._lesson is not None:
            for task in self._lesson.newly_done(self.run, self._diagnosis):
                self._send({"type": "task", "id": task, "done": True})


def _columns_of(saved: SavedModel) -> set[str | None]:
    """Return the columns that a table must have for a model to continue on it."""
    return {*saved.needed, saved.target}


_HANDLERS: dict[str, Callable[[Session, Mapping[str, object]], None]] = {
    "set_state": Session._set_state,
    "play": Session._play,
    "pause": Session._pause,
    "step": Session._step,
    "rewind": Session._rewind,
    "speed": Session._set_speed,
    "edit": Session._edit,
    "add_point": Session._add_point,
    "remove_point": Session._remove_point,
    "look": Session._look,
    "python": Session._send_python,
    "open_on": Session._open_on,
    "keep_run": Session._keep_run,
    "drop_run": Session._drop_run,
    "lesson": Session._load_lesson,
    "ack": Session._acknowledge,
}
_OF_A_RUN = ("play", "step", "rewind", "edit", "add_point", "remove_point", "look", "python", "keep_run")
