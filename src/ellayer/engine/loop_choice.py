"""engine="auto": which loop finishes first, by a cost model.

The time of a step is a fixed cost per array operation plus its floating-point operations and its elements in
elementwise functions, each at a measured rate; the compiled loop also pays for importing
jax (unless it is imported already) and compiling (unless this process has the program already).

One fit of a search is too short for compiling to pay, the whole search is not, and its length is mostly not known in
advance. So a process compiles a program as soon as it has spent as much time on NumPy, over all runs, as compiling
takes. That is at most twice the time of the best choice. A search that states its number of fits (``fits_of_search``)
compiles a program at its second fit if that pays for the fits that are left.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple

from .._lost_threads import check_threads, lacks_threads
from ..errors import EllayerError
from .batches import Batches
from .step import StepConfig


@dataclass(frozen=True)
class Speeds:
    """Measured on two cores of a common server; only ratios matter.

    Seconds: per array operation, per multiply-add of a matrix product, per number through an
    elementwise operation, per multiply-add of a product by the non-zeros of a sparse matrix.
    """

    call: float
    flop: float
    number: float
    nonzero: float = 0.0


NUMPY = {
    "float64": Speeds(0.62e-6, 1.3e-11, 0.80e-9, 1.0e-9),
    "float32": Speeds(0.62e-6, 0.63e-11, 0.48e-9, 0.3e-9),
}
JAX = {"float64": Speeds(0.08e-6, 1.5e-11, 0.22e-9), "float32": Speeds(0.08e-6, 0.76e-11, 0.13e-9)}
IMPORT_SECONDS = 0.6
COMPILE_SECONDS = 0.3
COMPILE_SECONDS_PER_LAYER = 0.04
PASSES_OF_DENSE = 3  # over the numbers of a mini-batch, to make it dense and to transfer it
CALLS_OF_NONZEROS = 150  # array operations that taking rows of a sparse matrix and its two products are worth
_spent_on_numpy: dict[str, float] = {}  # predicted seconds by program, of this process
_compiled: set[str] = set()  # the programs of this process


@dataclass
class Search:
    """The fits of a search in this process.

    Parameters
    ----------
    name : hashable
        Different for every search.
    total : int
        The fits that it has planned.
    """

    name: Hashable
    total: int
    done: int = 0
    programs: set[str] = field(default_factory=set)

    def expected_fits(self, program: str) -> float:
        """Count a fit and return how many with this program are likely, including this one.

        1 for a program not seen before; all that are left while there is only one; for several their mean so far.
        """
        known = program in self.programs
        self.programs.add(program)
        updates_left = max(1, self.total - self.done)
        self.done += 1
        if not known:
            return 1
        return updates_left if len(self.programs) == 1 else min(updates_left, self.done / len(self.programs))


_search: ContextVar[Search | None] = ContextVar("search", default=None)
_last_search: Search | None = None


@contextmanager
def fits_of_search(name: Hashable, total: int) -> Iterator[None]:
    """Return a context for one of the ``total`` fits of the search ``name``."""
    global _last_search
    if _last_search is None or _last_search.name != name:
        _last_search = Search(name, total)
    token = _search.set(_last_search)
    try:
        yield
    finally:
        _search.reset(token)


class Engine(NamedTuple):
    """The parts of the argument ``engine``.

    Parameters
    ----------
    kind : {"auto", "numpy", "jax"}
    wide : bool or None
        Whether the run has to be in the span of its examples; None if left open.
    tf32 : bool
        Whether products of float32 may be computed in TF32 where a GPU has it.
    """

    kind: str = "auto"
    wide: bool | None = None
    tf32: bool = False


def parse_engine(engine: str) -> Engine:
    """Return the parts of ``engine``.

    >>> parse_engine("jax+direct")
    Engine(kind='jax', wide=False, tf32=False)
    """
    parts = engine.split("+") if isinstance(engine, str) else [engine]
    kind, wide, tf32 = "auto", None, False
    for part in parts:
        if part in ("auto", "numpy", "jax"):
            kind = part
        elif part in ("wide", "direct"):
            wide = part == "wide"
        elif part == "tf32":
            tf32 = True
        else:
            raise EllayerError(
                "engine: expected 'auto', 'numpy', 'jax', 'wide' or 'direct', or two of them like 'jax+direct', and "
                f"'tf32' for a GPU; received {engine!r}"
            )
    return Engine(kind, wide, tf32)


def step_seconds(config: StepConfig, batch_size: int, speeds: Speeds, nonzeros: float | None = None) -> float:
    """Return the predicted time of one update; ``nonzeros`` as in ``choose_loop``."""
    dims, m = config.widths(batch_size), batch_size
    weights = [a * b for a, b in itertools.pairwise(dims)]
    products = sum(weights) * 3 - weights[0] * (2 if config.wide else 1)
    states = {"gd": 1, "momentum": 3, "nesterov": 4, "velocity": 3, "rmsprop": 5}
    state = states.get(config.optimizer.name.split("(")[0], 8)
    passes = 2 * state + 2 * config.l2 + 2 * config.l1 + 3 * config.clip
    numbers = sum(dims[1:]) * m * 8 + sum(weights) * passes
    numbers += sum(dims[layer] for layer in config.dropout) * m * 20
    calls = len(weights) * (14 + 2 * passes) + 12 + 25 * len(config.dropout) + 15 * config.every_cost
    of_nonzeros = 0.0
    if nonzeros is not None:
        of_nonzeros = 2 * nonzeros * dims[1] * m * speeds.nonzero
        products -= 2 * weights[0]
        numbers -= round(dims[0] - nonzeros) * m * 20 * (0 in config.dropout)
        calls += CALLS_OF_NONZEROS
    return of_nonzeros + calls * speeds.call + 2 * products * m * speeds.flop + numbers * speeds.number


def start_seconds(config: StepConfig, program: str) -> float:
    """Return the predicted time before the compiled loop's first step."""
    seconds = COMPILE_SECONDS + COMPILE_SECONDS_PER_LAYER * config.network.L
    return (0.0 if program in _compiled else seconds) + (0.0 if "jax" in sys.modules else IMPORT_SECONDS)


