"""Plots of saliency: an overlay on an image, a bar for each column of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ..errors import EllayerError
from .style import COLOURS, look, new_figure


def saliency_overlay(
    picture: ArrayLike,
    contributions: ArrayLike,
    title: str = "Contributions to the prediction",
    share: float = 0.995,
) -> Figure:
    """Draw an image, and over a grey copy the contributions for (blue) and against (orange) the prediction.

    Parameters
    ----------
    picture : array, shape (height, width) or (height, width, 3)
        Numbers in [0, 1] or [0, 255].
    contributions : array of the same size
        A column of ``Saliency.integrated`` (or ``gradients``); colour channels are summed.
    title : str
    share : float
        The quantile of the absolute contributions that is drawn in full colour.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        For wrong sizes.
    """
    picture = np.asarray(picture, dtype=float)
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] not in (1, 3)):
        raise EllayerError(
            f"picture: expected (height, width) or (height, width, 3), received shape {picture.shape}"
        )
    contributions = np.asarray(contributions, dtype=float)
    if contributions.size != picture.size:
        raise EllayerError(
            f"contributions: expected one per value of the picture, {picture.size}; received {contributions.size}"
        )
    if picture.max() > 1:
        picture = picture / 255
    values = contributions.reshape(picture.shape)
    values = values if values.ndim == 2 else values.sum(axis=2)
    grey = picture if picture.ndim == 2 else picture.mean(axis=2)
    top = float(np.quantile(np.abs(values), share)) or float(np.abs(values).max()) or 1.0
    with look():
        figure, (left, right) = new_figure((8.4, 4.6), title, (1, 2))
        left.imshow(picture, cmap="gray" if picture.ndim == 2 else None, vmin=0, vmax=1)
        left.set_title("the picture")
        right.imshow(_blend(0.55 + 0.45 * grey, values / top))
        right.set_title("blue: for the prediction, orange: against it")
        for axes in (left, right):
            axes.set_axis_off()
    return figure


def _blend(grey: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Blend grey, for no contribution, with the colour of the sign."""
    from matplotlib.colors import to_rgb

    weight = np.minimum(np.abs(strength), 1.0)[..., None]
    colour = np.where(strength[..., None] > 0, to_rgb(COLOURS[1]), to_rgb(COLOURS[0]))
    return (1 - weight) * grey[..., None] + weight * colour


def saliency_bars(
    contributions: ArrayLike,
    names: Sequence[str] | None = None,
    title: str = "Contributions to the prediction",
    most: int = 15,
) -> Figure:
    """Draw a bar for each input's contribution, the largest first.

    Parameters
    ----------
    contributions : array, shape (n_x,)
        A column of ``Saliency.integrated``.
    names : sequence of str, optional
    title : str
    most : int
        Number of bars; the other inputs are summed in one more.

    Returns
    -------
    Figure
    """
    values = np.asarray(contributions, dtype=float).ravel()
    if names is not None and len(names) != len(values):
        raise EllayerError(f"names: expected {len(values)}, one per input, received {len(names)}")
    labels = list(names) if names is not None else [f"x{j + 1}" for j in range(len(values))]
    order = np.argsort(-np.abs(values))
    bars = [(labels[j], float(values[j])) for j in order[:most]]
    if len(values) > most:
        bars.append((f"{len(values) - most} others together", float(values[order[most:]].sum())))
    with look():
        figure, (axes,) = new_figure((7.6, 1.5 + 0.34 * len(bars)), title)
        heights = [value for _, value in bars]
        axes.barh(range(len(bars)), heights, color=[COLOURS[1] if v > 0 else COLOURS[0] for v in heights])
        axes.set_yticks(range(len(bars)), [label for label, _ in bars])
        axes.invert_yaxis()
        axes.axvline(0.0, color="#666666", linewidth=0.8)
        axes.set_xlabel("contribution to the output (they add up to its difference from the baseline's)")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
    return figure
