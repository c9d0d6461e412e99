"""train_many: train networks of one architecture with different settings in one program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..core.arrays import SparseMatrix
from ..core.network import Network
from ..core.optimizers import Optimizer
from ..errors import EllayerError
from .events import Callback, JointScore, Score
from .keras_arguments import MetricsLike, native_arguments
from .optax_rules import ScheduleSpec
from .result import TrainingResult
from .state import TrainState
from .train_networks import starting_states, train_networks
from .train_settings import PER_NETWORK, train_settings
from .training_data import training_data

if TYPE_CHECKING:
    from optax import GradientTransformation

    from .devices import Device

PerNetwork = float | Sequence[float] | None
_SEQUENCES = (list, tuple, np.ndarray)


def train_many(
    network: Network,
    X: ArrayLike | SparseMatrix,
    Y: ArrayLike,
    *,
    learning_rate: PerNetwork = None,
    l2: PerNetwork = 0.0,
    l1: PerNetwork = 0.0,
    weight_decay: PerNetwork = None,
    dropout: PerNetwork = 0.0,
    seed: int | Sequence[int] = 0,
    sample_weight: ArrayLike | None = None,
    parameters: Sequence[Mapping[str, ArrayLike]] | None = None,
    initializer: str = "auto",
    optimizer: str | Optimizer | GradientTransformation = "gd",
    schedule: ScheduleSpec = None,
    num_iterations: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    validation: Sequence[Any] | None = None,
    validation_split: float | None = None,
    metrics: MetricsLike | None = None,
    score: Score | None = None,
    joint_score: JointScore | None = None,
    monitor: str | None = None,
    maximize: bool | None = None,
    patience: int | None = None,
    tolerance: float = 0.0,
    restore_best: bool | None = None,
    time_limit: float | None = None,
    learning_rate_factors: Mapping[str, float] | None = None,
    dtype: str | None = None,
    record_every: int | None = None,
    callbacks: Sequence[Callback] = (),
    progress: Callback | bool | None = None,
    states: Sequence[TrainState] | None = None,
    schedule_length: int | None = None,
    engine: str = "jax",
    device: str | Device | Sequence[Device] | None = None,
    devices: str | Sequence[Device] | None = None,
    n_jobs: int | None = None,
) -> list[TrainingResult]:
    """Train K networks of one architecture at once; each result equals its own ``train``.

    Settings that differ are sequences of length K, shared ones a single value. Folds of a
    cross-validation are rows of ``sample_weight`` with 0 for held-out examples. A network that
    diverges or runs out of patience stops, and the others continue.

    Parameters
    ----------
    network : Network
    X : array, shape (n_x, m)
    Y : array, shape (n_L, m)
    learning_rate, l2, l1, weight_decay, dropout : float or sequence of K floats
        As in ``train``; ``dropout`` is the rate of all hidden layers.
    seed : int or sequence of K ints
        With a single seed all have the same initial parameters and order of examples. Rows on disk are read once for all:
        their order is that of the first seed.
    sample_weight : array, shape (m,) or (K, m), optional
    parameters : sequence of K dicts, optional
        Initial parameters.
    validation : (X, Y) or list of K of them, optional
        One held-out set for all, or one each.
    patience : int, optional
        As in ``train``, for each network separately.
    joint_score : function, optional
        Used instead of ``score`` for a joint score of the networks. It is called with the lists of their outputs, targets and
        weights (or None) of the validation examples. Its value is the "validation_score" of each network, so that all have
        the same best record.
    callbacks, progress : optional
        As in ``train``. They are called with an ``Info`` that has the history of the first network and the mean cost of all;
        ``info.states`` has the states of all networks.
    states : sequence of K TrainState, optional
        Continue from here, as if the run had never stopped: those that had ended, by divergence or patience,
        stay as they are, and the others, all after equally many updates, go on.
    engine : {"jax", "numpy"}
        "jax" trains them in one compiled program. "numpy" trains them in turn without compiling, which is faster for short
        runs. "jax+tf32" as in ``train``.
    device : str, jax device or sequence of them, optional
        As in ``train``; the first of them trains all networks.
    devices : optional
        The former name of ``device``.
    n_jobs : int, optional
        Networks that "numpy" trains at once, each in a process of its own or on a worker of ``joblib.parallel_config``, with
        the same results; -1 uses all cores. Networks in one compiled program, runs that are too short to pay, and those
        with a time limit or the adaptive schedule stay in this process.
    initializer, optimizer, schedule, num_iterations, epochs, batch_size, validation_split, metrics, score, monitor, maximize, tolerance,
    restore_best, time_limit, learning_rate_factors, dtype, record_every, schedule_length
        As in ``train``.

    Returns
    -------
    list of K TrainingResult

    Raises
    ------
    ValueError
        If two sequences differ in length, and for invalid arguments as in ``train``.
    """
    if states is not None:
        _check_states(states)
    arguments = native_arguments(locals())
    if states is not None:
        arguments |= {"parameters": None, "seed": [state.seed for state in states]}
    weights, validation = arguments["sample_weight"], arguments["validation"]
    weights = None if weights is None else np.atleast_2d(np.asarray(weights))
    lists = {name: arguments[name] for name in (*PER_NETWORK, "parameters")}
    lists["sample_weight"] = weights if weights is not None and len(weights) > 1 else None
    lists["validation"] = validation if isinstance(validation, list) else None
    networks = [
        {name: _value_of(arguments[name], k) for name in PER_NETWORK} for k in range(_count_networks(lists))
    ]
    settings = train_settings(arguments, networks, several=True)
    data = training_data(settings, arguments["X"], arguments["Y"], weights, validation)
    data = replace(data, omits=settings.joint_score is not None)
    return train_networks(settings, data, starting_states(settings, data.dtype, states, parameters))


def _check_states(states: Sequence[TrainState]) -> None:
    for state in states:
        if not isinstance(state, TrainState):
            raise EllayerError(
                f"states: expected the TrainState of each result, received {type(state).__name__}"
            )
    steps = sorted({state.step for state in states if state.stopped_by is None})
    if len(steps) > 1:
        raise EllayerError(f"states: expected networks after equally many updates, received {steps}")


def _count_networks(arguments: Mapping[str, object]) -> int:
    """Return K, the common length of the arguments that are sequences."""
    lengths = {name: len(value) for name, value in arguments.items() if isinstance(value, _SEQUENCES)}
    if len(set(lengths.values())) > 1:
        raise EllayerError(f"train_many: expected sequences of one length, received {lengths}")
    if 0 in lengths.values():
        raise EllayerError(
            f"train_many: expected at least one network, received sequences of length 0: {sorted(lengths)}"
        )
    return max(lengths.values(), default=1)


def _value_of(value: object, k: int) -> object:
    """Return the value of an argument for network k."""
    return value[k] if isinstance(value, _SEQUENCES) else value
