"""The time of an update in 1, 2 and 4 processes of this machine, next to ``distributed.estimate``.

    python benchmarks/many_machines.py
    python benchmarks/many_machines.py arrays 8000000
    python benchmarks/many_machines.py memory 4000000

The second prints the peak memory of each process that trains on arrays of as many rows of 64 numbers in all, in two processes
and in one; one minute. The third prints that of ``ellayer train --processes`` on a table of as many rows of 24 numbers,
and of ``ellayer train`` without it, which holds all rows; ten minutes on two cores.

The first takes one minute. The processes share the cores of the machine, so that only what the messages take can be learned from it: the
time of an update in K processes is compared with K times the computing time of a K-th of the batch, and the messages.
The measured times are printed as JSON, too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import polars as pl

import ellayer
from ellayer.distributed.cost import compute_seconds, message_seconds, room_for
from ellayer.distributed.meeting import free_port
from ellayer.runs.supervisor import GroupOptions, train_in_processes

ROWS, INPUTS = 16_384, 32
NETWORKS = {"64-64": [64, 64], "512-512": [512, 512]}
BATCHES = (1024,)
VECTORS = (1_000, 100_000, 1_000_000)
LATENCY, BANDWIDTH = 0.0, 0.55e9  # of the loopback, with the copies of gloo


def network_of(hidden: list[int]) -> ellayer.Network:
    """Return a network of the benchmark."""
    return ellayer.Network([INPUTS, *hidden, 1], "relu", "binary_cross_entropy")


def vector_times(group: object) -> dict[int, float]:
    """Return the seconds to add up a vector over the processes, by its length."""
    import jax

    from ellayer.engine.device_placement import partition
    from ellayer.engine.shard_step import add_up

    mesh, repeats, times = group.mesh, 10, {}

    for size in VECTORS:

        def add(vector: np.ndarray) -> np.ndarray:
            return jax.lax.fori_loop(0, repeats, lambda i, v: add_up(v, group.shards) * 0.1, vector)

        run = jax.jit(
            jax.shard_map(add, mesh=mesh, in_specs=partition(), out_specs=partition(), check_vma=False)
        )
        vector = np.ones(size, np.float32)
        jax.block_until_ready(run(vector))
        begin = time.perf_counter()
        jax.block_until_ready(run(vector))
        times[size] = (time.perf_counter() - begin) / repeats
    return times


def update_times(group: object) -> dict[str, float]:
    """Return the seconds of an update, by network and batch size."""
    random = np.random.default_rng(group.rank)
    own = ROWS // group.size
    X = random.standard_normal((INPUTS, own), dtype=np.float32)
    Y = (X[:1] > 0).astype(np.float32)
    times = {}
    for name, hidden in NETWORKS.items():
        for batch_size in BATCHES:
            number = 8 if hidden[0] > 64 else 30

            def run(count: int, hidden: list[int] = hidden, batch_size: int = batch_size) -> float:
                begin = time.perf_counter()
                ellayer.train(
                    network_of(hidden), X, Y, batch_size=batch_size, num_iterations=count, record_every=10_000,
                    optimizer="adam", engine="jax", dtype="float32",
                )  # fmt: skip
                return time.perf_counter() - begin

            run(2)
            short = run(number)
            times[f"{name} {batch_size}"] = (run(3 * number) - short) / (2 * number)
    return times


def worker(rank: int, size: int, port: int) -> None:
    """Measure as one process of a group, and print what was measured."""
    from ellayer.distributed import initialize, shutdown

    group = initialize(f"127.0.0.1:{port}", size, rank)
    report = {"vectors": vector_times(group) if size > 1 else {}, "updates": update_times(group)}
    shutdown()
    if rank == 0:
        print(json.dumps(report))


def measure(size: int) -> dict[str, dict[str, float]]:
    """Return what a group of processes measures."""
    port = free_port()
    started = [
        subprocess.Popen(
            [sys.executable, __file__, str(rank), str(size), str(port)],
            stdout=subprocess.PIPE if rank == 0 else subprocess.DEVNULL,
        )
        for rank in range(size)
    ]
    output = started[0].communicate()[0]
    for process in started:
        process.wait()
    return json.loads(output)


def hold(rank: int, size: int, port: int, rows: int) -> None:
    """Train on the rows of one process of a group, and print its peak memory in MB."""
    from ellayer.distributed import initialize, shutdown

    initialize(f"127.0.0.1:{port}", size, rank)
    random, X = np.random.default_rng(rank), np.empty((rows // size, 64), np.float32)
    for first in range(0, len(X), 1 << 20):
        random.random(out=X[first : first + (1 << 20)], dtype=np.float32)
    Y = (X[:, :1] > 0.5).astype(np.float32)
    network = ellayer.Network([64, 32, 1], "relu", "binary_cross_entropy")
    ellayer.train(network, X.T, Y.T, batch_size=8192, num_iterations=20, optimizer="adam", engine="jax")
    status = Path("/proc/self/status").read_text().splitlines()
    print(
        f"{size} processes, {next(int(line.split()[1]) / 1024 for line in status if 'VmHWM' in line):,.0f} MB"
    )
    shutdown()


def arrays(rows: int) -> None:
    """Print the peak memory of the processes of a fit to arrays."""
    print(f"{rows:,} rows of 64 numbers, {rows * 64 * 4 / 1e6:,.0f} MB")
    for size in (2, 1):
        port = str(free_port())
        command = [sys.executable, __file__, "arrays", str(rows)]
        started = [subprocess.Popen([*command, str(rank), str(size), port]) for rank in range(size)]
        for process in started:
            process.wait()


def write_table(folder: Path, rows: int) -> None:
    """Write a table of 24 numbers and two classes as four Parquet files."""
    random = np.random.default_rng(0)
    for k in range(4):
        X = random.standard_normal((rows // 4, 24))
        y = np.where(X[:, 0] + X[:, 1] ** 2 > 1, "a", "b")
        frame = pl.DataFrame({f"x{j}": x for j, x in enumerate(X.T)}).with_columns(y=pl.Series(y))
        frame.write_parquet(folder / f"{k}.parquet", row_group_size=100_000)


def peaks(run: Callable[[Callable[[list[int]], None]], object]) -> list[float]:
    """Return the peak memory in MB of the processes whose numbers ``run`` passes on."""
    highest: dict[int, float] = {}

    def watch(numbers: list[int]) -> None:
        for number in numbers:
            threading.Thread(target=follow, args=(number,), daemon=True).start()

    def follow(number: int) -> None:
        with suppress(OSError, StopIteration):
            while True:
                lines = Path(f"/proc/{number}/status").read_text().splitlines()
                highest[number] = next(int(line.split()[1]) / 1024 for line in lines if "VmHWM" in line)
                time.sleep(0.05)

    run(watch)
    return list(highest.values())


def memory(rows: int) -> None:
    """Print the peak memory of the processes of a fit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "parts").mkdir()
        write_table(folder / "parts", rows)
        settings = {
            "source": str(folder / "parts"), "target": "y", "members": 1, "layers": [16], "batch_size": 8192, "epochs": 1,
        }  # fmt: skip
        print(f"{rows:,} rows of 24 numbers, {rows * 24 * 8 / 1e6:,.0f} MB as numbers of 8 bytes")
        for size in (2, 1):

            def together(watch: Callable[[list[int]], None], size: int = size) -> None:
                options = GroupOptions(size, restarts=0, on_start=watch)
                train_in_processes(settings, options, folder / f"run-{size}")

            print(size, "processes:", ", ".join(f"{peak:,.0f} MB" for peak in peaks(together)), flush=True)

        def alone(watch: Callable[[list[int]], None]) -> None:
            options = [
                f"--{key}={value}" for key, value in settings.items() if key not in ("source", "layers")
            ]
            options = [option.replace("_", "-") for option in options]
            command = [sys.executable, "-m", "ellayer", "train", settings["source"], "--layers=16", *options]
            process = subprocess.Popen(
                [*command, f"--out={folder / 'run'}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            watch([process.pid])
            process.wait()

        print("all rows in one:", ", ".join(f"{peak:,.0f} MB" for peak in peaks(alone)))


def main() -> None:
    """Measure groups of 1, 2 and 4 processes, and print tables."""
    reports = {}
    for size in (1, 2, 4):
        reports[size] = measure(size)
        print(size, json.dumps(reports[size]), flush=True)
    print("vector     processes   measured ms   estimated ms")
    for size in (2, 4):
        for length, seconds in reports[size]["vectors"].items():
            estimate = message_seconds(int(length), size, LATENCY, BANDWIDTH)
            print(f"{int(length):9,d} {size:9d} {1e3 * seconds:12.2f} {1e3 * estimate:13.2f}")
    print("network, batch   processes   measured ms   estimated ms (sharing this machine)")
    for name in reports[1]["updates"]:
        hidden, batch_size = NETWORKS[name.split()[0]], int(name.split()[1])
        network = network_of(hidden)
        for size in (1, 2, 4):
            one = compute_seconds(network, room_for(batch_size, size))
            messages = message_seconds(network.parameter_count + 2, size, LATENCY, BANDWIDTH)
            measured = reports[size]["updates"][name]
            print(f"{name:16s} {size:9d} {1e3 * measured:12.2f} {1e3 * (size * one + messages):13.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["memory"]:
        memory(int(sys.argv[2]))
    elif sys.argv[1:2] == ["arrays"] and len(sys.argv) == 3:
        arrays(int(sys.argv[2]))
    elif sys.argv[1:2] == ["arrays"]:
        rows, *place = (int(argument) for argument in sys.argv[2:])
        hold(*place, rows)
    elif len(sys.argv) > 1:
        worker(*(int(argument) for argument in sys.argv[1:]))
    else:
        main()
