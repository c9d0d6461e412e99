"""Checkpoints: the complete state of a run in a file, so that a killed run can resume."""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypedDict

import numpy as np

from .._forms import Count, Finite, conform
from ..engine.history import History
from ..engine.state import FlatState, TrainState, all_finite
from ..errors import EllayerError
from . import file_format
from .plain_data import ModelFileError


class LaterFields(TypedDict, total=False):
    """The fields that older files lack."""

    stopped_by: Literal["divergence", "patience"] | None


class StateFields(LaterFields):
    """The fields of a ``TrainState`` in a file."""

    parameters: dict[str, np.ndarray]
    optimizer_state: object
    step: Count
    before: Count
    seed: Count
    rate_scale: Finite
    interval: tuple[Finite, Finite]
    best_value: float | None
    best_step: Count
    best_parameters: dict[str, np.ndarray] | None
    waited: Count
    history: dict[str, list[float | str | None]]
    coordinates: dict[str, np.ndarray] | None


class StoredState(TypedDict):
    """The content of a checkpoint; ``flat`` if the optimizer's state is one of optax."""

    state: StateFields
    flat: bool


_FIELDS = tuple(field.name for field in dataclasses.fields(TrainState))


def save_checkpoint(state: TrainState | Sequence[TrainState], path: str | os.PathLike[str]) -> None:
    """Write the state of a run, exact to the bit and atomically.

    Parameters
    ----------
    state : TrainState or list of TrainState
        ``result.state``, ``info.state`` in a callback, or ``info.states`` of networks trained at once.
    path : path

    Raises
    ------
    ModelFileError
        If it is not a ``TrainState``.
    OSError
        If the file cannot be written; an existing file is kept.

    Examples
    --------
    >>> import ellayer, numpy as np, os, tempfile
    >>> X, Y = np.array([[0.0, 1.0, 2.0]]), np.array([0, 0, 1])
    >>> run = lambda n, state=None: ellayer.train(ellayer.Network([1, 1]), X, Y, num_iterations=n, state=state)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run.checkpoint")
    ...     save_checkpoint(run(30).state, path)
    ...     longer = run(20, load_checkpoint(path))
    >>> bool(np.all(longer.parameters["W1"] == run(50).parameters["W1"]))
    True
    """
    content = (
        {"states": [_content(one) for one in state]} if isinstance(state, (list, tuple)) else _content(state)
    )
    file_format.write(path, "checkpoint", content)


def _content(state: Any) -> dict[str, Any]:
    if not isinstance(state, TrainState):
        raise ModelFileError(
            f"state: expected a TrainState (result.state, or info.state in a callback), received {type(state).__name__}"
        )
    content = {name: getattr(state, name) for name in _FIELDS}
    if not _plain(state.optimizer_state):
        content["optimizer_state"] = FlatState.of(state.optimizer_state)
    flat = isinstance(content["optimizer_state"], FlatState)
    if flat:
        content["optimizer_state"] = content["optimizer_state"].arrays
    return {"state": content, "flat": flat}


def load_checkpoint(path: str | os.PathLike[str]) -> Any:
    """Read a run's state, for ``train(..., state=...)`` with the settings the run had.

    Parameters
    ----------
    path : path

    Returns
    -------
    TrainState, or list of TrainState
        The saved state; its ``step`` is the number of updates done.

    Raises
    ------
    ModelFileError
        For a truncated, altered or newer file, or one of another format.
    FileNotFoundError
    """
    _, content = file_format.read(path, ("checkpoint",))
    try:
        content = conform(content, dict[str, object], "checkpoint")
        if "states" in content:
            return [_state(one) for one in conform(content["states"], list[dict[str, object]], "states")]
        return _state(content)
    except EllayerError as error:
        raise ModelFileError(f"{path}: expected a state that this version can read; {error}") from error


def _state(content: dict[str, object]) -> TrainState:
    stored = conform(content, StoredState, "checkpoint")
    fields: dict[str, Any] = {name: value for name, value in stored["state"].items() if name in _FIELDS}
    state = TrainState(**fields)
    if stored["flat"]:
        state.optimizer_state = FlatState(
            conform(state.optimizer_state, dict[str, np.ndarray], "optimizer_state")
        )
    elif not _plain(state.optimizer_state):
        raise ModelFileError("optimizer_state: expected dicts of arrays")
    # History renames the columns of an earlier version.
    state = dataclasses.replace(state, history=dict(History(state.history)))
    _check_arrays(state)
    _check_history(state)
    return state


