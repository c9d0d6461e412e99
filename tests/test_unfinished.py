"""Unfinished files and folders: locked while they are written, removed by the next process if theirs was killed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ellayer import _unfinished
from ellayer._unfinished import create_partial, partial_name, remove_abandoned, remove_all, temporary_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks of files")


@pytest.mark.parametrize("folder", [False, True])
def test_they_are_removed_unless_renamed(tmp_path, folder):
    path = tmp_path / partial_name("a")
    with create_partial(path, folder=folder):
        assert path.is_dir() == folder
        with pytest.raises(FileExistsError), create_partial(path, folder=folder):
            pass
        remove_abandoned(tmp_path, "a")
        assert path.exists()
    assert not path.exists()
    with create_partial(path, folder=folder):
        path.rename(tmp_path / "a")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert not _unfinished._descriptors


def test_those_of_a_killed_process_are_removed(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from ellayer._unfinished import create_partial\n"
        "with create_partial(Path('.a.1.partial')), create_partial(Path('.a.partial'), folder=True):\n"
        "    Path('.a.partial/file').touch(); print(flush=True); sys.stdin.read(1); os.kill(os.getpid(), 9)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout
        assert child.stdin
        child.stdout.readline()
        remove_abandoned(tmp_path, "a")
        with pytest.raises(FileExistsError), create_partial(tmp_path / ".a.partial", folder=True):
            pass
        assert len([*tmp_path.iterdir()]) == 2
    (tmp_path / ".ab.1.partial").touch()
    (tmp_path / ".a.b.partialx").touch()
    with create_partial(tmp_path / ".a.partial", folder=True) as path:
        assert not any(path.iterdir())
        remove_abandoned(tmp_path, "a")
        assert path.exists()
    assert {p.name for p in tmp_path.iterdir()} == {".ab.1.partial", ".a.b.partialx"}


def test_what_others_put_there_is_left_alone(tmp_path):
    """A pipe has no writer to wait for, and a link leads where nothing is to be locked."""
    (tmp_path / "kept").mkdir()
    (tmp_path / ".a.2.partial").symlink_to(tmp_path / "kept")
    os.mkfifo(tmp_path / ".a.1.partial")
    remove_abandoned(tmp_path, "a")
    assert {path.name for path in tmp_path.iterdir()} == {"kept", ".a.2.partial"}


def test_all_are_removed_before_the_process_ends_at_once(tmp_path):
    with create_partial(tmp_path / "a.partial"), create_partial(tmp_path / "b.partial", folder=True):
        remove_all()
        assert not any(tmp_path.iterdir())


def test_a_temporary_folder_is_private_and_goes(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / ".ellayer.0a.partial").mkdir()  # of a killed process
    with temporary_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert [*tmp_path.iterdir()] == [folder]
    assert not any(tmp_path.iterdir())
