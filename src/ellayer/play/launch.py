"""Start the page from Python."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike

from ..core.network import Network
from ..engine.model import Model
from ..errors import EllayerError
from .page_server import check_page_libraries, start_server

if TYPE_CHECKING:
    from ..serve.server import BackgroundServer
    from .opening import TableModel


def play(
    model: Model | tuple[Network, Mapping[str, Any]] | None = None,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    port: int = 0,
    browser: bool = True,
    wait: Callable[[BackgroundServer], object] | None = None,
) -> None:
    """Open a page to train and look at a network; return when it is interrupted.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters) or a fitted MLP estimator, optional
        To inspect and to train further; by default the page begins with the flower.
    X : array, shape (n_x, m), optional
        Examples are columns; by default a named set of the model's shape.
    Y : array, shape (n_L, m), optional
    port : int
        0 for any free one.
    browser : bool
        Whether to open the browser.
    wait : callable, optional
        Called with the running server instead of waiting for Ctrl-C.

    Raises
    ------
    EllayerError
        For a model that the page cannot show, and where the extra ``serve`` is missing.

    Examples
    --------
    Inspect a run and train it further::

        result = ellayer.train(ellayer.Network([2, 4, 1], "tanh"), X, Y)
        ellayer.play(result, X, Y)
    """
    check_page_libraries("ellayer.play")
    from .app import make_app
    from .models import opening_of_model
    from .opening import Opening

    if (X is None) != (Y is None):
        raise EllayerError(
            "X, Y: expected both or neither, received one of them; pass the labels with the examples"
        )
    if model is None:
        if X is not None:
            raise EllayerError(
                "model: expected one with X and Y, received none; try ellayer.play((network, parameters), X, Y)"
            )
        opening = Opening()
    elif X is not None and Y is not None and hasattr(model, "preparation_"):
        from .table_models import open_with_rows

        opening = open_with_rows(cast("TableModel", model), X, Y)
    else:
        arrays = None if X is None else _columns(X, Y)
        opening = opening_of_model(model, "model", None, arrays)
    server = start_server(make_app(opening), port)
    try:
        print(f"ellayer play: {server.address} (Ctrl-C to stop)")
        if browser:
            webbrowser.open(server.address)
        (wait or type(server).wait)(server)
    except KeyboardInterrupt:
        return
    finally:
        server.stop()


def _columns(X: ArrayLike, Y: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    columns, targets = np.asarray(X, np.float64), np.asarray(Y, np.float64)
    targets = targets[None, :] if targets.ndim == 1 else targets
    if columns.ndim != 2 or targets.ndim != 2 or columns.shape[1] != targets.shape[1]:
        raise EllayerError(
            "X, Y: expected one column for each example in both, received the shapes "
            f"{columns.shape} and {targets.shape}; rows of examples are X.T"
        )
    if not (np.isfinite(columns).all() and np.isfinite(targets).all()):
        raise EllayerError(
            "X, Y: expected finite numbers, received nan or infinity; leave those examples out"
        )
    return columns, targets
