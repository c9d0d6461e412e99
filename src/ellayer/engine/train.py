"""train: one network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from ..core.network import Network
from ..core.optimizers import Optimizer
from ..errors import EllayerError
from .events import Callback, Metric, Score
from .optax_rules import ScheduleSpec
from .result import TrainingResult
from .state import TrainState
from .train_networks import starting_states, train_networks
from .train_settings import PER_NETWORK, train_settings
from .training_data import Examples, training_data

if TYPE_CHECKING:
    from jax import Device
    from optax import GradientTransformation


def train(
    network: Network,
    X: Examples,
    Y: ArrayLike | None = None,
    *,
    parameters: Mapping[str, ArrayLike] | None = None,
    initializer: str = "auto",
    optimizer: str | Optimizer | GradientTransformation = "gd",
    learning_rate: float | None = None,
    schedule: ScheduleSpec = None,
    num_iterations: int = 1000,
    batch_size: int | None = None,
    shuffle: bool = True,
    l2: float = 0.0,
    l1: float = 0.0,
    weight_decay: float | None = None,
    dropout: float | Sequence[float] = 0.0,
    clip_norm: float | None = None,
    learning_rate_factors: Mapping[str, float] | None = None,
    sample_weight: ArrayLike | None = None,
    validation: Sequence[ArrayLike] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    score: Score | None = None,
    monitor: str | None = None,
    maximize: bool | None = None,
    patience: int | None = None,
    tolerance: float = 0.0,
    restore_best: bool | None = None,
    time_limit: float | None = None,
    seed: int = 0,
    dtype: str | None = None,
    engine: str = "auto",
    devices: Sequence[Device] | None = None,
    record_every: int = 100,
    callbacks: Sequence[Callback] = (),
    progress: Callback | None = None,
    state: TrainState | None = None,
    schedule_length: int | None = None,
) -> TrainingResult:
    r"""Train a network: W^[l] = W^[l] - alpha dW^[l], again and again.

    Parameters
    ----------
    network : Network
    X : array or sparse matrix, shape (n_x, m), or DiskRows
        Examples are columns. A sparse X is made dense by mini-batches, or whole for the full batch.
        ``engine.DiskRows`` are X, Y and the weights of a file larger than memory: mini-batches only,
        shuffled by blocks.
    Y : array, shape (n_L, m)
        Targets; a flat Y of length m is taken as (1, m), or as class indices for a softmax loss.
    parameters : dict, optional
        Starting parameters; they are copied. Without them ``initializer`` draws them from ``seed``.
    initializer : str
        A row of ``INITIALIZERS``.
    optimizer : str or optax.GradientTransformation
        A row of ``OPTIMIZERS``, one of optax's names, "lbfgs", or a transformation of optax.
    learning_rate : float, optional
        alpha; the optimizer's own default where None.
    schedule : str or callable, optional
        A row of ``SCHEDULES``, or a function of the step that returns the factor on the rate.
    num_iterations : int
        Updates to do.
    batch_size : int, optional
        Examples per update, shuffled each epoch; all of them where None.
    shuffle : bool
        Whether mini-batches are shuffled.
    l2, l1 : float
        In the cost: l2 / (2 m) sum W^2 and l1 / m sum abs(W).
    weight_decay : float, optional
        Decoupled: W = W - alpha weight_decay W at each update.
    dropout : float or sequence
        One rate for all hidden layers, or one each for the input and the hidden layers.
    clip_norm : float, optional
        Largest Euclidean norm of all gradients together.
    learning_rate_factors : dict, optional
        Factors on the rate by name ("W1") or kind ("b").
    sample_weight : array, shape (m,), optional
        The cost is the weighted mean.
    validation : (X, Y) or (X, Y, sample_weight), optional
        Evaluated at each record.
    metrics : dict of callables, optional
        ``name -> f(AL, Y)``, recorded for both sets.
    score : callable, optional
        ``f(AL, Y, weights)`` of the validation set alone, recorded as "validation_score".
    monitor : str, optional
        The column that patience and the best parameters look at: "loss", "validation_loss",
        "validation_score" or a metric's name; by default "validation_loss" if there is a validation set.
    maximize : bool, optional
        Whether more is better; by default for every column but losses and costs.
    patience : int, optional
        Stop after so many records in a row without an improvement.
    tolerance : float
        The least improvement that counts: an improvement of ``tolerance`` itself does. At 0 any
        improvement counts, at less than 0 a small loss too.
    restore_best : bool, optional
        Return the parameters of the best record, whichever way the run ends; by default if
        ``patience`` or ``monitor`` is given.
    time_limit : float, optional
        Seconds.
    seed : int
        Of the start, the order of the examples and dropout.
    dtype : "float32" or "float64", optional
        By default that of X.
    engine : str
        "auto", "numpy" or "jax"; "wide" forces training in the span of the examples and "direct"
        forbids it; both with a plus sign, "jax+direct".
    devices : sequence of jax devices, optional
        Devices of the compiled loop; all where None.
    record_every : int
        Updates between records.
    callbacks : sequence of callables
        Called with an ``Info`` after each record's updates; True stops the run.
    progress : callable, optional
        Called with an ``Info`` several times a second.
    state : TrainState, optional
        Continue from here: as if the run had never stopped.
    schedule_length : int, optional
        Updates the schedule spans; by default to the end of this call.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        For anything that does not fit, with what was expected and what to try.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
    >>> Y = np.array([0, 1, 1, 0])
    >>> result = train(Network([2, 4, 1], "tanh"), X, Y, learning_rate=1.0, num_iterations=2000, seed=1)
    >>> result.predict(X)
    array([[0, 1, 1, 0]])
    """
    arguments = dict(locals())  # all of them, without naming each again
    if state is not None and not isinstance(state, TrainState):
        raise EllayerError(f"state: expected the TrainState of a result, received {type(state).__name__}")
    own = {name: arguments[name] for name in PER_NETWORK}
    if state is not None:
        own["seed"] = state.seed
    settings = train_settings(arguments, [own], several=False)
    data = training_data(settings, X, Y, sample_weight, validation)
    start = None if parameters is None else [parameters]
    states = starting_states(settings, data.dtype, None if state is None else [state], start)
    (result,) = train_networks(settings, data, states)
    return result
