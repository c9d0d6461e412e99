"""The models of a server: their names, and files that change."""

from __future__ import annotations

import os
import shutil

import pytest

from ellayer import EllayerError
from ellayer.serve import ModelStore, models


def test_names(served, tmp_path):
    shutil.copy(served["people"], tmp_path / "model.ellayer")
    (name,) = (model.name for model in ModelStore([str(tmp_path / "model.ellayer")]))
    assert name == "model"
    odd = tmp_path / "a run"
    odd.mkdir()
    shutil.copy(served["people"], odd / "model.ellayer")
    with pytest.raises(EllayerError, match="expected a name of letters"):
        ModelStore([str(odd)])
    (model,) = ModelStore([f"mine={odd}"])
    assert model.name == "mine"
    with pytest.raises(EllayerError, match="different names, received 'mine' twice"):
        ModelStore([f"mine={odd}", f"mine={odd}"])
    with pytest.raises(EllayerError, match="at least one model"):
        ModelStore([])
    with pytest.raises(EllayerError):
        ModelStore([str(tmp_path / "absent")])


def test_a_changed_file_is_loaded_again_and_a_damaged_one_is_not(served, tmp_path, caplog, monkeypatch):
    file = tmp_path / "model.ellayer"
    shutil.copy(served["people"], file)
    store = ModelStore([f"m={file}"])
    first = store.get("m")
    assert store.reload() == []
    shutil.copy(served["prices"], tmp_path / "new")
    os.replace(tmp_path / "new", file)
    assert store.reload() == ["m"]
    second = store.get(None)
    assert second.version != first.version
    assert second.saved.target == "price"
    file.write_bytes(b"damaged")
    assert store.reload() == []
    assert store.get("m") is second
    file.unlink()
    assert store.reload() == []
    assert store.get("m") is second
    assert "the previous model stays" in caplog.text
    with monkeypatch.context() as patch:
        patch.setattr(models, "load_served", lambda name, path: {}["schema"])
        shutil.copy(served["people"], file)
        assert store.reload() == []  # whatever is wrong with it
    assert store.get("m") is second
    assert str(tmp_path) not in str(second.saved.path)
