"""``ellayer evaluate`` and ``ellayer compare``, run as their users run them."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest

TABLE = "".join(
    f"{a:.3f};{b:.3f};{'red' if a + b > 0 else 'blue'}\n"
    for a, b in np.random.RandomState(0).normal(size=(240, 2))
)
HEAD = "a;b;colour\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, run_in):
    """Two runs on one file of two colours, one on numbers."""
    here = tmp_path_factory.mktemp("runs")
    (here / "train.csv").write_text(HEAD + TABLE)
    (here / "new.csv").write_text(HEAD + "1;1;red\n-1;-1;blue\n2;1;red\n-2;0;red\n")
    (here / "shades.csv").write_text("a;b;colour;shade\n1;1;red;dark\n-1;-1;blue;light\n")
    train = ("train", "train.csv", "--epochs", 6, "--quiet")
    for name, *more in (("one", "--target", "colour"), ("two", "--target", "colour", "--layers", 5),
                        ("numbers", "--target", "b")):  # fmt: skip
        done = run_in(here, *train, "--out", name, *more)
        assert done.returncode == 0, done.stderr
    return here


def test_scores_confusion_and_calibration_are_those_of_the_predictions(folder, run_in):
    done = run_in(folder, "evaluate", "one", "new.csv", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    said = json.loads(run_in(folder, "predict", "one", "new.csv", "--json").stdout)["rows"]
    truth = ["red", "blue", "red", "red"]
    right = [row["prediction"] == colour for row, colour in zip(said, truth, strict=True)]
    score = told["scores"]["accuracy"]
    assert score["value"] == pytest.approx(np.mean(right))
    assert 0 <= score["low"] < score["value"] < score["high"] <= 1
    assert told["classes"] == ["blue", "red"]
    assert np.array(told["confusion_matrix"]).sum(axis=1).tolist() == [1, 3]
    assert np.trace(told["confusion_matrix"]) == sum(right)
    assert sum(row["rows"] for row in told["calibration"]) == told["rows"] == 4


def test_the_terminal_shows_all_three(folder, run_in):
    done = run_in(folder, "evaluate", "one/model.ellayer", "new.csv")
    assert done.returncode == 0, done.stderr
    for said in (
        "accuracy",
        "95 % interval",
        "Confusion matrix",
        "Calibration: predicted and observed frequency of class red",
    ):
        assert said in done.stdout


def test_numbers_are_measured_too(folder, run_in):
    told = json.loads(run_in(folder, "evaluate", "numbers", "train.csv", "--json").stdout)
    assert list(told["scores"]) == ["rmse", "mae", "r2"]
    assert "confusion_matrix" not in told


def test_the_file_of_the_training_is_known_again(folder, run_in):
    done = run_in(folder, "evaluate", "one", "train.csv", "--json")
    assert "the model was trained on most of the rows of train.csv" in " ".join(
        json.loads(done.stdout)["notes"]
    )
    assert "was trained on most" not in run_in(folder, "evaluate", "one", "new.csv").stdout


def test_a_class_that_is_not_known_is_told_and_counts_as_wrong(folder, run_in):
    (folder / "green.csv").write_text(HEAD + "1;1;red\n-1;-1;green\n2;1;red\n")
    told = json.loads(run_in(folder, "evaluate", "one", "green.csv", "--json").stdout)
    assert told["scores"]["accuracy"]["value"] <= 2 / 3
    assert "1 of 3 rows are of classes the model does not know (green)" in " ".join(told["notes"])


def test_another_name_of_the_truth_can_be_told(folder, run_in):
    (folder / "renamed.csv").write_text("a;b;kind\n1;1;red\n-1;-1;blue\n")
    done = run_in(folder, "evaluate", "one", "renamed.csv", "--target", "kind", "--json")
    assert json.loads(done.stdout)["rows"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing.ellayer", "new.csv"), "missing.ellayer"),
        (("one", "missing.csv"), "missing.csv"),
        (("one", "new.csv", "--target", "color"), "color"),
        (
            ("one", "new.csv", "--target", "a"),
            "'a', which one/model.ellayer predicts from; it predicts colour",
        ),
        (("one", "shades.csv", "--target", "shade"), "expected classes that the model knows (blue, red)"),
        (("numbers", "shades.csv", "--target", "shade"), "'shade': expected numbers, as in training"),
        (("new.csv", "new.csv"), "new.csv"),
    ],
)
def test_what_cannot_be_evaluated_is_said_on_a_screen(folder, run_in, arguments, said):
    done = run_in(folder, "evaluate", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) < 20


def test_runs_side_by_side_show_what_was_set_otherwise_and_the_best(folder, run_in):
    done = run_in(folder, "compare", "one", "two", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    layers = [
        tomllib.loads((folder / name / "config.toml").read_text()).get("layers") for name in ("one", "two")
    ]
    assert list(told["settings"]) == ["layers"]
    assert told["settings"]["layers"] == layers
    values = [
        json.loads((folder / name / "run.json").read_text())["scores"]["log_loss"]["value"]
        for name in ("one", "two")
    ]
    assert told["best"]["log_loss"] == [("one", "two")[int(np.argmin(values))]]
    assert told["notes"] == []
    shown = run_in(folder, "compare", "one", "two").stdout
    assert "log loss" in shown
    assert "*" in shown


def test_runs_that_predict_other_things_have_no_best(folder, run_in):
    done = run_in(folder, "compare", "one", "numbers", "--json")
    told = json.loads(done.stdout)
    assert told["best"] == {}
    assert "the runs predict different targets: colour, b" in told["notes"]


@pytest.mark.usefixtures("rendered")
def test_the_curves_are_drawn_together(folder, run_in):
    done = run_in(folder, "compare", "one", "two", "--out", "curves.png")
    assert done.returncode == 0, done.stderr
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    again = run_in(folder, "compare", "one", "two", "--out", "curves.png")
    assert again.returncode == 2
    assert "does not exist yet" in again.stderr


@pytest.mark.usefixtures("rendered")
def test_runs_on_named_sets_are_compared_too(folder, run_in):
    for name, iterations in (("short", 20), ("long", 400)):
        done = run_in(folder, "train", "flower", "--iterations", iterations, "--out", name, "--quiet")
        assert done.returncode == 0, done.stderr
    done = run_in(folder, "compare", "short", "long", "--json", "--out", "flowers.svg")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["settings"] == {"iterations": [20, 400]}
    for run in told["runs"]:
        network = json.loads((folder / run["run"] / "run.json").read_text())["models"][-1]
        assert run["rows"] == {"train": 400}
        score = run["scores"]["accuracy"]
        assert score["value"] == network["train_accuracy"]
        assert score["low"] < score["value"] < score["high"]
    assert told["best"]["accuracy"] == told["best"]["log_loss"] == ["long"]
    assert "iteration" in (folder / "flowers.svg").read_text()


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (("one",), "two or more run folders, received 1"),
        (("one", "nowhere"), "nothing there"),
        (("one", "new.csv"), "a file"),
        (("one", "."), "a folder without run.json"),
        (("one", "broken"), "expected the JSON that ellayer train wrote"),
        (("one", "empty"), "expected the scores of a run, received none"),
    ],
)
def test_what_is_no_run_is_said(folder, run_in, runs, said):
    for name, text in (("broken", "{"), ("empty", "[]")):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "run.json").write_text(text)
    done = run_in(folder, "compare", *runs)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("command", ["predict", "evaluate", "trace", "check"])
def test_a_later_file_is_read_by_its_own_options(folder, run_in, command):
    rows = (folder / "train.csv").read_text().splitlines()[:9]
    (folder / "odd.csv").write_text("\n".join(rows).replace(";", "~") + "\n")
    (folder / "plain.csv").write_text("\n".join(rows) + "\n")
    more = ("--directions", 2) if command == "check" else ()
    odd = run_in(folder, command, "one", "odd.csv", "--json", *more, "--delimiter", "~")
    usual = run_in(folder, command, "one", "plain.csv", "--json", *more)
    assert odd.returncode == usual.returncode == 0, odd.stderr
    content, expected = json.loads(odd.stdout), json.loads(usual.stdout)
    for facts in (content, expected):
        facts.pop("notes", None)
    assert content == expected
