"""The base of the estimators: scikit-learn's, with the version in its pickles, and plots."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils import estimator_html_repr

from .. import __version__
from .._plots import DrawnDisplay, plot_model
from .._sklearn_compat import NotebookDisplay
from .._views import page
from .._warn import VersionWarning, warn_user


class VersionedEstimator(NotebookDisplay, BaseEstimator):
    """An estimator whose pickle contains the version of ellayer, and which warns if another version reads it.

    In a notebook it shows scikit-learn's diagram, and below it the learning curves of the fit.
    """

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_ellayer_version": __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        version = state.pop("_ellayer_version", "of an earlier version")
        if version != __version__:
            warn_user(
                f"{type(self).__name__} was pickled by ellayer {version} and is read by {__version__}: it may not work, or "
                "predict something else; keep models with ellayer.save",
                VersionWarning,
            )
        super().__setstate__(state)

    def plot(
        self, X: object = None, y: object = None, kind: str | None = None, **options: object
    ) -> DrawnDisplay:
        """Draw a plot of the fitted model.

        Parameters
        ----------
        X : table or array, optional
            Rows, preferably ones that the model was not fitted on.
        y : array, optional
            Labels or numbers of the rows.
        kind : str, optional
            A function of ``ellayer.plot``, like "roc". By default the learning curve without X; with X and y the decision
            boundary of two features, else the confusion matrix of classes or the residuals of numbers.
        **options
            Options of that function, like ``ax``.

        Returns
        -------
        Display
            The display with the attributes ``figure_`` and ``ax_``.
        """
        return plot_model(self, X, y, kind, **options)

    def _html(self) -> str:
        history = getattr(self, "history_", None)
        curves = history.curves() if history is not None else ""
        return str(estimator_html_repr(self)) + (page(f"<p>Loss of the fit</p>{curves}") if curves else "")
