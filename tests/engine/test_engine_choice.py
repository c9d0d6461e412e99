"""engine="auto" takes the loop that finishes first, and small work never imports jax."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest
from engine_cases import problem

import ellayer
from ellayer.core import OPTIMIZERS, Network
from ellayer.engine import Batches, loop_choice
from ellayer.engine.loop_choice import choose_loop, parse_engine, program_name, start_seconds, step_seconds
from ellayer.engine.step import StepConfig

MNIST = Network([784, 128, 64, 10])
TINY = Network([2, 4, 1], "tanh")


def config(network=TINY, optimizer="gd", **options) -> StepConfig:
    return StepConfig(network, OPTIMIZERS[optimizer], **options)


@pytest.fixture
def nothing_compiled(monkeypatch):
    """Let this process hold no program; jax is imported."""
    import jax  # noqa: F401

    monkeypatch.setattr(loop_choice, "_compiled", set())
    monkeypatch.setattr(loop_choice, "_spent_on_numpy", {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auto", ("auto", None, False)),
        ("numpy", ("numpy", None, False)),
        ("jax", ("jax", None, False)),
        ("wide", ("auto", True, False)),
        ("direct", ("auto", False, False)),
        ("jax+direct", ("jax", False, False)),
        ("wide+numpy", ("numpy", True, False)),
        ("jax+tf32", ("jax", None, True)),
    ],
)
def test_engines_and_their_parts(text, expected):
    assert parse_engine(text) == expected


@pytest.mark.parametrize("text", ["", "torch", "numpy+", "jax+fast", "NumPy", 3, None])
def test_unknown_engines(text):
    with pytest.raises(
        ValueError, match=r"engine: expected 'auto', 'numpy', 'jax', 'wide' or 'direct'.*received"
    ):
        parse_engine(text)


def choice(network, m, batch_size, steps, dtype="float64", optimizer="gd", **options) -> str:
    batches = Batches(m, batch_size)
    one = config(network, optimizer, every_cost=not batches.full, **options)
    return choose_loop("auto", one, batches, steps, dtype, program_name(one, batches, dtype))


def test_small_work_stays_on_numpy_and_large_work_is_compiled(nothing_compiled):
    assert choice(TINY, 400, None, 100) == "numpy"
    assert choice(TINY, 4, None, 1000) == "numpy"
    assert choice(MNIST, 60000, 128, 10, "float32", "adam") == "numpy"
    assert choice(MNIST, 60000, 128, 469 * 10, "float32", "adam") == "jax"
    assert choice(Network([10, 16, 8, 2]), 20000, 32, 625 * 20) == "jax"
    assert choice(TINY, 400, None, 10**6) == "jax"


def test_a_search_compiles_when_it_has_spent_the_price_on_numpy(nothing_compiled):
    network, batches = Network([30, 100, 1]), Batches(455, 200)
    one = config(network, "adam", every_cost=True, l2=True)
    program = program_name(one, batches, "float64")
    each = 600 * step_seconds(one, 200, loop_choice.NUMPY["float64"])
    start = start_seconds(one, program)
    runs = [choose_loop("auto", one, batches, 600, "float64", program) for _ in range(40)]
    on_numpy = runs.count("numpy")
    assert runs == ["numpy"] * on_numpy + ["jax"] * (40 - on_numpy)
    assert start < on_numpy * each < start + 2 * each
    assert choice(network, 455, 200, 600, optimizer="adam") == "numpy"  # without l2: another program


def test_a_search_of_known_length_compiles_at_the_second_fit_with_a_program(nothing_compiled):
    def runs(name, total, programs):
        """The loops of fits with these programs, in turn, none of which is compiled."""
        one, loops = config(Network([30, 100, 1]), "adam", every_cost=True, l2=True), []
        for program in programs:
            with loop_choice.fits_of_search(name, total):
                loops.append(choose_loop("auto", one, Batches(455, 200), 600, "float64", program))
        return loops

    assert runs("a", 45, "pppp") == ["numpy", "jax", "jax", "jax"]
    assert runs("b", 4, "qqq") == ["numpy"] * 3  # too few to pay
    assert runs("c", 45, "rstuvwxyz") == ["numpy"] * 9  # other programs at each fit
    assert runs("d", 100, "AABBCC") == ["numpy", "jax", *["numpy"] * 4]  # two fits of each seem likely
    assert runs("d", 100, "AA") == ["numpy"] * 2
    assert runs("e", 100, "D") == ["numpy"]


def test_numpy_is_taken_if_both_loops_finish_at_once(nothing_compiled, monkeypatch):
    monkeypatch.setattr(
        loop_choice,
        "step_seconds",
        lambda config, m, speeds, *more: 1.0 if speeds in loop_choice.JAX.values() else 2.0,
    )
    monkeypatch.setattr(loop_choice, "start_seconds", lambda config, program: 2.0)
    runs = [choose_loop("auto", config(), Batches(400, None), 1, "float64", "p") for _ in range(3)]
    assert runs == [
        "numpy",
        "numpy",
        "jax",
    ]  # 2 seconds have been spent before the second fit, 4 before the third
    assert (
        choose_loop("auto", config(), Batches(400, None), 2, "float64", "q") == "numpy"
    )  # 2 + 2 seconds, or 4


def test_what_is_asked_for_is_not_counted_as_spent(nothing_compiled):
    for _ in range(100):
        choose_loop("numpy", config(), Batches(400, None), 10**6, "float64", "a program")
    assert choose_loop("auto", config(), Batches(400, None), 100, "float64", "a program") == "numpy"


def test_what_is_asked_for_is_taken(nothing_compiled):
    batches = Batches(400, None)
    for kind in ("numpy", "jax"):
        for steps in (1, 10**7):
            assert choose_loop(kind, config(), batches, steps, "float64", "") == kind
    optax_rule = replace(OPTIMIZERS["gd"], name="lion", compiled_only=True)
    assert choose_loop("auto", StepConfig(TINY, optax_rule), batches, 1, "float64", "") == "jax"
    with pytest.raises(ValueError, match="optimizer 'lion' is from optax and runs compiled"):
        choose_loop("numpy", StepConfig(TINY, optax_rule), batches, 1, "float64", "")


@pytest.mark.parametrize("speeds", [loop_choice.NUMPY["float64"], loop_choice.JAX["float32"]])
def test_more_work_is_predicted_to_take_longer(speeds):
    def seconds(network=TINY, batch_size=100, **options) -> float:
        return step_seconds(config(network, **options), batch_size, speeds)

    assert seconds() < seconds(batch_size=200)
    assert seconds() < seconds(Network([4, 4, 1], "tanh"))
    assert seconds() < seconds(Network([2, 4, 4, 1], "tanh"))
    assert seconds() < seconds(l2=True) < seconds(l2=True, clip=True)
    assert seconds() < seconds(dropout=(1,))
    assert seconds() < seconds(optimizer="momentum") < seconds(optimizer="adam")
    cats = Network([12288, 20, 7, 5, 1])
    assert seconds(cats, 209, wide=True) < 0.2 * seconds(cats, 209)


@pytest.mark.parametrize(("wide", "first"), [(False, 2 * 3 * 4), (True, (50 + 4) * 4)])
def test_an_update_multiplies_by_each_weight_three_times_but_needs_no_gradient_of_the_inputs(wide, first):
    """In the span of 50 examples, dW^[1] is no product either: it is dZ^[1] (``wide.py``)."""
    network, products_alone = Network([3, 4, 2]), loop_choice.Speeds(call=0.0, flop=1.0, number=0.0)
    assert step_seconds(config(network, wide=wide), 50, products_alone) == 2 * 50 * (first + 3 * 4 * 2)


def test_the_start_counts_import_and_compilation(nothing_compiled, monkeypatch):
    here = start_seconds(config(), "a program")
    deep = start_seconds(config(Network([2, 4, 4, 4, 1])), "a program")
    assert here < deep
    monkeypatch.delitem(sys.modules, "jax")
    assert start_seconds(config(), "a program") == pytest.approx(here + loop_choice.IMPORT_SECONDS)


def test_what_is_compiled_already_starts_at_once(nothing_compiled):
    before = start_seconds(config(), "a program")
    loop_choice.note_compiled("a program")
    assert start_seconds(config(), "a program") == 0
    assert start_seconds(config(), "another program") == before > 0


def test_a_program_is_named_by_what_decides_its_shape():
    def name(network=TINY, m=100, batch_size=10, dtype="float64", **options) -> str:
        return program_name(config(network, **options), Batches(m, batch_size), dtype)

    others = [
        name(Network([2, 5, 1], "tanh")),
        name(Network([2, 4, 1], "relu")),
        name(Network([2, 4, 1], ["tanh", "sigmoid"], "squared_error")),
        name(Network([2, 4, 1], "tanh", parametric=True)),
        name(m=200),
        name(batch_size=20),
        name(batch_size=None),
        name(dtype="float32"),
        name(optimizer="adam"),
        name(l2=True),
        name(dropout=(1,)),
        name(wide=True),
    ]
    assert len({name(), *others}) == len(others) + 1
    assert name(m=98) == name(m=101)


def test_auto_by_itself(nothing_compiled):
    network = Network([3, 10, 1], "tanh")
    assert ellayer.train(network, *problem(network), num_iterations=50).engine == "numpy"
    assert ellayer.train(network, *problem(network), num_iterations=100_000, time_limit=0.01).engine == "jax"


WITHOUT_JAX = """
import json, sys, time
sys.path.insert(0, ".")
import numpy as np
import ellayer
assert "numpy" in sys.modules and "jax" not in sys.modules
from engine_cases import BINARY, problem
X, Y = problem(BINARY)
held_out = problem(BINARY, m=6, seed=1)
engines = [
    ellayer.train(BINARY, X, Y, num_iterations=50, **options).engine
    for options in (
        {},
        {"optimizer": "adam", "batch_size": 5, "dropout": 0.2, "schedule": "cosine", "clip_norm": 1.0},
        {"validation": held_out, "patience": 3, "l2": 0.1, "dtype": "float32"},
        {"engine": "wide"},
        {"engine": "numpy", "optimizer": "nesterov"},
    )
]
result = ellayer.train(BINARY, X, Y, num_iterations=5)
result.predict(X)
ellayer.train(BINARY, X, Y, num_iterations=5, state=result.state)
print(json.dumps([engines, sorted({"jax", "optax", "sklearn", "matplotlib", "h5py", "polars"} & set(sys.modules))]))
"""


def test_small_work_never_imports_jax(run_python, tmp_path):
    engines, loaded = json.loads(run_python(WITHOUT_JAX, ELLAYER_CACHE=str(tmp_path)))
    assert engines == ["numpy", "numpy", "numpy", "numpy wide", "numpy"]
    assert loaded == []
    assert list(tmp_path.iterdir()) == []
