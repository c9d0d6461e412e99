"""``ellayer data``: what a file holds, through the installed program, on real files and on wrong ones."""

from __future__ import annotations

import html
import json

import h5py
import numpy as np
import pytest
from PIL import Image


@pytest.mark.parametrize(
    ("file", "options", "words"),
    [
        ("tabular/titanic.csv", ("--target", "survived"), ("891 rows, 10 columns", "a comma as delimiter", "cabin", "687",
                                                           "two values: 0 and 1", "61.6%", "free text")),
        ("tabular/adult-train.csv.gz", ("--target", "-1"), ("32,561 rows, 14 columns", "no header", "1,836", "<=50K",
                                                            "24,720", "99999 in 159 rows")),
        ("tabular/penguins.csv", ("-t", "species"), ("344 rows, 6 columns", "Chinstrap", "3 values: Adelie")),
        ("tabular/california_housing.csv.gz", ("-t", "median_house_value"), ("20,640 rows, 9 columns", "965 rows (5%)"), ),
        ("tabular/winequality-red.csv", ("-t", "quality"), ("a semicolon as delimiter", "240 rows repeat",
                                                            "6 different numbers from 3 to 8")),
        ("tabular/abalone.csv", ("-t", "x8", "--task", "numbers"), ("4,177 rows, 8 columns", "no header", "as specified")),
        ("tabular/abalone.csv", (), ("4,177 rows, 9 columns", "--target")),
        ("cats/train_catvnoncat.h5", (), ("209 images, 64 x 64 pixels, colour", "non-cat", "137", "No data warnings")),
    ],
)  # fmt: skip
def test_real_files(ellayer, shared_data, file, options, words):
    done = ellayer("data", shared_data / file, *options)
    assert (done.returncode, done.stderr) == (0, "")
    flat = " ".join(done.stdout.split())
    missing = [word for word in words if word not in flat]
    assert not missing


def test_json_for_programs(ellayer, shared_data):
    done = ellayer("data", shared_data / "tabular" / "winequality-red.csv", "--target", "quality", "--json")
    facts = json.loads(done.stdout)
    assert (facts["name"], facts["rows"], facts["target"], facts["task"]) == (
        "winequality-red",
        1599,
        "quality",
        "numbers",
    )
    assert [column["name"] for column in facts["columns"]][:2] == ["fixed acidity", "volatile acidity"]
    assert facts["reading"]["delimiter"] == ";"
    assert facts["notes"] == ["a semicolon separates the values"]
    assert any("240 rows repeat" in finding for finding in facts["findings"])


def test_a_folder_of_images(ellayer, shared_data, tmp_path):
    with h5py.File(shared_data / "cats" / "train_catvnoncat.h5") as file:
        x, y = file["train_set_x"][:20], file["train_set_y"][:20]
    for i, (pixels, label) in enumerate(zip(x, y, strict=True)):
        path = tmp_path / "pets" / ("cats" if label else "others") / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    (tmp_path / "pets" / "cats" / "bad.jpg").write_bytes(b"damaged")
    done = ellayer("data", "pets", "--size", "32x16", "--grey")
    assert done.returncode == 0
    flat = " ".join(done.stdout.split())
    for words in (
        "20 images, 16 x 32 pixels, grey",
        "cats/bad.jpg",
        "others",
        "images of 64 x 64, resized to 16 x 32",
    ):
        assert words in flat
    facts = json.loads(ellayer("data", "pets", "--json").stdout)
    assert (facts["rows"], facts["image_shape"]) == (20, [64, 64, 3])
    assert facts["classes"] == {"others": int((y == 0).sum()), "cats": int(y.sum())}
    strict = ellayer("data", "pets", "--strict")
    assert (strict.returncode, strict.stdout) == (2, "")
    assert "bad.jpg" in strict.stderr


@pytest.mark.parametrize("name", ["iris", "flower", "digits"])
def test_a_named_set(ellayer, name):
    done = ellayer("data", name)
    assert done.returncode == 0
    assert "Target class: classes" in done.stdout
    assert ellayer("data", name, "--delimiter", ";").returncode == 2


def test_a_file_named_like_a_set_is_the_file(ellayer, tmp_path):
    (tmp_path / "iris").write_text("a,b\n1,2\n")
    assert "1 row, 2 columns" in ellayer("data", "iris").stdout


def test_what_is_not_plain_text_stays_harmless(ellayer, tmp_path):
    (tmp_path / "a.csv").write_text("[bold]x,b\n[red]q,\x1b[2J\n[/]z,2\n" + "u,v\n" * 60)
    done = ellayer("data", "a.csv", "--header", "--target", "b")
    assert done.returncode == 0
    assert "[bold]x" in done.stdout
    assert "\x1b" not in done.stdout


