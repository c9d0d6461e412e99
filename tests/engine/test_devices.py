"""Devices by name, and what differs where a device has its own memory. No GPU is needed: a CPU stands in for one."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from engine_cases import problem
from scipy.sparse import csr_array
from typer.testing import CliRunner

from ellayer import EllayerError, MLPClassifier, Network, train, train_many
from ellayer.cli.app import app
from ellayer.engine import jax_loop
from ellayer.engine.device_placement import DevicePlacement
from ellayer.engine.devices import find_devices
from ellayer.engine.train_settings import _engine_on_devices

NETWORK = Network([5, 6, 1], "tanh")
GPU = SimpleNamespace(platform="gpu")
needs_no_gpu = pytest.mark.skipif(jax.default_backend() != "cpu", reason="a GPU is there")


@pytest.fixture
def own_memory(monkeypatch):
    """Treat the CPU as a device that does not use the memory of the host; record what is transferred ahead."""
    transfers = []

    def transfer(placement, stack, method=DevicePlacement.transfer):
        transfers.append(stack.X.shape)
        return method(placement, stack)

    monkeypatch.setattr(
        DevicePlacement, "in_memory", property(lambda self: False, lambda self, value: None), raising=False
    )
    monkeypatch.setattr(DevicePlacement, "transfer", transfer)
    return transfers


@needs_no_gpu
@pytest.mark.parametrize("call", [train, train_many])
def test_a_missing_gpu_is_one_message(call):
    X, Y = problem(NETWORK, 20)
    with pytest.raises(
        EllayerError, match=r"^device: expected one of.*\(cpu,.*received 'gpu'; jax sees no GPU: try"
    ):
        call(NETWORK, X, Y, num_iterations=2, device="gpu")
    with pytest.raises(EllayerError, match=r"device.*jax sees no GPU"):
        MLPClassifier(device="gpu:1").fit(X.T, Y[0] > 0.5)


@pytest.mark.parametrize("device", ["", ":0", "cpu:", "cpu:-1", "cpu: 0", "cpu:0:0", "cpu:9999"])
def test_a_name_that_is_no_device_is_refused(device):
    with pytest.raises(EllayerError, match=rf"^device: expected one of the devices .*received {device!r}"):
        find_devices(device)


def test_a_device_by_name_gives_the_same_bits():
    X, Y = problem(NETWORK, 40)
    settings = {"num_iterations": 12, "batch_size": 8, "engine": "jax"}
    anywhere, named = (train(NETWORK, X, Y, device=device, **settings) for device in (None, "cpu:0"))
    several = train_many(NETWORK, X, Y, learning_rate=[0.1, 0.2], device="cpu", **settings)
    former = train(NETWORK, X, Y, devices="cpu:0", **settings)
    assert named.engine == former.engine == "jax"
    np.testing.assert_array_equal(anywhere.parameters["W1"], named.parameters["W1"])
    np.testing.assert_allclose(several[0].parameters["W1"], named.parameters["W1"], rtol=1e-9)


def test_one_name_is_enough():
    X, Y = problem(NETWORK, 20)
    with pytest.raises(EllayerError, match="device, devices: expected at most one"):
        train(NETWORK, X, Y, device="cpu", devices="cpu")


def test_an_accelerator_runs_compiled():
    def kind(engine, device=GPU):
        return _engine_on_devices({"engine": engine, "device": [device]})[0].kind

    assert kind("auto") == kind("direct") == kind("tf32") == "jax"
    assert kind("auto", SimpleNamespace(platform="cpu")) == "auto"
    with pytest.raises(
        EllayerError, match=r"engine: expected 'auto' or 'jax' with the device.*received 'numpy'"
    ):
        kind("numpy")


def test_rows_that_are_read_are_transferred_while_the_device_computes(own_memory, monkeypatch):
    monkeypatch.setattr(jax_loop, "NUMBERS_OF_STACK", 8 * 6 * 4)  # four updates a chunk
    X, Y = problem(NETWORK, 40)
    settings = {
        "num_iterations": 23,
        "batch_size": 8,
        "record_every": 5,
        "optimizer": "adam",
        "engine": "jax",
    }
    streamed = train(NETWORK, csr_array(X), Y, **settings)
    assert len(own_memory) > 5
    assert set(own_memory) == {(4, 8, 5)}
    dense = train(NETWORK, X, Y, **settings)
    np.testing.assert_allclose(streamed.parameters["W1"], dense.parameters["W1"], rtol=1e-9)
    np.testing.assert_allclose(streamed.costs, dense.costs, rtol=1e-9)


@pytest.mark.parametrize(("engine", "precision"), [("jax", "highest"), ("jax+tf32", "tensorfloat32")])
def test_products_have_all_digits_unless_tf32_is_permitted(engine, precision, own_memory, monkeypatch):
    precisions = set()

    def call(loop, rates, method=jax_loop.JaxLoop._call):
        precisions.add(jax.config.jax_default_matmul_precision)
        return method(loop, rates)

    monkeypatch.setattr(jax_loop.JaxLoop, "_call", call)
    X, Y = problem(NETWORK, 40)
    train(NETWORK, X, Y, num_iterations=3, engine=engine)
    assert precisions == {precision}
    monkeypatch.undo()
    assert jax.config.jax_default_matmul_precision is None


@needs_no_gpu
@pytest.mark.parametrize(
    "command",
    [["train", "flower"], ["train", "rows.csv", "--target", "y"], ["sweep", "rows.csv", "--target", "y"]],
)
def test_the_command_ends_with_one_message(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("a,y\n" + "".join(f"{k / 7},{'pq'[k % 2]}\n" for k in range(40)))
    outcome = CliRunner().invoke(app, [*command, "--device", "gpu", "--out", "run"])
    assert outcome.exit_code == 2
    assert re.search(r"expected one of\s+the\s+devices.*received 'gpu'", outcome.output, re.DOTALL)
    assert not Path("run").exists()
