"""The data set returned by readers of named data."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np

from .._views import html_table


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A data set in the notes' orientation: examples are columns.

    Parameters
    ----------
    name : str
    X : ndarray
        Inputs (n_x, m), float64, each example contiguous in memory. Pictures lie in [0, 1].
    Y : ndarray
        Targets (n_y, m), float64: 0 and 1 in one row for two classes, one-hot columns for more.
    X_test, Y_test : ndarray, optional
        The test examples, if the source has separate ones.
    classes : tuple of str
        The class of Y = 0 and of Y = 1; or of each row of Y.
    feature_names : tuple of str, optional
        One for each row of X.
    image_shape : tuple of int, optional
        The shape of one example of X as a picture: ``X[:, i].reshape(image_shape)``.
    source : str
        The source of the numbers and their preprocessing, in a sentence.
    """

    name: str
    X: np.ndarray
    Y: np.ndarray
    X_test: np.ndarray | None = None
    Y_test: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    feature_names: tuple[str, ...] | None = None
    image_shape: tuple[int, ...] | None = None
    source: str = ""

    def __repr__(self) -> str:
        test = "" if self.X_test is None else f", X_test {self.X_test.shape}"
        classes = ", ".join(self.classes[:3]) + (", ..." if len(self.classes) > 3 else "")
        return f"Dataset({self.name!r}: X {self.X.shape}, Y {self.Y.shape}{test}; classes {classes})"

    def _repr_html_(self) -> str:
        arrays = {"X": self.X, "Y": self.Y, "X_test": self.X_test, "Y_test": self.Y_test}
        rows = [(name, str(a.shape), str(a.dtype)) for name, a in arrays.items() if a is not None]
        facts = f"<p>{html.escape(self.source)}</p><p>Classes: {html.escape(', '.join(self.classes))}</p>"
        return html_table(("array", "shape", "dtype"), rows, repr(self), facts)


def one_hot(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Return labels 0 .. n_classes - 1 as targets (n_y, m): one row for two classes, one-hot for more.

    Examples
    --------
    >>> one_hot(np.array([0, 2]), 3).tolist()
    [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    """
    if n_classes <= 2:
        return labels.reshape(1, -1).astype(np.float64)
    return np.eye(n_classes)[labels.astype(np.intp)].T
