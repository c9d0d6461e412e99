"""A callback that draws the curves of a run in a notebook while it runs."""

from __future__ import annotations

import time
from typing import Any

from .._views import page
from ..engine.events import Info
from .records import need


class LivePlot:
    """Show the learning curve of a run in a notebook, and renew it while the run goes on.

    Parameters
    ----------
    every : float
        Seconds between pictures.

    Raises
    ------
    EllayerError
        If IPython is not installed.

    Examples
    --------
    In a notebook::

        train(network, X, Y, num_iterations=100_000, callbacks=[LivePlot()])
    """

    def __init__(self, every: float = 0.5) -> None:
        need("LivePlot", "IPython")
        self.every = every
        self._handle: Any = None
        self._last_draw = 0.0

    def __call__(self, info: Info) -> None:
        """Draw the curves if it is time, and after the last update.

        Parameters
        ----------
        info : Info
        """
        is_last = info.iteration >= info.total
        if not is_last and time.monotonic() - self._last_draw < self.every:
            return
        from IPython import display

        head = f"<p>{info.iteration:,} of {info.total:,} updates, loss {info.cost:.6g}</p>"
        picture = display.HTML(page(head + info.history.curves()))
        if self._handle is None:
            self._handle = display.display(picture, display_id=True)
        if self._handle is not None:  # None outside a notebook
            self._handle.update(picture)
        self._last_draw = time.monotonic()
        if is_last:
            self._handle = None

    def __getstate__(self) -> dict[str, Any]:
        """Return the settings for pickle, and not the picture on the screen."""
        return {**self.__dict__, "_handle": None}
