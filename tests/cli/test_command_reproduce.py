"""``ellayer reproduce``, end to end."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ellayer.cli.app import app
from ellayer.cli.reproduce.comparisons import Comparison, compare_accuracies, compare_costs
from ellayer.runs.notes_networks import TrainedNetwork


def _model(
    costs: list[float], train_accuracy: float = 1.0, test_accuracy: float | None = None
) -> TrainedNetwork:
    history = {"iteration": [100 * i for i in range(len(costs))], "loss": costs}
    return TrainedNetwork("m", 1, SimpleNamespace(history=history), train_accuracy, test_accuracy)  # type: ignore[arg-type]


def test_costs_are_compared_to_the_last_digit_printed():
    rows = compare_costs("x", _model([0.6931474, 0.5000014]), {0: "0.693147", 100: "0.500000"})
    assert [row.matches for row in rows] == [True, False]
    assert [row.verdict for row in rows] == ["matches", "DIFFERS"]


def test_costs_may_be_compared_with_a_range():
    rows = compare_costs(
        "x",
        _model([0.21945, 0.2]),
        {0: "0.219471", 100: "0.218612"},
        {0: (0.2194, 0.2196), 100: (0.21, 0.22)},
    )
    assert [row.matches for row in rows] == [True, False]
    assert "0.2194" in rows[0].published


def test_a_cost_that_is_no_number_differs():
    assert compare_costs("x", _model([float("nan")]), {0: "0.693147"}, {0: (0.0, 1.0)})[0].matches is False


def test_a_cost_that_is_missing_differs():
    assert [row.matches for row in compare_costs("x", _model([0.5]), {0: "0.500000", 100: "0.4"})] == [
        True,
        False,
    ]


def test_accuracies_are_compared_to_the_second_decimal():
    rows = compare_accuracies("x", _model([], 0.990430622, 0.7), {"training": "99.04 %", "test": "72.00 %"})
    assert [(row.obtained, row.matches) for row in rows] == [("99.04 %", True), ("70.00 %", False)]


@pytest.mark.parametrize(("matches", "code"), [(True, 0), (None, 0), (False, 1)])
def test_one_row_that_differs_ends_with_1(monkeypatch, tmp_path, matches, code):
    row = Comparison("flower", "cost at 0", "0.693048", "0.7", matches)
    monkeypatch.setattr("ellayer.cli.reproduce.flower.reproduce_flower", lambda folder, start: [row])
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["reproduce"])
    assert done.exit_code == code
    assert row.verdict in done.stdout
    assert "Skipped" in done.stdout
    assert json.loads((tmp_path / "runs/reproduce-1/results.json").read_text())["differing"] == int(code)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--picture", "cat.png"], "--cats"),
        (["--cats", "nowhere"], "nowhere"),
        (["--cats", "."], "train"),
        (["--out", "/dev/null/run"], "--out"),
    ],
)
def test_bad_input_ends_with_2_and_writes_nothing(ellayer, tmp_path, arguments, words):
    done = ellayer("reproduce", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not any(tmp_path.iterdir())


def test_a_picture_that_is_none_is_known_before_anything_is_trained(ellayer, tmp_path, shared_data):
    (tmp_path / "cat.png").write_text("no picture")
    done = ellayer("reproduce", "--cats", shared_data / "cats", "--picture", "cat.png")
    assert done.returncode == 2
    assert "cat.png" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["cat.png"]


@pytest.mark.slow
def test_ctrl_c_ends_the_comparison_and_leaves_nothing(program, tmp_path):
    running = subprocess.Popen(
        [program, "reproduce"], cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not list(tmp_path.glob("runs/.reproduce*")):
        assert running.poll() is None
        time.sleep(0.05)
    time.sleep(2)  # a network is being trained by now
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert "nothing was written" in stderr
    assert not any(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.usefixtures("rendered")
def test_without_cats_it_runs_what_needs_no_file(ellayer, tmp_path):
    done = ellayer("reproduce", "--json", "--out", "here")
    assert done.returncode == 0, done.stdout
    summary = json.loads(done.stdout)
    assert summary["differing"] == 0
    assert summary["matching"] == 14
    assert "cats" in summary["left_out"][0]
    assert {p.name for p in (tmp_path / "here").iterdir()} == {
        "flower.png",
        "hidden_sizes.png",
        "results.json",
    }


@pytest.mark.slow
@pytest.mark.usefixtures("rendered")
def test_every_published_number_of_the_cats(ellayer, tmp_path, shared_data, monkeypatch):
    """Those of the flower are compared above."""
    monkeypatch.setattr("ellayer.cli.reproduce.flower.reproduce_flower", lambda folder, start: [])
    pixels = np.random.RandomState(0).randint(0, 255, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "mine.png")
    done = ellayer("reproduce", "--cats", shared_data / "cats", "--picture", "mine.png")
    assert done.returncode == 0, done.stdout
    assert "32 match, 0 differ" in done.stdout
    assert "prediction for mine.png" in done.stdout
    assert {p.name for p in (tmp_path / "runs/reproduce-1").iterdir()} == {
        "learning_rates.png", "mislabelled.png", "own_picture.png", "results.json",
    }  # fmt: skip
