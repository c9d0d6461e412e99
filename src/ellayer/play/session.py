"""A session: one page, its state, and the thread that trains for it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, cast

from ..errors import EllayerError
from . import limits
from .closed_pages import FutureParts, SessionParts, discard
from .commands import number_of, parse_message, text_of, whole_of
from .errors import StateError
from .frames import finite_curve
from .lesson_list import LESSONS, lesson_rows
from .lessons import LessonProgress
from .look import look
from .messages import JsonObject, State
from .models import opening_on_upload
from .open_model import OpenModel
from .opening import Opening
from .options import options
from .pace import MOST_UPDATES
from .page_trainer import PageTrainer
from .python_text import python_text
from .saved_runs import SavedRuns
from .state import normal_form
from .tables import SessionTables
from .worker import Message

if TYPE_CHECKING:
    from ..runs import SavedModel

END_SECONDS = 10.0  # for the thread of the session that this one follows to end


class Session(PageTrainer):
    """One page that trains.

    Parameters
    ----------
    opening : Opening
    send : callable
        Takes each message to the page; called in the thread of the session.
    former : FutureParts, optional
        The parts of the session whose page has come back.

    Attributes
    ----------
    id : str
        Not guessable; downloads and uploads name it.
    parts : FutureParts
        The parts of this session, at its end.
    """

    def __init__(
        self, opening: Opening, send: Callable[[Message], None], former: FutureParts | None = None
    ) -> None:
        super().__init__(send, SessionTables(opening.tables), OpenModel(opening.model))
        self.id: str = secrets.token_urlsafe(16)
        self.parts: FutureParts = FutureParts()
        self._opening, self._former = opening, former
        self._saved = SavedRuns()

    def _end(self) -> None:
        if self._data is None:
            self.tables.close()
            self.parts.cancel()
        else:
            self.parts.set_result(
                SessionParts(self.tables, self.state, self.model, self._saved, self._lesson)
            )

    def _begin(self) -> None:
        read_only = self._opening.read_only
        is_back = self._former is not None and self._take_over(self._former)
        if is_back:
            read_only = self.model.read_only
        else:
            self._build(normal_form(self._opening.state), self.model)
        from .. import __version__

        self._send(
            {"type": "ready", "session": self.id, "mode": "play", "options": options(), "state": self.state,
             "lessons": lesson_rows(), "version": __version__, "resumed": is_back}
        )  # fmt: skip
        if is_back and len(self._saved):
            self._send(self._saved.message())
        if is_back and self._lesson is not None:
            self._send(self._lesson.message())
        if read_only is not None:
            self._show(read_only)
        else:
            self._send_all(with_data=True)

    def _take_over(self, former: FutureParts) -> bool:
        """Adopt the parts of the former session of the page; return whether that was possible."""
        try:
            parts = former.result(END_SECONDS)
        except (CancelledError, TimeoutError):
            discard(former)
            return False
        read_only, tables = parts.model.read_only, self.tables
        self.tables = parts.tables
        try:
            self._build(normal_form(parts.state), parts.model)
        except EllayerError:
            self.tables = tables
            discard(former)
            return False
        self.model.read_only, self._saved, self._lesson = read_only, parts.saved, parts.lesson
        return True

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
        read_only = opening.read_only
        if read_only is not None:
            source = (
                None if read_only.saved is None else self.tables.latest_with(_columns_of(read_only.saved))
            )
            if source is not None and read_only.saved is not None:  # a table with its columns is here already
                with contextlib.suppress(EllayerError):  # it may have other values
                    return self.open(
                        opening_on_upload(read_only.saved, read_only.card.name, self.tables.get(source))
                    )
            self._show(read_only)
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
        model = self.model.read_only
        if model is None or model.saved is None:
            return description
        fits = self.tables.latest_with(_columns_of(model.saved)) == description["source"]
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
            self._running = True
            self._pace.hurry()
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
        self._pace.per_frame = (
            None if wish is None else max(1, min(whole_of(message, "iterations_per_update"), MOST_UPDATES))
        )

    def _edit(self, message: Mapping[str, object]) -> None:
        place = whole_of(message, "row"), whole_of(message, "column", 0)
        self.run.edit(text_of(message, "parameter"), *place, number_of(message, "value"))
        self._send_network()
        self._after_updates()

    def _acknowledge(self, message: Mapping[str, object]) -> None:
        self._acknowledged = max(self._acknowledged, min(whole_of(message, "frame"), self._number))

    def _choose_plane(self, message: Mapping[str, object]) -> None:
        self._plane_of = self._frames.choose_plane(text_of(message, "of"))
        self._send_frame()

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
    "plane": Session._choose_plane,
    "look": Session._look,
    "python": Session._send_python,
    "open_on": Session._open_on,
    "keep_run": Session._keep_run,
    "drop_run": Session._drop_run,
    "lesson": Session._load_lesson,
    "ack": Session._acknowledge,
}
_OF_A_RUN = (
    "play",
    "step",
    "rewind",
    "edit",
    "add_point",
    "remove_point",
    "plane",
    "look",
    "python",
    "keep_run",
)
