"""Shared fixtures."""

from __future__ import annotations

import base64
import contextlib
import gc
import inspect
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.testing
from hypothesis import given, settings
from hypothesis.strategies import none
from typer.testing import CliRunner


def own_cores(cores: list[int], worker: str, count: int) -> list[int]:
    """Return the cores of one of ``count`` test processes: its share, all where there are fewer cores than processes."""
    return cores[int(worker.removeprefix("gw")) :: count] or cores


# Each test process on cores of its own. A thread for every core in each (BLAS, OpenMP, XLA, polars) would wait for the
# others, and most of them wait by spinning: half as much processor time again. Programs that a test starts inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if "PYTEST_XDIST_WORKER" in os.environ and hasattr(os, "sched_setaffinity"):
    _count = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.sched_setaffinity(
        0, own_cores(sorted(os.sched_getaffinity(0)), os.environ["PYTEST_XDIST_WORKER"], _count)
    )

# Compiling is what the tests of the engine and of the estimators take most of. XLA's other code generator and one module instead
# of many halve it, and leaving the machine code as it comes halves that again. XLA ends the process at a flag that it does
# not know, so that only releases known to have them get them. ``installed``, ``.ci/versions`` and the laws of the loops in
# ``.ci/run`` compile as for a user.
QUICK_XLA = (
    "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
    " --xla_backend_optimization_level=0"
)
if version("jaxlib").startswith("0.10."):
    os.environ.setdefault("XLA_FLAGS", QUICK_XLA)

# A shell's background job ignores Ctrl-C, and so would the processes that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

collect_ignore_glob = ["*conftest.py"]  # the doctest collector takes two of one name for a mistake


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled programs beside the tests' own cache, not in the user's folder: one for all processes of the tests."""
    if "ELLAYER_CACHE" not in os.environ:
        cache = getattr(config, "cache", None)
        os.environ["ELLAYER_CACHE"] = str(cache.mkdir("jax")) if cache else tempfile.mkdtemp()


# The tests that take longest, and those that wait most: for other processes, a browser or a limit of time.
FIRST = (
    "tests/docs/test_site.py",
    "tests/distributed/test_group_law.py",
    "tests/distributed/test_disturbed_fit.py",
    "tests/runs/test_shared_sweep.py",
    "tests/play/test_play_page.py",
    "tests/play/test_play_server.py",
    "tests/engine/test_workers.py",
    "tests/distributed/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long or waits: no process waits for it at the end, and what CI runs beside uses the cores."""
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))


