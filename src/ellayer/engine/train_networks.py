"""From settings, examples and starting states to results: for one network, or for several at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..core.initializers import initialize_parameters
from ..core.optimizers import Optimizer
from ..errors import EllayerError
from . import validation as checks
from .lbfgs import LbfgsRun
from .loop import Loop, LoopState
from .loop_choice import choose_loop, note_compiled, program_name
from .monitor import Monitor
from .numpy_loop import NumpyLoop
from .result import TrainingResult
from .run import Run
from .span_choice import choose_span, loop_parameters
from .state import FlatState, Parameters, TrainState, copy_tree, tree_shapes
from .step import Batch, StepConfig, StepValues
from .track import LearningRates, Track, TrackSettings
from .train_settings import TrainSettings
from .training_data import TrainingData

LOOK_AHEAD = 64  # updates that a compiled chunk holds at least, where callbacks can wait


def starting_states(
    settings: TrainSettings,
    dtype: str,
    states: Sequence[TrainState] | None,
    parameters: Sequence[Mapping[str, object]] | None,
) -> list[TrainState]:
    """Return the states to begin from: those to continue, or new ones of parameters that are given or drawn."""
    network = settings.network
    if states is not None:
        for state in states:
            checks.check_parameters(network, state.parameters, dtype, "state.parameters")
        return list(states)
    seeds = [one.seed for one in settings.networks]
    if parameters is None:
        starts = [initialize_parameters(network, settings.initializer, seed, dtype) for seed in seeds]
    else:
        starts = [checks.check_parameters(network, one, dtype) for one in parameters]
    return [TrainState(start, None, seed=seed) for start, seed in zip(starts, seeds, strict=True)]


def train_networks(
    settings: TrainSettings, data: TrainingData, states: Sequence[TrainState]
) -> list[TrainingResult]:
    """Train the networks of ``train`` or ``train_many``; everything has been checked but the states."""
    config = settings.step_config(data.batches.full)
    values = settings.step_values(config, states)
    last = states[0].step + settings.num_iterations
    rates = LearningRates(settings.schedule, settings.schedule_length or last)
    network_dtype = data.dtype
    span = None if settings.lbfgs else choose_span(settings, config, data, states[0])
    if span:
        config, data = replace(config, wide=True), data.in_span(span)
    shared = TrackSettings(config, settings.stopping, rates, settings.record_every, network_dtype, span)
    tracks = [
        Track(
            shared,
            Monitor(data.of_network(k), data.validation[k], settings.metrics, settings.score),
            values[k],
            network.learning_rate,
            states[k],
            f"network {k}: " if len(states) > 1 else "",
        )
        for k, network in enumerate(settings.networks)
    ]
    if settings.lbfgs:
        run: Run | LbfgsRun = _lbfgs_run(settings, data, tracks[0], states[0])
        return _results(run, "lbfgs", 0.0)
    longest = _longest_chunk(settings, tracks)
    loop = _make_loop(settings, config, values, data, longest)
    loop.start(
        [_loop_state(config, data.dtype, state, loop_parameters(state, span, data.dtype)) for state in states]
    )
    if span:
        loop.name += " wide"
    return _results(Run(loop, tracks, last, settings.observers), loop.name, loop.compile_seconds)


def _longest_chunk(settings: TrainSettings, tracks: Sequence[Track]) -> int | None:
    """Return the most updates that will be asked for at once; None if nothing has to be done in between."""
    decides = any(track.monitor for track in tracks) or tracks[0].settings.judges
    if settings.observers.can_wait and not decides:
        return max(settings.record_every, LOOK_AHEAD)
    return settings.record_every if decides or settings.observers.callbacks else None


def _make_loop(
    settings: TrainSettings,
    config: StepConfig,
    values: Sequence[StepValues],
    data: TrainingData,
    longest: int | None,
) -> Loop:
    """Return the loop that was asked for, or finishes first."""
    program = program_name(config, data.batches, data.dtype, longest)
    kind = "jax"
    if not settings.several:
        kind = choose_loop(settings.loop, config, data.batches, settings.num_iterations, data.dtype, program)
    if kind == "numpy":
        return NumpyLoop(config, values[0], data, settings.record_every)
    from .jax_loop import JaxLoop

    note_compiled(program)
    return JaxLoop(config, values, data, settings.record_every, settings.devices, longest, settings.several)


def _loop_state(config: StepConfig, dtype: str, state: TrainState, parameters: Parameters) -> LoopState:
    """Return the state that a loop starts from; raise if it belongs to another optimizer."""
    fresh = _fresh_optimizer_state(config.optimizer, parameters, dtype)
    last = fresh if state.optimizer_state is None else state.optimizer_state
    if isinstance(last, FlatState):
        last = last.into(fresh)
    if tree_shapes(last) != tree_shapes(fresh):
        raise EllayerError(
            f"state: expected the optimizer state of {config.optimizer.name!r}, received one of a different optimizer, "
            "or of a run that was not 'wide'; continue with the optimizer and engine of the run, or begin anew with "
            "parameters=state.parameters"
        )
    return LoopState(copy_tree(parameters), copy_tree(last, dtype), state.step, state.interval)


def _fresh_optimizer_state(optimizer: Optimizer, parameters: Parameters, dtype: str) -> object:
    if not optimizer.compiled_only:
        return optimizer.init(parameters)
    import jax

    with jax.enable_x64(dtype == "float64"):
        return optimizer.init({name: jax.numpy.asarray(theta) for name, theta in parameters.items()})


def _lbfgs_run(settings: TrainSettings, data: TrainingData, track: Track, state: TrainState) -> LbfgsRun:
    config, examples = track.settings.config, data.examples
    if (
        not isinstance(examples, Batch)
        or config.every_cost
        or config.dropout
        or config.clip
        or config.decay
        or state.step
    ):
        raise EllayerError(
            "optimizer 'lbfgs': expected the full batch, no dropout, clipping or decay, and no state to continue "
            "from; take 'adam' for those"
        )
    assert settings.lbfgs is not None
    return LbfgsRun(track, examples, state, settings.lbfgs, settings.num_iterations, settings.observers)


def _results(run: Run | LbfgsRun, engine: str, compile_seconds: float) -> list[TrainingResult]:
    """Run, and return a result of each network."""
    begin = time.perf_counter()
    run.go()
    states = run.states()
    seconds = time.perf_counter() - begin
    results = []
    for track, state in zip(run.tracks, states, strict=True):
        best = track.best_parameters() if track.settings.stopping.keep_best else None
        results.append(
            TrainingResult(
                network=track.settings.config.network,
                parameters=best or {name: theta.copy() for name, theta in state.parameters.items()},
                costs=list(track.history.get("loss", [])),
                history=track.history,
                stopped_by=track.stopped_by or "iterations",
                engine=engine,
                state=state,
                seconds=seconds,
                compile_seconds=compile_seconds,
            )
        )
    return results
