"""Output folders: whole or not there at all."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ellayer.errors import UsageError
from ellayer.runs.folder import output_folder


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def _make(wanted: Path | None, name: str = "flower") -> Path:
    with output_folder(wanted, name) as folder:
        (folder.staging / "part.txt").write_text("whole")
        return folder.finish()


def test_runs_are_numbered_and_none_is_overwritten():
    assert _make(None) == Path("runs/flower-1")
    assert _make(None) == Path("runs/flower-2")
    Path("runs/flower-9").mkdir()
    assert _make(None) == Path("runs/flower-10")
    assert _make(None, "cats") == Path("runs/cats-1")
    assert sorted(p.name for p in Path("runs").iterdir()) == [
        "cats-1", "flower-1", "flower-10", "flower-2", "flower-9",
    ]  # fmt: skip


def test_folders_on_the_way_are_made():
    assert _make(Path("a/b/c")) == Path("a/b/c")
    assert Path("a/b/c/part.txt").read_text() == "whole"
    assert [p.name for p in Path("a/b").iterdir()] == ["c"]


def test_an_empty_folder_is_filled_where_it_stands():
    Path("mine").mkdir()
    before = Path("mine").stat().st_ino
    assert _make(Path("mine")) == Path("mine")
    assert [p.name for p in Path("mine").iterdir()] == ["part.txt"]
    assert Path("mine").stat().st_ino == before


def _fail(wanted: str | None) -> None:
    with output_folder(Path(wanted) if wanted else None, "flower") as folder:
        (folder.staging / "part.txt").write_text("half")
        raise RuntimeError("in the middle")


@pytest.mark.parametrize("wanted", [None, "mine", "a/b/c"])
def test_nothing_remains_of_a_failure(wanted):
    with pytest.raises(RuntimeError, match="in the middle"):
        _fail(wanted)
    assert not any(Path().iterdir())


def test_a_failure_leaves_what_was_there():
    Path("runs/flower-1").mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt), output_folder(None, "flower"):
        raise KeyboardInterrupt
    assert [p.name for p in Path("runs").iterdir()] == ["flower-1"]


def test_a_folder_in_use_is_refused():
    Path("mine").mkdir()
    Path("mine/letter.txt").touch()
    with pytest.raises(UsageError, match="is not empty"), output_folder(Path("mine"), "flower"):
        pass
    assert [p.name for p in Path("mine").iterdir()] == ["letter.txt"]


def test_a_place_below_a_file_is_refused():
    Path("file").touch()
    with (
        pytest.raises(UsageError, match="expected a writable folder"),
        output_folder(Path("file/sub/run"), "flower"),
    ):
        pass
    assert [p.name for p in Path().iterdir()] == ["file"]


def test_a_folder_that_another_run_is_about_to_write_is_refused():
    Path(f".mine.{os.getppid()}.partial").mkdir()
    with (
        pytest.raises(UsageError, match=f"in use: process {os.getppid()}"),
        output_folder(Path("mine"), "flower"),
    ):
        pass
    assert not Path("mine").exists()


def test_what_a_killed_run_left_is_cleared():
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    left = Path(f".mine.{ended.pid}.partial")
    left.mkdir()
    assert _make(Path("mine")) == Path("mine")
    assert not left.exists()
