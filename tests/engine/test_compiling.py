"""Nothing is traced twice, jax's global state is the caller's, and the cache on disk does no harm."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from engine_cases import BATCH, BINARY, assert_same, problem

import ellayer
from ellayer.core import Network
from ellayer.engine import compile_cache

BASE = {
    "learning_rate": 0.1,
    "l2": 0.1,
    "l1": 0.1,
    "dropout": 0.2,
    "clip_norm": 1.0,
    "weight_decay": 0.1,
    "learning_rate_factors": {"b": 0.5},
    "batch_size": BATCH,
    "num_iterations": 10,
    "record_every": 5,
    "engine": "jax+direct",
}
CHANGES = {
    "learning rate": {"learning_rate": 0.37},
    "l2": {"l2": 3.0},
    "l1": {"l1": 0.01},
    "dropout": {"dropout": 0.6},
    "clipping": {"clip_norm": 0.3},
    "weight decay": {"weight_decay": 0.01},
    "factors": {"learning_rate_factors": {"W1": 0.1}},
    "schedule": {"schedule": "cosine"},
    "a schedule of one's own": {"schedule": lambda step: 0.9**step},
    "iterations": {"num_iterations": 333},
    "records": {"record_every": 3},
    "seed": {"seed": 5},
    "initializer": {"initializer": "he_uniform"},
    "no shuffling": {"shuffle": False},
}
LOOKED_AT = {  # at every record, which takes another chunk than a run that is left alone
    "patience": {"patience": 3, "tolerance": 0.1},
    "validation": {"validation": problem(BINARY, m=9, seed=1)},
    "callbacks": {"callbacks": [lambda info: None]},
    "adaptive": {"schedule": "adaptive"},
    "records": {"restore_best": True, "record_every": 4},
}


def traces(network=BINARY, m=100, **options) -> int:
    """Return how many programs were traced while training."""
    from ellayer.engine.jax_loop import trace_count

    X, Y = problem(network, m=m)
    before = trace_count()
    ellayer.train(network, X, Y, **{**BASE, **options})
    return trace_count() - before


@pytest.mark.parametrize("change", CHANGES)
def test_a_second_fit_compiles_nothing(change):
    traces(m=101)
    assert traces(m=101, **CHANGES[change]) == 0


@pytest.mark.parametrize("change", LOOKED_AT)
def test_a_second_fit_that_is_looked_at_compiles_nothing(change):
    traces(m=101, patience=9)
    assert traces(m=101, **LOOKED_AT[change]) == 0


def test_one_trace_whatever_m_is():
    fresh = Network([3, 6, 1], "tanh")
    assert traces(fresh, m=103, num_iterations=200) == 1  # ragged batches, several epochs
    assert traces(fresh, m=97) == 0  # sets of nearly equal size share a program
    assert traces(fresh, m=101, num_iterations=1) == 0


def test_the_full_batch_and_wide_are_traced_once():
    for engine in ("jax+direct", "jax+wide"):
        options = {"batch_size": None, "clip_norm": None, "l1": 0.0, "engine": engine}
        assert traces(Network([9, 5, 1], "tanh"), m=8, **options) == 1
        assert traces(Network([9, 5, 1], "tanh"), m=8, **options, schedule="cosine", num_iterations=50) == 0


def test_continuing_and_divergence_trace_nothing_more():
    network = Network([3, 7, 1], "identity", "squared_error")
    X, Y = problem(network)
    from ellayer.engine.jax_loop import trace_count

    options = {"num_iterations": 10, "engine": "jax+direct"}
    state = ellayer.train(network, X, Y, learning_rate=0.01, **options).state
    before = trace_count()
    ellayer.train(network, X, Y, learning_rate=0.01, state=state, **options)
    with pytest.warns(UserWarning, match="stopped being a finite number"):
        ellayer.train(network, X, Y, learning_rate=100.0, num_iterations=500, engine="jax+direct")
    assert trace_count() == before


def test_jaxs_global_state_is_the_callers():
    import jax

    X, Y = problem(BINARY)
    before = dict(jax.config.values)
    inside = []

    def look(info):
        inside.append(dict(jax.config.values))

    for dtype in ("float64", "float32"):
        ellayer.train(
            BINARY,
            X,
            Y,
            dtype=dtype,
            num_iterations=10,
            record_every=5,
            engine="jax+direct",
            callbacks=[look],
            progress=look,
        )
        assert dict(jax.config.values) == before
    assert inside
    assert all(values == before for values in inside)
    assert not jax.config.jax_enable_x64
    assert jax.numpy.ones(1).dtype == np.float32
    assert jax.config.jax_compilation_cache_dir is None
    network = Network([3, 4, 1], "identity", "squared_error")
    with pytest.warns(UserWarning, match="finite"):
        ellayer.train(
            network, *problem(network), learning_rate=100.0, num_iterations=500, engine="jax+direct"
        )
    with pytest.raises(ZeroDivisionError):
        ellayer.train(BINARY, X, Y, num_iterations=10, engine="jax+direct", callbacks=[lambda info: 1 / 0])
    assert dict(jax.config.values) == before


GLOBAL_X64 = """
import jax, sys
sys.path.insert(0, ".")
jax.config.update("jax_enable_x64", True)
import numpy as np, ellayer
from engine_cases import BINARY, problem
for dtype in ("float32", "float64"):
    X, Y = problem(BINARY, dtype=dtype)
    result = ellayer.train(BINARY, X, Y, num_iterations=5, engine="jax+direct", optimizer="adam", batch_size=5)
    assert {str(theta.dtype) for theta in result.parameters.values()} == {dtype}
    assert jax.config.jax_enable_x64
