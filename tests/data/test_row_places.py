"""Each row of a table knows the line, or the row, on which it stands in its file."""

from __future__ import annotations

import csv
import io
import random

import numpy as np
import polars as pl
import pytest

from ellayer.data import read_examples


@pytest.mark.parametrize("seed", range(5))
def test_the_line_of_a_row_begins_with_its_first_cell(seed, tmp_path):
    draw, text = random.Random(seed), io.StringIO()
    text.write(draw.choice(["", "A title of the table\n\n"]))
    writer = csv.writer(text, lineterminator=draw.choice(["\n", "\r\n"]))
    writer.writerow(["number", "name", "target"])
    numbers = [1000 + i for i in range(40)]
    for number in numbers:
        text.write("\n" * draw.randint(0, 1))
        writer.writerow([number, draw.choice(["a", 'two\nlines, "quoted"', "b,c"]), draw.choice(["yes", "no", "no", ""])])  # fmt: skip
    (tmp_path / "t.csv").write_bytes(text.getvalue().encode())
    examples = read_examples(tmp_path / "t.csv", target="target")
    chosen = examples.take(np.arange(examples.m)[::-2])
    lines = (tmp_path / "t.csv").read_bytes().decode().split("\n")
    for row, name in zip(chosen.X["number"].to_list(), chosen.row_names(), strict=True):
        assert lines[int(name.removeprefix("line ")) - 1].startswith(f"{row},")


@pytest.mark.parametrize("write", ["csv", "parquet"])
def test_several_files_are_named(write, tmp_path):
    for name in ("a", "b"):
        getattr(pl.DataFrame({"x": [1, 2], "y": [0.5, 1.5]}), f"write_{write}")(tmp_path / f"{name}.{write}")
    examples = read_examples([tmp_path / f"a.{write}", tmp_path / f"b.{write}"], target="y")
    noun, first = ("line", 2) if write == "csv" else ("row", 1)
    assert examples.row_names() == [
        f"{file}.{write}, {noun} {i}" for file in "ab" for i in (first, first + 1)
    ]
