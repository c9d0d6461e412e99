"""What the program's own processes do not load."""

from __future__ import annotations

import gc
import importlib
import sys

import pytest

from ellayer._own_process import start_quickly


def test_pandas_is_hidden_and_nothing_else(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    for name in [name for name in sys.modules if name.partition(".")[0] in ("pandas", "colorsys")]:
        monkeypatch.delitem(sys.modules, name)
    before = gc.get_threshold()
    gc.set_threshold(700)
    try:
        start_quickly()
        assert gc.get_threshold()[0] > 10_000
    finally:
        gc.set_threshold(*before)
    with pytest.raises(ModuleNotFoundError, match="not used here"):
        importlib.import_module("pandas")
    importlib.import_module("colorsys")