assert jax.numpy.ones(1).dtype == np.float64
print("fine")
"""


@pytest.mark.slow
def test_a_caller_who_set_x64_himself(run_python):
    assert run_python(GLOBAL_X64) == "fine\n"


# The cache on disk


def fresh_fit(units: int, **options):
    """Train a network that no other test compiles, in a program that was not compiled before."""
    from ellayer.engine import jax_loop

    jax_loop._program.cache_clear()
    network = Network([3, units, 1], "tanh")
    X, Y = problem(network)
    return ellayer.train(network, X, Y, num_iterations=5, engine="jax+direct", **options)


def never_compiled():
    """Train as engine "auto" sees fit a small network that no test compiles."""
    network = Network([3, 9, 1], "tanh")
    return ellayer.train(network, *problem(network), num_iterations=5)


def programs(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.endswith("-cache"))


def test_the_cache_is_where_it_was_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("ELLAYER_CACHE", str(tmp_path / "here" / "there"))
    first = fresh_fit(11)
    kept = programs(tmp_path / "here" / "there")
    assert len(kept) == 1  # one chunk; small as it is
    second = fresh_fit(11)
    assert programs(tmp_path / "here" / "there") == kept
    assert_same(first, second)


@pytest.mark.parametrize("value", ["off", "0", "OFF"])
def test_the_cache_may_be_switched_off(value, tmp_path, monkeypatch):
    monkeypatch.setenv("ELLAYER_CACHE", value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compile_cache.folder() is None
    fresh_fit(12)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_cache_does_no_harm(tmp_path, monkeypatch):
    monkeypatch.setenv("ELLAYER_CACHE", str(tmp_path))
    first = fresh_fit(13)
    for path in programs(tmp_path):
        path.write_bytes(b"no program")
    assert_same(fresh_fit(13), first)


@pytest.mark.parametrize("place", ["a file", "under a file", "not writable"])
def test_a_folder_that_cannot_be_written_does_no_harm(place, tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("a file, no folder")
    places = {"a file": file, "under a file": file / "cache", "not writable": Path("/proc/self")}
    if not places["not writable"].is_dir():
        pytest.skip("no folder that even root cannot write to")
    monkeypatch.setenv("ELLAYER_CACHE", str(places[place]))
    assert np.isfinite(fresh_fit(14).costs).all()
    assert never_compiled().engine == "numpy"


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_folder_to_which_others_can_write_is_not_used(tmp_path, monkeypatch):
    """Its programs would be run."""
    monkeypatch.setenv("ELLAYER_CACHE", str(tmp_path / "new"))
    assert compile_cache.context() is compile_cache._CACHED
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    (tmp_path / "new").chmod(0o777)
    assert compile_cache.context() is not compile_cache._CACHED
    (tmp_path / "new").chmod(0o755)
    assert compile_cache.context() is compile_cache._CACHED
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert compile_cache.context() is not compile_cache._CACHED


def test_a_user_without_a_home(monkeypatch):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    monkeypatch.delenv("ELLAYER_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert compile_cache.folder() is None
    assert never_compiled().engine == "numpy"


def test_a_folder_that_may_not_be_looked_into(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("ELLAYER_CACHE", str(tmp_path / "closed"))
    for name in ("stat", "mkdir", "touch"):
        monkeypatch.setattr(Path, name, refuse)
    assert never_compiled().engine == "numpy"
    assert fresh_fit(14).engine == "jax"


@pytest.mark.parametrize(
    ("platform", "variable", "folder"),
    [
        ("linux", "XDG_CACHE_HOME", "ellayer/jax"),
        ("linux", "HOME", ".cache/ellayer/jax"),
        ("darwin", "HOME", "Library/Caches/ellayer/jax"),
        ("win32", "LOCALAPPDATA", "ellayer/jax"),
    ],
)
def test_the_usual_folder_of_each_system(platform, variable, folder, tmp_path, monkeypatch):
    monkeypatch.delenv("ELLAYER_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert compile_cache.folder() == tmp_path / folder


OWN_CACHE = """
import json, os, sys
sys.path.insert(0, ".")
import jax
jax.config.update("jax_compilation_cache_dir", os.environ["OWN"])
import ellayer
from engine_cases import BINARY, problem
X, Y = problem(BINARY)
ellayer.train(BINARY, X, Y, num_iterations=5, engine="jax+direct")
print(json.dumps(jax.config.jax_compilation_cache_dir))
"""


@pytest.mark.slow
def test_a_cache_of_the_callers_own_is_left_as_it_is(run_python, tmp_path):
    ours = tmp_path / "ours"
    assert json.loads(run_python(OWN_CACHE, OWN=str(tmp_path / "own"), ELLAYER_CACHE=str(ours))) == str(
        tmp_path / "own"
    )
    assert not ours.exists() or programs(ours) == []