def program_name(config: StepConfig, batches: Batches, dtype: str, longest: int | None = None) -> str:
    """Return a key that is equal for two runs only if they share a compiled program."""
    switches = (config.dropout, config.l2, config.l1, config.clip, config.decay, config.factors, config.wide)
    exact = batches.full or batches.large(config.network.layer_dims[0], dtype)
    m = batches.m if exact else batches.rows_kept
    network = f"{config.network!r} {config.network.parametric} {config.network.inputs}"
    return f"{network} {config.optimizer.name} {switches} {m} {batches.batch_size} {longest and (longest - 1).bit_length()} {dtype}"


def note_compiled(program: str) -> None:
    """Record that this process has compiled a program."""
    _compiled.add(program)


def choose_loop(
    kind: str,
    config: StepConfig,
    batches: Batches,
    steps: int,
    dtype: str,
    program: str,
    nonzeros: float | None = None,
) -> str:
    """Return "numpy" or "jax": the requested loop, or the one that finishes first.

    ``nonzeros`` are those of an example on average if the loop on NumPy computes the products of layer 1 by them. The compiled
    loop has no product of a sparse matrix: it computes the dense one.
    """
    if lacks_threads("jax"):
        if config.optimizer.compiled_only:
            check_threads("jax", "optimizer", ", or an optimizer that runs on NumPy, such as 'adam'")
        elif kind == "jax":
            check_threads("jax", "engine", ", or engine='numpy'")
        return "numpy"
    if config.optimizer.compiled_only:
        if kind == "numpy":
            raise EllayerError(
                f"optimizer {config.optimizer.name!r} is from optax and runs compiled only: expected engine 'auto' or 'jax', "
                "received 'numpy'"
            )
        return "jax"
    if kind != "auto":
        return kind
    slow = steps * step_seconds(config, batches.batch_size, NUMPY[dtype], nonzeros)
    fast = steps * step_seconds(config, batches.batch_size, JAX[dtype])
    if nonzeros is not None and not batches.full:
        numbers = config.network.layer_dims[0] * batches.batch_size
        fast += steps * PASSES_OF_DENSE * numbers * NUMPY[dtype].number
    start = start_seconds(config, program)
    spent, search = _spent_on_numpy.get(program, 0.0), _search.get()
    fits = 1 if search is None else search.expected_fits(program)
    if fast < slow and (fits * fast + start < fits * slow or spent > start):
        return "jax"
    _spent_on_numpy[program] = spent + slow
    return "numpy"
