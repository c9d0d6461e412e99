"""The shapes in core's annotations hold: jaxtyping and beartype check every call of a real run."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("jaxtyping")
pytest.importorskip("beartype")

CHECKED = """
import sys, types
import jaxtyping, numpy as np
from beartype import BeartypeConf, beartype
from ellayer import _shapes

_shapes.Float, _shapes.Shaped = jaxtyping.Float, jaxtyping.Shaped
checker = types.ModuleType("checker")
checker.check = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is a float
sys.modules["checker"] = checker
jaxtyping.install_import_hook(["ellayer.core"], "checker.check")

import ellayer
from ellayer.core import ACTIVATIONS, LOSSES, compute_cost, linear_forward
"""


def run(code: str) -> str:
    """Run code with core's annotations checked; return what it prints."""
    script = CHECKED + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_every_row_and_a_run_of_each_loop_have_the_shapes_of_the_annotations():
    printed = run("""
        for name in [*ACTIVATIONS, *LOSSES]:
            assert ellayer.check_gradients(name).passed
        X, Y = np.random.default_rng(0).standard_normal((4, 30)), np.arange(30) % 3
        network = ellayer.Network([4, 5, 3], parametric=True, inputs={"numbers": 2, "frequencies": 3, "scaling": True})
        settings = dict(dropout=0.2, l2=0.1, l1=0.1, batch_size=8, sample_weight=np.ones(30), num_iterations=5)
        for engine in ("numpy", "jax"):
            print(len(ellayer.train(network, X, Y, engine=engine, clip_norm=1.0, **settings).costs))
    """)
    assert len(printed.split()) == 2


WRONG = [
    "linear_forward(np.ones((3, 5)), np.ones((2, 4)), np.ones((2, 1)))",
    "linear_forward(np.ones((3, 5)), np.ones((2, 3)), np.ones(2))",
    "compute_cost(np.ones((1, 5)), np.ones((1, 4)), ellayer.Network([2, 1]))",
    "ACTIVATIONS['relu'].forward(np.ones(3))",
    "ACTIVATIONS['relu'].forward(np.ones((3, 3), dtype=int))",
]


def test_other_shapes_are_refused():
    printed = run(f"""
        for call in {WRONG!r}:
            try:
                eval(call)
            except jaxtyping.TypeCheckError:
                print("refused")
    """)
    assert printed.split() == ["refused"] * len(WRONG)
