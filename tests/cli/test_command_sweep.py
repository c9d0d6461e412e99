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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.csv", "-t", "kind"), "none.csv does not exist"),
        (("penguins.csv", "-t", "specie"), "did you mean 'species'?"),
        (("penguins.csv", "-t", "species", "--layers", "x"), "--layers: expected"),
        (("penguins.csv", "-t", "species", "--learning-rate", "-1"), "--learning-rate: expected"),
        (("penguins.csv", "-t", "species", "--metric", "beauty"), "--metric: expected"),
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
