"""``ellayer train`` on what cannot be trained on: one message on a screen, exit code 2, and nothing written."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from PIL import Image

GOOD = "a,b,kind\n" + "".join(
    f"{a:.3f},{b:.3f},{'red' if a + b > 0 else 'blue'}\n"
    for a, b in np.random.RandomState(0).normal(size=(60, 2))
)
FILES = {
    "good.csv": GOOD.encode(),
    "green.csv": GOOD.replace("red", "green").replace("blue", "green").encode(),
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
        (("good.csv", *T, "--test", "1.5"), "--test: expected a share"),
        (
            ("good.csv", *T, "--test", "green.csv"),
            "--test: expected classes as in training (blue, red), received 'green'",
        ),
        (("good.csv", *T, "--kind", "a=odd"), "expected one of boolean, categorical"),
        (("good.csv", *T, "--iterations", "5"), "--iterations does not go with the file good.csv"),
        (("good.csv", *T, "--out", "full"), "holds something already"),
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
        ("1,2,\n1,2,?\n", "2 of 62 rows have no target (kind); dropped"),
        ("0.2,0.1,green\n", "1 class has one row only ('green')"),
    ],
)
def test_what_is_odd_is_told_and_trained_on(ellayer, tmp_path, more, said):
    (tmp_path / "odd.csv").write_text(GOOD + more)
    done = ellayer("train", "odd.csv", *T, "--epochs", 2, "--layers", 3)
    assert done.returncode == 0, done.stderr
    assert said in " ".join(done.stdout.split())


def test_a_full_disk_leaves_nothing(program, tmp_path):
    (tmp_path / "good.csv").write_text(GOOD)
    limited = ["bash", "-c", 'ulimit -f 4; exec "$@"', "-"]  # no file larger than 4 KiB
    done = subprocess.run(
        [*limited, program, "train", "good.csv", *T, "--epochs", "2", "--layers", "3", "--out", "run"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "free some space, or choose another place with --out" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["good.csv"]
