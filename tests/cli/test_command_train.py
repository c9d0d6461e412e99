"""``ellayer train``, end to end."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

import ellayer as package
from ellayer.data import FILE_SETS, NAMED, load
from ellayer.runs.notes_recipes import RECIPES

SIGNALLED = Path(__file__).with_name("signalled_run.py")


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory, run_in, rendering) -> tuple[dict, Path]:
    """Return the JSON and the folder of a short run on the flower."""
    folder = tmp_path_factory.mktemp("quick")
    with rendering():
        done = run_in(folder, "train", "flower", "--iterations", 200, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    summary = json.loads(done.stdout)
    return summary, folder / summary["run"]


def test_a_run_folder_is_whole(quick_run):
    summary, folder = quick_run
    assert summary["run"] == "runs/flower-1"
    assert sorted(p.name for p in folder.iterdir()) == [
        "baseline", "boundary.png", "config.toml", "confusion.png", "cost.png", "data.png", "history.csv", "model.ellayer",
        "model_card.md", "report.html", "report.json", "run.json",
    ]  # fmt: skip
    assert sorted(p.name for p in (folder / "baseline").iterdir()) == ["history.csv", "model.ellayer"]
    assert [p.name for p in folder.parent.iterdir()] == ["flower-1"]


@pytest.mark.parametrize(("part", "index"), [("baseline", 0), (".", 1)])
def test_the_saved_model_is_the_one_measured(quick_run, part, index):
    summary, folder = quick_run
    model = summary["models"][index]
    saved = package.load(folder / part / "model.ellayer")
    assert list(saved.network.layer_dims) == model["layer_dims"]
    data = load("flower")
    assert np.mean(saved.predict(data.X) == data.Y) == model["train_accuracy"]


def test_the_history_is_what_was_trained(quick_run):
    summary, folder = quick_run
    with (folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    network = summary["models"][1]
    assert [int(row["iteration"]) for row in rows] == network["iterations"] == list(range(0, 200, 2))
    assert [float(row["loss"]) for row in rows] == network["costs"]
    assert network["costs"][0] == pytest.approx(0.693048, abs=5e-7)


def test_the_summary_says_what_was_done(quick_run):
    summary, folder = quick_run
    saved = json.loads((folder / "run.json").read_text())
    assert saved["settings"] == summary["settings"]
    assert saved["settings"]["seed"] == 2
    assert saved["settings"]["learning_rate"] == 1.2
    assert saved["versions"]["ellayer"] == package.__version__
    assert [m["stopped_by"] for m in saved["models"]] == ["iterations", "iterations"]


def test_options_reach_the_training(ellayer, tmp_path):
    done = ellayer(
        "train", "moons", "--layers", "5,3", "--activation", "tanh,leaky_relu(0.1)", "--learning-rate", 0.5,
        "--iterations", 30, "--seed", 7, "--initializer", "he_normal", "--optimizer", "momentum",
        "--batch-size", 50, "--l2", 0.1, "--dropout", 0.1, "--engine", "numpy", "--out", "mine/run", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    data = load("moons")
    expected = package.train(
        package.Network([2, 5, 3, 1], ["tanh", "leaky_relu(0.1)"]), data.X, data.Y, initializer="he_normal", seed=7,
        learning_rate=0.5, num_iterations=30, optimizer="momentum", batch_size=50, l2=0.1, dropout=0.1,
        engine="numpy", record_every=1,
    )  # fmt: skip
    assert summary["models"][1]["costs"] == expected.costs
    assert summary["run"] == str(Path("mine/run"))
    assert (tmp_path / "mine/run/boundary.png").is_file()


def test_another_optimizer_takes_its_own_learning_rate(ellayer):
    done = ellayer("train", "flower", "--optimizer", "adam", "--iterations", 2, "--json")
    assert json.loads(done.stdout)["settings"]["learning_rate"] is None


def test_quiet_prints_the_folder_alone_and_runs_are_numbered(ellayer):
    lines = [ellayer("train", "flower", "--iterations", 1, "--quiet") for _ in range(2)]
    assert [done.stdout for done in lines] == ["runs/flower-1\n", "runs/flower-2\n"]
    assert [done.stderr for done in lines] == ["", ""]


@pytest.mark.slow
def test_the_flower_of_the_notes(ellayer):
    done = ellayer("train", "flower")
    assert done.returncode == 0, done.stderr
    for text in ("logistic regression", "2-4-1", "0.693048", "0.288083", "47.00 %", "90.", "runs/flower-1"):
        assert text in done.stdout
    assert "10,000 of 10,000" in done.stderr
    assert "loss 0.21" in done.stderr


def test_every_named_set_has_a_recipe():
    assert set(RECIPES) == {*NAMED, *FILE_SETS}


@pytest.mark.parametrize("name", ["circles", "blobs", "gaussian_quantiles"])
def test_the_other_sets_of_the_notes(ellayer, rendering, name):
    with rendering() if name == "gaussian_quantiles" else nullcontext():
        done = ellayer("train", name, "--iterations", 20, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == {"train": 200}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "classes", "at_least"), [("digits", 10, 0.9), ("iris", 3, 0.8), ("breast_cancer", 2, 0.9)]
)
def test_sets_of_scikit_learn(ellayer, rendering, tmp_path, name, classes, at_least):
    with rendering() if name == "digits" else nullcontext():
        done = ellayer("train", name, "--iterations", 200)
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / f"runs/{name}-1/run.json").read_text())
    assert len(summary["classes"]) == classes
    assert all(model["test_accuracy"] > at_least for model in summary["models"])
    assert "held out" in done.stdout
    assert (name != "digits") == ("standardised" in done.stdout)


@pytest.mark.usefixtures("rendered")
def test_the_cats(ellayer, tmp_path, shared_data):
    done = ellayer(
        "train", "cats", "--data", shared_data / "cats", "--layers", "3,2", "--iterations", 4, "--json"
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["models"][1]["layer_dims"] == [12288, 3, 2, 1]
    assert summary["rows"]["test"] == 50
    names = {p.name for p in (tmp_path / "runs/cats-1").iterdir()}
    assert {"data.png", "cost.png", "mislabelled.png"} <= names
    assert "boundary.png" not in names


BAD = {
    "layers 0": (["flower", "--layers", "0"], "--layers"),
    "layers abc": (["flower", "--layers", "abc"], "try --layers 4"),
    "layers of nothing": (["flower", "--layers", ""], "--layers"),
    "layers below 0": (["flower", "--layers", "4,-1"], "--layers"),
    "layers beyond memory": (["flower", "--layers", "99999999999"], "fewer units"),
    "activation": (["flower", "--activation", "relux"], "did you mean 'relu'"),
    "activations too many": (["flower", "--activation", "relu,relu,relu"], "activations"),
    "learning rate 0": (["flower", "--learning-rate", "0"], "above 0"),
    "learning rate below 0": (["flower", "--learning-rate", "-1"], "above 0"),
    "learning rate nan": (["flower", "--learning-rate", "nan"], "nan"),
    "learning rate inf": (["flower", "--learning-rate", "inf"], "inf"),
    "learning rate text": (["flower", "--learning-rate", "fast"], "--learning-rate"),
    "iterations 0": (["flower", "--iterations", "0"], "--iterations"),
    "batch size": (["flower", "--batch-size", "0"], "--batch-size"),
    "l2": (["flower", "--l2", "-1"], "l2"),
    "dropout": (["flower", "--dropout", "1"], "dropout"),
    "seed": (["flower", "--seed", "-1"], "seed"),
    "initializer": (["flower", "--initializer", "big"], "randn"),
    "optimizer": (["flower", "--optimizer", "climb"], "adam"),
    "a start without a finite cost": (
        ["flower", "--activation", "exp", "--layers", "9,9,9", "--initializer", "randn(1000)"],
        "finite cost",
    ),
    "engine": (["flower", "--engine", "steam"], "numpy"),
    "unknown data": (["flowr"], "did you mean 'flower'"),
    "data for a set without files": (["flower", "--data", "."], "needs no files"),
    "cats without data": (["cats"], "--data"),
    "cats, no such folder": (["cats", "--data", "nowhere"], "nowhere"),
    "cats, a folder without them": (["cats", "--data", "."], "train"),
    "out below a file": (["flower", "--out", "/dev/null/run"], "--out"),
    "out in use": (["flower", "--out", "/"], "is not empty"),
}


@pytest.mark.parametrize(("arguments", "words"), BAD.values(), ids=BAD)
def test_bad_input_ends_with_2_and_writes_nothing(ellayer, tmp_path, arguments, words):
    done = ellayer("train", *arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) < 24
    assert not any(tmp_path.iterdir())


def test_debug_shows_the_traceback(ellayer, tmp_path):
    done = ellayer("train", "flower", "--l2", "-1", "--debug")
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content", [b"<html>not found</html>", b"\x89HDF\r\n\x1a\n"], ids=["a page", "truncated"]
)
def test_files_that_are_not_hdf5(ellayer, tmp_path, content):
    (tmp_path / "cats").mkdir()
    for part in ("train", "test"):
        (tmp_path / "cats" / f"{part}_catvnoncat.h5").write_bytes(content)
    done = ellayer("train", "cats", "--data", "cats")
    assert done.returncode == 2
    assert "train_catvnoncat.h5" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["cats"]


def test_divergence_ends_with_1_and_keeps_the_last_finite_parameters(ellayer, tmp_path):
    done = ellayer("train", "moons", "--activation", "identity", "--learning-rate", 1e300, "--iterations", 50)
    assert done.returncode == 1
    assert "1e+300" in done.stdout
    parameters = package.load(tmp_path / "runs/moons-1/model.ellayer").parameters
    assert all(np.isfinite(theta).all() for theta in parameters.values())


def wait_for_work(pid: int, seconds: float) -> None:
    """Wait until a process has used so much of the processor: on a busy machine that takes its time."""
    stat, end = Path(f"/proc/{pid}/stat"), time.monotonic() + 120
    if not stat.exists():
        time.sleep(seconds)
        return
    ticks = os.sysconf("SC_CLK_TCK")
    while sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13])) < seconds * ticks:
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_ctrl_c_keeps_the_state_reached(program, tmp_path):
    """Send the signal from outside, whenever it comes."""
    process = subprocess.Popen(
        [program, "train", "flower", "--iterations", "100000000", "--engine", "numpy"],
        cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        while not list(tmp_path.glob("**/.flower*")):
            assert process.poll() is None
            time.sleep(0.05)
        wait_for_work(process.pid, 3.0)  # importing takes less than two
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, stderr
    assert stdout.startswith("Interrupted; the state reached is saved without a report: network after")
    summary = json.loads((tmp_path / "runs/flower-1/run.json").read_text())
    (network,) = summary["models"]
    assert network["stopped_by"] == "interrupted"
    assert 0 < network["updates"] < 100_000_000
    assert [p.name for p in (tmp_path / "runs").iterdir()] == ["flower-1"]


def test_ctrl_c_keeps_the_state_of_a_table_too(tmp_path):
    """Send the signal after the third epoch."""
    rows = "".join(f"{i * 7919 % 1000},{i % 13},{'xy'[i % 2]}\n" for i in range(900))
    (tmp_path / "rows.csv").write_text("a,b,k\n" + rows)
    arguments = ("rows.csv", "-t", "k", "--epochs", "1000000", "--layers", "8", "--out", "long", "--quiet")
    done = subprocess.run(
        [sys.executable, SIGNALLED, "SIGINT", "3", "train", *arguments],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("long\n", "", 130)
    assert "interrupted after" in (tmp_path / "long" / "run.json").read_text()


def test_a_terminal_without_unicode_is_served(program, tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [program, "train", "moons", "--iterations", "3"], cwd=tmp_path, env=environment, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "runs/moons-1" in done.stdout


def test_a_run_in_several_processes_has_no_live_page(ellayer):
    done = ellayer("train", "rows.csv", "--target", "y", "--processes", 2, "--live")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--live: expected a run in one process" in " ".join(done.stderr.split())
