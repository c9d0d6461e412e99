"""The processes meet before the group is formed: whoever does not fit or come has a message."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ellayer import EllayerError
from ellayer.distributed import initialize
from ellayer.distributed.cluster import Place, find_place
from ellayer.distributed.meeting import PortInUseError, free_port, meet, own_address
from ellayer.distributed.watch import STUCK


def gather(places: list[Place], limit: float = 5.0) -> list[str]:
    """Let processes meet, and return the message of each; "" without one."""

    def visit(place: Place) -> str:
        try:
            meet(place, limit)
        except EllayerError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(len(places)) as pool:
        return list(pool.map(visit, places))


def test_processes_meet_in_any_order():
    port = free_port()
    assert gather([Place("127.0.0.1", port, 3, rank) for rank in (2, 1, 0)]) == ["", "", ""]
    with socket.socket() as again:  # the port is free for the group
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def test_a_process_that_never_comes_is_named_to_all():
    port = free_port()
    messages = gather([Place("localhost", port, 3, rank) for rank in (0, 2)], limit=0.5)
    for message in messages:
        assert "expected 3 processes within 0.5 seconds, but process 1 did not come to localhost" in message


def test_process_0_that_never_comes():
    (message,) = gather([Place("127.0.0.1", free_port(), 2, 1)], limit=0.3)
    assert "expected process 0 at 127.0.0.1" in message


@pytest.mark.parametrize(
    ("others", "text"),
    [
        ([(3, 1)], "groups of one size, received 2 processes in process 0 and 3 in process 1"),
        ([(2, 2)], "one process of each number, received a second process 2"),
    ],
)
def test_processes_that_do_not_fit(others, text):
    port = free_port()
    messages = gather([Place("127.0.0.1", port, 2, 0), *(Place("127.0.0.1", port, *one) for one in others)])
    assert all(text in message for message in messages)


def test_versions_that_differ():
    port, messages = free_port(), list[str]()
    hello = {"rank": 1, "size": 2, "versions": {"jax": "0.0.1"}}
    thread = threading.Thread(target=lambda: messages.extend(gather([Place("127.0.0.1", port, 2, 0)])))
    thread.start()
    while True:
        try:
            visitor = socket.create_connection(("127.0.0.1", port))
            break
        except OSError:
            continue
    with visitor:
        visitor.sendall(json.dumps(hello).encode() + b"\n")
        answer = json.loads(visitor.makefile().readline())["problem"]
    thread.join()
    assert "expected the same versions in every process, received Python 3" in answer
    assert answer in messages[0]


def test_strangers_are_ignored():
    port = free_port()
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(gather, [Place("127.0.0.1", port, 2, 0), Place("127.0.0.1", port, 2, 1)])
        for data in (b"GET / HTTP/1.1\r\n\r\n\n", b"[1]\n"):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1) as visitor:
                    visitor.sendall(data)
            except OSError:
                pass
        assert outcome.result() == ["", ""]


def test_a_port_that_is_taken_and_addresses_that_are_none():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"expected a free port, received {port} of 127"):
            meet(Place("127.0.0.1", port, 2, 0), 1.0)
    with pytest.raises(EllayerError, match=r"'nowhere\.invalid', which does not resolve"):
        meet(Place("nowhere.invalid", 4000, 2, 1), 1.0)
    with pytest.raises(EllayerError, match="an address of the machine of process 0, received 192"):
        meet(Place("192.0.2.1", 4000, 2, 0), 1.0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("127.0.0.1:4000", 2, None), "process_id: expected a value"),
        ((None, 2, 0), "coordinator: expected a value"),
        (("127.0.0.1:4000", 2, 2), "from 0 to 1 in a group of 2, received 2"),
        (("127.0.0.1:4000", 0, 0), "num_processes: expected an integer >= 1, received 0"),
        (("127.0.0.1", 2, 0), "expected HOST:PORT"),
        (("127.0.0.1:x", 2, 0), "expected HOST:PORT"),
        (("127.0.0.1:99999", 2, 0), "expected HOST:PORT"),
    ],
)
def test_arguments_that_are_wrong(arguments, text):
    with pytest.raises(EllayerError, match=text):
        initialize(*arguments)


@pytest.mark.parametrize("limit", [0, float("nan"), float("inf"), "long"])
def test_limits_are_seconds_above_0(limit):
    with pytest.raises(EllayerError, match=f"step_limit: expected seconds above 0, received {limit!r}; try"):
        initialize(step_limit=limit)


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        (
            {"SLURM_JOB_ID": "70001", "SLURM_NTASKS": "8", "SLURM_PROCID": "3", "SLURM_STEP_NODELIST": "gpu[07-09]"},
            Place("gpu07", 61440 + 70001 % 4096, 8, 3),
        ),
        (
            {"SLURM_JOB_ID": "5", "SLURM_STEP_ID": "2", "SLURM_NTASKS": "2", "SLURM_PROCID": "1", "SLURM_STEP_NODELIST": "a"},
            Place("a", 61440 + 5 + 2 * 512, 2, 1),
        ),
        (  # where the launcher gives the step no number
            {"SLURM_JOB_ID": "5", "SLURM_STEP_ID": "batch", "SLURM_NTASKS": "2", "SLURM_PROCID": "1", "SLURM_STEP_NODELIST": "a"},
            Place("a", 61445, 2, 1),
        ),
        (
            {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "node7", "MASTER_PORT": "29500"},
            Place("node7", 29500, 2, 1),
        ),
        (  # as torchrun sets them, which listens at its port itself
            {
                "RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "node7", "MASTER_PORT": "29500",
                "TORCHELASTIC_USE_AGENT_STORE": "True",
            },
            Place("node7", 61440 + 29500 % 4096, 2, 1),
        ),
        (
            {"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_LOCAL_SIZE": "4"},
            Place("127.0.0.1", 61440, 4, 2),
        ),
        (
            {
                "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
                "OMPI_MCA_orte_hnp_uri": "123.0;tcp://10.0.0.5,192.168.1.2:4711", "OMPI_MCA_ess_base_jobid": "77",
            },
            Place("10.0.0.5", 61517, 4, 2),
        ),
        ({"SLURM_JOB_ID": "1", "SLURM_NTASKS": "1", "SLURM_PROCID": "0", "SLURM_JOB_NODELIST": "a"}, Place("127.0.0.1", 0, 1, 0)),
    ],
)  # fmt: skip
def test_what_launchers_set(variables, place):
    assert find_place(None, None, None, variables) == place


def test_steps_of_neighbouring_jobs_of_slurm_have_ports_of_their_own():
    """The tasks of an array are jobs with consecutive numbers, often on one node."""
    common = {"SLURM_NTASKS": "2", "SLURM_PROCID": "0", "SLURM_STEP_NODELIST": "a"}
    ports = [
        find_place(None, None, None, {**common, "SLURM_JOB_ID": str(job), "SLURM_STEP_ID": str(step)}).port
        for job in range(4000, 4200)
        for step in range(8)
    ]
    assert len({*ports}) == len(ports)


def test_arguments_come_before_the_launcher():
    torchrun = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "node7", "MASTER_PORT": "29500"}
    assert find_place("[::1]:80", None, 0, torchrun) == Place("::1", 80, 2, 0)


def test_the_own_address_is_that_of_the_way_to_process_0():
    assert own_address(Place("localhost", 4000, 2, 1)) == "127.0.0.1"


def test_a_process_that_waits_too_long_ends():
    script = (
        "import time; from ellayer.distributed.watch import Watch; watch = Watch(3, 0.3)\n"
        "with watch.waiting('nothing'): pass\n"
        "time.sleep(0.6); print('on', flush=True)\n"
        "with watch.waiting('a message'):\n    time.sleep(60)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (STUCK, "on\n")
    assert "process 3 has waited 0.3 seconds for a message" in ended.stderr
