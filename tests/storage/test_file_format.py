"""The file itself: every altered bit is noticed, nothing is left behind, nothing is run."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

import ellayer
from ellayer.storage import ModelFileError, file_format, load_checkpoint


@pytest.fixture
def network_file(tmp_path):
    """A small model file."""
    network = ellayer.Network([2, 2, 1])
    path = tmp_path / "m.ellayer"
    ellayer.save((network, ellayer.initialize_parameters(network, seed=1)), path)
    return path


def test_every_flipped_bit_is_noticed(network_file):
    whole = network_file.read_bytes()
    unnoticed = []
    for i in range(len(whole)):
        altered = bytearray(whole)
        altered[i] ^= 1 << (i % 8)
        network_file.write_bytes(altered)
        try:
            ellayer.load(network_file)
            unnoticed.append(i)
        except ModelFileError:
            pass
    assert not unnoticed


def test_every_truncation_is_noticed(network_file):
    whole = network_file.read_bytes()
    for length in [*range(0, len(whole), 7), len(whole) - 1]:
        network_file.write_bytes(whole[:length])
        with pytest.raises(
            ModelFileError, match=rf"expected a complete file.*received {length} bytes.*Copy or download"
        ):
            ellayer.load(network_file)
    network_file.write_bytes(whole + b"x")
    with pytest.raises(ModelFileError, match="expected a complete file"):
        ellayer.load(network_file)


def test_a_changed_number_names_both_digests(network_file):
    whole = bytearray(network_file.read_bytes())
    whole[-1] ^= 1
    network_file.write_bytes(whole)
    with pytest.raises(ModelFileError, match=r"expected SHA-256 \w{16}\.\.\., received \w{16}.*altered"):
        ellayer.load(network_file)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pickle.dumps({"a": 1}), "looks like a pickle"),
        (b"PK\x03\x04" + b"zip" * 9, "looks like a zip archive"),
        (b"\x89HDF\r\n\x1a\n" + bytes(9), "looks like an HDF5 file"),
        (b"", "received 0 bytes"),
        (bytes(range(1, 8)) + b"\xff" * 200, "received 207 bytes"),
        (struct.pack("<Q", 2**60) + b"{}", "header too large"),
    ],
)
def test_foreign_files_are_refused(tmp_path, content, said):
    path = tmp_path / "m.ellayer"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=f"expected a complete file that Ellayer wrote.*{said}"):
        ellayer.load(path)


def test_another_programs_safetensors_file_is_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    save_file({"a": np.ones(3)}, path, {"format": "pt"})
    with pytest.raises(ModelFileError, match="without its description; was it written by another program"):
        ellayer.load(path)


def test_folders_devices_and_missing_files(tmp_path):
    with pytest.raises(ModelFileError, match="received a folder without it"):
        ellayer.load(tmp_path)
    with pytest.raises(ModelFileError, match=r"expected a file, received .*folder or a device"):
        ellayer.load("/dev/zero")
    with pytest.raises(FileNotFoundError, match="none"):
        ellayer.load(tmp_path / "none")


def test_a_newer_file_says_so(network_file, monkeypatch):
    monkeypatch.setattr(file_format, "FORMAT_VERSION", file_format.FORMAT_VERSION + 1)
    monkeypatch.setattr(file_format, "__version__", "9.9")
    network = ellayer.Network([2, 1])
    ellayer.save((network, ellayer.initialize_parameters(network)), network_file)
    monkeypatch.undo()
    with pytest.raises(
        ModelFileError, match=r"format version 1 or older, received 2, written by Ellayer 9\.9.*update"
    ):
        ellayer.load(network_file)


def test_another_kind_names_the_function_for_it(network_file):
    with pytest.raises(
        ModelFileError, match=r"expected checkpoint, received 'network'; ellayer\.load reads models"
    ):
        load_checkpoint(network_file)


def _declare(path, shape, size):
    """A file whose header declares an array far larger than the file."""
    text = json.dumps({"format_version": 1, "kind": "network", "sha256": "0" * 64, "content": {}})
    header = {
        "__metadata__": {"ellayer": text},
        "W1": {"dtype": "F64", "shape": shape, "data_offsets": [0, size]},
    }
    blob = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(blob)) + blob + bytes(64))


@pytest.mark.parametrize("shape", [[10**15], [2**62, 2**62], [2**40, 2**20]])
def test_absurd_sizes_are_refused_before_memory_is_taken(tmp_path, shape):
    import tracemalloc

    path = tmp_path / "m.ellayer"
    for size in (64, 8 * 10**15, 2**63 - 1):
        _declare(path, shape, size)
        tracemalloc.start()
        with pytest.raises(ModelFileError):
            ellayer.load(path)
        assert tracemalloc.get_traced_memory()[1] < 5e6
        tracemalloc.stop()


def test_a_description_that_does_not_add_up(tmp_path):
    path = tmp_path / "m.ellayer"
    deep = [1]
    for _ in range(200):
        deep = [deep]
    for content in (
        {},
        {"network": 3},
        {"$": "array", "name": "none"},
        {"$": "code"},
        deep,
        [],
        "x",
        {"$": "tuple"},
    ):
        _write_raw(path, content)
        with pytest.raises(ModelFileError):
            ellayer.load(path)


def _write_raw(path, content):
    """A rightly signed file with any JSON for a content."""
    file_format.write(path, "network", 0)
    original = file_format.encode
    try:
        file_format.encode = lambda *_: content
        file_format.write(path, "network", None)
    finally:
        file_format.encode = original


def test_a_failed_write_leaves_the_old_file_and_nothing_else(network_file, monkeypatch):
    before = network_file.read_bytes()
    network = ellayer.Network([2, 2, 1], "tanh")
    pair = (network, ellayer.initialize_parameters(network, seed=2))

    def fail(*_):
        raise OSError(28, "No space left on device")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(OSError, match="No space left"):
                ellayer.save(pair, network_file)
        assert network_file.read_bytes() == before
        assert os.listdir(network_file.parent) == ["m.ellayer"]
    with pytest.raises(ModelFileError, match="parameters"):
        ellayer.save((network, {}), network_file)
    assert os.listdir(network_file.parent) == ["m.ellayer"]
    ellayer.save(pair, network_file)
    assert network_file.read_bytes() != before


def test_the_same_model_makes_the_same_bytes_and_the_usual_permissions(network_file, tmp_path):
    again, usual = tmp_path / "n.ellayer", tmp_path / "usual"
    ellayer.save(ellayer.load(network_file), again)
    assert again.read_bytes() == network_file.read_bytes()
    usual.write_bytes(b"")
    assert again.stat().st_mode == usual.stat().st_mode


def test_a_link_stays_a_link_and_folders_are_named(network_file, tmp_path):
    link = tmp_path / "link.ellayer"
    link.symlink_to(network_file)
    pair = ellayer.load(network_file)
    network_file.unlink()
    network_file.touch()
    ellayer.save(pair, link)
    assert link.is_symlink()
    assert ellayer.load(network_file)[0] == pair[0]
    with pytest.raises(IsADirectoryError, match="expected the name of a file"):
        ellayer.save(pair, tmp_path)
    with pytest.raises(FileNotFoundError, match=r"expected an existing folder.*create it first"):
        ellayer.save(pair, tmp_path / "no" / "m.ellayer")


def test_leftovers_of_killed_writers_are_removed(tmp_path):
    path = tmp_path / "run [1].checkpoint"
    for name in (".run [1].checkpoint.ab12.partial", ".run 1.checkpoint.ab12.partial", "run [1].checkpoint"):
        (tmp_path / name).touch()
    with file_format.replacing(path) as partial:
        partial.touch()
    assert sorted(os.listdir(tmp_path)) == [".run 1.checkpoint.ab12.partial", "run [1].checkpoint"]


def test_loading_imports_no_jax_and_no_scikit_learn(network_file):
    code = (
        "import sys, ellayer\n"
        f"ellayer.load({str(network_file)!r})\n"
        "print([name for name in ('jax', 'sklearn', 'onnx', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