def _check_arrays(state: TrainState) -> None:
    """Raise for arrays that are not finite numbers of one shape for each parameter."""
    shapes = {name: theta.shape for name, theta in state.parameters.items()}
    for name, arrays in (("parameters", state.parameters), ("best_parameters", state.best_parameters)):
        if arrays is not None and not {theta.dtype.name for theta in arrays.values()} <= {
            "float32",
            "float64",
        }:
            raise ModelFileError(f"{name}: expected arrays of float32 or float64")
        if arrays is not None and {key: theta.shape for key, theta in arrays.items()} != shapes:
            raise ModelFileError(f"{name}: expected the names and shapes of the parameters")
    coordinates = state.coordinates or {}
    if state.coordinates is not None and coordinates.keys() != shapes.keys() | {"W0"}:
        raise ModelFileError("coordinates: expected the names of the parameters, and W0")
    shapes |= {name: theta.shape for name, theta in coordinates.items()}
    trees = {"parameters": state.parameters, "best_parameters": state.best_parameters, "coordinates": coordinates,
             "optimizer_state": state.optimizer_state}  # fmt: skip
    for name, tree in trees.items():
        for key, array in _leaves(tree):
            if array.dtype.kind not in "fiu" or not all_finite({key: array}):
                raise ModelFileError(f"{name}: expected finite numbers")
            if name == "optimizer_state" and array.shape not in ((), shapes.get(key, array.shape)):
                raise ModelFileError(
                    f"{name}: expected shape {shapes[key]} for {key}, received {array.shape}"
                )


def _leaves(tree: object) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays of a tree, with their own names."""
    items = (
        tree.arrays.items() if isinstance(tree, FlatState) else tree.items() if isinstance(tree, dict) else ()
    )
    for key, value in items:
        if isinstance(value, np.ndarray):
            yield str(key), value
        else:
            yield from _leaves(value)


def _check_history(state: TrainState) -> None:
    """Raise for a history to which a run cannot append."""
    history = state.history
    if len({len(column) for column in history.values()}) > 1:
        raise ModelFileError("history: expected columns of one length")
    if history and not {"iteration", "loss", "seconds"} <= history.keys():
        raise ModelFileError("history: expected the columns iteration, loss and seconds")
    if state.interval[1] and "mean_loss" not in history:
        raise ModelFileError("interval: expected no sum of losses without a column mean_loss in the history")
    for name, column in history.items():
        if name != "loop" and not all(isinstance(value, (int, float)) for value in column):
            raise ModelFileError(f"history, {name}: expected numbers")


class Checkpoint:
    """A callback that saves the state of the run at regular intervals.

    It writes at the first record (so that a wrong path fails at once), then at the next record whenever
    ``every`` seconds have passed, and after the last update.

    Parameters
    ----------
    path : path
        Overwritten each time, atomically: a run killed at any moment leaves a complete checkpoint.
    every : float
        Seconds between writes; 0 writes at every record.

    Examples
    --------
    A script that may be killed and started again at will::

        state = load_checkpoint("run.checkpoint") if os.path.exists("run.checkpoint") else None
        left = 10_000 - (state.step if state else 0)
        train(network, X, Y, num_iterations=left, state=state, callbacks=[Checkpoint("run.checkpoint")])
    """

    def __init__(self, path: str | os.PathLike[str], every: float = 60.0):
        if not isinstance(every, (int, float)) or not every >= 0:
            raise EllayerError(f"every: expected seconds >= 0, received {every!r}; 0 writes at every record")
        self.path: str = os.fspath(path)
        self.every: float = float(every)
        self._written = -math.inf

    def __call__(self, info: Any) -> None:
        """Write the state if it is due.

        Parameters
        ----------
        info : Info
        """
        last = info.iteration >= info.total
        if not last and time.monotonic() - self._written < self.every:
            return
        states = info.states
        save_checkpoint(states if len(states) > 1 else states[0], self.path)
        self._written = time.monotonic()


def _plain(tree: object) -> bool:
    """Return True if a tree consists of nested dicts of arrays (as in ``core``), unlike an optax state."""
    if isinstance(tree, dict):
        return all(_plain(value) for value in tree.values())
    return tree is None or isinstance(tree, FlatState) or (hasattr(tree, "shape") and hasattr(tree, "dtype"))
