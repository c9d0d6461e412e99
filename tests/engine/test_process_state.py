"""A fit leaves the process as it was: threads, memory, files, and the global state of every library."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor

import jax
import matplotlib
import numpy as np
import polars
import pytest
import threadpoolctl

import ellayer
from ellayer.engine import compile_cache
from ellayer.engine.shared_context import SharedContext

NETWORK = ellayer.Network([3, 4, 1])
X = np.random.RandomState(0).randn(3, 60)
Y = (X[:1] * X[1:2] > 0) * 1.0
ENGINES = ("numpy", "jax")


def fit(seed=0, engine="numpy", **options):
    options = {"num_iterations": 12, "batch_size": 16, "record_every": 4, **options}
    return ellayer.train(NETWORK, X, Y, seed=seed, engine=engine, **options)


def state():
    """Return what a fit must not change."""
    config = {name: getattr(jax.config, name) for name in ("jax_enable_x64", "jax_compilation_cache_dir")}
    return {
        "BLAS threads": [(pool["filepath"], pool["num_threads"]) for pool in threadpoolctl.threadpool_info()],
        "NumPy errors": np.geterr(),
        "random": np.random.get_state()[1].tolist()[:8],
        "warnings": list(warnings.filters),
        "hooks": (sys.unraisablehook, sys.excepthook, warnings.showwarning),
        "jax": config,
        "matplotlib": dict(matplotlib.rcParams),
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_eight_fits_in_threads_are_eight_in_turn(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("ELLAYER_CACHE", str(tmp_path))
    before = state()
    in_turn = [fit(seed, engine) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(lambda seed: fit(seed, engine), range(8)))
    for one, other in zip(in_turn, at_once, strict=True):
        assert one.costs == other.costs
        assert all((one.parameters[name] == other.parameters[name]).all() for name in one.parameters)
    assert state() == before


def in_forked_process(check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jax, polars and Python warn of forking
        child = os.fork()
    if child == 0:
        signal.alarm(60)
        code = 1
        try:
            check()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


WAITS_FOR_EVER = r"this one was forked .* would wait for ever; .* 'spawn'"
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX")


@needs_fork
def test_a_process_forked_after_jax_was_used_computes_on_numpy():
    """jax would wait for its threads, which a fork does not copy, for ever."""
    model = fit()
    (jax.numpy.ones(3) + 1).block_until_ready()

    def check():
        assert fit(engine="auto").engine == "numpy"
        for forbidden in (fit, lambda engine: ellayer.train_many(NETWORK, X, Y, epochs=1, engine=engine)):
            with pytest.raises(ellayer.EllayerError, match=f"^engine: .*{WAITS_FOR_EVER}"):
                forbidden(engine="jax")
        with pytest.raises(ellayer.EllayerError, match=f"^optimizer: .*{WAITS_FOR_EVER}"):
            fit(engine="auto", optimizer="lion")
        with pytest.raises(ellayer.EllayerError, match=f"^precision_audit: .*{WAITS_FOR_EVER}"):
            ellayer.precision_audit(model, X, Y)

    in_forked_process(check)


@needs_fork
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_fork_before_ellayer_was_imported_is_noticed_by_the_threads_that_jax_lacks():
    """A process that used jax itself is none, whether it was forked before that or not."""
    program = """if True:
        import os, sys, warnings
        import jax
        warnings.simplefilter("ignore")
        order = sys.argv[1]
        if order == "use fork":
            jax.devices()
        if child := os.fork():
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        if order != "use fork":
            jax.devices()
        from ellayer._lost_threads import lacks_threads
        os._exit(lacks_threads("jax") != (order == "use fork"))  # at a normal exit jax would wait for its threads
    """
    programs = [
        subprocess.Popen([sys.executable, "-c", program, order]) for order in ("use fork", "fork use")
    ]
    assert [each.wait(60) for each in programs] == [0, 0]


@needs_fork
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_forked_after_polars_was_used_reads_no_table(tmp_path):
    frame = polars.DataFrame({"a": [0.5, 1.5] * 20, "b": [1.0, 0.0, 2.0, 5.0] * 10})
    assert len(frame.filter(polars.col("a") > 1)) == 20
    frame.write_csv(tmp_path / "rows.csv")
    y = ["no", "yes"] * 20
    model = ellayer.TabularClassifier(n_members=1, epochs=1, random_state=0).fit(frame, y)

    def check():
        for forbidden in (
            lambda: ellayer.data.read_examples(tmp_path / "rows.csv", target="b"),
            lambda: ellayer.data.TableStream(tmp_path / "rows.csv", "b"),
            lambda: ellayer.report(model, frame, y, tmp_path / "report.html"),
        ):
            with pytest.raises(ellayer.EllayerError, match=f"^.*: .*polars.*{WAITS_FOR_EVER}"):
                forbidden()
        assert len(model.predict(frame)) == 40

    in_forked_process(check)


def stop(info):
    raise RuntimeError("in the middle")


def interrupt(info):
    raise KeyboardInterrupt


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fit_changes_no_global_state_however_it_ends(engine):
    before = state()
    fit(engine=engine)
    with pytest.raises(RuntimeError, match="in the middle"):
        fit(engine=engine, callbacks=[stop])
    assert fit(engine=engine, callbacks=[interrupt]).stopped_by == "interrupted"
    with pytest.raises(ellayer.EllayerError):
        ellayer.train(NETWORK, X[:2], Y, engine=engine)
    assert state() == before


@pytest.mark.parametrize("kind", ["wide", "direct"])
def test_threads_follow_the_products_that_are_done(kind):
    """Those of layer 1 on X are large; in the span of the examples they are small, and one thread does them."""
    network, random = ellayer.Network([20_000, 50, 1]), np.random.RandomState(0)
    X, Y = random.randn(20_000, 60), np.ones((1, 60))
    inside = []

    def look(info):
        inside.extend(p["num_threads"] for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas")

    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        ellayer.train(
            network, X, Y, validation=(X, Y), num_iterations=1, engine=f"numpy+{kind}", callbacks=[look]
        )
    assert (1 in inside) == (kind == "wide")  # SciPy's library may have threads of its own


def test_the_first_thread_enters_and_the_last_leaves():
    log, inside, leave = [], threading.Event(), threading.Event()

    class Context:
        def __enter__(self):
            log.append("enter")

        def __exit__(self, *_):
            log.append("exit")

    shared = SharedContext(Context)

    def stay():
        with shared:
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=stay)
    thread.start()
    inside.wait(10)
    with pytest.raises(RuntimeError), shared:
        raise RuntimeError
    assert log == ["enter"]
    leave.set()
    thread.join()
    assert log == ["enter", "exit"]
    assert not shared.in_use


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("engine", ENGINES)
def test_memory_and_descriptors_stay_flat(engine):
    def resident():
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    many = 60 if engine == "jax" else 300
    for seed in range(many):
        fit(seed, engine, num_iterations=4)
    before, descriptors = resident(), len(os.listdir("/proc/self/fd"))
    for seed in range(many):
        fit(seed, engine, num_iterations=4)
    assert resident() - before < 4 << 20
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_old_and_large_caches_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(compile_cache, "MOST_BYTES", 1000)
    monkeypatch.setattr(compile_cache, "MOST_FILES", 6)
    now = 4_000_000_000
    monkeypatch.setattr("time.time", lambda: now)
    for k in range(10):
        path = tmp_path / f"{k}-cache"
        path.write_bytes(b"0" * (100 if k < 8 else 300))
        used = now - k if k != 1 else now - 91 * 86_400
        os.utime(path, (used, used))
    letter = tmp_path / "letter"
    letter.write_bytes(b"0" * 2000)
    os.utime(letter, (0, 0))
    compile_cache._remove_old.__wrapped__(tmp_path)
    letter.unlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{k}-cache" for k in (0, 2, 3, 4, 5, 6)]
    monkeypatch.setattr(compile_cache, "MOST_BYTES", 350)
    compile_cache._remove_old.__wrapped__(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{k}-cache" for k in (0, 2, 3)]
