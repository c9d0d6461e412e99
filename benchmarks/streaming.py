"""A table larger than memory: peak memory of a streamed fit, and its seconds per epoch over those of a fit in memory.

    python benchmarks/streaming.py                             # 5,000,000 rows of 50 columns, 4.7 GB of CSV, about 20 minutes
    python benchmarks/streaming.py --rows 200000 --limit 1e9   # a small one

The file is generated in the temporary folder. The streamed fit runs in a process of its own that is killed when its
resident memory passes the limit (a quarter of the file); the kernel's own peak, VmHWM, is what is reported. (A limit of
address space would count what jax and polars reserve and never touch.) Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from goals import judge

CATEGORIES = 4
ROWS_AT_ONCE = 100_000
LOOKS = 0.05  # seconds between looks at the memory of the child

FIT = """
import json, sys, time
begin = time.perf_counter()
how, path, epochs, settings = sys.argv[1], sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
from ellayer import TabularClassifier
from ellayer.data import TableStream
stamps = []
def stamp(info):
    stamps.append((time.perf_counter(), time.process_time()))
model = TabularClassifier(epochs=epochs, random_state=0, **settings)
if how == "stream":
    model.fit(TableStream(path, "y"), callbacks=[stamp])
else:
    import polars
    frame = polars.read_csv(path) if path.endswith("csv") else polars.read_parquet(path)
    y, frame = frame["y"], frame.drop("y")
    model.fit(frame, y, callbacks=[stamp])
wall, cpu = ([b[i] - a[i] for a, b in zip(stamps, stamps[1:])] for i in (0, 1))
peak = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"peak": peak, "wall": wall, "cpu": cpu, "seconds": time.perf_counter() - begin,
                  "before": stamps[0][0] - begin - wall[0], "score": model.validation_score_, "engine": model.engine_}))
"""


def generate(path: Path, rows: int, columns: int) -> None:
    """Write numbers, a few categories and a class that depends on both, block by block."""
    import polars as pl

    random = np.random.default_rng(0)
    names = np.array(["red", "green", "blue", "grey", "black"])
    numbers = columns - CATEGORIES
    weights = random.standard_normal((numbers, 3)) / np.sqrt(numbers)

    def block(count: int) -> pl.DataFrame:
        X = random.standard_normal((count, numbers))
        C = random.integers(0, len(names), (count, CATEGORIES))
        Z = X @ weights
        signal = Z[:, 0] + Z[:, 1] * Z[:, 2] + 0.5 * (C[:, 0] == 1) - 0.5 * (C[:, 1] == 2)
        y = np.where(signal + 0.5 * random.standard_normal(count) > 0.0, "yes", "no")
        frame = {f"x{j}": X[:, j] for j in range(numbers)}
        return pl.DataFrame(frame | {f"c{j}": names[C[:, j]] for j in range(CATEGORIES)} | {"y": y})

    counts = [min(ROWS_AT_ONCE, rows - first) for first in range(0, rows, ROWS_AT_ONCE)]
    if path.suffix == ".csv":
        with open(path, "wb") as file:
            for i, count in enumerate(counts):
                block(count).write_csv(file, include_header=i == 0)
        return
    pl.concat([block(count) for count in counts]).write_parquet(path)


def fit(how: str, path: Path, epochs: int, settings: dict, limit: float | None) -> dict:
    """Fit in a process of its own, killed beyond the limit; return what it measured."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(
            [sys.executable, "-c", FIT, how, str(path), str(epochs), json.dumps(settings)], stdout=out
        )
        while child.poll() is None:
            if limit is not None and resident(child.pid) > limit:
                child.kill()
                child.wait()
                raise MemoryError(f"the {how} fit took more than {limit / 1e6:.0f} MB")
            time.sleep(LOOKS)
        out.seek(0)
        if child.returncode:
            raise RuntimeError(f"the {how} fit ended with {child.returncode}")
        return json.loads(out.read().splitlines()[-1])


def resident(pid: int) -> int:
    """Return the bytes of memory a process holds."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0)


def report(streamed: dict, memory: dict, size: int) -> list[dict]:
    """Return a row per goal."""
    peak = streamed["peak"]
    what = f"peak of the streamed fit ({peak / 1e6:.0f} MB) / a quarter of the file ({size / 4e6:.0f} MB)"
    rows = [judge("streaming", what, peak / (size / 4), 1.0, False)]
    for clock in ("wall", "cpu"):
        ours, theirs = (min(run[clock]) for run in (streamed, memory))
        what = f"seconds per epoch, {clock}: streamed ({ours:.1f} s) / in memory ({theirs:.1f} s)"
        rows.append(judge("streaming", what, ours / theirs, 1.5, False))
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Generate, fit twice, print a table; 1 where a goal was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--kind", choices=("csv", "parquet"), default="csv")
    parser.add_argument("--epochs", type=int, default=3, help="the first is not counted")
    parser.add_argument("--hidden", type=int, nargs="+", default=[256, 256, 256])
    parser.add_argument("--recipe", default="ramps")
    parser.add_argument("--limit", type=float, help="bytes; a quarter of the file by default")
    parser.add_argument("--folder", help="where the file is generated; the temporary folder by default")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder, f"table.{options.kind}")
        generate(path, options.rows, options.columns)
        size = path.stat().st_size
        limit = options.limit or size / 4
        settings = {"hidden_layer_sizes": options.hidden, "recipe": options.recipe}
        streamed = fit("stream", path, options.epochs, settings, limit)
        print("streamed:", json.dumps(streamed), flush=True)
        memory = fit("memory", path, options.epochs, settings, None)
        print("in memory:", json.dumps(memory), flush=True)
    print(f"{options.rows:,} rows of {options.columns} columns, {size / 1e9:.2f} GB of {options.kind}\n")
    rows = report(streamed, memory, size)
    print("| ratio of | goal | measured | reached |\n| --- | --- | --- | --- |")
    for row in rows:
        print(
            f"| {row['ratio of']} | {row['goal']} | {row['measured']:.3g} | {'yes' if row['reached'] else 'no'} |"
        )
    return 0 if all(row["reached"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
