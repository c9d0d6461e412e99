"""Requests a second and latency of ``ellayer serve``, side by side with ``mlflow models serve`` where MLflow is installed.

One client on one connection sends a row of a table again and again: first as fast as it is answered, then 200 times a
second, for which the 99th percentile of the latency is measured from the time at which a request was due.

``memory`` sends 100,000 requests instead, and prints the resident memory of the server from time to time.

Usage: python benchmarks/serving.py [SECONDS]
       python benchmarks/serving.py memory [REQUESTS]
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import ellayer

RATE = 200
ROW = {"age": 31.0, "fare": 7.25, "town": "Ulm", "member": "yes", "pclass": 3}
HEADERS = {"Content-Type": "application/json"}
BODY = json.dumps({"dataframe_records": [ROW]}).encode()


def make_model(folder: Path) -> ellayer.TabularClassifier:
    """Train on a file, as ``ellayer train`` does, and save the model with its schema."""
    random = np.random.RandomState(0)
    table = pd.DataFrame(
        {
            "age": random.uniform(20, 60, 500),
            "fare": random.uniform(1, 90, 500),
            "town": random.choice(["Bern", "Ulm", "Graz"], 500),
            "member": random.choice(["yes", "no"], 500),
            "pclass": random.randint(1, 4, 500),
        }
    )
    table["answer"] = np.where(table.age + random.normal(0, 9, 500) > 40, "a", "b")
    table.to_csv(folder / "table.csv", index=False)
    examples = ellayer.data.read_examples(folder / "table.csv", target="answer")
    model = ellayer.TabularClassifier(random_state=0, n_members=1).fit(examples.X, examples.y)
    ellayer.save(model, folder / "m.ellayer", provenance={"target": "answer", "reading": examples.reading})
    return model


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def connected(port: int, process: subprocess.Popen) -> http.client.HTTPConnection:
    """Return a connection to a server that has just been started, once it answers."""
    for _ in range(600):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            connection.request("GET", "/ping")
            connection.getresponse().read()
            return connection
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise SystemExit(f"the server {process.args} does not answer")


def ask(connection: http.client.HTTPConnection) -> None:
    connection.request("POST", "/invocations", BODY, HEADERS)
    answer = connection.getresponse()
    content = answer.read()
    assert answer.status == 200, content


def measure(name: str, command: list[str], seconds: float) -> float:
    """Print the speed of a server, and return its requests a second."""
    port = free_port()
    process = subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        connection = connected(port, process)
        for _ in range(50):
            ask(connection)
        count, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            ask(connection)
            count += 1
        waits, start = [], time.perf_counter()
        for k in range(int(RATE * seconds)):
            due = start + k / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            ask(connection)
            waits.append(time.perf_counter() - due)
        p50, p99 = statistics.median(waits), float(np.quantile(waits, 0.99))
        print(
            f"{name:22} {count / elapsed:6.0f} requests/s   at {RATE}/s: median {1e3 * p50:.1f} ms, p99 {1e3 * p99:.1f} ms"
        )
        return count / elapsed
    finally:
        process.terminate()
        process.wait(30)


def resident_megabytes(process: subprocess.Popen) -> float:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def measure_memory(command: list[str], requests: int) -> list[float]:
    """Print and return the memory of a server in MB after each tenth of the requests."""
    port = free_port()
    process = subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        connection, sizes = connected(port, process), list[float]()
        for count in range(1, requests + 1):
            ask(connection)
            if count % (requests // 10) == 0:
                sizes.append(resident_megabytes(process))
                print(f"{count:8,} requests: {sizes[-1]:.1f} MB", flush=True)
        return sizes
    finally:
        process.terminate()
        process.wait(30)


def main(words: list[str]) -> None:
    programs = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        model = make_model(Path(folder))
        code = "import sys; from ellayer.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", code, "serve", f"{folder}/m.ellayer"]
        if words[:1] == ["memory"]:
            measure_memory(command, *map(int, words[1:] or ["100000"]))
            return
        seconds = float(words[0]) if words else 5.0
        ours = measure("ellayer serve", command, seconds)
        if importlib.util.find_spec("mlflow") is None:
            print("mlflow is not installed: no comparison")
            return
        import mlflow.sklearn

        mlflow.sklearn.save_model(model, f"{folder}/mlflow", serialization_format="cloudpickle")
        command = [
            str(programs / "mlflow"),
            "models",
            "serve",
            "--env-manager",
            "local",
            "-m",
            f"{folder}/mlflow",
        ]
        theirs = measure("mlflow models serve", command, seconds)
        print(f"ellayer serve answers {ours / theirs:.1f} times as many requests")


if __name__ == "__main__":
    main(sys.argv[1:])
