"""The ASGI application: endpoints of the two protocols, metrics, and pages."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Lifespan

from .. import __version__
from ..errors import EllayerError
from . import mlflow_scoring, open_inference
from .bodies import error_response, json_response, parse_object, read_body
from .errors import RequestError
from .limits import Limits
from .metrics import CONTENT_TYPE, MeasuringMiddleware, Metrics
from .models import ModelStore, ServedModel
from .openapi import openapi
from .pages import api_page, index_page, model_page, stylesheet
from .protection import ProtectionMiddleware
from .rows import Options, predictions_for, records_of, rows_of_lists, rows_of_records

RELOAD_SECONDS = 1.0  # between checks of the model files
SMALL_BODY = 64_000  # bytes up to which a request is processed without another thread
STATIC = Path(__file__).parent / "static"
Result = TypeVar("Result")


def make_app(store: ModelStore, limits: Limits | None = None, *, is_local: bool = False) -> Starlette:
    """Return the ASGI application that serves models.

    Parameters
    ----------
    store : ModelStore
    limits : Limits, optional
    is_local : bool
        Whether to accept only requests to localhost, as for a server on 127.0.0.1.

    Examples
    --------
    Serve with several processes::

        # app.py
        from ellayer.serve import ModelStore, make_app
        app = make_app(ModelStore(["runs/titanic-1"]))

        # uvicorn app:app --workers 4
    """
    return _Server(store, limits or Limits()).app(is_local)


class _Server:
    """The endpoints. The name of a method is that of its endpoint in the metrics."""

    def __init__(self, store: ModelStore, limits: Limits) -> None:
        self.store, self.limits, self.metrics = store, limits, Metrics()
        self.metrics.models.set(len(list(store)))

    def app(self, is_local: bool) -> Starlette:
        v2, name, version = "/v2/models", "/{name}", "/{name}/versions/{version}"
        get, post = ["GET"], ["POST"]
        routes = [
            Route("/", self.index, methods=get),
            Route("/docs", self.documentation, methods=get),
            Route("/openapi.json", self.openapi, methods=get),
            Route("/style.css", self.style, methods=get),
            Route("/metrics", self.prometheus, methods=get),
            Route("/ping", self.live, methods=get),
            Route("/health", self.live, methods=get),
            Route("/version", self.version, methods=get),
            Route("/invocations", self.invocations, methods=post),
            Route("/models/{name}", self.page, methods=get),
            Route("/models/{name}/predict", self.predict, methods=post),
            Route("/models/{name}/invocations", self.invocations, methods=post),
            Route("/v2", self.server_metadata, methods=get),
            Route("/v2/health/live", self.live, methods=get),
            Route("/v2/health/ready", self.live, methods=get),
            *(Route(v2 + path, self.model_metadata, methods=get) for path in (name, version)),
            *(Route(f"{v2}{path}/ready", self.model_ready, methods=get) for path in (name, version)),
            *(Route(f"{v2}{path}/infer", self.infer, methods=post) for path in (name, version)),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
        return protected_app(
            routes, is_local, [Middleware(MeasuringMiddleware, metrics=self.metrics)], self._lifespan
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Check for changed model files while the server runs."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._reload)
            yield
            tasks.cancel_scope.cancel()

    async def _reload(self) -> None:
        while True:
            await anyio.sleep(RELOAD_SECONDS)
            for name in await anyio.to_thread.run_sync(self.store.reload):
                self.metrics.loads.labels(name).inc()

    async def _run(self, body: bytes, work: Callable[[], Result]) -> Result:
        """Return the result of ``work``: directly for a small body, else in a thread within the time limit."""
        try:
            if len(body) <= SMALL_BODY:
                return work()
            with anyio.fail_after(self.limits.seconds):
                return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        except TimeoutError:
            raise RequestError(
                f"the rows were not predicted within {self.limits.seconds:g} seconds; send fewer rows per request",
                503,
            ) from None
        except RecursionError:
            raise RequestError(
                "expected values, received lists in lists that are too deep; send rows"
            ) from None

    def _model(self, request: Request) -> ServedModel:
        return self.store.get(request.path_params.get("name"), request.path_params.get("version"))

    # Protocols

    async def live(self, request: Request) -> Response:
        return json_response({"live": True, "ready": True})

    async def server_metadata(self, request: Request) -> Response:
        return json_response(
            {"name": "ellayer", "version": __version__, "extensions": ["binary_tensor_data"]}
        )

    async def model_metadata(self, request: Request) -> Response:
        return json_response(open_inference.metadata(self._model(request)))

    async def model_ready(self, request: Request) -> Response:
        return json_response({"name": self._model(request).name, "ready": True})

    async def infer(self, request: Request) -> Response:
        model = self._model(request)
        body = await read_body(request, self.limits)
        header = request.headers.get(open_inference.HEADER)
        work = functools.partial(open_inference.infer, model, body, header, self.limits, self._count(model))
        return await self._run(body, work)

    async def invocations(self, request: Request) -> Response:
        model = self._model(request)
        body = await read_body(request, self.limits)
        kind = request.headers.get("content-type", "")
        work = functools.partial(mlflow_scoring.score, model, body, kind, self.limits, self._count(model))
        return await self._run(body, work)

    async def predict(self, request: Request) -> Response:
        """Predictions as records, with the notes of ``ellayer predict``."""
        model = self._model(request)
        body = await read_body(request, self.limits)

        def work() -> Response:
            content = parse_object(body)
            values = content.get("rows")
            if not isinstance(values, list):
                raise RequestError("rows: expected a list of records, received something else")
            self.limits.check_rows(len(values))
            by_name = bool(values) and isinstance(values[0], dict)
            rows = rows_of_records(model, values) if by_name else rows_of_lists(model, values)
            table, notes = predictions_for(model, rows, Options.of(content))
            self._count(model)(len(values))
            return json_response({"rows": records_of(table), "notes": notes})

        return await self._run(body, work)

    def _count(self, model: ServedModel) -> Callable[[int], None]:
        return self.metrics.rows.labels(model.name).inc

    # Pages

    async def version(self, request: Request) -> Response:
        return json_response({"version": __version__})

    async def index(self, request: Request) -> Response:
        return HTMLResponse(index_page(self.store))

    async def page(self, request: Request) -> Response:
        return HTMLResponse(model_page(self._model(request)))

    async def openapi(self, request: Request) -> Response:
        return json_response(openapi(self.store))

    async def documentation(self, request: Request) -> Response:
        return HTMLResponse(api_page(self.store))

    async def style(self, request: Request) -> Response:
        return Response(stylesheet(), media_type="text/css")

    async def prometheus(self, request: Request) -> Response:
        return Response(self.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


def protected_app(
    routes: Sequence[BaseRoute],
    is_local: bool,
    middleware: Sequence[Middleware] = (),
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """Return an application that answers errors in JSON and refuses requests from other sites.

    Parameters
    ----------
    routes : sequence of Route
    is_local : bool
        Whether to accept only requests to localhost.
    middleware : sequence of Middleware
        Outside the protection.
    lifespan : callable, optional
    """
    handlers = {EllayerError: _bad_request, HTTPException: _http_error, Exception: _bug}
    return Starlette(
        routes=routes,
        middleware=[*middleware, Middleware(ProtectionMiddleware, is_local=is_local)],
        exception_handlers=handlers,  # type: ignore[arg-type]
        lifespan=lifespan,
    )


async def _bad_request(request: Request, error: EllayerError) -> Response:
    return error_response(str(error), error.status if isinstance(error, RequestError) else 400)


async def _http_error(request: Request, error: HTTPException) -> Response:
    answer = error_response(error.detail, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


async def _bug(request: Request, error: Exception) -> Response:
    return error_response(
        "a bug in ellayer, not an error in your request; the log of the server has the details", 500
    )
