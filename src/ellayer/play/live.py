"""The page of ``ellayer train --live``: it watches a run of any kind through the progress that every run reports."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from .. import __version__
from .._json import finite
from .._progress_bars import Bar, Report, StartProgress
from ..errors import EllayerError
from ..inspection.diagnosis import diagnose
from . import limits
from .app import Outgoing, accept_page, exchange, page_app
from .messages import JsonObject, finding_rows

if TYPE_CHECKING:
    from starlette.applications import Starlette

SECONDS = 0.1  # between two messages about the same phase
DIAGNOSIS_SECONDS = 1.0
CLOSING = 3.0  # seconds for a page to come back, as after a reload
REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
_COLUMNS = ("validation_loss", "validation_score", "validation_cost")


class LiveBar(Bar):
    """A phase that is shown on the page, and in the terminal."""

    def __init__(
        self, label: str, total: int, feed: LiveFeed, other: Callable[[Report], object] | None
    ) -> None:
        super().__init__(label, total, show=feed.show_phase)
        self._feed, self._other = feed, other

    def __call__(self, report: Report) -> None:
        """Move the bar; end the run as Ctrl-C does if the page asks for it."""
        super().__call__(report)
        if self._other is not None:
            self._other(report)
        self._feed.read(report)
        if self._feed.take_stop():
            raise KeyboardInterrupt("stopped on the page")

    def end(self, done: int | None = None) -> None:
        """Stop the clock, after ``done`` units if given."""
        super().end(done)
        if isinstance(self._other, Bar):
            self._other.end(done)


class LiveFeed:
    """The reports of a run, for any number of pages.

    Attributes
    ----------
    folder : Path or None
        Of the finished run.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._bars: list[LiveBar] = []
        self._curve: list[list[float | None]] = []
        self._rows, self._last_iteration = 0, -1.0
        self._findings: list[JsonObject] = []
        self._finished: JsonObject | None = None
        self._listeners: list[Outgoing] = []
        self._lock = threading.Lock()
        self._stop = self._was_stopped = False
        self._next_phase, self._next_diagnosis = 0.0, 0.0
        self._left = time.monotonic()

    # From the run

    def beside(self, start: StartProgress) -> StartProgress:
        """Return a function that begins phases on the page, and wherever ``start`` shows them."""

        def begin(label: str, total: int) -> LiveBar:
            bar = LiveBar(label, total, self, start(label, total))
            with self._lock:
                self._bars.append(bar)
                self._rows = 0
            self._send(self._phases())
            return bar

        return begin

    def show_phase(self, bar: Bar) -> None:
        """Send the phases, several times a second."""
        now = time.monotonic()
        if now >= self._next_phase or bar.ended is not None:
            self._next_phase = now + SECONDS
            self._send(self._phases())

    def read(self, report: Report) -> None:
        """Read the new records of a run, and look for problems from time to time."""
        history: Mapping[str, Sequence[float]] = getattr(report, "history", {})
        losses = history.get("loss") or []
        if len(losses) < self._rows:  # of another run
            self._rows = 0
        new = range(self._rows, len(losses))
        if not len(new):
            return
        self._rows = len(losses)
        along = history.get("epoch") or history.get("iteration") or range(len(losses))
        held_out = next((history[name] for name in _COLUMNS if history.get(name)), [])
        reset = float(along[new[0]]) <= self._last_iteration
        points = [
            [
                float(along[i]),
                finite(float(losses[i])),
                finite(float(held_out[i])) if i < len(held_out) else None,
            ]
            for i in new
        ]
        self._last_iteration = float(along[-1])
        with self._lock:
            self._curve = points if reset else [*self._curve, *points]
            if len(self._curve) > limits.CURVE:
                self._curve, reset, points = self._curve[::2], True, self._curve[::2]
        self._send({"type": "curve", "points": points, "reset": reset})
        now = time.monotonic()
        if now >= self._next_diagnosis:
            self._next_diagnosis = now + DIAGNOSIS_SECONDS
            self._diagnose(report)

    def _diagnose(self, report: Report) -> None:
        """Send the findings of the curve so far."""
        from ..engine.events import Info
        from ..engine.result import TrainingResult

        if not isinstance(report, Info) or report.network is None:
            return
        history, state = report.history, report.state
        result = TrainingResult(
            report.network,
            state.parameters,
            list(history.get("loss", [])),
            history,
            "interrupted",
            "",
            state,
            0.0,
            0.0,
        )
        try:
            self._findings = finding_rows(diagnose(result))
        except EllayerError:  # a history too short for any check
            return
        self._send({"type": "diagnosis", "findings": self._findings})

    def finish(self, folder: Path, summary: Mapping[str, object], interrupted: bool) -> None:
        """Send that the run is over.

        Parameters
        ----------
        folder : Path
        summary : mapping
            As in ``run.json``; its plain values are shown.
        interrupted : bool
        """
        self.folder = folder
        rows = [
            [name, finite(value)] for name, value in summary.items() if isinstance(value, (str, int, float))
        ]
        report = "/report" if (folder / "report.html").is_file() else None
        self._finished = {
            "type": "finished", "folder": str(folder), "report_url": report, "summary": rows, "interrupted": interrupted
        }  # fmt: skip
        self._send(self._finished)

    def take_stop(self) -> bool:
        """Return whether a page has asked to stop; once, for a second interrupt would end the saving, too."""
        first = self._stop and not self._was_stopped
        self._was_stopped = self._stop
        return first

    def wait_for_pages(self) -> None:
        """Wait until every page is closed."""
        while self._listeners or time.monotonic() - self._left < CLOSING:
            time.sleep(0.1)

    # To the pages

    def _send(self, content: Mapping[str, object]) -> None:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
        with self._lock:
            for listener in self._listeners:
                listener.put(text)

    def _phases(self) -> JsonObject:
        with self._lock:
            phases = [
                {"name": bar.label, "done": bar.done, "total": bar.total, "share": bar.share, "unit_text": bar.figures,
                 "clock": bar.clock(), "ended": bar.ended is not None}
                for bar in self._bars
            ]  # fmt: skip
        return {"type": "phases", "phases": phases}

    def app(self) -> Starlette:
        """Return the application of the page."""
        return page_app([Route("/report", self._report), WebSocketRoute("/ws", self._socket)], is_local=True)

    async def _report(self, request: Request) -> Response:
        """The report of the finished run, which may run no scripts."""
        file = None if self.folder is None else self.folder / "report.html"
        if file is None or not file.is_file():
            raise HTTPException(404, "there is no report yet")
        return FileResponse(file, headers={"Content-Security-Policy": REPORT_POLICY})

    async def _socket(self, websocket: WebSocket) -> None:
        if not await accept_page(websocket, self._listeners):
            return
        outgoing = Outgoing()
        first: list[JsonObject] = [{"type": "ready", "mode": "live", "version": __version__}, self._phases()]
        with self._lock:
            first.append({"type": "curve", "points": self._curve, "reset": True})
            first.append({"type": "diagnosis", "findings": self._findings})
            first += [] if self._finished is None else [self._finished]
            for message in first:
                outgoing.put(json.dumps(message, default=str))
            self._listeners.append(outgoing)
        try:
            await exchange(websocket, outgoing, self._take)
        finally:
            with self._lock:
                self._listeners.remove(outgoing)
            self._left = time.monotonic()

    def _take(self, text: str) -> bool:
        """Take a message of a page: only to stop."""
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return True
        if isinstance(message, dict) and message.get("type") == "stop":
            self._stop = True
        return True
