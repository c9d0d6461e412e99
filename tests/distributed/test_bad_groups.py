"""Bad input of ``ellayer train`` in several processes: one message, exit code 2, and nothing left behind."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from disturbances import SETTINGS, write_parts

from ellayer import EllayerError, Network, train
from ellayer.distributed import initialize, shutdown
from ellayer.runs.checkpoints import CHECKPOINT
from ellayer.runs.group_run import train_in_group
from ellayer.storage import save_checkpoint


def children() -> set[str]:
    """Return the process numbers of the children of this process."""
    numbers: set[str] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # the thread has ended meanwhile
            numbers.update((task / "children").read_text().split())
    return numbers


def sockets() -> set[str]:
    """Return the sockets that this process has open."""
    links = set()
    for place in Path("/proc/self/fd").iterdir():
        try:
            links.add(os.readlink(place))
        except OSError:  # that of the folder itself
            continue
    return {link for link in links if link.startswith("socket:")}


@pytest.fixture
def nothing_left(tmp_path, monkeypatch):
    """Check that no child process, no socket and no temporary file is left."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    before = children(), sockets()
    yield
    assert (children(), sockets()) == before
    assert not list(scratch.iterdir())
    assert not (tmp_path / "runs").exists()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_parts(tmp_path_factory.mktemp("bad"))


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
@pytest.mark.parametrize(
    ("source", "options", "text"),
    [
        ("parts/*.xyz", ("--processes", 2), "received none"),
        ("parts/none.csv", ("--processes", 2), "none.csv"),
        ("whole.parquet", ("--processes", 20), r"as many processes as row groups, \d+, received 20; start fewer"),
        ("parts/0.parquet", ("--processes", 0), "--processes"),
        ("flower", ("--processes", 2), "expected a table, whose rows can be spread, received the named set 'flower'"),
        (
            "whole.parquet", ("--coordinator", "nowhere.invalid:4000", "--num-processes", 2, "--process-id", 1),
            "'nowhere.invalid', which does not resolve",
        ),
        ("whole.parquet", ("--num-processes", 2, "--process-id", 1), "expected HOST:PORT of process 0"),
        ("whole.parquet", ("--coordinator", "127.0.0.1:4000", "--num-processes", 0, "--process-id", 0), "--num-processes"),
    ],
)  # fmt: skip
def test_one_message_and_nothing_left(ellayer, folder, source, options, text, monkeypatch):
    import jax._src.xla_bridge

    monkeypatch.setattr(jax._src.xla_bridge, "backends_are_initialized", lambda: False)  # as in a new process
    path = source if source == "flower" else folder / source
    done = ellayer("train", path, "--target", "y", *options)
    assert (done.returncode, done.stdout) == (2, "")
    message = re.sub(r"[│╭╮╰╯─]", "", done.stderr)
    assert re.search(text, " ".join(message.split()))
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("layers", [[5], [16, 3]])
def test_a_checkpoint_of_another_network(folder, tmp_path, layers):
    """One message in all processes; the run's folder stays as it was."""
    network = Network([7, *layers, 1])
    place = tmp_path / "run"
    place.mkdir()
    state = train(network, [[0.5]] * 7, [[1.0]], num_iterations=1, dtype="float32").state
    save_checkpoint([state], place / CHECKPOINT)
    initialize()
    try:
        with pytest.raises(EllayerError, match=r"expected .* received"):
            train_in_group({**SETTINGS, "epochs": 1, "source": str(folder / "whole.parquet")}, resume=place)
    finally:
        shutdown()
    assert [path.name for path in place.iterdir()] == [CHECKPOINT]
