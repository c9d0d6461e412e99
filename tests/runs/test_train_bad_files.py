"""``ellayer train`` on what cannot be trained on: one message on a screen, exit code 2, and nothing written."""

from __future__ import annotations

import json
import os
import subprocess

import numpy as np
import pytest
from PIL import Image

from ellayer.errors import UsageError
from ellayer.runs import report_files
from ellayer.runs.saved_model import open_model
from ellayer.runs.train_run import train_run

GOOD = "a,b,kind\n" + "".join(
    f"{a:.3f},{b:.3f},{'red' if a + b > 0 else 'blue'}\n"
    for a, b in np.random.RandomState(0).normal(size=(60, 2))
)
FILES = {
    "good.csv": GOOD.encode(),
    "green.csv": GOOD.replace("red", "green").replace("blue", "green").encode(),
    "truth.csv": GOOD.replace("red", "1").replace("blue", "0").encode(),
    "amounts.csv": ("a,b,kind\n" + "".join(f"{i},{i % 7},{i}.5\n" for i in range(60))).encode(),
    "short.csv": GOOD.replace("a,b,kind", "a,c,kind").encode(),
    "untold.csv": b"a,b,kind\n1,2,\n2,1,\n",
    "empty.csv": b"",
    "head.csv": b"a,b,kind\n",
    "page.csv": b"<!DOCTYPE html><html><body>Not found</body></html>\n",
    "binary.csv": bytes(range(256)) * 9,
    "ragged.csv": (GOOD + "1,2,red,4\n").encode(),
    "twice.csv": b"a,a,kind\n1,2,x\n3,4,y\n",
    "noname.csv": b"a,,kind\n1,2,x\n3,4,y\n",
    "latin.csv": "a,kind\n1,\u00e9t\u00e9\n2,x\n".encode("latin-1"),
    "constant.csv": b"a,kind\n" + b"1,x\n2,x\n" * 10,
    "flat.csv": b"a,b,kind\n" + b"1,2,x\n1,2,y\n" * 15,
}
T = ("--target", "kind")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.csv", *T), "none.csv does not exist"),
        (("empty.csv", *T), "empty.csv is empty"),
        (("head.csv", *T), "expected rows below the header of head.csv"),
        (("page.csv", *T), "page.csv is an HTML page"),
        (("binary.csv", *T), "binary.csv is a binary file"),
        (("ragged.csv", *T), "line 62 has 4"),
        (("twice.csv", *T), "received 'a' more than once (columns 1, 2)"),
        (("noname.csv", *T), "column 2 of 3 has none"),
        (("latin.csv", *T, "--encoding", "utf-8"), "line 2 of latin.csv holds the byte 0xe9"),
        (("constant.csv", *T), "received 'x' in all 20 rows"),
        (("flat.csv", *T), "'a' (constant), 'b' (constant); name another file"),
        (("good.csv", "--target", "kinds"), "did you mean 'kind'?"),
        (("good.csv",), "the columns of good.csv are a, b, kind"),
        (("good.csv", *T, "--delimiter", ";"), "which leaves each line whole"),
        (("good.csv", *T, "--metric", "beauty"), "--metric: expected accuracy or auc or"),
        (
            ("good.csv", *T, "--class-weight", "odd"),
            "--class-weight: expected balanced or None, received 'odd'",
        ),
        (("good.csv", *T, "--test", "1.5"), "--test: expected a fraction"),
        (
            ("good.csv", *T, "--test", "green.csv"),
            "'kind': expected classes that the model knows (blue, red), received green in --test green.csv",
        ),
        (
            ("truth.csv", *T, "--test", "good.csv"),
            "'kind': expected numbers as in training, received 'blue', 'red'",
        ),
        (
            ("amounts.csv", *T, "--test", "good.csv"),
            "'kind': expected numbers as in training, received 'blue', 'red'",
        ),
        (("good.csv", *T, "--test", "short.csv"), "but --test short.csv lacks 'b'; it has 'a', 'c'"),
        (("good.csv", *T, "--test", "untold.csv"), "of untold.csv, but all 2 are missing"),
        (("good.csv", *T, "--kind", "a=odd"), "expected one of boolean, categorical"),
        (("good.csv", *T, "--iterations", "5"), "--iterations is not supported for the file good.csv"),
        (("good.csv", *T, "--out", "full"), "is not empty"),
        (("alone",), "received one with images, 'cats'"),
    ],
)
def test_what_cannot_be_trained_on(ellayer, tmp_path, arguments, said):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    for folder in ("alone/cats", "full"):
        (tmp_path / folder).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / folder / "a.png")
    before = {path.name for path in tmp_path.iterdir()}
    done = ellayer("train", *arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) < 20
    assert {path.name for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("1,2,\n1,2,?\n", "2 rows have no target (kind; rows 60, 61, counted from 0); dropped"),
        ("0.2,0.1,green\n", "1 class has one row only ('green')"),
    ],
)
def test_what_is_odd_is_told_and_trained_on(ellayer, tmp_path, more, said):
    (tmp_path / "odd.csv").write_text(GOOD + more)
    done = ellayer("train", "odd.csv", *T, "--epochs", 2, "--layers", 3)
    assert done.returncode == 0, done.stderr
    assert said in " ".join(done.stdout.split())