def pytest_collection_finish() -> None:
    """Leave the collected tests and imported modules, millions of objects, out of every later garbage collection."""
    # Hypothesis registers its generator in its first test, and takes a frozen one for an object without references.
    settings(max_examples=1, database=None, deadline=None)(given(none())(lambda nothing: None))()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Do not write out an expected failure with the source of all its calls, for which their modules are parsed."""
    options = item.config.option
    style = options.tbstyle
    if item.get_closest_marker("xfail") is not None and not options.xfail_tb:
        options.tbstyle = "native"
    try:
        return (yield)
    finally:
        options.tbstyle = style


Run = Callable[..., subprocess.CompletedProcess]
EMPTY_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data sets; a clone without it skips the test."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real data sets is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def tables(shared_data):
    """Name -> (frame, target)."""
    import pandas as pd

    folder = shared_data / "tabular"
    titanic = pd.read_csv(folder / "titanic.csv")
    penguins = pd.read_csv(folder / "penguins.csv")
    adult = pd.read_csv(folder / "adult-train.csv.gz", header=None, skipinitialspace=True, nrows=3000)
    adult.columns = [f"c{j}" for j in range(15)]
    wine = pd.read_csv(folder / "winequality-red.csv", sep=";")
    abalone = pd.read_csv(folder / "abalone.csv", header=None)
    abalone.columns = [f"c{j}" for j in range(9)]
    return {
        "titanic": (titanic.drop(columns="survived"), titanic["survived"]),
        "penguins": (penguins.drop(columns="species"), penguins["species"]),
        "adult": (adult.drop(columns="c14"), adult["c14"]),
        "red wine": (wine.drop(columns="quality"), wine["quality"].astype(float)),
        "abalone": (abalone.drop(columns="c8"), abalone["c8"].astype(float)),
    }


@pytest.fixture(scope="session")
def model_files(tmp_path_factory) -> dict[str, tuple[Path, Any]]:
    """Name -> (path, model) for a model of each kind, trained once."""
    from ellayer import save
    from kinds_of_model import make_models

    folder, models = tmp_path_factory.mktemp("models"), make_models()
    for name, model in models.items():
        facts = (
            {"source": "people.csv", "target": "answer", "config": "a = 1\nb = 2\n"}
            if name == "table"
            else None
        )
        save(model, folder / f"{name}.ellayer", provenance=facts)
    return {name: (folder / f"{name}.ellayer", model) for name, model in models.items()}


# Each call would build the program anew from the signatures and texts of all commands, a tenth of the time of a command.
typer.testing._get_command = lru_cache(typer.testing._get_command)

# click 8.1 mixes the streams unless it is told not to; later versions never do.
SEPARATE: Any = (
    {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner.__init__).parameters else {}
)


@pytest.fixture(scope="session")
def program() -> Path:
    """Return the program ``ellayer`` that stands beside this Python."""
    return Path(sys.executable).parent / "ellayer"


@pytest.fixture(scope="session")
def run_in() -> Run:
    """Return a function that runs a command in this process, with a folder as its working directory."""
    from ellayer.cli.app import app

    def run(
        folder: Path, *arguments: object, stdin: str | bytes | None = None
    ) -> subprocess.CompletedProcess:
        with contextlib.chdir(folder):
            result = CliRunner(**SEPARATE).invoke(
                app, [*map(str, arguments)], input=stdin, prog_name="ellayer"
            )
        error = result.stderr
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            error += "".join(traceback.format_exception(result.exception))  # as Python itself would end
        return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, error)

    return run


@pytest.fixture
def ellayer(run_in: Run, tmp_path: Path) -> Run:
    """Return a function that runs a command in this process, in an empty folder."""
    return lambda *arguments: run_in(tmp_path, *arguments)


@pytest.fixture
def installed(program: Path, tmp_path: Path) -> Run:
    """Return a function that runs the installed program in an empty folder, in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if (k, v) != ("XLA_FLAGS", QUICK_XLA)}
    return lambda *arguments: subprocess.run(
        [program, *map(str, arguments)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def task_counts(monkeypatch) -> list[int]:
    """Return the numbers of tasks that the workers of joblib receive, as a list that grows."""
    from ellayer.engine.workers import Workers

    counts: list[int] = []
    submit = Workers.submit

    def counted(self, function, arguments):
        counts.append(len(arguments))
        return submit(self, function, arguments)

    monkeypatch.setattr(Workers, "submit", counted)
    return counts


# Pictures: drawing them takes most of the time of a small run


@contextlib.contextmanager
def _savefig(function: Callable) -> Iterator[None]:
    from matplotlib.figure import Figure

    before = Figure.savefig
    Figure.savefig = function
    yield
    Figure.savefig = before


@pytest.fixture(scope="module")
def unrendered() -> Iterator[None]:
    """Build every figure, but arrange none and write an empty picture, in a module whose tests look at no pictures.

    A figure or report that cannot be made is an error here, not a note of the run.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from ellayer.runs import report_files

    savefig = Figure.savefig

    def write_empty(figure: Figure, file: Any, format: str = "", **options: object) -> None:
        if format == "svg":
            file.write("<svg xmlns='http://www.w3.org/2000/svg'></svg>")
        elif Path(file).suffix == ".png":
            Path(file).write_bytes(EMPTY_PNG)
        else:
            savefig(figure, file, **options)

    def arrange(engine: ConstrainedLayoutEngine, figure: Figure) -> None:
        if Figure.savefig is not write_empty:
            execute(engine, figure)

    write_empty.__wrapped__ = savefig  # type: ignore[attr-defined]
    execute, ConstrainedLayoutEngine.execute = ConstrainedLayoutEngine.execute, arrange
    survive = report_files._surviving
    report_files._surviving = lambda run, file: contextlib.nullcontext()
    report_files._surviving.__wrapped__ = survive
    with _savefig(write_empty):
        yield
    report_files._surviving, ConstrainedLayoutEngine.execute = survive, execute


class _EmptyFigures:
    """A module of pictures whose functions return an empty figure while nothing is rendered."""

    def __init__(self, module: ModuleType):
        self._module = module

    def __getattr__(self, name: str) -> Any:
        from matplotlib.figure import Figure

        value = getattr(self._module, name)
        draws = getattr(value, "__annotations__", {}).get("return") == "Figure"
        return (
            (lambda *arguments, **options: Figure())
            if draws and hasattr(Figure.savefig, "__wrapped__")
            else value
        )


@pytest.fixture(scope="module")
def undrawn_pages(unrendered: None) -> Iterator[None]:
    """Leave the pictures of report.html empty where nothing is rendered: drawing them takes most of the time of a small run."""
    from ellayer.report import page

    modules = page.plots_quality, page.plots_dependence
    page.plots_quality, page.plots_dependence = map(_EmptyFigures, modules)  # type: ignore[assignment]
    yield
    page.plots_quality, page.plots_dependence = modules


@pytest.fixture(scope="module")
def few_members() -> Iterator[None]:
    """Train two members where nothing says how many, in a module whose tests look at all that a run does."""
    from ellayer.estimators.tabular.presets import PRESETS

    before = PRESETS["default"]
    PRESETS["default"] = replace(before, fewest=2, most=2)
    yield
    PRESETS["default"] = before


@pytest.fixture(scope="session")
def rendering() -> Callable[[], contextlib.AbstractContextManager[None]]:
    """Return a context in which pictures are drawn as for a user."""
    from matplotlib.figure import Figure

    return lambda: _savefig(inspect.unwrap(Figure.savefig))


@pytest.fixture
def rendered(rendering) -> Iterator[None]:
    """Draw pictures in a test as for a user."""
    with rendering():
        yield
