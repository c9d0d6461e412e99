"""The program itself: version, help, what it loads, how it ends."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import warnings
from importlib.metadata import version

import numpy as np
import pytest

import ellayer as package
from ellayer.cli.errors import handle_errors
from ellayer.errors import EllayerError, UsageError

HEAVY = ("numpy", "jax", "sklearn", "matplotlib", "polars", "h5py", "optax", "scipy")


def test_version(installed):
    done = installed("--version")
    assert (done.returncode, done.stdout) == (0, f"ellayer {package.__version__}\n")


def test_the_package_runs_as_a_module():
    """For a machine whose scripts are not on the path."""
    done = subprocess.run(
        [sys.executable, "-m", "ellayer", "none"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "Usage: python -m ellayer" in done.stderr


def test_help_names_every_command_and_the_exit_codes(ellayer):
    done = ellayer("--help")
    assert done.returncode == 0
    for word in (
        "train",
        "data",
        "inspect",
        "export",
        "reproduce",
        "trace",
        "check",
        "--version",
        "Exit codes",
    ):
        assert word in done.stdout


@pytest.mark.parametrize("command", ["train", "data", "inspect", "export", "reproduce", "trace", "check"])
def test_help_of_a_command_shows_an_example(ellayer, command):
    done = ellayer(command, "--help")
    assert done.returncode == 0
    assert f"Example: ellayer {command}" in done.stdout


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from ellayer.cli.app import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        f"print('loaded:', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "loaded: []" in done.stdout


def test_help_is_quick(installed):
    def seconds() -> float:  # of the processor: what else the machine does has no part in it
        begin = os.times()
        installed("--help")
        end = os.times()
        return end.children_user - begin.children_user + end.children_system - begin.children_system

    assert min(seconds() for _ in range(5)) <= 0.6


def test_without_arguments_there_is_help(ellayer, tmp_path):
    done = ellayer()
    assert done.returncode == 2 or version("click") < "8.2"  # which ended with 0
    assert "Usage: ellayer" in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [("fly",), ("--fly",), ("train",), ("train", "flower", "--fly")])
def test_wrong_usage_ends_with_2(ellayer, tmp_path, arguments):
    assert ellayer(*arguments).returncode == 2
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UsageError("expected this"), 2, "expected this"),
        (FileNotFoundError(2, "No such file or directory", "x.h5"), 2, "No such file or directory: x.h5"),
        (OSError(28, "No space left on device"), 2, "No space left on device"),
        (MemoryError(), 2, "fewer units"),
        (KeyboardInterrupt(), 130, "nothing was written"),
        (KeyError("gone"), 3, "--debug"),
        (ValueError("operands could not be broadcast together"), 3, "a bug in ellayer"),
        (EllayerError("expected that"), 2, "expected that"),
    ],
)
def test_each_kind_of_failure_has_its_code_and_one_message(capsys, error, code, words):
    @handle_errors
    def command(debug: bool = False) -> None:
        raise error

    with pytest.raises(BaseException) as ended:
        command()
    assert getattr(ended.value, "exit_code", None) == code
    message = capsys.readouterr().err
    assert words in message
    assert "Traceback" not in message
    with pytest.raises(type(error)):
        command(debug=True)


def test_an_error_of_ours_is_a_fault_and_no_bad_input(ellayer, monkeypatch, tmp_path):
    def broken(*_):
        return np.ones(2) + np.ones(3)

    monkeypatch.setattr("ellayer.runs.facts.evaluate", broken)
    done = ellayer("train", "moons", "--iterations", 3)
    assert done.returncode == 3
    assert (
        "a bug in ellayer, not an error in your input: operands could not be broadcast together"
        in done.stderr
    )
    assert "Run again with --debug" in done.stderr
    assert "Traceback" not in done.stderr
    assert not any(tmp_path.iterdir())
    assert "Traceback" in ellayer("train", "moons", "--iterations", 3, "--debug").stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("predict", "mlp.ellayer", "three.csv"), "X has 3 features, but MLPClassifier is expecting 2"),
        (("trace", "mlp.ellayer", "iris"), "expected a data set of 2 features"),
        (("train", "--config", "layers.toml"), "--layers: expected integers, received 'many'"),
        (("train", "--config", "kinds.toml"), "--kind: expected a table of columns, received 3"),
        (("train", "--config", "source.toml"), "--source: expected a file or a list of files, received 7"),
        (("train", "--config", "seed.toml"), "--seed: expected an integer from 0 to 4294967295"),
        (("train", "cut.csv.gz", "-t", "k"), "cut.csv.gz"),
        (("train", "~nobody-of-that-name/a.csv"), "~nobody-of-that-name/a.csv"),
    ],
)
def test_input_that_does_not_fit_is_no_fault_of_ours(ellayer, tmp_path, arguments, words):
    X = np.random.RandomState(0).normal(size=(40, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package.save(package.MLPClassifier((2,), max_iter=2).fit(X, X[:, 0] > 0), tmp_path / "mlp.ellayer")
    (tmp_path / "three.csv").write_text("a,b,c\n1,2,3\n4,5,6\n")
    for name, line in (("layers", 'layers = "many"'), ("kinds", "kinds = 3"), ("seed", "seed = 4294967296")):
        (tmp_path / f"{name}.toml").write_text(f'source = "three.csv"\ntarget = "a"\n{line}\n')
    (tmp_path / "source.toml").write_text("source = 7\n")
    rows = "".join(f"{i * 7919 % 1000},{i % 13},{'xy'[i % 2]}\n" for i in range(900))
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(("a,b,k\n" + rows).encode())[:-900])
    done = ellayer(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
