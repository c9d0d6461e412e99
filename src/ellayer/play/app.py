"""The ASGI application of the page: its files, its WebSocket, uploads and downloads."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sized
from pathlib import Path

import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Lifespan, Scope
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..serve.app import protected_app
from ..serve.bodies import error_response, json_response, read_body
from ..serve.errors import RequestError
from ..serve.limits import Limits
from ..serve.protection import REFUSED
from . import limits
from .closed_pages import ClosedPages
from .downloads import DOWNLOADS, Download
from .lesson_list import lesson_rows
from .messages import JsonObject
from .models import opening_of_files
from .opening import Opening
from .options import options
from .session import Session
from .several_files import split_files
from .single_picture import picture_shape, predict_picture, read_picture
from .tables import MODEL_SUFFIX
from .worker import Message

STATIC = Path(__file__).parent / "static"
RELOAD_SECONDS = 1.0
WAITING = 200  # messages to a page that does not read, before no more of its own are read
_LIMITS = Limits(body=limits.UPLOAD_BYTES, rows=limits.ROWS)
_FILES_LIMITS = Limits(body=limits.FILES_BYTES, rows=limits.ROWS)
ADVICE = "send a smaller file, such as a part of the rows"
_NOT_KEPT = {"Cache-Control": "no-cache"}  # so that a new version of the program shows its own page


class PageFiles(StaticFiles):
    """The files of the page, which a browser revalidates at each load."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file that a cache may not reuse without revalidation."""
        answer = await super().get_response(path, scope)
        answer.headers.update(_NOT_KEPT)
        return answer


def make_app(opening: Opening | None = None, *, is_local: bool = True) -> Starlette:
    """Return the ASGI application of ``ellayer play``.

    Parameters
    ----------
    opening : Opening, optional
        What every session begins with.
    is_local : bool
        Whether to accept only requests to localhost, as for a server on 127.0.0.1.
    """
    sessions = _Sessions(opening or Opening())
    return page_app(sessions.routes(), is_local, sessions.lifespan)


def page_app(
    routes: list[Route | WebSocketRoute], is_local: bool, lifespan: Lifespan[Starlette] | None = None
) -> Starlette:
    """Return an application with the files of the page and routes of its own."""
    files = [Route("/", _index, methods=["GET"]), Mount("/static", PageFiles(directory=STATIC))]
    return protected_app([*files, *routes], is_local, lifespan=lifespan)


async def _index(request: Request) -> Response:
    return FileResponse(STATIC / "index.html", headers=_NOT_KEPT)


