"""How fast the table estimators are: against the matrix products alone, members at once, predictions, a time limit.

    python benchmarks/table_speed.py                     on adult, as in the goals
    python benchmarks/table_speed.py --epochs 4          shorter
    python benchmarks/table_speed.py --clock cpu         on a machine that others use

Each but the predictions is a ratio of two measurements of the same process; the process has compiled the programs before. The
limit is always of the wall clock.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import table_contenders as contenders
import table_data as data
from ellayer.estimators.tabular.recipes import batch_size_for, find_recipe
from run import markdown

HERE = Path(__file__).resolve().parent
LIMIT = 10.0  # seconds
ASKED = 10_000  # rows to predict
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print a table of goals and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", default="adult", choices=data.TABLES)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--repeat", type=int, default=3, help="times each, the median is taken (default 3)")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: seconds on a processor")
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data")
    options = parser.parse_args(arguments)
    try:
        table = data.load(options.table, options.data)
    except data.TableMissingError as missing:
        print(missing)
        return 1
    print(markdown(rows(table, options.epochs, options.repeat, options.clock)))
    return 0


def rows(table: data.Table, epochs: int, repeat: int, clock: str = "wall") -> list[dict[str, Any]]:
    """Return a row per goal: what was asked for and what is reached."""
    learn = data.split(table, 0).train
    X, y = table.X.iloc[learn], table.y[learn]

    def fit(members: int = 1, seed: int = 0, **parameters: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of columns that are left out
            return contenders.ours(table.task, seed, n_members=members, **parameters).fit(X, y)

    one = fit(epochs=epochs)
    eight = fit(8, epochs=epochs)
    m = len(learn) - int(np.isfinite(one.oof_prediction_.reshape(len(learn), -1)[:, 0]).sum())
    now = CLOCKS[clock]
    alone = seconds(lambda: fit(epochs=epochs), repeat, now)
    batch_size = batch_size_for(one.batch_size, find_recipe(one.recipe, table.task), m)
    products = seconds(lambda: matrix_products(one.network_.widths, m, epochs, batch_size), repeat, now)
    together = seconds(lambda: fit(8, epochs=epochs), 1, now)
    ask = table.X.iloc[np.resize(np.arange(len(table.y)), ASKED)]
    predicting = seconds(lambda: eight.predict(ask), repeat, now)
    limited = seconds(lambda: fit(epochs=100_000, time_limit=LIMIT), 1)
    return [
        {"goal": f"one member on {table.name}, at most 3 times the matrix products alone",
         "reached": f"{alone / products:.2f} times", "seconds": f"{alone:.1f} against {products:.1f}"},
        {"goal": "eight members at once, at least 2 times as fast as one after another",
         "reached": f"{8 * alone / together:.2f} times", "seconds": f"{together:.1f} against {8 * alone:.1f}"},
        {"goal": f"{ASKED:,} rows of {table.name} predicted by eight members in 0.3 seconds",
         "reached": f"{predicting / 0.3:.2f} times", "seconds": f"{predicting:.2f}"},
        {"goal": "a time limit kept within 10 %",
         "reached": f"{100 * abs(limited / LIMIT - 1):.0f} %", "seconds": f"{limited:.1f} of {LIMIT:g}"},
    ]  # fmt: skip


def seconds(work: Callable[[], Any], repeat: int, now: Callable[[], float] = time.perf_counter) -> float:
    """Return the median of the seconds that some work takes."""
    spent = []
    for _ in range(repeat):
        begin = now()
        work()
        spent.append(now() - begin)
    return statistics.median(spent)


def matrix_products(widths: tuple[int, ...], m: int, epochs: int, batch_size: int) -> None:
    """Do the products of forward and backward of so many updates, in float32, and nothing else."""
    random = np.random.default_rng(0)
    W = [random.standard_normal((n, n_prev), np.float32) for n_prev, n in pairwise(widths)]
    A = [random.standard_normal((n, batch_size), np.float32) for n in widths]
    for _ in range(epochs * -(-m // batch_size)):
        for layer, w in enumerate(W):
            np.matmul(w, A[layer])
        for layer in reversed(range(len(W))):
            np.matmul(A[layer + 1], A[layer].T)
            np.matmul(W[layer].T, A[layer + 1])


if __name__ == "__main__":
    sys.exit(main())
