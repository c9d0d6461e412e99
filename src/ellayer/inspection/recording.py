"""A callback that records a run step by step and shows it with a slider."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .._progress_bars import in_notebook
from .._samples import even_sample
from .._views import whole_page
from ..core.network import Network
from ..engine.events import Info
from ..engine.validation import check_count, check_X, check_Y
from ..errors import EllayerError
from .film import Frame, draw, frame_of, gif, slider, still

if TYPE_CHECKING:
    from PIL.Image import Image

_SECONDS = 0.7  # between two pictures during the run
_MOST_EXAMPLES = 1000


class Recording:
    """Record a run: the boundary, the weights, the gradients of each layer and the loss.

    In a notebook the last step is shown while the network trains; afterwards the recording is displayed with a slider
    over its steps. ``save`` writes a separate page or a GIF.

    Parameters
    ----------
    X : array, shape (n_x, m)
        The examples on which predictions and gradients are drawn, usually the training examples; rows and labels for
        an MLP estimator. The boundary is drawn if there are two inputs.
    Y : array, shape (n_L, m)
    frames : int
        Maximum number of steps to keep, in addition to the last; a longer run keeps every second, fourth, ... record.
    live : bool, optional
        Whether to show the run while it trains; by default in a notebook.

    Attributes
    ----------
    recorded : list of Frame

    Examples
    --------
    >>> import ellayer
    >>> flower = ellayer.data.load("flower")
    >>> recording = Recording(flower.X, flower.Y, frames=4)
    >>> _ = ellayer.train(ellayer.Network([2, 4, 1], "tanh"), flower.X, flower.Y, num_iterations=60, record_every=10,
    ...     callbacks=[recording])
    >>> recording
    Recording(4 steps from 10 to 60 updates)
    """

    def __init__(self, X: ArrayLike, Y: ArrayLike, frames: int = 40, live: bool | None = None) -> None:
        self.X, self.Y = np.asarray(X), np.asarray(Y)
        self.frames: int = check_count(frames, "frames", low=2)
        self.live: bool = in_notebook() if live is None else live
        self.recorded: list[Frame] = []
        self._network: Network | None = None
        self._columns = self.X, self.Y
        self._every = self._calls = 0
        self._handle: Any = None
        self._last_picture = 0.0

    def __call__(self, info: Info) -> None:
        """Record the step.

        Parameters
        ----------
        info : Info
        """
        if not self.recorded or info.iteration <= self.recorded[-1].iteration:
            self._begin(info)
        number, is_last = self._calls, info.iteration >= info.total
        self._calls += 1
        if number % self._every and not is_last:
            return
        assert self._network is not None
        X, Y = self._columns
        self.recorded.append(frame_of(self._network, info.parameters, X, Y, info.iteration, float(info.cost)))
        if len(self.recorded) > self.frames and not is_last:
            self.recorded = self.recorded[::2]  # keep those whose number is a multiple of twice the interval
            self._every *= 2
        if self.live and (is_last or time.monotonic() - self._last_picture > _SECONDS):
            self._show()

    def _begin(self, info: Info) -> None:
        """Check the examples against the network of a new run."""
        network = info.network
        if network is None or network.inputs is not None:
            raise EllayerError(
                "Recording: expected a run of train or of an MLP estimator, received one of a table estimator; try "
                "callbacks.LivePlot()"
            )
        X, Y = self.X, self.Y
        estimator = getattr(info, "estimator", None)
        if estimator is not None:  # rows and labels
            classes = getattr(estimator, "classes_", None)
            X = X.T
            if classes is not None and Y.ndim == 1:
                Y = np.searchsorted(classes, Y)
            elif Y.ndim == 2:
                Y = Y.T
        X = check_X(network, X, "float64")
        Y = check_Y(network, Y, X.shape[1], "float64")
        some = even_sample(X.shape[1], _MOST_EXAMPLES)
        self._network, self._columns = network, (X[:, some], Y[:, some])
        self.recorded, self._every, self._calls, self._handle = [], 1, 0, None

    def _show(self) -> None:
        from IPython import display

        view = display.HTML(still(self._picture(len(self.recorded) - 1)))
        if self._handle is None:
            self._handle = display.display(view, display_id=True)
        else:
            self._handle.update(view)
        self._last_picture = time.monotonic()

    def _picture(self, k: int) -> Image:
        if self._network is None:
            raise EllayerError(
                "Recording: expected a recorded run, received none; try train(..., callbacks=[recording])"
            )
        return draw(self._network, *self._columns, self.recorded, k)

    def _pictures(self) -> list[Image]:
        return [self._picture(k) for k in range(max(1, len(self.recorded)))]

    def to_html(self) -> str:
        """Return the recorded steps with a slider, as a self-contained page."""
        return whole_page(self._repr_html_(), "A training run, step by step")

    def save(self, path: str | os.PathLike[str], milliseconds: int = 120) -> Path:
        """Write the recorded steps to a file.

        Parameters
        ----------
        path : path
            Ends with .html for a page with a slider, or with .gif.
        milliseconds : int
            Duration of a step in a GIF.

        Returns
        -------
        Path
        """
        path = Path(path)
        if path.suffix == ".gif":
            path.write_bytes(gif(self._pictures(), check_count(milliseconds, "milliseconds")))
        elif path.suffix == ".html":
            path.write_text(self.to_html(), encoding="utf-8")
        else:
            raise EllayerError(f"path: expected an ending .html or .gif, received {str(path)!r}")
        return path

    def __repr__(self) -> str:
        if not self.recorded:
            return "Recording(no run yet)"
        first, last = self.recorded[0].iteration, self.recorded[-1].iteration
        return f"Recording({len(self.recorded)} steps from {first:,} to {last:,} updates)"

    def _repr_html_(self) -> str:
        if not self.recorded:
            return "<p>Recording: no run yet</p>"
        return slider(self._pictures(), [frame.iteration for frame in self.recorded])

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for pickle, without the picture on the screen."""
        return {**self.__dict__, "_handle": None}
