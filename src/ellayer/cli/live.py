"""The page of ``ellayer train --live``, around the run."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..play.live import LiveFeed


@contextmanager
def live_page(visible: bool) -> Iterator[LiveFeed | None]:
    """Show a page while a run trains, and until it is closed; yield what it reads, None if it is not shown."""
    if not visible:
        yield None
        return
    from ..play.page_server import check_page_libraries, start_server

    check_page_libraries("--live")
    from ..play.live import LiveFeed

    feed = LiveFeed()
    server = start_server(feed.app(), 0)
    try:
        typer.echo(f"Watch the run at {server.address}", err=True)
        webbrowser.open(server.address)
        yield feed
        with suppress(KeyboardInterrupt):  # the run is written
            feed.wait_for_pages()
    finally:
        server.stop()
