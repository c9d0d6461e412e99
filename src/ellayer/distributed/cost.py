"""When more processes pay: the time of an update by what is computed and what travels.

An update takes the time to compute a K-th of its examples and to add up one vector: the gradients, the cost and the
weights. The vector is gathered by every process, or in two messages if it is long (``engine.shard_step``): each sends its part to
each, and the sums are gathered. Either takes a constant time to wake gloo's threads. To gather is a ring of K - 1 steps, in each of
which a process tells the one before it that it can receive, and then receives: two delays of the network. To send to each takes two
delays at once. Before and after each chunk of updates, of a quarter of a second or of one update that takes longer, the processes agree in
three short messages.

The constants are fitted to groups of 1, 2 and 4 processes on one machine of two cores, by ``benchmarks/many_machines.py``:
measured times are 0.69 to 1.36 times those estimated on busy cores, 0.38 to 1.08 times on quiet ones, and 0.9 to 1.02 times over a network with a delay of 5 or 20 ms, for messages that
TCP sends at once. There the processes wait for a core in each step, so that
``STEP`` is too large for machines of their own, and what is extrapolated to many of them is an upper bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

from ..core.network import Network
from ..core.optimizers import OPTIMIZERS
from ..engine.loop_choice import JAX, step_seconds
from ..engine.run import CHUNK_SECONDS
from ..engine.shards import NUMBERS_AT_ONCE, SURE
from ..engine.step import StepConfig
from ..errors import EllayerError

WAKE, STEP = 1.4e-3, 1.1e-3  # seconds of a message, and of each of its steps, besides the network
DELAYS = 2  # times the latency in a step: one for the word that a process can receive, one for the numbers
AGREEMENTS, SHORT = 3, 256  # messages of a chunk of updates, and the numbers of one
COMPUTED = 1.5  # times the cost model of the loop, as measured here
BYTES = 4  # of a number in float32
LATENCY, BANDWIDTH = 50e-6, 1.25e9  # seconds and bytes per second: those of Ethernet with 10 Gbit/s


@dataclass(frozen=True)
class CostEstimate:
    """The estimated time of an update.

    Attributes
    ----------
    processes : int
    seconds : float
        Of an update.
    computing, communicating : float
        The parts of it.
    speedup : float
        The time of one process, divided by this one.
    efficiency : float
        ``speedup`` divided by the number of processes.
    """

    processes: int
    seconds: float
    computing: float
    communicating: float
    speedup: float
    efficiency: float


def estimate(
    network: Network, batch_size: int, processes: int, latency: float = LATENCY, bandwidth: float = BANDWIDTH
) -> CostEstimate:
    """Estimate the time of an update, of float32 and Adam, on processes with a machine of two cores each.

    Parameters
    ----------
    network : Network
    batch_size : int
        Examples of an update, of all processes together.
    processes : int
    latency : float
        Seconds that a short message takes from one machine to another.
    bandwidth : float
        Bytes per second between two machines.

    Returns
    -------
    CostEstimate

    Raises
    ------
    EllayerError
        For numbers that are out of range.

    Examples
    --------
    >>> from ellayer import Network
    >>> small, large = Network([32, 64, 1]), Network([256, 1024, 1024, 10], loss="cross_entropy")
    >>> estimate(small, 256, 8).speedup < 1 < estimate(large, 65536, 8).speedup < 8
    True
    """
    if not isinstance(network, Network):
        raise EllayerError(
            f"network: expected a Network, received {type(network).__name__}; try ellayer.Network([32, 64, 1])"
        )
    for name, value, example in (("batch_size", batch_size, 1024), ("processes", processes, 2)):
        if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
            raise EllayerError(f"{name}: expected an integer >= 1, received {value!r}; try {name}={example}")
    if batch_size < processes:
        raise EllayerError(
            f"batch_size: expected at least one example for each of {processes} processes, received {batch_size}; try "
            f"batch_size={256 * processes}, or fewer processes"
        )
    if not (_is_number(latency) and latency >= 0 and _is_number(bandwidth) and bandwidth > 0):
        raise EllayerError(
            f"latency, bandwidth: expected seconds >= 0 and bytes per second above 0, received {latency!r} and {bandwidth!r}; "
            "omit them for Ethernet with 10 Gbit/s"
        )
    alone = compute_seconds(network, batch_size)
    computing = compute_seconds(network, room_for(batch_size, processes))
    communicating = message_seconds(network.parameter_count + 2, processes, latency, bandwidth)
    short = message_seconds(SHORT, processes, latency, bandwidth)
    # One short message is part of the time of a chunk.
    updates = max(1, math.floor((CHUNK_SECONDS - short) / (computing + communicating)))
    communicating += AGREEMENTS * short / updates
    seconds = computing + communicating
    speedup = alone / seconds
    return CostEstimate(processes, seconds, computing, communicating, speedup, speedup / processes)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def compute_seconds(network: Network, examples: float) -> float:
    """Return the seconds to compute an update of some examples on one process."""
    config = StepConfig(network, OPTIMIZERS["adam"], every_cost=True)
    return COMPUTED * step_seconds(config, max(1, round(examples)), JAX["float32"])


def room_for(batch_size: int, processes: int) -> float:
    """Return the examples that a process computes, those of padding included: its share varies from update to update."""
    mean = batch_size / processes
    return min(batch_size, mean + SURE * math.sqrt(mean * (1.0 - 1.0 / processes)))


def message_seconds(numbers: int, processes: int, latency: float, bandwidth: float) -> float:
    """Return the seconds to add up a vector over the processes."""
    if processes == 1:
        return 0.0
    steps, volume = processes - 1, BYTES * numbers / bandwidth
    if processes == 2 or processes * numbers <= NUMBERS_AT_ONCE:
        return WAKE + steps * (STEP + DELAYS * latency + volume)
    return 2 * (WAKE + steps * (STEP + volume / processes)) + processes * DELAYS * latency
