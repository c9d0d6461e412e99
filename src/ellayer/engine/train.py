"""train: one network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from ..core.network import Network
from ..core.optimizers import Optimizer
from ..errors import EllayerError
from .events import Callback, Score
from .keras_arguments import MetricsLike, native_arguments
from .optax_rules import ScheduleSpec
from .result import TrainingResult
from .state import TrainState
from .train_networks import starting_states, train_networks
from .train_settings import PER_NETWORK, train_settings
from .training_data import Examples, training_data

if TYPE_CHECKING:
    from optax import GradientTransformation

    from .devices import Device


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
    num_iterations: int | None = None,
    epochs: int | None = None,
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
    validation_split: float | None = None,
    metrics: MetricsLike | None = None,
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
    device: str | Device | Sequence[Device] | None = None,
    devices: str | Sequence[Device] | None = None,
    record_every: int | None = None,
    callbacks: Sequence[Callback] = (),
    progress: Callback | bool | None = None,
    state: TrainState | None = None,
    schedule_length: int | None = None,
) -> TrainingResult:
    r"""Train a network: W^[l] = W^[l] - alpha dW^[l], repeated.

    Parameters
    ----------
    network : Network
    X : array or sparse matrix, shape (n_x, m), or DiskRows
        Examples are columns. On NumPy, layer 1 of a sparse X with few non-zeros (1 in 32) is computed by these. Another
        sparse X, and that of the compiled loop, is made dense by mini-batches, or whole for the full batch.
        ``engine.DiskRows`` are X, Y and the weights in a file larger than memory: mini-batches only,
        shuffled by blocks.
    Y : array, shape (n_L, m)
        Targets; a flat Y of length m is treated as (1, m), or as class indices for a softmax loss.
    parameters : dict, optional
        Initial parameters; they are copied. By default ``initializer`` draws them with ``seed``.
    initializer : str
        A row of ``INITIALIZERS``.
    optimizer : str or optax.GradientTransformation
        A row of ``OPTIMIZERS``, one of optax's names, "lbfgs", or a transformation of optax.
    learning_rate : float, optional
        alpha; by default that of the optimizer.
    schedule : str or callable, optional
        A row of ``SCHEDULES``, or a function of the step that returns the factor on the rate.
    num_iterations : int, optional
        Number of updates; by default 1000.
    epochs : int, optional
        Number of passes over the examples, instead of ``num_iterations``. A record is then one epoch, unless
        ``record_every`` is given.
    batch_size : int, optional
        Examples per update, shuffled each epoch; all of them if None.
    shuffle : bool
        Whether mini-batches are shuffled.
    l2, l1 : float
        Penalties in the cost: l2 / (2 m) sum W^2 and l1 / m sum abs(W).
    weight_decay : float, optional
        Decoupled: W = W - alpha weight_decay W at each update.
    dropout : float or sequence
        One rate for all hidden layers, or one rate per hidden layer, optionally with one for the input first.
    clip_norm : float, optional
        Largest Euclidean norm of all gradients together.
    learning_rate_factors : dict, optional
        Factors on the rate by name ("W1") or kind ("b").
    sample_weight : array, shape (m,), optional
        Weights; the cost is the weighted mean.
    validation : (X, Y) or (X, Y, sample_weight), optional
        Evaluated at each record.
    validation_split : float, optional
        The fraction of the examples to hold out as the validation set, drawn at random by ``seed``.
    metrics : list of str, or dict of callables, optional
        Rows of ``METRICS``, like ``["accuracy"]``, or ``name -> f(AL, Y)``; recorded for both sets.
    score : callable, optional
        ``f(AL, Y, weights)``, computed on the validation set only and recorded as "validation_score".
    monitor : str, optional
        The column for patience and the best parameters: "loss", "validation_loss",
        "validation_score" or a metric's name; by default "validation_loss" if there is a validation set.
    maximize : bool, optional
        Whether higher is better; by default True except for losses and costs.
    patience : int, optional
        Number of consecutive records without an improvement after which to stop.
    tolerance : float
        The smallest change that counts as an improvement. At 0 any improvement counts, below 0 also a
        small deterioration.
    restore_best : bool, optional
        Return the parameters of the best record, however the run ends; by default if
        ``patience`` or ``monitor`` is given.
    time_limit : float, optional
        Seconds.
    seed : int
        Random seed (initial parameters, order of the examples, dropout).
    dtype : "float32" or "float64", optional
        By default that of X.
    engine : str
        "auto", "numpy" or "jax"; "wide" forces training in the span of the examples and "direct"
        disables it; combined with a plus sign, "jax+direct". "jax+tf32" permits a GPU to compute products of float32
        in TF32, with about three digits; otherwise they have all digits of float32.
    device : str, jax device or sequence of them, optional
        Devices of the compiled loop: "cpu", "gpu", or "gpu:1" for the second; all of the default kind if None.
    devices : optional
        The former name of ``device``.
    record_every : int, optional
        Updates between records; by default 100, or those of an epoch if ``epochs`` is given.
    callbacks : sequence of callables
        Called with an ``Info`` after each record's updates; True stops the run.
    progress : bool or callable, optional
        True shows a bar with the time left, in a terminal or a notebook; a function is called with an ``Info``
        several times a second.
    state : TrainState, optional
        State to continue from; the result equals an uninterrupted run.
    schedule_length : int, optional
        Number of updates of the schedule; by default those of this call.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        For invalid arguments.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
    >>> Y = np.array([0, 1, 1, 0])
    >>> result = train(Network([2, 4, 1], "tanh"), X, Y, learning_rate=1.0, num_iterations=2000, seed=1)
    >>> result.predict(X)
    array([[0, 1, 1, 0]])
    """
    if state is not None and not isinstance(state, TrainState):
        raise EllayerError(f"state: expected the TrainState of a result, received {type(state).__name__}")
    arguments = native_arguments(locals())
    own = {name: arguments[name] for name in PER_NETWORK}
    if state is not None:
        own["seed"] = state.seed
    settings = train_settings(arguments, [own], several=False)
    data = training_data(settings, *(arguments[name] for name in ("X", "Y", "sample_weight", "validation")))
    start = None if parameters is None else [parameters]
    states = starting_states(settings, data.dtype, None if state is None else [state], start)
    (result,) = train_networks(settings, data, states)
    return result
