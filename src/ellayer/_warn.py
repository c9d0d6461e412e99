"""Warnings that point at the user's line."""

from __future__ import annotations

import sys
import warnings

_LIBRARIES = ("ellayer", "sklearn", "contextlib", "joblib")


class FitWarning(UserWarning):
    """Something in the data, or in the fitted model, that may mislead."""


class ColumnWarning(FitWarning):
    """A column whose values a model does not use; a survey lists it too."""


def warn_user(message: str, category: type[Warning] = FitWarning) -> None:
    """Warn at the line of user code that called into this package or scikit-learn."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in _LIBRARIES:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
