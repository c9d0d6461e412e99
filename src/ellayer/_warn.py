"""Warnings that point at the user's line."""

from __future__ import annotations

import sys
import warnings

_LIBRARIES = ("ellayer", "sklearn", "contextlib", "joblib")


class FitWarning(UserWarning):
    """Something in the data, or in the fitted model, that may mislead; each kind has a category of its own."""

    __module__ = "ellayer.estimators"  # where users import it from, and the categories below


class ScaleWarning(FitWarning):
    """Inputs or targets of a scale at which a network learns badly."""

    __module__ = "ellayer.estimators"


class TargetWarning(FitWarning):
    """A target for which every prediction is the same, or with values far from all others."""

    __module__ = "ellayer.estimators"


class ValidationWarning(FitWarning):
    """Too few rows, of the table or of a class, to hold any out."""

    __module__ = "ellayer.estimators"


class UnderfitWarning(FitWarning):
    """A layer of dead units, or a class that is never predicted, after a fit."""

    __module__ = "ellayer.estimators"


class NewValuesWarning(FitWarning):
    """Rows to predict with values or columns that training did not have."""

    __module__ = "ellayer.estimators"


class ColumnWarning(FitWarning):
    """A column whose values a model does not use; a survey lists it too."""

    __module__ = "ellayer.estimators"


class IrregularValuesWarning(FitWarning):
    """Values of the training rows that do not fit the kind of their column, or rows without a target."""

    __module__ = "ellayer.estimators"


class VersionWarning(UserWarning):
    """A pickle that another version wrote."""

    __module__ = "ellayer.estimators"


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the line of user code that called into this package or scikit-learn."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in _LIBRARIES:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
