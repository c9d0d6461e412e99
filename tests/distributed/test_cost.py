"""The estimate of when more processes pay."""

from __future__ import annotations

import itertools

import pytest

from ellayer import EllayerError, Network
from ellayer.distributed import estimate
from ellayer.distributed.cost import BANDWIDTH, STEP, WAKE, message_seconds
from ellayer.engine.shards import NUMBERS_AT_ONCE

SMALL, LARGE = Network([32, 64, 1]), Network([256, 1024, 1024, 10], loss="cross_entropy")


def test_one_process_sends_nothing():
    one = estimate(LARGE, 4096, 1)
    assert (one.communicating, one.speedup, one.efficiency) == (0.0, 1.0, 1.0)
    assert one.seconds == one.computing > 0


@pytest.mark.parametrize("network", [SMALL, LARGE])
def test_more_processes_compute_less_and_send_more(network):
    estimates = [estimate(network, 65536, processes) for processes in (2, 4, 16, 64, 256, 1024)]
    for fewer, more in itertools.pairwise(estimates):
        assert more.computing < fewer.computing
        assert more.communicating > fewer.communicating
        assert more.efficiency < fewer.efficiency <= 1
    for one in estimates:
        assert one.seconds == one.computing + one.communicating
        assert one.speedup == pytest.approx(one.efficiency * one.processes)


def test_a_perfect_network_leaves_the_waking():
    assert estimate(SMALL, 1024, 2, latency=0.0, bandwidth=1e300).communicating == pytest.approx(
        WAKE + STEP, rel=0.1
    )


@pytest.mark.parametrize("network", [SMALL, LARGE])
@pytest.mark.parametrize("processes", [2, 3, 64])
def test_latency_and_bandwidth_count(network, processes):
    def seconds(**line: float) -> float:
        return estimate(network, 65536, processes, **line).communicating

    for slower, faster in itertools.pairwise([0.1, 0.02, 1e-3, 0.0]):
        assert seconds(latency=slower) > seconds(latency=faster)
    for narrower, wider in itertools.pairwise([1e6, 1e8, 1e10]):
        assert seconds(bandwidth=narrower) > seconds(bandwidth=wider)
    numbers = network.parameter_count + 2
    delay = message_seconds(numbers, processes, 0.1, 1e9) - message_seconds(numbers, processes, 0.0, 1e9)
    # a ring of two delays a step, and two more if the parts are sent to each before
    in_parts = processes > 2 and processes * numbers > NUMBERS_AT_ONCE
    assert delay == pytest.approx(0.2 * (processes - 1 + in_parts))


def test_slow_updates_wait_for_the_messages_of_their_chunk():
    quick, slow = estimate(SMALL, 1024, 2, latency=1e-4), estimate(SMALL, 1024, 2, latency=1.0)
    assert quick.communicating < 1.1 * message_seconds(SMALL.parameter_count + 2, 2, 1e-4, BANDWIDTH)
    assert slow.communicating == pytest.approx(
        4 * 2.0, rel=0.01
    )  # an update is a chunk: four messages of two delays


def test_it_pays_for_large_updates_of_large_networks_alone():
    assert estimate(SMALL, 256, 8).speedup < 0.2
    assert estimate(LARGE, 65536, 8).speedup > 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0, 2), "batch_size: expected an integer >= 1, received 0"),
        ((64, 1.5), r"processes: expected an integer >= 1, received 1\.5"),
        ((64, 2, -1.0), "latency, bandwidth: expected"), ((64, 2, 0.0, 0.0), "latency, bandwidth: expected"),
        ((64, 2, float("nan")), "latency, bandwidth: expected"), ((64, 2, 0.0, "fast"), "latency, bandwidth: expected"),
        ((3, 8), "batch_size: expected at least one example for each of 8 processes, received 3"),
    ],
)  # fmt: skip
def test_numbers_out_of_range(arguments, text):
    with pytest.raises(EllayerError, match=text):
        estimate(SMALL, *arguments)


def test_what_is_no_network():
    with pytest.raises(EllayerError, match="network: expected a Network, received str; try"):
        estimate("network", 64, 2)
