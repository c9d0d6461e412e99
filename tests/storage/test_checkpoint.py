"""Continue = longer from disk: a run that goes on from a checkpoint ends bit for bit like one never stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import ellayer
from ellayer.engine.state import FlatState
from ellayer.storage import Checkpoint, ModelFileError, load_checkpoint, save_checkpoint

RANDOM = np.random.RandomState(0)
X, Y = RANDOM.randn(6, 50), RANDOM.randint(0, 3, 50)
NETWORK = ellayer.Network([6, 8, 5, 3], ["tanh", "relu"], "cross_entropy")
WIDE_X, WIDE_Y = RANDOM.randn(300, 20), RANDOM.randint(0, 2, 20)
WIDE = ellayer.Network([300, 6, 1])
UPDATES = 60

CASES = {
    "full batch": {},
    "mini-batches": {"batch_size": 16},
    "dropout": {"batch_size": 16, "dropout": [0.1, 0.3, 0.2]},
    "adam": {"optimizer": "adam", "batch_size": 7},
    "adam float32": {"optimizer": "adam", "dtype": "float32", "batch_size": 16},
    "rmsprop, weights": {"optimizer": "rmsprop", "sample_weight": RANDOM.rand(50)},
    "cosine": {"schedule": "cosine", "schedule_length": UPDATES},
    "one cycle": {"schedule": "one_cycle", "schedule_length": UPDATES, "optimizer": "nesterov"},
    "adaptive": {"schedule": "adaptive(patience=2)", "learning_rate": 3.0, "batch_size": 16},
    "patience, best": {"patience": 3, "validation": (X[:, ::3], Y[::3]), "l2": 0.1, "learning_rate": 1.0},
    "orthogonal start": {"initializer": "orthogonal"},
    "wide": {"engine": "wide", "optimizer": "momentum", "l2": 0.1, "learning_rate": 0.01},
}
COMPILED = {
    "lion": {"optimizer": "lion"},
    "muon": {"optimizer": "muon", "learning_rate": 0.01},
    "adagrad": {"optimizer": "adagrad", "batch_size": 16},
}


def run(updates, engine, settings, **more):
    network, x, y = (WIDE, WIDE_X, WIDE_Y) if settings.get("engine") == "wide" else (NETWORK, X, Y)
    if settings.get("engine") == "wide":
        engine = f"{engine}+wide"
    arguments = {"record_every": 5, **settings, "engine": engine, "num_iterations": updates, **more}
    return ellayer.train(network, x, y, **arguments)


def same(a, b) -> bool:
    """Equal to the bit, in every array, number and text of two states; the seconds apart."""
    if hasattr(a, "_fields") or type(a) is tuple:
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (ellayer.engine.TrainState,)):
        return all(same(getattr(a, field.name), getattr(b, field.name)) for field in fields(a))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a if key != "seconds")
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and (a == b or (a != a and b != b))


def _cases():
    for engine in ("numpy", "jax"):
        for name, settings in {**CASES, **(COMPILED if engine == "jax" else {})}.items():
            yield pytest.param(engine, settings, id=f"{engine}: {name}")


@pytest.mark.parametrize(("engine", "settings"), [*_cases()])
def test_continued_from_disk_is_longer(tmp_path, engine, settings):
    path = tmp_path / "run.checkpoint"
    longer = run(UPDATES, engine, settings)
    for cut in (20, 33):  # at a record, and between two
        part = run(cut, engine, settings)
        save_checkpoint(part.state, path)
        loaded = load_checkpoint(path)
        if isinstance(loaded.optimizer_state, FlatState):
            save_checkpoint(loaded, path)  # before any training gave it its tree again
            loaded = load_checkpoint(path)
        else:
            assert same(part.state, loaded)
        continued = run(UPDATES - cut, engine, settings, state=loaded)
        if part.stopped_by == "patience":
            continue
        assert same(longer.parameters, continued.parameters)
        assert longer.stopped_by == continued.stopped_by
        if cut % 5 == 0:  # elsewhere a mini-batch run records the cut
            assert same(dict(longer.history), dict(continued.history))
            assert same(longer.state, continued.state)


def test_a_state_of_another_optimizer_is_refused(tmp_path):
    path = tmp_path / "c"
    for optimizer, other in (("lion", "adagrad"), ("lion", "adam"), ("adam", "lion")):
        save_checkpoint(run(3, "jax", {"optimizer": optimizer}).state, path)
        with pytest.raises(
            ValueError,
            match=rf"state: expected the optimizer state of '{other}', received one of a different",
        ):
            run(3, "jax", {"optimizer": other}, state=load_checkpoint(path))


def test_the_callback_writes_at_first_after_its_seconds_and_at_last(tmp_path, monkeypatch):
    path = tmp_path / "run.checkpoint"
    (tmp_path / ".run.checkpoint.dead.partial").touch()
    now, steps = [0.0], []
    monkeypatch.setattr("ellayer.storage.checkpoint.time.monotonic", lambda: now[0])

    def clock(info):
        now[0] += 1.0
        steps.append(load_checkpoint(path).step)

    run(50, "numpy", {}, callbacks=[Checkpoint(path, every=3.0), clock])
    assert steps == [5, 5, 5, 20, 20, 20, 35, 35, 35, 50]
    assert os.listdir(tmp_path) == ["run.checkpoint"]
    every = []
    run(
        15,
        "numpy",
        {},
        callbacks=[Checkpoint(path, every=0), lambda info: every.append(load_checkpoint(path).step)],
    )
    assert every == [5, 10, 15]


def test_wrong_use_says_what_to_do(tmp_path):
    with pytest.raises(ValueError, match="every: expected seconds >= 0, received -1"):
        Checkpoint(tmp_path / "c", every=-1)
    with pytest.raises(
        ModelFileError, match=r"expected a TrainState \(result\.state.*received TrainingResult"
    ):
        save_checkpoint(run(1, "numpy", {}), tmp_path / "c")
    with pytest.raises(FileNotFoundError, match="create it first"):
        run(50, "numpy", {}, callbacks=[Checkpoint(tmp_path / "no" / "c")])
    network = ellayer.Network([2, 1])
    ellayer.save((network, ellayer.initialize_parameters(network)), tmp_path / "m")
    with pytest.raises(ModelFileError, match=r"expected checkpoint, received 'network'"):
        load_checkpoint(tmp_path / "m")
    save_checkpoint(run(1, "numpy", {}).state, tmp_path / "c")
    with pytest.raises(ModelFileError, match=r"received 'checkpoint'; ellayer\.storage\.load_checkpoint"):
        ellayer.load(tmp_path / "c")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
def test_a_run_killed_twenty_times_ends_like_one_never_killed(tmp_path):
    script = Path(__file__).with_name("killed_run.py")
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", script, tmp_path],
        capture_output=True, text=True, timeout=120, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    kills, steps = done.stdout.splitlines()
    assert int(kills) == 20
    steps = [int(step) for step in steps.split()]
    assert steps == sorted(steps)
    assert len(set(steps)) >= 10  # the kills fell all over the run
    longer, killed = (load_checkpoint(tmp_path / name) for name in ("longer.checkpoint", "killed.checkpoint"))
    assert longer.step == killed.step
    assert same(longer, killed)
    assert not list(tmp_path.glob(".*.partial"))
