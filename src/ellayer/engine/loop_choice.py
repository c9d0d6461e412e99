"""engine="auto": which loop finishes first, by a cost model that can be read and tested.

A step's time is a fixed cost per array operation plus its floating-point operations and the numbers
it passes through elementwise functions, each at a measured rate; the compiled loop pays importing
jax (where nothing has yet) and compiling (less where the persistent cache may hold the program).

One fit of a search is too short to compile for, the search is not, and nobody says how long it will
be: so a process compiles a program once it has spent on NumPy, run by run, what compiling would have
cost. That is at most twice what knowing it beforehand would have taken.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass

from ..errors import EllayerError
from . import compile_cache
from .batches import Batches
from .step import Plan


@dataclass(frozen=True)
class Speeds:
    """Measured on two cores of a common server; only ratios matter.

    Seconds: per array operation, per multiply-add of a matrix product, per number through an
    elementwise operation.
    """

    call: float
    flop: float
    number: float


NUMPY = {"float64": Speeds(0.62e-6, 1.3e-11, 0.80e-9), "float32": Speeds(0.62e-6, 0.63e-11, 0.48e-9)}
JAX = {"float64": Speeds(0.08e-6, 1.5e-11, 0.22e-9), "float32": Speeds(0.08e-6, 0.76e-11, 0.13e-9)}
IMPORT_SECONDS = 0.6
COMPILE_SECONDS = 0.3
COMPILE_SECONDS_PER_LAYER = 0.04
_spent_on_numpy: dict[str, float] = {}  # predicted seconds by program, of this process
CACHED_FRACTION = 0.25  # tracing and loading remain where the persistent cache holds the program


def parse_engine(engine: str) -> tuple[str, bool | None]:
    """Return the loop ("auto", "numpy", "jax") and the wish for wide (None where left open).

    >>> parse_engine("jax+direct")
    ('jax', False)
    """
    parts = engine.split("+") if isinstance(engine, str) else [engine]
    kind, wide = "auto", None
    for part in parts:
        if part in ("auto", "numpy", "jax"):
            kind = part
        elif part in ("wide", "direct"):
            wide = part == "wide"
        else:
            raise EllayerError(
                "engine: expected 'auto', 'numpy', 'jax', 'wide' or 'direct', or two of them like 'jax+direct'; "
                f"received {engine!r}"
            )
    return kind, wide


def step_seconds(plan: Plan, batch_size: int, dtype: str, speeds: Speeds) -> float:
    """Return the predicted time of one update."""
    dims = list(plan.network.widths)
    if plan.wide:
        dims[0] = batch_size + dims[1]
    m = batch_size
    weights = [a * b for a, b in itertools.pairwise(dims)]
    products = sum(weights) * 3 - weights[0] * (2 if plan.wide else 1)
    states = {"gd": 1, "momentum": 3, "nesterov": 4, "velocity": 3, "rmsprop": 5}
    passes = 2 * states.get(plan.optimizer.name.split("(")[0], 8) + 2 * plan.l2 + 2 * plan.l1 + 3 * plan.clip
    numbers = sum(dims[1:]) * m * 8 + sum(weights) * passes
    numbers += sum(dims[layer] for layer in plan.dropout) * m * 20
    calls = len(weights) * (14 + 2 * passes) + 12 + 25 * len(plan.dropout) + (15 if plan.every_cost else 0)
    return calls * speeds.call + 2 * products * m * speeds.flop + numbers * speeds.number


def start_seconds(plan: Plan, program: str) -> float:
    """Return the predicted time before the compiled loop's first step."""
    seconds = COMPILE_SECONDS + COMPILE_SECONDS_PER_LAYER * plan.network.L
    seconds *= {"process": 0.0, "disk": CACHED_FRACTION, "nowhere": 1.0}[compile_cache.where(program)]
    return seconds + (0.0 if "jax" in sys.modules else IMPORT_SECONDS)


def program_name(plan: Plan, batches: Batches, dtype: str, longest: int | None = None) -> str:
    """Return a text that two runs share just where they share a compiled program."""
    switches = (plan.dropout, plan.l2, plan.l1, plan.clip, plan.decay, plan.factors, plan.wide)
    m = batches.m if batches.full else batches.rows_kept
    network = f"{plan.network!r} {plan.network.parametric} {plan.network.inputs}"
    return f"{network} {plan.optimizer.name} {switches} {m} {batches.batch_size} {longest and (longest - 1).bit_length()} {dtype}"


def choose_loop(kind: str, plan: Plan, batches: Batches, steps: int, dtype: str, program: str) -> str:
    """Return "numpy" or "jax": the one asked for, or the one that finishes first."""
    if plan.optimizer.compiled_only:
        if kind == "numpy":
            raise EllayerError(
                f"optimizer {plan.optimizer.name!r} is optax's and runs compiled: expected engine 'auto' or 'jax', "
                "received 'numpy'"
            )
        return "jax"
    if kind != "auto":
        return kind
    slow = steps * step_seconds(plan, batches.batch_size, dtype, NUMPY[dtype])
    fast = steps * step_seconds(plan, batches.batch_size, dtype, JAX[dtype])
    start = start_seconds(plan, program)
    spent = _spent_on_numpy.get(program, 0.0)
    if fast < slow and (fast + start < slow or spent > start):
        return "jax"
    _spent_on_numpy[program] = spent + slow
    return "numpy"
