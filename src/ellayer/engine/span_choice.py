"""Whether a run is in the span of its examples (``wide``), and its coordinates."""

from __future__ import annotations

import numpy as np

from ..errors import EllayerError
from .state import Parameters, TrainState
from .step import Batch, StepConfig
from .train_settings import TrainSettings
from .training_data import TrainingData
from .wide import ExampleSpan, applies, pays


def choose_span(
    settings: TrainSettings, config: StepConfig, data: TrainingData, state: TrainState
) -> ExampleSpan | None:
    """Return the coordinates of a run in the span of its examples, or None for a direct run."""
    if not _is_wide(settings, config, data, state) or not isinstance(data.examples, Batch):
        return None
    X, coordinates = data.examples.X, state.coordinates
    if coordinates is None:
        return ExampleSpan(X, state.parameters["W1"])
    span = ExampleSpan(X, coordinates["W0"])
    _check_same_examples(span, coordinates["W1"], state.parameters["W1"])
    return span


def _is_wide(settings: TrainSettings, config: StepConfig, data: TrainingData, state: TrainState) -> bool:
    possible = settings.network.inputs is None and not settings.several
    possible = possible and applies(
        config.optimizer, data.batches.full, config.l1, config.clip, 0 in config.dropout
    )
    if state.coordinates is not None and (settings.wide is False or not possible):
        raise EllayerError(
            "state: this run was in the span of the examples ('wide') and continues only so; expected the same "
            "full batch, a linear optimizer and engine 'auto', 'wide', 'numpy' or 'jax'"
        )
    if settings.wide and not possible:
        raise EllayerError(
            "engine 'wide': expected the full batch, gd, momentum or nesterov, no l1, no clipping and no dropout "
            "on the input; received settings that leave the span of the examples"
        )
    if state.coordinates is not None:
        return True
    if state.step and not settings.wide:
        return False  # a run that began directly continues directly
    if settings.wide is None:
        return possible and pays(settings.network, data.m, settings.num_iterations)
    return settings.wide


def _check_same_examples(span: ExampleSpan, Theta: np.ndarray, W1: np.ndarray) -> None:
    """Raise for other examples than those that the coordinates were made for."""
    if Theta.shape[1] == span.size:
        distance = np.linalg.norm(span.W1(Theta) - W1)
        if distance <= 1e-3 * np.linalg.norm(W1):
            return
    raise EllayerError(
        "state: this run was in the span of its examples ('wide'); expected the same X to continue with, received "
        "another; for other examples begin anew with parameters=state.parameters"
    )


def loop_parameters(state: TrainState, span: ExampleSpan | None, dtype: str) -> Parameters:
    """Return the parameters that a loop starts from, in the coordinates of a span if there is one."""
    if state.coordinates is not None:
        return {name: theta for name, theta in state.coordinates.items() if name != "W0"}
    parameters = {name: np.asarray(theta, dtype) for name, theta in state.parameters.items()}
    return parameters if span is None else parameters | {"W1": span.start}
