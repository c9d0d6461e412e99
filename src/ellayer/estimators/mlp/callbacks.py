"""Callbacks of a fit: functions of an ``EpochInfo``, and callbacks of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..._sklearn_compat import SklearnCallbacks
from ...engine.events import Info, wants_to_stop
from ...engine.state import Parameters
from ...errors import EllayerError
from ..epoch_info import EpochInfo
from .fit_state import FitState


@dataclass(frozen=True)
class EpochCallbacks:
    """All callbacks of one fit.

    Attributes
    ----------
    estimator : MLPClassifier or MLPRegressor
    functions : sequence of callable
        Called with an ``EpochInfo``; True stops.
    tasks : SklearnCallbacks or None
    publish : callable
        ``publish(state)`` updates the attributes of the estimator before the callbacks are called.
    attributes : callable
        ``attributes(parameters)`` returns the attributes with which a copy of the estimator can predict.
    """

    estimator: object
    functions: Sequence[Callable[[EpochInfo], object]]
    tasks: SklearnCallbacks | None
    publish: Callable[[FitState], None]
    attributes: Callable[[Parameters], dict[str, Any]]

    def __bool__(self) -> bool:
        return bool(self.functions or self.tasks)

    def __call__(
        self, info: Info, state: FitState, parameters: Callable[[], Parameters], **epoch: Any
    ) -> bool:
        """Call all of them; return whether any stops the fit.

        Parameters
        ----------
        info : Info
        state : FitState
            After this epoch.
        parameters : callable
            Returns the parameters after this epoch.
        **epoch
            The fields that ``EpochInfo`` has beyond ``Info``.
        """
        self.publish(state)
        stops = []
        if self.functions:
            details = EpochInfo(**vars(info), estimator=self.estimator, **epoch)
            stops = [wants_to_stop(function(details)) for function in self.functions]
        if self.tasks is not None:
            stops.append(self.tasks.epoch_ended(lambda: self.attributes(parameters())))
        return any(stops)


def split_callbacks(callbacks: Sequence[Any] | None) -> tuple[list[Any], list[Any]]:
    """Split the parameter ``callbacks`` into functions and callbacks of scikit-learn."""
    functions, protocol = [], []
    for callback in callbacks or ():
        if hasattr(callback, "on_fit_task_end") and hasattr(callback, "setup"):
            protocol.append(callback)
        elif callable(callback):
            functions.append(callback)
        else:
            raise EllayerError(
                f"expected functions of an EpochInfo, or scikit-learn's callbacks; received {type(callback).__name__}"
            )
    return functions, protocol
