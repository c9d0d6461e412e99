"""Warnings that point at the user's line."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LIBRARIES = ("ellayer", "sklearn", "contextlib", "joblib")


class FitWarning(UserWarning):
    """Something in the data, or in the fitted model, that may mislead; each kind has a category of its own."""


class ScaleWarning(FitWarning):
    """Inputs or targets of a scale at which a network learns badly."""


class TargetWarning(FitWarning):
    """A target for which every prediction is the same, or with values far from all others."""


class ValidationWarning(FitWarning):
    """Too few rows, of the table or of a class, to hold any out."""


class UnderfitWarning(FitWarning):
    """A layer of dead units, a class that is never predicted, or less than one epoch of training."""


class NewValuesWarning(FitWarning):
    """Rows to predict with values or columns that training did not have."""


class ColumnWarning(FitWarning):
    """A column whose values a model does not use; a survey lists it too."""


class SelectionWarning(ColumnWarning):
    """Columns of a wide table that a model leaves out, because no relation to the target was found; no survey lists them."""


class IrregularValuesWarning(FitWarning):
    """Values of the training rows that do not fit the kind of their column, or rows without a target."""


class VersionWarning(UserWarning):
    """A pickle that another version wrote."""


# Messages of a block that collects warnings
_messages: ContextVar[list[str] | None] = ContextVar("messages", default=None)

for _category in (FitWarning, *FitWarning.__subclasses__(), VersionWarning):
    _category.__module__ = "ellayer.estimators"  # where users import them from


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the line of user code that called into this package or scikit-learn."""
    if (messages := _messages.get()) is not None:
        messages.append(message)
        return
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in _LIBRARIES:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


@contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Collect the messages of ``warn_user`` in this thread or task only, unlike ``warnings.catch_warnings``.

    Examples
    --------
    >>> with collect_warnings() as messages:
    ...     warn_user("2 rows have a new category", NewValuesWarning)
    >>> messages
    ['2 rows have a new category']
    """
    messages: list[str] = []
    token = _messages.set(messages)
    try:
        yield messages
    finally:
        _messages.reset(token)
