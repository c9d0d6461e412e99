"""Odd machines: no home, no cache, no terminal, a full disk, a deleted folder: one message or the right result."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import ellayer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")

PREDICT = ("predict", "model.ellayer", "rows.csv")
TRAIN = (
    "train",
    "rows.csv",
    "-t",
    "k",
    "--members",
    "2",
    "--epochs",
    "2",
    "--layers",
    "3",
    "--quiet",
    "--out",
    "new",
)
PLAIN = "import sys; from ellayer.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def sample(tmp_path_factory, run_in):
    """Return a folder with a table, a model, and its predictions as CSV."""
    folder = tmp_path_factory.mktemp("machines")
    rows = "".join(f"{i * 7919 % 1000},{i % 13},{'xyé'[i * i % 7 % 3]}\n" for i in range(120))
    (folder / "rows.csv").write_text("a,b,k\n" + rows, encoding="utf-8")
    done = run_in(folder, *TRAIN)
    assert done.returncode == 0, done.stderr
    shutil.copy(folder / "new" / "model.ellayer", folder)
    shutil.rmtree(folder / "new")
    (folder / "expected.csv").write_text(run_in(folder, *PREDICT).stdout, encoding="utf-8")
    return folder


def python(folder, *arguments, interpreter=(), umask=-1, **environment):
    """Run the program in a process of its own, with a changed environment; None removes a variable."""
    variables = {key: value for key, value in {**os.environ, **environment}.items() if value is not None}
    return subprocess.run(
        [sys.executable, *interpreter, "-c", PLAIN, *arguments], cwd=folder, env=variables, capture_output=True,
        umask=umask, timeout=120, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


NO_LOCALE = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
NO_HOME = {"HOME": None, "XDG_CACHE_HOME": None, "ELLAYER_CACHE": None}
MACHINES = {
    "no home, no cache, no locale": {**NO_HOME, **NO_LOCALE},
    "no terminal, no folder for temporary files": {"TERM": "dumb", "COLUMNS": "20", "NO_COLOR": "1", "TMPDIR": "/nonexistent"},
}  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES)
def test_a_prediction_is_right_on(sample, machine):
    done = python(sample, *PREDICT, **MACHINES[machine])
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (sample / "expected.csv").read_bytes()


WITHOUT_NETWORK = """
import os, sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        with open(os.environ["ATTEMPTS"], "a") as file:
            print(event, arguments, file=file)
        raise OSError("no network")
sys.addaudithook(refuse)
"""


def test_the_installed_program_needs_no_network(program, sample, tmp_path):
    """Run it where nothing can be reached: without network devices if the system permits it, and without Python's sockets."""
    shutil.copy(sample / "rows.csv", tmp_path)
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(WITHOUT_NETWORK)
    variables = os.environ | {
        "PYTHONPATH": f"hook{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "ATTEMPTS": "attempts",
    }
    alone = ["unshare", "--net", "--map-root-user"]
    is_alone = (
        shutil.which("unshare")
        and subprocess.run([*alone, "true"], stderr=subprocess.DEVNULL).returncode == 0
    )
    prefix = alone if is_alone else []
    for command in (TRAIN, ("predict", "new", "rows.csv")):
        done = subprocess.run(
            [*prefix, program, *command], cwd=tmp_path, env=variables, capture_output=True, timeout=120
        )
        assert (done.returncode, done.stderr) == (0, b""), command
    assert done.stdout == (sample / "expected.csv").read_bytes()
    assert not (tmp_path / "attempts").exists()
    reach = [*prefix, sys.executable, "-c", "import socket; socket.create_connection(('127.0.0.1', 9))"]
    assert b"no network" in subprocess.run(reach, cwd=tmp_path, env=variables, capture_output=True).stderr


@pytest.mark.slow
def test_an_interpreter_without_docstrings_and_assertions(sample):
    done = python(sample, *PREDICT, interpreter=("-OO",))
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", (sample / "expected.csv").read_bytes())


@pytest.mark.slow
def test_a_run_is_whole_on_a_machine_of_all_of_these(sample, tmp_path):
    shutil.copy(sample / "rows.csv", tmp_path)
    machine = {**NO_LOCALE, **NO_HOME, "HOME": "/nonexistent", "COLUMNS": "20", "TERM": "dumb"}
    machine["MPLCONFIGDIR"] = "/proc/none"  # as in a home that is read-only, of which matplotlib warns
    done = python(tmp_path, *TRAIN, umask=0o077, **machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"new\n", b"")
    assert (tmp_path / "new" / "report.html").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    models = (tmp_path / "new" / "model.ellayer", sample / "model.ellayer")
    rows = pl.read_csv(sample / "rows.csv").drop("k")
    one, other = (ellayer.load(path).predict(rows) for path in models)
    assert (one == other).all()


