"""The base of the displays: a picture on axes, with the numbers that are drawn."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..report.style import ShownFigure, save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Display(ABC):
    """A plot with the numbers that it shows, like the displays of scikit-learn.

    ``plot`` draws it on existing axes or on a new figure, which a notebook shows. The figure is not registered with
    pyplot, so that it need not be closed.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes, after ``plot``.
    figure_ : matplotlib.figure.Figure
        Their figure.
    """

    ax_: Axes
    figure_: Figure

    def plot(self, ax: Axes | None = None, *, title: str = "") -> Self:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new figure.
        title : str, optional

        Returns
        -------
        self
        """
        self.figure_ = self._draw(ax, title)
        self.ax_ = self.figure_.axes[0] if ax is None else ax
        return self

    @abstractmethod
    def _draw(self, ax: Axes | None, title: str) -> Figure:
        """Draw on axes or on a new figure, and return the figure."""

    def save(self, path: str | os.PathLike[str], dpi: int = 150) -> Path:
        """Write the picture to a file; the suffix is its format (.png, .svg, .pdf).

        Parameters
        ----------
        path : path
        dpi : int
            Dots per inch of a PNG.

        Returns
        -------
        Path
        """
        return save_picture(self.figure_, Path(path), dpi)

    def _facts(self) -> str:
        """Return what the repr shows of the numbers."""
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._facts()})"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        """Return the picture for a notebook; existing axes are shown with their own figure."""
        figure = getattr(self, "figure_", None)
        if not isinstance(figure, ShownFigure):
            return {"text/plain": repr(self)}
        data, metadata = figure._repr_mimebundle_()
        return {**data, "text/plain": repr(self)}, metadata
