"""Training with checked settings, examples and initial states, for one network or for several at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from .._lost_threads import lacks_threads
from .._progress import progress_phase
from .._progress_bars import Bar
from ..core.initializers import initialize_parameters
from ..core.optimizers import Optimizer
from ..errors import EllayerError
from . import validation as checks
from .ahead import LoopsAhead, can_compute_ahead
from .group import current_group
from .lbfgs import LbfgsRun
from .loop import Loop, LoopState
from .loop_choice import choose_loop, note_compiled, program_name
from .numpy_loop import NumpyLoop, NumpyLoops
from .result import TrainingResult
from .run import LoopRun, Run
from .sparse import direct_share, nonzeros_per_example
from .state import FlatState, Parameters, TrainState, copy_tree, tree_shapes
from .step import Batch
from .track import Track
from .train_settings import TrainSettings
from .training_data import TrainingData
from .wide import ExampleSpan, applies, pays

LOOK_AHEAD = 64  # minimum number of updates of a compiled chunk, if callbacks can wait


def starting_states(
    settings: TrainSettings,
    dtype: str,
    states: Sequence[TrainState] | None,
    parameters: Sequence[Mapping[str, object]] | None,
) -> list[TrainState]:
    """Return the initial states: those to continue from, or new ones with given or drawn parameters."""
    network = settings.network
    if states is not None:
        for state in states:
            checks.check_parameters(network, state.parameters, dtype, "state.parameters")
        return list(states)
    seeds = settings.seeds
    if parameters is None:
        starts = [initialize_parameters(network, settings.initializer, seed, dtype) for seed in seeds]
    else:
        starts = [checks.check_parameters(network, one, dtype) for one in parameters]
    return [TrainState(start, None, seed=seed) for start, seed in zip(starts, seeds, strict=True)]


def train_networks(
    settings: TrainSettings, data: TrainingData, states: Sequence[TrainState]
) -> list[TrainingResult]:
    """Train the networks of ``train`` or ``train_many``; everything except the states has been checked."""
    K = len(states)
    label = "training" if K == 1 else f"training {K} networks"
    with progress_phase(settings.observers.progress, label, settings.num_iterations) as report:
        settings = replace(settings, observers=replace(settings.observers, progress=report))
        results = _train_networks(settings, data, states)
        if isinstance(report, Bar):
            report.end(max(result.state.step for result in results))
        return results


def _train_networks(
    settings: TrainSettings, data: TrainingData, states: Sequence[TrainState]
) -> list[TrainingResult]:
    step = max(state.step for state in states)  # of those that have not ended
    before = any(state.before for state in states)
    group = current_group()
    span = None if settings.lbfgs or group else _choose_span(settings, data, states[0])
    settings = replace(
        settings,
        config=replace(settings.config, every_cost=not data.batches.full, wide=span is not None),
        values=tuple(
            values._replace(before=float(state.before) if before else None)
            for values, state in zip(settings.values, states, strict=True)
        ),
        schedule_length=settings.schedule_length or step + settings.num_iterations,
        dtype=data.dtype,
        span=span,
    )
    if span:
        data = data.in_span(span)
    tracks = [Track(settings, data, state, k) for k, state in enumerate(states)]
    if settings.lbfgs:
        return _results(LbfgsRun(tracks[0], states[0]), "lbfgs", 0.0)
    loop = _make_loop(settings, data, tracks)
    begins = [_loop_state(settings, state, data.dtype) for state in states]
    for track, state, begin in zip(tracks, states, begins, strict=True):
        if settings.several and state.stopped_by:
            track.stop(state.stopped_by, begin)
    loop.start([begin._replace(step=step) for begin in begins])
    if span:
        loop.name += " wide"
    return _results(LoopRun(loop, tracks), loop.name, loop.compile_seconds)


def _make_loop(settings: TrainSettings, data: TrainingData, tracks: Sequence[Track]) -> Loop:
    """Return the requested loop, or the one that finishes first."""
    observers, every, config = settings.observers, settings.record_every, settings.config
    group = current_group()
    longest = every if settings.watches or observers.callbacks else None  # updates per call
    if observers.can_wait and not settings.watches:
        longest = max(every, LOOK_AHEAD)
    if group is not None:
        from .sharded_loop import ShardedLoop

        return ShardedLoop(settings, data, longest, group)
    program = program_name(config, data.batches, data.dtype, longest)
    kind = "jax"
    if not settings.several or settings.engine.kind == "numpy" or lacks_threads("jax"):
        nonzeros = nonzeros_per_example(settings.network, data.examples)
        kind = choose_loop(
            settings.engine.kind, config, data.batches, settings.num_iterations, data.dtype, program, nonzeros
        )
    if kind == "numpy" and can_compute_ahead(settings, data, settings.n_jobs):
        return _loops_ahead(settings, data, tracks)
    if kind == "numpy":
        return (NumpyLoops if settings.several else NumpyLoop)(settings, data)
    from .jax_loop import JaxLoop

    note_compiled(program)
    return JaxLoop(settings, data, longest)


def _loops_ahead(settings: TrainSettings, data: TrainingData, tracks: Sequence[Track]) -> LoopsAhead:
    """Return the loop of workers, whose values of the validation examples the tracks use."""

    def rates(first: int, count: int) -> np.ndarray:
        factors = settings.factors(first, count)
        return np.array([track.rates(factors) for track in tracks])

    loop = LoopsAhead(settings, data, rates)
    for track in tracks:
        track.computed = loop.validation_values
    return loop


def _loop_state(settings: TrainSettings, state: TrainState, dtype: str) -> LoopState:
    """Return the initial state of a loop; raise if it is of another optimizer."""
    if state.coordinates is not None:
        parameters = {name: theta for name, theta in state.coordinates.items() if name != "W0"}
    else:
        parameters = {name: np.asarray(theta, dtype) for name, theta in state.parameters.items()}
        parameters |= {"W1": settings.span.start} if settings.span else {}
    optimizer = settings.config.optimizer
    fresh = _fresh_optimizer_state(optimizer, parameters, dtype)
    last = fresh if state.optimizer_state is None else state.optimizer_state
    if isinstance(last, FlatState):
        last = last.into(fresh)
    if tree_shapes(last) != tree_shapes(fresh):
        raise EllayerError(
            f"state: expected the optimizer state of {optimizer.name!r}, received one of a different optimizer, "
            "or of a run that was not 'wide'; continue with the optimizer and engine of the run, or start again with "
            "parameters=state.parameters"
        )
    interval = state.interval if settings.config.every_cost else (0.0, 0.0)
    return LoopState(copy_tree(parameters), copy_tree(last, dtype), state.step, interval)


def _fresh_optimizer_state(optimizer: Optimizer, parameters: Parameters, dtype: str) -> object:
    if not optimizer.compiled_only:
        return optimizer.init(parameters)
    import jax

    with jax.enable_x64(dtype == "float64"):
        return optimizer.init({name: jax.numpy.asarray(theta) for name, theta in parameters.items()})


def _results(run: Run, engine: str, compile_seconds: float) -> list[TrainingResult]:
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


# In the span of the examples


def _choose_span(settings: TrainSettings, data: TrainingData, state: TrainState) -> ExampleSpan | None:
    """Return the coordinates of a run in the span of its examples, or None for a direct run."""
    if not _is_wide(settings, data, state) or not isinstance(data.examples, Batch):
        return None
    X, coordinates = data.examples.X, state.coordinates
    if coordinates is None:
        return ExampleSpan(X, state.parameters["W1"])
    span = ExampleSpan(X, coordinates["W0"])
    if not span.represents(coordinates["W1"], state.parameters["W1"]):
        raise EllayerError(
            "state: this run was in the span of its examples ('wide'); expected the same X to continue with, received "
            "another; for other examples start again with parameters=state.parameters"
        )
    return span


def _is_wide(settings: TrainSettings, data: TrainingData, state: TrainState) -> bool:
    config = settings.config
    possible = config.network.inputs is None and not settings.several
    possible = possible and applies(
        config.optimizer, data.batches.full, config.l1, config.clip, 0 in config.dropout
    )
    if state.coordinates is not None and (settings.engine.wide is False or not possible):
        raise EllayerError(
            "state: this run was in the span of the examples ('wide') and continues only so; expected the same "
            "full batch, a linear optimizer and engine 'auto', 'wide', 'numpy' or 'jax'"
        )
    if settings.engine.wide and not possible:
        raise EllayerError(
            "engine 'wide': expected the full batch, gd, momentum or nesterov, no l1, no clipping and no dropout "
            "on the input; received settings that leave the span of the examples"
        )
    if state.coordinates is not None or settings.engine.wide is not None:
        return bool(settings.engine.wide or state.coordinates)
    if state.step:
        return False  # a direct run continues directly
    share = direct_share(data.examples)
    return possible and pays(config.network, data.m, settings.num_iterations, share)
