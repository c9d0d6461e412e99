"""Training on a GPU: equal to the CPU, and how fast; in less than six minutes.

    python benchmarks/gpu.py --out gpu.md      on a machine with a GPU
    python benchmarks/gpu.py --dry             to its end on a CPU with tiny sizes: does the script run?

First it checks results against those of the CPU. Then it measures an update of Adam for several widths and batches, many
small networks at once, and rows streamed from a file, against PyTorch (eager, ``torch.compile``, CUDA graphs; left out
where it is not installed) and against the products of matrices that the device reaches. What does not fit into
``--minutes`` is listed. The exit code is 1 if a result differs from the CPU's.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import ellayer
from ellayer.engine import DiskRows
from ellayer.engine.devices import find_devices
from goals import judge
from run import markdown

CELLS = (  # (width, batch), the goals' first
    (128, 1024), (4096, 16_384), (1024, 1024), (64, 256), (4096, 65_536), (256, 1024), (512, 4096), (2048, 8192),
    (128, 16_384), (64, 65_536), (1024, 65_536), (4096, 1024), (4096, 256), (64, 1024),
)  # fmt: skip
COMPILED = {(128, 1024), (1024, 1024), (4096, 16_384)}  # by torch.compile too, which takes its time
TOLERANCE = {
    "float64": 1e-9,
    "float32": 1e-4,
    "tf32": 2e-2,
}  # of the largest difference over the largest weight
PEAK = {
    "H200": 495e12,
    "H100 80GB HBM3": 495e12,
    "A100": 156e12,
}  # dense products in TF32, by the makers' tables
OUTPUTS = 10


@dataclass(frozen=True)
class Setup:
    """Where and what to measure; ``dry`` is tiny and on the CPU.

    Parameters
    ----------
    device : str
    dry : bool
    end : float
        No measurement begins after this time of ``time.perf_counter``.
    """

    device: str
    dry: bool
    end: float

    def in_time(self) -> bool:
        """Return whether another measurement may begin."""
        return time.perf_counter() < self.end

    def cells(self) -> tuple[tuple[int, int], ...]:
        """Return the (width, batch) to measure."""
        return ((8, 16),) if self.dry else CELLS


def main(arguments: list[str] | None = None) -> int:
    """Check, measure and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="gpu", help="a name like gpu:1")
    parser.add_argument("--dry", action="store_true", help="tiny sizes on the CPU")
    parser.add_argument("--minutes", type=float, default=5.5)
    parser.add_argument("--out", type=Path, help="a Markdown file")
    options = parser.parse_args(arguments)
    device = "cpu" if options.dry else options.device
    try:
        found = find_devices(device)
    except ellayer.EllayerError as error:
        print(f"{error}; --dry runs without one")
        return 2
    setup = Setup(device, options.dry, time.perf_counter() + 60 * options.minutes)
    checks, parts = checked(setup), [about(found)]
    for title, rows in (("Equal to the CPU", checks), *measured(setup)):
        parts.append(f"## {title}\n\n{markdown(rows) or 'None.'}")
        print(parts[-1], flush=True)
    if options.out:
        options.out.write_text("\n\n".join(parts) + "\n")
    return 0 if all(row["reached"] for row in checks) else 1


def about(devices: Any) -> str:
    """Return a line on the device and the versions."""
    import jax

    torch = gpu_torch()
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, jax {jax.__version__}"
    return f"{devices[0].device_kind} ({devices[0].platform}), {versions}, " + (
        f"PyTorch {torch.VERSION}" if torch else "PyTorch is not installed: its columns are left out"
    )


def gpu_torch() -> Any:
    """Return PyTorch's contenders, None where it is not installed."""
    try:
        import contenders.torch_gpu as torch_gpu
    except ImportError:
        return None
    return torch_gpu


# Equal to the CPU


