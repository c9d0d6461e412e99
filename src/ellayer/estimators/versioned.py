"""The base of the estimators: scikit-learn's, with the version in its pickles."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

from .. import __version__
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