@pytest.mark.parametrize("arguments", [PREDICT, ("--help",)], ids=lambda words: words[0])
def test_a_reader_that_stops_early_is_no_error(sample, arguments):
    process = subprocess.Popen(
        [sys.executable, "-c", PLAIN, *arguments], cwd=sample, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=60)
    assert errors == b""
    assert process.returncode in (0, 1, 141)


def test_a_terminal_of_twenty_columns(sample, run_in, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    for arguments in (("data", "rows.csv"), ("inspect", "model.ellayer"), ("--help",)):
        done = run_in(sample, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments


def test_the_folder_of_a_run_is_deleted_below_it(sample, tmp_path, run_in, monkeypatch):
    from ellayer.runs import checkpoints

    shutil.copy(sample / "rows.csv", tmp_path)
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    write = checkpoints.CheckpointWriter.write

    def delete(writer):
        write(writer)
        for path in [*tmp_path.glob(".new*"), tmp_path / "new"]:
            shutil.rmtree(path)

    monkeypatch.setattr(checkpoints.CheckpointWriter, "write", delete)
    done = run_in(tmp_path, *TRAIN)
    assert (done.returncode, done.stdout) == (0, "new\n"), done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"rows.csv", "new"}
    ellayer.load(tmp_path / "new" / "model.ellayer")


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(sample, tmp_path, run_in, monkeypatch):
    from ellayer import storage
    from ellayer.runs import checkpoints

    def full(*_):
        raise OSError(28, "No space left on device")

    shutil.copy(sample / "rows.csv", tmp_path)
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    monkeypatch.setattr(storage, "save_checkpoint", full)
    done = run_in(tmp_path, *TRAIN)
    assert done.returncode == 0, done.stderr
    notes = json.loads((tmp_path / "new" / "run.json").read_text())["notes"]
    assert [note for note in notes if "No space left on device" in note] == [
        "no checkpoint could be written (No space left on device): if it is killed, this run cannot be resumed"
    ]


@pytest.mark.parametrize(
    "command", [TRAIN, (*PREDICT, "--out", "expected.csv", "--force")], ids=["train", "predict"]
)
def test_a_full_disk_leaves_what_was_there(sample, tmp_path, run_in, command, monkeypatch):
    monkeypatch.setattr(
        sys, "dont_write_bytecode", True
    )  # Python would keep the first 1,000 bytes of a compiled module
    shutil.copytree(sample, tmp_path, dirs_exist_ok=True)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        done = run_in(tmp_path, *command)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("ellayer: File too large")
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(sys.platform == "darwin", reason="its names are UTF-8")
def test_names_that_are_not_utf8(sample, run_in, tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    shutil.copytree(sample, folder)
    files = [folder / "model.ellayer", folder / "rows.csv"]
    done = run_in(tmp_path, "predict", *files, "--out", folder / "p.csv", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "p.csv").read_bytes() == (sample / "expected.csv").read_bytes()
    done = run_in(tmp_path, "train", files[1], *TRAIN[2:])
    assert done.returncode == 2
    assert done.stderr.startswith(
        "ellayer: FILE: expected a name in UTF-8, the encoding of config.toml, received "
    )
    assert [*tmp_path.iterdir()] == [folder]


def test_a_limit_of_memory_below_the_libraries_is_one_message(sample):
    done = subprocess.run(
        [sys.executable, "-c", f"import resource; resource.setrlimit(resource.RLIMIT_AS, (3 * 10**8,) * 2); {PLAIN}", *PREDICT],
        cwd=sample, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "ellayer: ulimit -v: expected at least 1200000 kB of memory, received 300000 kB"
    )
    assert "Traceback" not in done.stderr


def test_a_read_only_place_is_one_message(sample, run_in, tmp_path):
    shutil.copy(sample / "rows.csv", tmp_path)
    place = Path("/proc/self") if os.geteuid() == 0 else tmp_path / "closed"
    if place.name == "closed":
        place.mkdir(mode=0o500)
    done = run_in(tmp_path, *TRAIN[:-1], place / "new")
    assert done.returncode == 2
    assert "--out: expected a writable folder" in " ".join(done.stderr.split())
