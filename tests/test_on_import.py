"""Work that waits for the import of another package is done once, after the package, whoever asks for it before."""

from __future__ import annotations

import importlib
import importlib.util
import sys

import pytest

from ellayer._on_import import when_imported


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Let a package and a module with work for it be found."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "awaited.py").write_text("calls = 0\n")
    (tmp_path / "work_for_it.py").write_text("import awaited\ndef work(): awaited.calls += 1\n")
    before = [*sys.meta_path]
    yield
    sys.meta_path[:] = before
    for name in ("awaited", "work_for_it"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("asked", [0, 2])
def test_the_work_is_done_once_after_the_import(asked):
    when_imported("awaited", "work_for_it", "work")
    finder = sys.meta_path[0]
    for _ in range(asked):  # as programs do that only want to know whether it is there
        assert importlib.util.find_spec("awaited") is not None
    assert "awaited" not in sys.modules
    assert importlib.import_module("awaited").calls == 1
    assert finder not in sys.meta_path
    when_imported("awaited", "work_for_it", "work")  # it is there already
    assert sys.modules["awaited"].calls == 2


@pytest.mark.usefixtures("packages")
def test_a_missing_package_is_missing_as_ever():
    when_imported("no_such_package", "work_for_it", "work")
    assert importlib.util.find_spec("no_such_package") is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_package")