def checked(setup: Setup) -> list[dict]:
    """Return a row per way of training: the largest difference from the CPU, and whether it is within the tolerance."""
    random = np.random.default_rng(0)
    width, m = (8, 64) if setup.dry else (256, 4096)
    X, Y = random.standard_normal((20, m)), random.integers(0, 3, m)
    network = ellayer.Network([20, width, *([] if setup.dry else [width]), 3])
    arguments = {"batch_size": m // 8, "num_iterations": 24, "seed": 1, "record_every": 8, "dropout": 0.1}
    ways: dict[str, tuple[str, Callable[..., Any]]] = {
        "mini-batches, float64": ("float64", lambda **k: ellayer.train(network, X, Y, **arguments, **k)),
        "mini-batches, float32": ("float32", lambda **k: ellayer.train(network, X.astype("f4"), Y, **arguments, **k)),
        "mini-batches, TF32": ("tf32", lambda **k: ellayer.train(
            network, X.astype("f4"), Y, **arguments, **k | {"engine": "jax+tf32"})),
        "full batch, Adam": ("float64", lambda **k: ellayer.train(
            network, X, Y, num_iterations=20, optimizer="adam", seed=1, **k)),
        "four networks at once": ("float64", lambda **k: ellayer.train_many(
            network, X, Y, learning_rate=[0.01, 0.03, 0.1, 0.3], **arguments, **k)[3]),
        "rows of a file": ("float64", lambda **k: _streamed(X, Y, network, arguments, **k)),
    }  # fmt: skip
    estimators = {
        "MLPClassifier, float32": ellayer.MLPClassifier(
            (width,), engine="jax", batch_size=m // 8, max_iter=3, random_state=1, dtype="float32"
        ),
        "TabularClassifier, two members": ellayer.TabularClassifier(n_members=2, epochs=3, random_state=1),
    }
    rows = [_compare(setup, what, *way) for what, way in ways.items()]
    return rows + [_compare_estimators(setup, what, one, X.T, Y) for what, one in estimators.items()]


def _compare(setup: Setup, what: str, precision: str, way: Callable[..., Any]) -> dict:
    results = [way(engine="jax", device=device) for device in (setup.device, "cpu")]
    ours, theirs = (np.concatenate([theta.ravel() for theta in one.parameters.values()]) for one in results)
    return _difference(f"{what}: largest difference / largest weight", ours, theirs, precision)


def _compare_estimators(setup: Setup, what: str, estimator: Any, X: np.ndarray, y: np.ndarray) -> dict:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # three epochs do not converge
        ours, theirs = (
            estimator.set_params(device=device).fit(X, y).predict_proba(X) for device in (setup.device, "cpu")
        )
    return _difference(f"{what}: largest difference of probabilities", ours, theirs, "float32")


def _difference(what: str, ours: np.ndarray, theirs: np.ndarray, precision: str) -> dict:
    difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    return judge("equal", what, difference, TOLERANCE[precision], False)


def _streamed(X: np.ndarray, Y: np.ndarray, network: Any, arguments: dict[str, Any], **more: Any) -> Any:
    with tempfile.TemporaryFile() as file:
        np.concatenate([X.T, np.eye(3)[Y]], axis=1).astype(X.dtype).tofile(file)
        rows = DiskRows(file, len(X), 3, str(X.dtype), block_bytes=X.nbytes // 16, window_bytes=X.nbytes // 4)
        return ellayer.train(network, rows, **arguments, **more)


# How fast


def measured(setup: Setup) -> Iterator[tuple[str, list[dict]]]:
    """Return the tables one after another."""
    peaks = {name: product_rate(setup, name) for name in ("highest", "tensorfloat32")}
    device = (find_devices(setup.device) or [None])[0]
    known = [rate for name, rate in PEAK.items() if name in getattr(device, "device_kind", "")]
    peaks |= {"card": known[0]} if known else {}
    yield (
        "Products of two square matrices",
        [{"products": name, "TFLOP/s": rate / 1e12} for name, rate in peaks.items()],
    )
    cells = [update_row(setup, width, batch, peaks) for width, batch in setup.cells() if setup.in_time()]
    yield "An update of Adam, microseconds: two hidden layers of a width, float32", cells
    yield "Many networks 10-16-8-2 at once, batch 32", list(many_rows(setup))
    yield "Rows of a file", list(stream_rows(setup))
    yield "Goals", goals(cells)
    left = [f"{width} wide, batch {batch}" for width, batch in setup.cells()[len(cells) :]]
    yield "Left out, as the time was over", [{"cell": name} for name in left]


def product_rate(setup: Setup, precision: str) -> float:
    """Return the floating-point operations a second of large products, the limit of every update."""
    import jax

    n, repeat = (64, 2) if setup.dry else (8192, 10)
    device = (find_devices(setup.device) or [None])[0]
    A = jax.device_put(np.random.default_rng(0).standard_normal((n, n), np.float32), device)
    with jax.default_matmul_precision(precision):
        product = jax.jit(lambda A, B: A @ B)
        B = product(A, A).block_until_ready()
        begin = time.perf_counter()
        for _ in range(repeat):
            B = product(A, B)
        B.block_until_ready()
    return repeat * 2 * n**3 / (time.perf_counter() - begin)


def flops(widths: list[int], batch: int) -> float:
    """Return the operations of the products of an update."""
    products = [2 * batch * n * k for n, k in pairwise(widths)]
    return 3 * sum(products) - products[0]


def update_row(setup: Setup, width: int, batch: int, peaks: dict[str, float]) -> dict:
    """Return the microseconds of an update by each contender, and our share of the products' rate."""
    widths = [width, width, width, OUTPUTS]
    X, y = examples(width, 4 * batch if width * batch < 1 << 24 else 2 * batch)
    row: dict[str, Any] = {"width": width, "batch": batch}
    work = flops(widths, batch)
    for name, engine, precision in (("float32", "jax", "highest"), ("TF32", "jax+tf32", "tensorfloat32")):
        seconds = ours(setup, widths, X, y, batch, engine)
        row[name] = seconds * 1e6
        row[f"{name}: share of products' rate"] = work / seconds / peaks[precision]
    row["TF32: share of the card's peak"] = work / seconds / peaks["card"] if "card" in peaks else None
    torch = gpu_torch()
    for name in ("eager", "CUDA graph", "compile", "compile, reduce-overhead"):
        wanted = torch is not None and ("compile" not in name or (width, batch) in COMPILED or setup.dry)
        seconds = torch.seconds(name, setup, widths, X, y, batch) if wanted and setup.in_time() else None
        row[f"PyTorch {name}, TF32"] = None if seconds is None else seconds * 1e6
    return row


def examples(width: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of random numbers, the same 4,096 again and again, and labels."""
    random = np.random.default_rng(0)
    rows = np.resize(random.standard_normal((min(m, 4096), width), np.float32), (m, width))
    return rows, random.integers(0, OUTPUTS, m)


def ours(
    setup: Setup, widths: list[int], X: np.ndarray, y: np.ndarray, batch: int, engine: str, **more: Any
) -> float:
    """Return the seconds of an update: two runs of different length differ by updates only."""
    network, call = ellayer.Network(widths), ellayer.train_many if more else ellayer.train

    def run(updates: int) -> float:
        result = call(
            network, X.T, y, optimizer="adam", batch_size=batch, num_iterations=updates, record_every=10**6,
            engine=engine, device=setup.device, **more,
        )  # fmt: skip
        return (result[0] if isinstance(result, list) else result).seconds

    return between(run, setup.dry)


def between(run: Callable[[int], float], dry: bool) -> float:
    """Return the seconds per update of ``run(updates)``, from a short and a long run of about a third of a second."""
    few = 2 if dry else 10
    run(few)  # compiles
    short = run(few)
    many = few + (4 if dry else int(np.clip(few * 0.3 / max(short, 1e-4), 20, 20_000)))
    long = run(many)
    return (long - short) / (many - few) if long > short else long / many


def many_rows(setup: Setup) -> Iterator[dict]:
    """Return for several numbers of networks the time of an update of all, and of one after another."""
    random = np.random.default_rng(0)
    m = 256 if setup.dry else 20_000
    X, y = random.standard_normal((m, 10), np.float32), random.integers(0, 2, m)
    widths = [10, 16, 8, 2]
    one = ours(setup, widths, X, y, 32, "jax")
    for count in (4,) if setup.dry else (32, 256, 2048):
        if setup.in_time():
            rates = np.geomspace(1e-4, 1e-2, count).tolist()
            seconds = ours(setup, widths, X, y, 32, "jax", learning_rate=rates)
            yield {
                "networks": count,
                "at once µs": seconds * 1e6,
                "× one after another": count * one / seconds,
            }


def stream_rows(setup: Setup) -> Iterator[dict]:
    """Return the time of an update on rows of a file over that on rows in the memory of the device."""
    width, batch, m = (8, 16, 256) if setup.dry else (512, 4096, 100_000)
    random = np.random.default_rng(0)
    X, y = random.standard_normal((m, width), np.float32), random.integers(0, 3, m)
    network = ellayer.Network([width, width, 3])
    arguments = {"optimizer": "adam", "batch_size": batch, "record_every": 10**6}

    def run(updates: int, streamed: bool) -> float:
        more = arguments | {"num_iterations": updates, "engine": "jax", "device": setup.device}
        result = _streamed(X.T, y, network, more) if streamed else ellayer.train(network, X.T, y, **more)
        return result.seconds

    placed, read = (between(lambda n, way=way: run(n, way), setup.dry) for way in (False, True))
    yield {
        "width": width,
        "batch": batch,
        "placed µs": placed * 1e6,
        "streamed µs": read * 1e6,
        "ratio": read / placed,
    }


def goals(cells: list[dict]) -> list[dict]:
    """Return a row per goal that was measured."""
    rows = []
    for cell in cells:
        names = ("PyTorch compile, TF32", "PyTorch compile, reduce-overhead, TF32")
        compiled = min((cell[name] for name in names if cell.get(name) is not None), default=None)
        if (cell["width"], cell["batch"]) == (128, 1024) and compiled is not None:
            what = "128 wide, batch 1,024: the faster mode of torch.compile / ellayer, TF32"
            rows.append(judge("gpu", what, compiled / cell["TF32"], 3, True))
        if cell["width"] == 4096:
            of_card = cell["TF32: share of the card's peak"]
            share = cell["TF32: share of products' rate"] if of_card is None else of_card
            whose = "rate of products in TF32" if of_card is None else "card's peak in TF32"
            rows.append(
                judge("gpu", f"4,096 wide, batch {cell['batch']:,}: share of the {whose}", share, 0.6, True)
            )
    return rows


if __name__ == "__main__":
    sys.exit(main())
