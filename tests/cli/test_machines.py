"""Odd machines: no home, no cache, no terminal, a full disk, a deleted folder: one message or the right result."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ellayer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")

PREDICT = ("predict", "model.ellayer", "rows.csv")
TRAIN = ("train", "rows.csv", "-t", "k", "--epochs", "2", "--layers", "3", "--quiet", "--out", "new")
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


def program(folder, *arguments, interpreter=(), before=None, **environment):
    """Run the program in a process of its own, with a changed environment; None removes a variable."""
    variables = {key: value for key, value in {**os.environ, **environment}.items() if value is not None}
    return subprocess.run(
        [sys.executable, *interpreter, "-c", PLAIN, *arguments], cwd=folder, env=variables, capture_output=True,
        preexec_fn=before, timeout=120, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


MACHINES = {
    "no home, no cache, no locale": {"HOME": None, "XDG_CACHE_HOME": None, "ELLAYER_CACHE": None, "LANG": "C",
                                     "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a home that does not exist, optimised": {"HOME": "/nonexistent", "XDG_CACHE_HOME": None, "ELLAYER_CACHE": None,
                                              "interpreter": ("-OO",), "before": lambda: os.umask(0o077)},
    "no terminal": {"TERM": "dumb", "COLUMNS": "20", "NO_COLOR": "1", "TMPDIR": "/nonexistent"},
}  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES)
def test_a_prediction_is_right_on(sample, machine):
    done = program(sample, *PREDICT, **MACHINES[machine])
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("utf-8", "replace").splitlines()[0] == "prediction,p(x),p(y),p(é)"


@pytest.mark.slow
@pytest.mark.parametrize("machine", MACHINES)
def test_a_run_is_whole_on(sample, tmp_path, machine):
    shutil.copy(sample / "rows.csv", tmp_path)
    done = program(tmp_path, *TRAIN, **MACHINES[machine])
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "new" / "report.html").exists()
    mode = 0o700 if "before" in MACHINES[machine] else 0o777 & ~_umask()
    assert (tmp_path / "new").stat().st_mode & 0o777 == mode
    ellayer.load(tmp_path / "new" / "model.ellayer")


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize(
    "arguments", [PREDICT, ("data", "rows.csv"), ("--help",)], ids=lambda words: words[0]
)
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
def test_a_full_disk_leaves_what_was_there(sample, tmp_path, command):
    shutil.copytree(sample, tmp_path, dirs_exist_ok=True)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # noqa: E731
    done = program(tmp_path, *command, before=limit)
    assert done.returncode == 2, done.stderr
    assert b"ellayer: File too large" in done.stderr
    assert b"Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_read_only_place_is_one_message(sample, run_in, tmp_path):
    shutil.copy(sample / "rows.csv", tmp_path)
    place = Path("/proc/self") if os.geteuid() == 0 else tmp_path / "closed"
    if place.name == "closed":
        place.mkdir(mode=0o500)
    done = run_in(tmp_path, *TRAIN[:-1], place / "new")
    assert done.returncode == 2
    assert "--out: expected a writable folder" in " ".join(done.stderr.split())
