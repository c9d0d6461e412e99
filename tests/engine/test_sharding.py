"""With several devices the examples are split over them, and nothing else changes."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.slow

EIGHT = """
import json, sys
sys.path.insert(0, ".")
import jax, numpy as np
import ellayer
from ellayer.core import Network
from ellayer.engine.jax_loop import JaxLoop, trace_count
from engine_cases import problem

devices = jax.devices()
assert len(devices) == 8
network = Network([5, 6, 1], "tanh")
placed = []
start = JaxLoop.start

def spied(self, *state):
    start(self, *state)
    placed.append((len(self._batch.X.sharding.device_set), len(self._carry[0]["W1"].sharding.device_set)))

JaxLoop.start = spied
settings = {
    "full batch": {"m": 64},
    "full batch, ragged": {"m": 61, "l2": 0.3, "sample_weight": np.linspace(0, 2, 61)},
    "mini-batches": {"m": 90, "batch_size": 24},
    "mini-batches, ragged, everything": {
        "m": 90, "batch_size": 20, "optimizer": "adam", "learning_rate": 0.01, "dropout": [0.1, 0.3], "l2": 0.1,
        "clip_norm": 0.5, "sample_weight": np.linspace(0, 2, 90),
    },
}
report = {}
for name, options in settings.items():
    m = options.pop("m")
    X, Y = problem(network, m=m)
    options = {"learning_rate": 0.3, "num_iterations": 30, "record_every": 7, "engine": "jax+direct", **options}
    many = ellayer.train(network, X, Y, **options)
    one = ellayer.train(network, X, Y, device=devices[:1], **options)
    plain = ellayer.train(network, X, Y, **{**options, "engine": "numpy+direct"})
    off = lambda a, b: max(float(np.abs(a.parameters[k] - b.parameters[k]).max()) for k in a.parameters)
    report[name] = {
        "devices": placed[-2:],
        "parameters": off(many, one),
        "costs": float(np.abs(np.subtract(many.costs, one.costs)).max()),
        "numpy": off(many, plain),
        "columns": sorted(set(many.history) ^ set(one.history)),
    }

X, Y = problem(network, m=61)
options = {"learning_rate": 0.3, "record_every": 7, "engine": "jax+direct"}
whole = ellayer.train(network, X, Y, num_iterations=30, **options)
before = trace_count()
part = ellayer.train(network, X, Y, num_iterations=17, **options)
rest = ellayer.train(network, X, Y, num_iterations=13, state=part.state, **options)
report["continued"] = all(np.array_equal(whole.parameters[k], rest.parameters[k]) for k in whole.parameters)
report["traced again"] = trace_count() - before

tiny = ellayer.train(network, *problem(network, m=9), num_iterations=2, engine="jax+direct")
report["few examples"] = placed[-1]
chosen = JaxLoop
third = []
def look(self, *state):
    start(self, *state)
    arrays = [self._batch.X, self._carry[0]["W1"], *jax.tree.leaves(self._values)]
    third.append([str(d) for array in arrays for d in array.devices()])
JaxLoop.start = look
for batch_size in (None, 20):
    ellayer.train(network, X, Y, num_iterations=2, engine="jax+direct", device=[devices[3]], batch_size=batch_size)
report["chosen"] = [sorted(set(where)) == [str(devices[3])] for where in third]
ellayer.train(network, X, Y, num_iterations=2, engine="jax+direct", device=devices[2:5])
report["three"] = len(set(third[-1]))
wide = ellayer.train(Network([200, 6, 1]), *problem(Network([200, 6, 1]), m=30), num_iterations=5, engine="jax+wide")
report["wide"] = wide.engine
print(json.dumps(report))
"""


@pytest.fixture(scope="module")
def report(request):
    import os
    import subprocess
    import sys
    from pathlib import Path

    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=8"
    outcome = subprocess.run(
        [sys.executable, "-W", "error", "-c", EIGHT],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"XLA_FLAGS": flags.strip(), "JAX_PLATFORMS": "cpu"},
        cwd=Path(__file__).parent,
    )
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout)


@pytest.mark.parametrize(
    "name",
    [
        "full batch",
        "full batch, ragged",
        "mini-batches",
        "mini-batches, ragged, everything",
    ],
)
def test_eight_devices_are_one_within_rounding(report, name):
    case = report[name]
    assert case["parameters"] < 1e-10
    assert case["costs"] < 1e-10
    assert case["numpy"] < 1e-10
    assert case["columns"] == []
    assert case["devices"] == [[8, 8], [1, 1]]


def test_continuing_over_several_devices(report):
    assert report["continued"]
    assert report["traced again"] == 0


def test_few_examples_and_wide_stay_on_one_device(report):
    assert report["few examples"] == [1, 1]
    assert report["wide"] == "jax wide"


def test_devices_of_ones_choice(report):
    assert report["chosen"] == [True, True]
    assert report["three"] == 3
