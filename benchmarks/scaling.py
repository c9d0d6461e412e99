"""How cost grows with work, what memory a fit takes, and the notes' loops against vectorised code."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

import workloads
from goals import judge
from measuring import clock_of, in_fresh_process, medians

BASE = workloads.Spec(
    "scaling", "", "mini_batch", (128, 256, 256, 256, 10), 16384, 1e-3, epochs=2, batch_size=256, output="softmax"
)  # fmt: skip
DOUBLED = {
    "m": replace(BASE, m=2 * BASE.m),
    "n": replace(BASE, layer_dims=(256, 512, 512, 512, 10)),
    "L": replace(BASE, layer_dims=(128, *[256] * 7, 10)),
}


def rows(data: Path | None, repeat: int, clock: str = "wall") -> list[dict]:
    """Return a row per doubling: (growth of seconds per epoch) / (growth of the operations)."""
    from contenders.ellayer_ import mini_batch

    works = {name: workloads.make(spec, data) for name, spec in {"base": BASE, **DOUBLED}.items()}
    seconds = medians(
        repeat,
        clock_of(clock),
        **{name: (lambda work=work: mini_batch(work, "jax")) for name, work in works.items()},
    )
    base = workloads.operations(BASE.layer_dims, BASE.m)
    result = []
    for name, spec in DOUBLED.items():
        more_work = workloads.operations(spec.layer_dims, spec.m) / base
        more_time = seconds[name] / seconds["base"]
        what = (
            f"{name} doubled: growth of seconds per epoch ({more_time:.2f}) / of operations ({more_work:.2f})"
        )
        result.append(judge("scaling", what, more_time / more_work, 1.05, False))
    return result


MEMORY = """
import json, sys
import numpy as np
import ellayer
from ellayer import Network, train
from measuring import peak_memory
X, Y = (np.load(f"{sys.argv[1]}/{name}.npy").T for name in "XY")
train(Network([784, 128, 64, 10]), X, Y, optimizer="adam", num_iterations=469, batch_size=128, engine=sys.argv[2])
print(json.dumps([peak_memory(), X.nbytes + Y.nbytes]))
"""
FEW = 1000  # examples: what the fit of these takes is the libraries' and the compiler's own


def memory_rows(data: Path | None, repeat: int, clock: str = "wall") -> list[dict]:
    """Return the peak of memory of an epoch of MNIST over the bytes of its float32 data."""
    spec = workloads.SPECS["mnist"]
    result = []
    with tempfile.TemporaryDirectory() as scratch:
        all_of_it, few = Path(scratch, "all"), Path(scratch, "few")
        try:
            workloads.save(workloads.make(spec, data), all_of_it)
        except workloads.DataMissingError:
            return []
        workloads.save(workloads.make(replace(spec, m=FEW), data), few)
        for loop in ("jax", "numpy"):
            peak, own = in_fresh_process(MEMORY, str(all_of_it), loop)[1]
            libraries = in_fresh_process(MEMORY, str(few), loop)[1][0]
            what = f"MNIST fit, {loop}: peak ({peak / 1e6:.0f} MB) / data ({own / 1e6:.0f} MB)"
            result.append(judge("memory", what, peak / own, 2.5, False))
            what = f"MNIST fit, {loop}, less the peak of a fit of {FEW:,} examples ({libraries / 1e6:.0f} MB)"
            result.append(judge("memory", what, (peak - libraries) / own, 1.6, False))
    return result


def step_rows(data: Path | None, repeat: int, clock: str = "wall") -> list[dict]:
    """Return how many times faster the notes' vectorised ``propagate`` is than the loop over examples."""
    from ellayer.steps.logistic import propagate, propagate_loop

    random = np.random.default_rng(0)
    X, Y = random.standard_normal((12288, 209)), (random.random((1, 209)) > 0.5).astype(float)
    w, b = np.zeros((12288, 1)), 0.0
    times: dict[str, list[float]] = {"loop": [], "vectorised": []}
    now = clock_of(clock)
    for _ in range(repeat):
        for name, function in (("loop", propagate_loop), ("vectorised", propagate)):
            begin = now()
            function(w, b, X, Y)
            times[name].append(now() - begin)
    slow, fast = (statistics.median(seconds) for seconds in times.values())
    what = f"propagate_loop / propagate on 12288 × 209 ({slow * 1e3:.0f} ms / {fast * 1e3:.1f} ms)"
    return [judge("steps", what, slow / fast, 1.0, True)]
