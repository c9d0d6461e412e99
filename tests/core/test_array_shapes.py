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
from ellayer import _own_process, _shapes

_own_process.start_quickly()
_shapes.Float, _shapes.Shaped = jaxtyping.Float, jaxtyping.Shaped
checker = types.ModuleType("checker")
checker.check = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is a float
sys.modules["checker"] = checker
jaxtyping.install_import_hook(PACKAGES, "checker.check")

import ellayer
from ellayer.core import ACTIVATIONS, LOSSES, compute_cost, linear_forward
"""


def run(code: str, package: str = "ellayer.core") -> str:
    """Run code with a package's annotations checked; return what it prints."""
    script = CHECKED.replace("PACKAGES", repr([package])) + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_every_row_and_a_run_of_each_loop_have_the_shapes_of_the_annotations():
    printed = run("""
        for name in [*ACTIVATIONS, *LOSSES]:
            assert ellayer.check_gradients(name).passed
        X, Y = np.random.default_rng(0).standard_normal((4, 30)), np.arange(30) % 3
        X[3] = np.arange(30) % 2
        inputs = {"numbers": 2, "frequencies": 3, "ramps": 4, "categories": [2], "dimension": 3, "scaling": True}
        network = ellayer.Network([4, 5, 3], parametric=True, inputs=inputs)
        settings = dict(dropout=0.2, l2=0.1, l1=0.1, batch_size=8, sample_weight=np.ones(30), num_iterations=5)
        for engine in ("numpy", "jax"):
            result = ellayer.train(network, X, Y, engine=engine, clip_norm=1.0, validation=(X, Y), **settings)
            print(len(result.costs), result.predict(X).shape)
        from ellayer.core.inference import class_probabilities, fold_scaling
        plain = ellayer.train(ellayer.Network([4, 1]), X, Y > 0, num_iterations=2)
        fold_scaling(plain.parameters, X.mean(axis=1), X.std(axis=1))
        print(class_probabilities(plain.predict_proba(X)).shape)
    """)
    assert len(printed.split()) == 8


@pytest.mark.slow
def test_the_notes_functions_have_the_shapes_of_their_annotations():
    printed = run(
        """
        import contextlib, io
        from ellayer.steps import deep, demonstrations, logistic, shallow
        X, flat = np.random.default_rng(0).standard_normal((3, 20)), np.arange(20) % 2
        with contextlib.redirect_stdout(io.StringIO()):
            for Y in (flat, flat[None], flat[None] > 0):
                logistic.model(X, Y, X[:, :7], Y[..., :7], 3, 0.1)
                logistic.propagate_loop(np.zeros((3, 1)), 0.0, X, Y)
                shallow.predict(shallow.nn_model(X, Y, 4, 3), X)
                parameters, _ = deep.L_layer_model(X, Y, [3, 4, 2, 1], num_iterations=3)
                deep.predict(X, Y, parameters)
                deep.two_layer_model(X, Y, (3, 4, 1), num_iterations=3)
                demonstrations.zero_initialisation(X, Y, num_iterations=2)
            demonstrations.loops_against_vectorised(3)
            demonstrations.calories_in_percent()
        print(deep.relu(X)[0].shape, deep.sigmoid_backward(X, X).shape, logistic.sigmoid(X[0]).shape)
        try:
            deep.linear_forward(X, np.ones((2, 4)), np.ones((2, 1)))
        except jaxtyping.TypeCheckError:
            print("refused")
        """,
        "ellayer.steps",
    )
    assert printed.endswith("(3, 20) (3, 20) (20,)\nrefused\n")


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