class _Sessions:
    """The sessions of a server, by their ids."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._sessions: dict[str, Session] = {}
        self._closed_pages = ClosedPages()

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Delete the parts of closed pages at the end of the server."""
        yield
        self._closed_pages.close()

    def routes(self) -> list[Route | WebSocketRoute]:
        """Return the endpoints."""
        return [
            Route("/api/options", self.options, methods=["GET"]),
            Route("/api/upload", self.upload, methods=["POST"]),
            Route("/api/model", self.model, methods=["POST"]),
            Route("/api/files", self.files, methods=["POST"]),
            Route("/api/picture", self.picture, methods=["POST"]),
            Route("/api/out/{kind}", self.out, methods=["GET"]),
            WebSocketRoute("/ws", self.socket),
        ]

    def _session(self, request: Request) -> Session:
        session = self._sessions.get(request.query_params.get("session", ""))
        if session is None:
            raise RequestError(
                "session: expected that of an open page, received another; reload the page", 404
            )
        return session

    async def options(self, request: Request) -> Response:
        return json_response({"options": options(), "lessons": lesson_rows(), "mode": "play"})

    async def upload(self, request: Request) -> Response:
        session = self._session(request)
        body = await read_body(request, _LIMITS, ADVICE)
        name = request.query_params.get("name", "table.csv")
        description = await asyncio.to_thread(session.tables.add, name, body)
        answer = functools.partial(session.describe_table, description)
        return json_response(await asyncio.wrap_future(session.call(answer)))

    async def model(self, request: Request) -> Response:
        session = self._session(request)
        body = await read_body(request, _LIMITS, ADVICE)
        name = Path(request.query_params.get("name", "")).name[:200]
        files = {name if name.endswith(MODEL_SUFFIX) else f"model{MODEL_SUFFIX}": body}
        return await self._open(session, lambda: files)

    async def files(self, request: Request) -> Response:
        session = self._session(request)
        body = await read_body(request, _FILES_LIMITS, "leave out what is neither the model nor its table")
        return await self._open(session, functools.partial(split_files, body))

    async def _open(self, session: Session, files: Callable[[], Mapping[str, bytes]]) -> Response:
        opening = await asyncio.to_thread(lambda: opening_of_files(files(), session.tables))
        return json_response(
            await asyncio.wrap_future(session.call(functools.partial(session.open, opening)))
        )

    async def picture(self, request: Request) -> Response:
        session = self._session(request)
        body = await read_body(request, _LIMITS, ADVICE)
        shape = await asyncio.wrap_future(session.call(functools.partial(_shape_of_pictures, session)))
        x = await asyncio.to_thread(read_picture, body, shape)
        invert = request.query_params.get("invert") == "1"
        work = functools.partial(_predict_picture, session, x, invert)
        return json_response(await asyncio.wrap_future(session.call(work)))

    async def out(self, request: Request) -> Response:
        session, kind = self._session(request), request.path_params["kind"]
        download = DOWNLOADS.get(kind)
        if download is None:
            return error_response(f"expected one of {', '.join(DOWNLOADS)}; received {kind[:40]!r}", 404)
        finish = await asyncio.wrap_future(
            session.call(functools.partial(_begin_download, session, download))
        )
        body = await asyncio.to_thread(finish)
        headers = {"Content-Disposition": f'attachment; filename="{download.file}"'}
        return Response(body, media_type=download.media_type, headers=headers)

    async def socket(self, websocket: WebSocket) -> None:
        name = websocket.query_params.get("session", "")
        await self._wait_for_end(name)
        if not await accept_page(websocket, self._sessions):
            return
        outgoing = Outgoing()
        session = Session(self._opening, outgoing.put, self._closed_pages.take(name))
        self._sessions[session.id] = session
        session.start()
        try:
            await exchange(websocket, outgoing, session.put)
        finally:
            del self._sessions[session.id]
            session.close()
            self._closed_pages.keep(session.id, session.parts)

    async def _wait_for_end(self, name: str) -> None:
        """Wait a moment for the former session of a page: the end of its connection may be noticed a little later."""
        end = time.monotonic() + RELOAD_SECONDS
        while name in self._sessions and time.monotonic() < end:
            await asyncio.sleep(0.02)


def _begin_download(session: Session, download: Download) -> Callable[[], bytes]:
    session.model.check_runs()
    return download.begin(session)


def _shape_of_pictures(session: Session) -> tuple[int, ...]:
    session.model.check_runs()
    return picture_shape(session.run)


def _predict_picture(session: Session, x: np.ndarray, invert: bool) -> JsonObject:
    return predict_picture(session.run, x, invert)


class Outgoing:
    """Messages on their way from the thread of a session to its page."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[Message] = asyncio.Queue()

    def put(self, message: Message) -> None:
        """Add a message; in any thread, also after the server has ended."""
        if isinstance(message, str):  # the name of a file need not be UTF-8, and a socket sends nothing else
            message = message.encode("utf-8", "replace").decode()
        try:
            self._loop.call_soon_threadsafe(self.queue.put_nowait, message)
        except RuntimeError:  # the loop is closed
            return


async def accept_page(websocket: WebSocket, pages: Sized) -> bool:
    """Accept a page unless too many are open, and return whether it was accepted.

    A page that is refused before the handshake is not shown the reason by its browser.
    """
    await websocket.accept()
    if len(pages) < limits.SESSIONS:
        return True
    await websocket.close(REFUSED, f"expected at most {limits.SESSIONS} open pages; close another")
    return False


async def exchange(websocket: WebSocket, outgoing: Outgoing, take: Callable[[str], bool]) -> None:
    """Send and receive until the page leaves.

    Parameters
    ----------
    websocket : WebSocket
        Accepted.
    outgoing : Outgoing
    take : callable
        Takes a message of the page; False if it has to wait.
    """
    sender = asyncio.create_task(_send(websocket, outgoing))
    try:
        await _receive(websocket, outgoing, take)
    finally:
        sender.cancel()


async def _send(websocket: WebSocket, outgoing: Outgoing) -> None:
    try:
        while True:
            message = await outgoing.queue.get()
            if isinstance(message, str):
                await websocket.send_text(message)
            else:
                await websocket.send_bytes(message)
    except (WebSocketDisconnect, RuntimeError):  # the page has left
        return


async def _receive(websocket: WebSocket, outgoing: Outgoing, take: Callable[[str], bool]) -> None:
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text") or ""
        text = text if len(text) <= limits.MESSAGE_BYTES else ""
        while outgoing.queue.qsize() > WAITING or not take(text):
            await asyncio.sleep(0.01)
