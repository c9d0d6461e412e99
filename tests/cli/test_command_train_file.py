"""``ellayer train FILE`` through the installed program, on real files: what it writes, repeats, keeps and goes on with."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tomllib
import warnings
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest
from PIL import Image

import ellayer as library
from ellayer.runs.train_run import make_trainer, train_run

FILES = {
    "config.toml",
    "confusion.png",
    "cost.png",
    "history.csv",
    "importance.png",
    "model.ellayer",
    "model_card.md",
    "report.html",
    "report.json",
    "run.json",
}
OF_NUMBERS = FILES - {"confusion.png"} | {"predicted.png"}
SIGNALLED = Path(__file__).with_name("signalled_run.py")


@pytest.fixture(scope="module")
def titanic(tmp_path_factory, run_in, shared_data, rendering):
    """A folder with a copy of the file and a run on it, ``one``."""
    here = tmp_path_factory.mktemp("titanic")
    (here / "titanic.csv").write_bytes((shared_data / "tabular" / "titanic.csv").read_bytes())
    settings = ("--epochs", 6, "--layers", 8, "--members", 5, "--seed", 3, "--out", "one")
    with rendering():
        done = run_in(here, "train", "titanic.csv", "--target", "survived", *settings)
    assert done.returncode == 0, done.stderr
    (here / "one.txt").write_text(done.stdout)
    return here


def _history(run: Path) -> pl.DataFrame:
    """The history but for what the clock says."""
    return pl.read_csv(run / "history.csv").drop("seconds")


def _assert_same(one: Path, two: Path) -> None:
    """The same networks and preparation to the bit, and the same history."""
    first, second = (library.load(run / "model.ellayer") for run in (one, two))
    assert len(first.members_) == len(second.members_) > 0
    for ours, theirs in zip(first.members_, second.members_, strict=True):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    for (arrays, facts), (others, further) in [
        (first.preparation_.get_state(), second.preparation_.get_state())
    ]:
        assert facts == further
        assert all(np.array_equal(arrays[name], others[name]) for name in arrays)
    assert _history(one).equals(_history(two))


def test_the_run_folder_is_whole(titanic):
    run = titanic / "one"
    assert {path.name for path in run.iterdir()} == FILES
    told = json.loads((run / "run.json").read_text())
    assert (told["name"], told["task"], told["target"], told["classes"]) == (
        "titanic",
        "classes",
        "survived",
        ["0", "1"],
    )
    assert told["rows"]["train"] + told["rows"]["test"] == 891
    assert told["rows"]["validation"] == told["rows"]["train"]  # each row is held out by a member
    score = told["scores"]["accuracy"]
    assert 0.5 < score["low"] < score["value"] < score["high"] < 1
    assert list(told["compared"]) == ["logistic regression", "gradient boosting", "the most frequent class"]
    config = tomllib.loads((run / "config.toml").read_text())
    assert (config["layers"], config["epochs"], config["seed"], config["source"]) == (
        [8],
        6,
        3,
        "titanic.csv",
    )
    assert len(_history(run)) == told["epochs"] == 6
    assert "survived" in (run / "report.html").read_text(encoding="utf-8")
    for picture in run.glob("*.png"):
        with Image.open(picture) as seen:
            assert seen.size[0] > 400


def test_the_terminal_says_it_on_80_columns(titanic):
    shown = (titanic / "one.txt").read_text()
    for words in ("titanic: survived, two values: 0 and 1", "On 178 test rows", "accuracy", "95 % interval",
                  "Warning: 'cabin' looks like an identifier", "Note: 178 of 891 rows were held out for testing",
                  "Written to one; open one/report.html"):  # fmt: skip
        assert words in " ".join(shown.split())
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("│") for line in lines) == 7  # a line for each score


def test_a_config_repeats_the_run_to_the_bit(titanic, run_in):
    done = run_in(titanic, "train", "--config", "one/config.toml", "--out", "repeated", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "repeated\n", "")
    _assert_same(titanic / "one", titanic / "repeated")
    assert (titanic / "one" / "config.toml").read_text() == (titanic / "repeated" / "config.toml").read_text()
    first, second = (json.loads((titanic / run / "run.json").read_text()) for run in ("one", "repeated"))
    assert first["scores"] == second["scores"]


def test_options_win_over_the_config_and_its_data_are_found_from_elsewhere(titanic, run_in):
    (titanic / "deep").mkdir()
    done = run_in(
        titanic / "deep",
        "train",
        "--config",
        "../one/config.toml",
        "--layers",
        "4,3",
        "--epochs",
        2,
        "--json",
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["run"] == "runs/titanic-1"
    assert (told["settings"]["layers"], told["settings"]["epochs"], told["settings"]["seed"]) == (
        [4, 3],
        2,
        3,
    )
    model = library.load(titanic / "deep" / told["run"] / "model.ellayer")
    assert model.network_.layer_dims[1:3] == (4, 3)


def test_a_changed_file_is_told(titanic, run_in, tmp_path):
    lines = (titanic / "titanic.csv").read_text().splitlines(keepends=True)
    (tmp_path / "titanic.csv").write_text("".join(lines[:-40]))
    done = run_in(tmp_path, "train", "--config", titanic / "one" / "config.toml", "--epochs", 1, "--json")
    assert "titanic.csv has changed since this config was written" in " ".join(
        json.loads(done.stdout)["notes"]
    )


def test_a_fresh_process_predicts_what_the_model_in_memory_does(titanic, run_in):
    settings = tomllib.loads((titanic / "one" / "config.toml").read_text())
    del settings["ellayer"]
    trainer = make_trainer({**settings, "source": str(titanic / "titanic.csv")})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the names and tickets, which are ignored
        trainer.source.fit(trainer.model)
    everything = library.data.read_examples(titanic / "titanic.csv", target="survived")
    done = run_in(titanic, "predict", "one", "titanic.csv", "--json", "--digits", 17)
    rows = json.loads(done.stdout)["rows"]
    assert [row["prediction"] for row in rows] == trainer.model.predict(everything.X).tolist()
    np.testing.assert_array_equal(
        [[row["p(0)"], row["p(1)"]] for row in rows], trainer.model.predict_proba(everything.X)
    )


@pytest.mark.parametrize(
    ("file", "options", "m", "files"),
    [
        ("tabular/penguins.csv", ("-t", "species"), 344, FILES),
        ("tabular/winequality-red.csv", ("-t", "quality"), 1599, OF_NUMBERS),
        ("tabular/abalone.csv", ("--target", "-1", "--task", "numbers"), 4177, OF_NUMBERS),
        pytest.param("tabular/california_housing.csv.gz", ("-t", "median_house_value"), 20640, OF_NUMBERS, marks=pytest.mark.slow),
        ("cats/train_catvnoncat.h5", (), 209, FILES - {"importance.png"} | {"mislabelled.png"}),
    ],
)  # fmt: skip
def test_real_files(ellayer, shared_data, tmp_path, rendering, file, options, m, files):
    settings = ("--members", 1, "--epochs", 2, "--layers", 6, "--json", "--out", "run")
    source = shared_data / file
    if (
        source.suffix == ".h5"
    ):  # every fourth row and column of the pixels: the training takes them as 12,288 columns
        source = _shrink(source, tmp_path / source.name)
    with rendering() if m == 1599 else nullcontext():
        done = ellayer("train", source, *options, *settings)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert sum(told["rows"].values()) == m
    assert {path.name for path in (tmp_path / "run").iterdir()} == files
    assert all(np.isfinite(score["value"]) for score in told["scores"].values())
    rows = json.loads(ellayer("predict", "run", source, "--json").stdout)["rows"]
    assert len(rows) == m


def _shrink(source: Path, path: Path) -> Path:
    """Copy an HDF5 file of images, every fourth row and column of pixels; return the path."""
    with h5py.File(source) as file, h5py.File(path, "w") as small:
        for name, values in file.items():
            small[name] = values[:, ::4, ::4] if values.ndim == 4 else values[:]
    return path


@pytest.mark.slow
def test_a_file_of_its_own_to_test_on(ellayer, shared_data, tmp_path):
    for part, rows in (("train", 3000), ("test", 1000)):
        with gzip.open(shared_data / "tabular" / f"adult-{part}.csv.gz", "rt") as file:
            lines = [line for line in islice(file, rows + 10) if line.count(",") == 14][:rows]
        (tmp_path / f"adult-{part}.csv").write_text("".join(lines))
    files = ("adult-train.csv", "-t", "-1", "--test", "adult-test.csv", "--members", 1)
    done = ellayer("train", *files, "--epochs", 6, "--layers", 6, "--json", "--out", "run")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["rows"]["test"] == 1000
    assert told["rows"]["train"] + told["rows"]["validation"] == 3000
    assert told["scores"]["accuracy"]["value"] > 0.8  # '<=50K.' of the test is '<=50K'


def _draw_pets(folder: Path, each: int = 24) -> Path:
    random = np.random.RandomState(0)
    for name, shade in (("cats", 60), ("dogs", 200)):
        (folder / name).mkdir(parents=True)
        for i in range(each):
            pixels = random.normal(shade, 40, (10, 12, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02}.png")
    return folder


@pytest.mark.usefixtures("rendered")
def test_a_folder_of_images(ellayer, tmp_path):
    _draw_pets(tmp_path / "pets")
    (tmp_path / "pets" / "cats" / "broken.jpg").write_bytes(b"\xff\xd8\xff damaged")
    done = ellayer("train", "pets", "--epochs", 4, "--layers", 4, "--json", "--out", "run")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["classes"] == ["cats", "dogs"]
    assert "1 image of 49 cannot be read and is ignored: cats/broken.jpg" in " ".join(told["notes"])
    assert {"mislabelled.png", "confusion.png"} <= {path.name for path in (tmp_path / "run").iterdir()}
    rows = json.loads(ellayer("predict", "run", "pets/dogs", "--json").stdout)["rows"]
    assert [row["file"] for row in rows] == [f"{i:02}.png" for i in range(24)]
    assert sum(row["prediction"] == "dogs" for row in rows) > 20
    strict = ellayer("train", "pets", "--strict")
    assert strict.returncode == 2
    assert "pets/cats/broken.jpg" in strict.stderr


def test_a_table_larger_than_memory(tmp_path, monkeypatch, run_in):
    random = np.random.RandomState(0)
    a, b = random.normal(size=(2, 3000))
    colour = np.where(a + b > 0, "red", "blue")
    pl.DataFrame({"a": a, "b": b, "colour": colour}).write_csv(tmp_path / "large.csv")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ellayer.data.too_large", lambda path: True)
    settings = {"source": "large.csv", "target": "colour", "epochs": 3, "layers": [8]}
    told, _ = (train_run(settings, Path(name)).summary for name in ("one", "two"))
    assert told["rows"]["train"] + told["rows"]["validation"] + told["rows"]["test"] == 3000
    assert "larger than memory" in " ".join(told["notes"])
    assert told["scores"]["accuracy"]["value"] > 0.8
    _assert_same(tmp_path / "one", tmp_path / "two")
    done = run_in(tmp_path, "predict", "one", "large.csv", "--out", "said.csv", "--keep", "colour")
    assert done.returncode == 0, done.stderr
    said = pl.read_csv(tmp_path / "said.csv")
    assert said["colour"].to_list() == colour.tolist()
    assert (said["colour"] == said["prediction"]).mean() > 0.8


# A run that is stopped goes on


def _signalled(folder: Path, name: str, epochs: int, *arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, SIGNALLED, name, str(epochs), *map(str, arguments)],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(titanic, run_in):
    """The settings of a run of two networks that shall be stopped, and the folder of one that was not."""
    settings = ("train", "titanic.csv", "-t", "survived", "--epochs", 8, "--layers", 6, "--members", 2)
    done = run_in(titanic, *settings, "--out", "whole")
    assert done.returncode == 0, done.stderr
    return settings


def test_a_killed_run_goes_on_to_what_it_would_have_been(titanic, whole, run_in):
    killed = _signalled(titanic, "SIGKILL", 3, *whole, "--out", "killed")
    assert killed.returncode == -9
    assert {path.name for path in (titanic / "killed").iterdir()} == {"checkpoint.ellayer", "config.toml"}
    done = run_in(titanic, "train", "--resume", "killed", "--quiet")
    assert (done.returncode, done.stdout) == (0, "killed\n"), done.stderr
    _assert_same(titanic / "whole", titanic / "killed")
    assert {path.name for path in (titanic / "killed").iterdir()} == FILES
    assert not [*titanic.glob(".killed.*")]
    again = run_in(titanic, "train", "--resume", "killed")
    assert again.returncode == 2
    assert "a completed run cannot be resumed" in again.stderr


def test_an_interrupted_run_keeps_a_model_and_goes_on(titanic, whole, run_in):
    stopped = _signalled(titanic, "SIGINT", 3, *whole, "--out", "stopped", "--json")
    assert stopped.returncode == 130, stopped.stderr
    assert "Traceback" not in stopped.stderr
    told = json.loads(stopped.stdout)
    assert (told["stopped_by"], told["epochs"]) == ("interrupted", 3)
    assert "--resume with this folder continues" in " ".join(told["notes"])
    assert {path.name for path in (titanic / "stopped").iterdir()} == {
        "model.ellayer", "history.csv", "config.toml", "run.json", "checkpoint.ellayer"
    }  # fmt: skip
    said = run_in(titanic, "predict", "stopped", "titanic.csv", "--json")
    assert len(json.loads(said.stdout)["rows"]) == 891
    done = run_in(titanic, "train", "--resume", "stopped", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["stopped_by"] != "interrupted"
    _assert_same(titanic / "whole", titanic / "stopped")


def test_resume_takes_no_other_settings(titanic, run_in):
    done = run_in(titanic, "train", "--resume", "one", "--epochs", 3)
    assert done.returncode == 2
    assert "--resume continues with the settings of the run" in done.stderr
