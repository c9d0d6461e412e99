"""scikit-learn's callback protocol (sklearn.callback, from 1.9 on), where the installed version has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """No callback protocol in this version of scikit-learn."""

    def with_callbacks(method: Callable) -> Callable:
        """Leave the method as it is."""
        return method


class SklearnCallbacks:
    """The tasks of one fit, in scikit-learn's words: the fit and its epochs.

    Parameters
    ----------
    estimator
    X, y
        As the user gave them.
    epochs : int or None
        Epochs at most.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, epochs: int | None):
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._estimator = estimator
        self._told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._root = estimator._init_callback_context(max_subtasks=epochs)
        self._root.call_on_fit_task_begin(**self._told)
        self._epoch: Any = None

    def epoch_begins(self) -> None:
        """Begin an epoch."""
        self._epoch = self._root.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._told)

    def epoch_ended(self, parameters: Callable[[], dict]) -> bool:
        """End the epoch; return whether a callback wants to stop."""
        if self._epoch is None:
            self.epoch_begins()
        attributes = lambda: self._estimator._attributes_of(parameters())  # noqa: E731
        stop = self._epoch.call_on_fit_task_end(**self._told, reconstruction_attributes=attributes)
        self._epoch = None
        return bool(stop)

    def fit_ended(self) -> None:
        """End the fit."""
        self._root.call_on_fit_task_end(**self._told, reconstruction_attributes={})


@contextmanager
def given_callbacks(estimator: Any, callbacks: list) -> Iterator[None]:
    """Let the callbacks of the parameter take part beside those of ``set_callbacks``, for one fit."""
    before = estimator.__dict__.get("_skl_callbacks")
    if callbacks:
        estimator.set_callbacks(*(before or []), *callbacks)
    try:
        yield
    finally:
        if callbacks:
            estimator.set_callbacks(*(before or []))