def test_unknown_classes_of_a_test_file_are_counted(ellayer, tmp_path):
    (tmp_path / "good.csv").write_text(GOOD)
    (tmp_path / "new.csv").write_text("a,b,kind\n1,2,red\n-1,-2,green\n-3,-1,blue\n")
    done = ellayer("train", "good.csv", *T, "--test", "new.csv", "--epochs", 2, "--layers", 3)
    assert done.returncode == 0, done.stderr
    said = "1 of 3 rows are of classes the model does not know (green); they count as wrong"
    assert said in " ".join(done.stdout.split())


@pytest.mark.parametrize("share", ["0.2", "0.01"])
def test_a_share_of_no_row_is_told(ellayer, tmp_path, share):
    (tmp_path / "few.csv").write_text("a,kind\n" + "".join(f"{i % 7},c{i % 15}\n" for i in range(30)))
    done = ellayer("train", "few.csv", *T, "--test", share, "--epochs", 2, "--layers", 3)
    assert done.returncode == 0, done.stderr
    assert "no rows were held out for testing: 30 are too few in each class" in " ".join(done.stdout.split())


@pytest.mark.usefixtures("rendered")
def test_dollar_signs_are_drawn_as_they_are(tmp_path):
    names = ("cost ($) per $_unit", "rent ($_k)")
    rows = "".join(f"{i % 5},{i % 3},{'$low$' if i % 2 else '$hi_$'}\n" for i in range(60))
    (tmp_path / "money.csv").write_text(f"{','.join(names)},kind\n{rows}")
    settings = {"source": tmp_path / "money.csv", "target": "kind", "epochs": 2, "layers": [3]}
    finished = train_run(settings, tmp_path / "run")
    assert not [note for note in finished.summary["notes"] if "could not be created" in note]
    page = (finished.path / "report.html").read_text()
    assert ">$hi_$<" in page
    assert ">rent ($_k)<" in page


def test_a_picture_that_fails_does_not_cost_the_run(tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise ValueError("no ink")

    monkeypatch.setattr("ellayer.runs.report_files._surviving", report_files._surviving.__wrapped__)
    monkeypatch.setattr("ellayer.report.plots_quality.confusion_matrix", fail)
    (tmp_path / "good.csv").write_text(GOOD)
    settings = {"source": tmp_path / "good.csv", "target": "kind", "epochs": 2, "layers": [3]}
    path = train_run(settings, tmp_path / "run").path
    assert open_model(path).classes == ["blue", "red"]
    notes = json.loads((path / "run.json").read_text())["notes"]
    assert [
        note
        for note in notes
        if note.endswith("could not be created because of a bug in ellayer: ValueError: no ink")
    ]


def test_test_rows_that_cannot_be_predicted_do_not_cost_the_run(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise UsageError("all values are strange")

    monkeypatch.setattr("ellayer.runs.table_trainer.predict", refuse)
    (tmp_path / "good.csv").write_text(GOOD)
    settings = {"source": tmp_path / "good.csv", "target": "kind", "epochs": 2, "layers": [3]}
    summary = train_run(settings, tmp_path / "run").summary
    assert summary["scored_on"] == "rows held out in training"
    assert "the test rows could not be predicted (all values are strange)" in " ".join(summary["notes"])


def test_a_full_disk_leaves_nothing(program, tmp_path):
    (tmp_path / "good.csv").write_text(GOOD)
    limited = ["bash", "-c", 'ulimit -f 4; exec "$@"', "-"]  # no file larger than 4 KiB
    done = subprocess.run(
        [*limited, program, "train", "good.csv", *T, "--epochs", "2", "--layers", "3", "--out", "run"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},  # Python would keep the first 4 KiB of a compiled module
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "free some space, or choose another place with --out" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["good.csv"]