WRONG = {
    "missing.csv": (None, (), "does not exist"),
    "empty.csv": (b"", (), "is empty"),
    "header.csv": (b"a,b\n", (), "expected rows below the header"),
    "page.csv": (b"<!doctype html><html></html>", (), "an HTML page"),
    "binary.csv": (bytes(range(256)), (), "a binary file"),
    "delimiter.csv": (b"a,b\n1,2\n", ("--delimiter", ";"), "try ','"),
    "ragged.csv": (b"a,b\n1,2\n1,2,3\n", (), "line 3 has 3"),
    "twice.csv": (b"a,a\n1,2\n", (), "'a' more than once"),
    "nameless.csv": (b"a,,c\n1,2,3\n", (), "column 2 of 3 has none"),
    "encoding.csv": (b"a,b\n\xfc,2\n", ("--encoding", "utf-8"), "line 2"),
    "target.csv": (b"age,kind\n1,2\n", ("--target", "knd"), "did you mean 'kind'"),
    "gone.csv": (b"a,b\n1,\n", ("--target", "b"), "all 1 are missing"),
    "size.csv": (b"a,b\n1,2\n", ("--size", "big"), "--size: expected a side"),
    "task.csv": (b"a,b\n1,2\n", ("--task", "classes"), "--task: expected --target with it"),
    "wish.csv": (b"a,b\n1,2\n", ("--task", "class", "--target", "b"), "--task: expected classes or numbers"),
    "text.csv": (b"a,b\n1,x\n", ("--task", "numbers", "--target", "b"), "expected numbers in the target"),
    "bad.parquet": (b"PAR1....PAR1", (), "truncated or damaged"),
    "bad.npy": (b"\x93NUMPY\x01\x00", (), "truncated or damaged"),
    "bad.png": (b"\x89PNG\r\n\x1a\n", (), "a PNG picture"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_end_with_2_and_one_message(ellayer, tmp_path, name):
    content, options, words = WRONG[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = sorted(tmp_path.iterdir())
    done = ellayer("data", name, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.startswith("ellayer: ")
    assert done.stderr.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_debug_shows_where(ellayer):
    done = ellayer("data", "missing.csv", "--debug")
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_many_columns_are_cut_and_counted(ellayer, tmp_path):
    np.save(tmp_path / "a.npy", np.random.RandomState(0).randn(60, 100))
    done = ellayer("data", "a.npy", "--target", "x0")
    assert "and 39 more columns" in done.stdout


def test_a_page_from_the_same_dictionary(ellayer, tmp_path):
    """It needs nothing from elsewhere, and shows names and values of the file as text."""
    hostile = "<img src=x onerror=alert(1)>"
    rows = [
        f'"{"</svg><script>x</script>" if i % 3 else hostile}",{i * 1.5 if i % 7 else ""},{"ab"[i % 2]}'
        for i in range(60)
    ]
    (tmp_path / "pets.csv").write_text(f'"{hostile}",weight,"<b>kind</b>"\n' + "\n".join(rows) + "\n")
    arguments = ("data", tmp_path / "pets.csv", "--target", "<b>kind</b>")
    done = ellayer(*arguments, "--html", tmp_path / "pets.html")
    assert "Written to" in done.stdout
    page = (tmp_path / "pets.html").read_text(encoding="utf-8")
    for text in (hostile, "<script", "<b>kind", "http://", "https://"):
        assert text not in page
    facts = json.loads(ellayer(*arguments, "--json").stdout)
    assert page.count("<h3>") == sum(bool(it["rows"]) for it in facts["distributions"]) == 2
    assert page.count("<rect") == 2 + sum(
        len(it["rows"]) + sum(count > 0 for row in it["rows_by_class"] for count in row)
        for it in facts["distributions"]
    )
    assert facts["target_distribution"]["rows"] == [30, 30]
    for finding in facts["findings"]:
        assert html.escape(finding).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
    again = ellayer(*arguments, "--html", tmp_path / "pets.html")
    assert again.returncode == 2
    assert "--html: expected a file that does not exist yet" in again.stderr


def test_a_page_of_numbers_and_one_without_a_target(ellayer, shared_data, tmp_path):
    wine = shared_data / "tabular" / "winequality-red.csv"
    ellayer("data", wine, "--target", "alcohol", "--html", tmp_path / "numbers.html")
    page = (tmp_path / "numbers.html").read_text(encoding="utf-8")
    assert page.count("<circle") > 50
    assert "mean ± 1 SD" in page
    ellayer("data", wine, "--html", tmp_path / "none.html")
    assert "<circle" not in (tmp_path / "none.html").read_text(encoding="utf-8")
