"""Output folders: whole or not there at all."""

from __future__ import annotations

import shutil
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


@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_that_another_run_is_about_to_write_is_refused(exists):
    if exists:
        Path("mine").mkdir()
    with output_folder(Path("mine"), "flower") as first:
        with (
            pytest.raises(UsageError, match="'mine' is in use: another process"),
            output_folder(Path("mine"), "flower"),
        ):
            pass
        first.finish()
    assert [p.name for p in Path().iterdir()] == ["mine"]


@pytest.mark.parametrize("place", [".mine.partial", "mine/.mine.partial", "runs/.flower.0a.partial"])
def test_the_leftovers_of_a_killed_run_are_removed(place):
    Path(place).mkdir(parents=True)
    assert _make(None if "flower" in place else Path("mine"))
    assert not Path(place).exists()
    assert not [*Path().glob("**/.*.partial")]


def test_two_runs_of_one_name_at_once_have_two_folders():
    with output_folder(None, "flower") as first, output_folder(None, "flower") as second:
        assert {first.finish(), second.finish()} == {Path("runs/flower-1"), Path("runs/flower-2")}


def test_a_folder_deleted_below_a_run_is_created_again():
    with output_folder(Path("a/mine"), "flower") as folder:
        assert folder.reserve().is_dir()
        shutil.rmtree("a")
        assert folder.reserve().is_dir()
        folder.staging.mkdir(parents=True)
        (folder.staging / "part.txt").touch()
        assert [p.name for p in folder.finish().iterdir()] == ["part.txt"]
