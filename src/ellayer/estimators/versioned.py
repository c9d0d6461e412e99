"""The base of the estimators: scikit-learn's, with the version in its pickles."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

from .. import __version__
from .._plots import Drawn, plot_model
from .._warn import VersionWarning, warn_user


class VersionedEstimator(BaseEstimator):
    """An estimator whose pickle carries the version of ellayer, and warns where it is read by another."""

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

    def plot(self, X: object = None, y: object = None, kind: str | None = None, **options: object) -> Drawn:
        """Draw a plot of the fitted model.

        Parameters
        ----------
        X : table or array, optional
            Rows, best those that the model was not fitted on.
        y : array, optional
            Their labels or numbers.
        kind : str, optional
            A function of ``ellayer.plot``, like "roc". By default the learning curve without X; with X and y the decision
            boundary of two features, else the confusion matrix of classes or the residuals of numbers.
        **options
            Of that function, like ``ax``.

        Returns
        -------
        Display
            With the figure, ``figure_``, and its axes, ``ax_``.
        """
        return plot_model(self, X, y, kind, **options)
