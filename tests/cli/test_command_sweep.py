"""``ellayer sweep`` through the installed program: the trials, the best kept, and its config that repeats it."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import ellayer as library


@pytest.fixture(scope="module")
def folder(tmp_path_factory, run_in, shared_data, rendering):
    """A sweep over penguins, with its summary in ``told.json``."""
    here = tmp_path_factory.mktemp("sweep")
    (here / "penguins.csv").write_bytes((shared_data / "tabular" / "penguins.csv").read_bytes())
    with rendering():
        done = run_in(here, "sweep", "penguins.csv", "-t", "species", "--layers", "4", "--layers", "6,3", "--learning-rate",
                      "0.0001", "--learning-rate", "0.02", "--epochs", 4, "--out", "best", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    (here / "told.json").write_text(done.stdout)
    return here


def test_the_best_of_all_pairs_is_kept(folder):
    told = json.loads((folder / "told.json").read_text())
    trials = told["trials"]
    assert [(trial["layers"], trial["learning_rate"]) for trial in trials] == [
        ("4", 0.0001), ("4", 0.02), ("6,3", 0.0001), ("6,3", 0.02),
    ]  # fmt: skip
    scores = [trial["validation_score"] for trial in trials]  # log loss
    assert told["best"] == int(np.argmin(scores))
    assert trials[told["best"]]["learning_rate"] == 0.02
    with open(folder / "best" / "sweep.csv", newline="") as file:
        assert [float(row["validation_score"]) for row in csv.DictReader(file)] == scores
    names = {path.name for path in (folder / "best").iterdir()}
    assert {"sweep.csv", "sweep.png", "model.ellayer", "report.html", "config.toml", "run.json"} <= names


def test_its_config_repeats_the_best(folder, run_in):
    done = run_in(folder, "train", "--config", "best/config.toml", "--out", "again", "--json")
    assert done.returncode == 0, done.stderr
    ours, theirs = (library.load(folder / name / "model.ellayer") for name in ("best", "again"))
    for name in ours.members_[0]:
        np.testing.assert_allclose(ours.members_[0][name], theirs.members_[0][name], rtol=1e-4, atol=1e-5)
    first = json.loads((folder / "told.json").read_text())["scores"]["log_loss"]["value"]
    assert json.loads(done.stdout)["scores"]["log_loss"]["value"] == pytest.approx(first, rel=1e-3)


def test_the_terminal_shows_the_trials_and_what_is_odd(ellayer, tmp_path):
    random = np.random.RandomState(0)
    rows = "".join(
        f"{a:.3f},{'R' if a > 0 else 'B'},{'red' if a > 0 else 'blue'}\n" for a in random.normal(size=60)
    )
    (tmp_path / "leak.csv").write_text("a,copy,kind\n" + rows)
    done = ellayer("sweep", "leak.csv", "-t", "kind", "--layers", "3", "--epochs", 2)
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    for words in ("3 trials, by held-out log loss (lower is better)", "best", "'copy' leaks the target 'kind'",
                  "Written to runs/leak-sweep-1"):  # fmt: skip
        assert words in shown
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_every_option_of_the_network_is_an_axis_and_some_combinations_are_drawn(ellayer, tmp_path):
    rows = "".join(f"{k},{'ab'[k % 3 == 0]}\n" for k in range(60))
    (tmp_path / "one.csv").write_text("x,y\n" + rows)
    axes = {"activation": ("relu", "tanh"), "optimizer": ("adam", "momentum"), "dropout": (0.0, 0.2),
            "weight_decay": (0.0, 0.1), "l2": (0.0, 0.1), "batch_size": (8, 16), "patience": (1, 2)}  # fmt: skip
    options = [
        part
        for name, values in axes.items()
        for value in values
        for part in (f"--{name.replace('_', '-')}", value)
    ]
    fixed = ("--layers", 3, "--learning-rate", 0.01, "--learning-rate", 0.02, "--epochs", 2, "--trials", 3)
    done = ellayer("sweep", "one.csv", "-t", "y", *options, *fixed, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert len(summary["trials"]) == 3
    for trial in summary["trials"]:
        assert all(trial[name] in values for name, values in axes.items())
    best = summary["trials"][summary["best"]]
    assert {name: summary["settings"][name] for name in axes} == {name: best[name] for name in axes}


def test_several_files_are_one_table(ellayer, tmp_path):
    for part in range(3):
        rows = "".join(f"{k},{'ab'[k % 3 == 0]}\n" for k in range(20 * part, 20 * part + 20))
        (tmp_path / f"part{part}.csv").write_text("x,y\n" + rows)
    (tmp_path / "whole.csv").write_text("x,y\n" + "".join(f"{k},{'ab'[k % 3 == 0]}\n" for k in range(60)))
    options = ("-t", "y", "--layers", 3, "--learning-rate", 0.01, "--epochs", 2, "--json")
    sources = (("whole.csv",), ("part0.csv", "part1.csv", "part2.csv"), ("part*.csv",))
    whole, *parts = (ellayer("sweep", *source, *options, "--out", source[0][:5]) for source in sources)
    expected = json.loads(whole.stdout)
    for done in parts:
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
        assert summary["rows"] == expected["rows"]
        assert summary["scores"] == expected["scores"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.csv", "-t", "kind"), "none.csv does not exist"),
        (("penguins.csv", "-t", "specie"), "did you mean 'species'?"),
        (("penguins.csv", "-t", "species", "--layers", "x"), "--layers: expected"),
        (("penguins.csv", "-t", "species", "--learning-rate", "-1"), "--learning-rate: expected"),
        (("penguins.csv", "-t", "species", "--metric", "beauty"), "--metric: expected"),
        (("penguins.csv", "-t", "species", "--dropout", "1"), "--dropout: expected"),
        (("penguins.csv", "-t", "species", "--activation", "beauty"), "unknown activation: expected"),
        (("penguins.csv", "-t", "species", "--out", "best"), "is not empty"),
    ],
)
def test_what_cannot_be_swept_is_said_on_a_screen(folder, run_in, arguments, said):
    before = {path.name for path in folder.iterdir()}
    done = run_in(folder, "sweep", *arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert {path.name for path in folder.iterdir()} == before
