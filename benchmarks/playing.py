"""Frames and iterations a second of ``ellayer play``, for a page that acknowledges each frame when it has come.

The flower, 10,000 points, and a table of 20,000 rows and 30 columns; each with the time from opening to the first frame.

Usage: python benchmarks/playing.py [SECONDS]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from websockets.sync.client import ClientConnection, connect

WIDE = {"hidden": [{"units": 16, "activation": "relu"}], "initializer": "auto"}
ADAM = {"optimizer": "adam", "learning_rate": 0.01, "batch_size": 256}
STATES: dict[str, dict[str, Any]] = {
    "flower": {},
    "10,000 points": {"data": {"source": "moons", "size": 10_000}},
    "20,000 x 30 table": {
        "data": {"source": "upload:file", "target": "answer"},
        "network": WIDE,
        "training": ADAM,
    },
}


def write_table(file: Path) -> None:
    """Write 20,000 rows of 30 numbers with a class."""
    random = np.random.RandomState(0)
    X = random.randn(20_000, 30).round(4)
    labels = np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")
    rows = (",".join([*map(str, row), label]) for row, label in zip(X.tolist(), labels, strict=True))
    file.write_text("\n".join([",".join([*(f"x{i}" for i in range(30)), "answer"]), *rows]) + "\n")


def next_frame(page: ClientConnection) -> dict[str, Any]:
    """Acknowledge and return the next frame, when its planes have come too."""
    while True:
        message = page.recv(timeout=120)
        if isinstance(message, bytes):
            continue
        content: dict[str, Any] = json.loads(message)
        assert content["type"] not in ("error", "problem"), content
        if content["type"] == "frame":
            for _ in range(content["binary"]):
                page.recv(timeout=120)
            page.send(json.dumps({"type": "ack", "frame": content["frame"]}))
            return content


def measure(address: str, state: dict[str, Any], seconds: float) -> tuple[float, float, float, float]:
    """Return seconds to the first frame, frames and iterations a second, and the 95th percentile between frames (ms)."""
    begin = time.perf_counter()
    with connect(address.replace("http", "ws") + "/ws", origin=address, compression=None) as page:
        next_frame(page)
        opened = time.perf_counter() - begin
        if state:
            page.send(json.dumps({"type": "set_state", "state": state}))
            next_frame(page)
        page.send(json.dumps({"type": "play"}))
        for _ in range(30):  # compiling, and finding the number of updates of a frame
            next_frame(page)
        first = last = next_frame(page)
        begin, times = time.perf_counter(), [time.perf_counter()]
        while times[-1] - begin < seconds:
            last = next_frame(page)
            times.append(time.perf_counter())
        between = statistics.quantiles(np.diff(times).tolist(), n=20)[-1]
        elapsed = times[-1] - begin
        return (
            opened,
            (len(times) - 1) / elapsed,
            (last["iteration"] - first["iteration"]) / elapsed,
            1e3 * between,
        )


def measure_server(arguments: list[str], states: dict[str, dict[str, Any]], seconds: float) -> float:
    """Print a line for each state, of one server after the other; return its peak memory in MB."""
    program = [
        sys.executable,
        "-c",
        "from ellayer.cli import main; main()",
        "play",
        "--no-browser",
        "--port",
        "0",
        "-q",
    ]
    with subprocess.Popen([*program, *arguments], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        for name, state in states.items():
            opened, frames, iterations, between = measure(address, state, seconds)
            print(f"| {name} | {opened:.2f} | {frames:.1f} | {iterations:,.0f} | {between:.0f} |", flush=True)
        status = Path(f"/proc/{server.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        server.terminate()
    return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), default=0.0)


def main(seconds: float = 10.0) -> None:
    """Print a table."""
    print(
        "| page | first frame s | frames/s | iterations/s | 95 % of the frames within ms |\n|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "table.csv")
        write_table(file)
        *planes, table = STATES.items()
        memory = measure_server([], dict(planes), seconds)
        more = measure_server([str(file), "--target", "answer"], dict([table]), seconds)
    print(f"\nPeak memory of the server: {memory:.0f} MB; with the table {more:.0f} MB")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
