"""Lines that are not rows, columns that hold nothing, and an index without a name: ignored with a note."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ellayer.data import DataError, TableStream, read_examples

PLAIN = [(1.5, "x"), (2.5, "y"), (3.5, "x"), (4.5, "y")]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (",a,b\n0,1.5,x\n1,2.5,y\n2,3.5,x\n3,4.5,y\n", "the first column has no name and counts the rows: ignored"),
        (",a,b\n17,1.5,x\n3,2.5,y\n99,3.5,x\n8,4.5,y\n", "counts the rows: ignored"),
        ('"a","b"\n"1",1.5,"x"\n"2",2.5,"y"\n"3",3.5,"x"\n"4",4.5,"y"\n', "counts the rows: ignored"),
        ("a,b,\n1.5,x,\n2.5,y,\n3.5,x,\n4.5,y,\n", "1 empty column without a name ignored"),
        ("a,b\n1.5,x,\n2.5,y,\n3.5,x,\n4.5,y,\n", "1 empty column without a name ignored"),
        ("a,b,\n1.5,x\n2.5,y\n3.5,x\n4.5,y\n", ""),
        ("a,,b,,\n1.5,,x,,\n2.5,,y,,\n3.5,,x,,\n4.5,,y,,\n", "3 empty columns without a name ignored"),
        ("Sales of 2024\n\na,b\n1.5,x\n2.5,y\n3.5,x\n4.5,y\n", "1 line above the table skipped"),
        ("# made by hand\na,b\n1.5,x\n# a note, with a comma\n2.5,y\n3.5,x\n4.5,y\n", None),
        ("a,b\n1.5,x\n2.5,y\n3.5,x\n4.5,y\nTotal: 4 rows\n", "1 line below the table skipped"),
        ("a,b\n1.5,x\n2.5,y\n3.5,x\n4.5,y\n\nSource\n", "1 line below the table skipped"),
        ("a,b\n[kg],\n1.5,x\n2.5,y\n3.5,x\n4.5,y\n", "the line below the header holds units ('[kg]'); skipped"),
    ],
)  # fmt: skip
def test_what_is_left_out(tmp_path, text, note):
    (tmp_path / "t.csv").write_text(text)
    options = {"comment": "#"} if note is None else {}
    examples = read_examples(tmp_path / "t.csv", **options)
    assert (examples.X.columns, examples.X.rows()) == (["a", "b"], PLAIN)
    assert note is None or any(note in n for n in examples.notes) or note == ""
    blocks = list(TableStream(tmp_path / "t.csv", "b", block_bytes=20, **options).blocks())
    assert [row[0] for X, _ in blocks for row in X.rows()] == [row[0] for row in PLAIN]


def test_titles_of_a_wide_table(tmp_path):
    rows = "".join(f"{i},{i / 7:.2f},z{i % 3}\n" for i in range(30))
    for title in ("Report\n", "Report,,\nof 2024,,\n", "Report\n\nof the year\n"):
        (tmp_path / "t.csv").write_text(title + "a,b,c\n" + rows)
        assert read_examples(tmp_path / "t.csv").X.shape == (30, 3)


def test_units_of_several_columns(tmp_path):
    (tmp_path / "t.csv").write_text("mass,name,height\nkg,,m\n1.5,x,2\n2.5,y,3\n3.5,z,4\n")
    examples = read_examples(tmp_path / "t.csv")
    assert examples.X["height"].to_list() == [2, 3, 4]
    assert "the line below the header holds units ('kg', 'm'); skipped" in examples.notes


def test_what_pandas_writes_by_default(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"a": rng.normal(size=50), "t": rng.choice(["x", "y"], 50), "y": rng.choice([0, 1], 50)}
    )
    frame.sample(frac=1, random_state=0).to_csv(tmp_path / "t.csv")
    examples = read_examples(tmp_path / "t.csv", target="y")
    assert examples.X.columns == ["a", "t"]
    frame[["a", "t"]].head(1).to_csv(tmp_path / "u.csv")
    assert read_examples(tmp_path / "u.csv", reading=examples.reading).X.columns == ["a", "t"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n", "but line 3 has 1"),  # cut short, no footer
        ("a,b\n1,2\nTotal: 5\n3,4\n", "but line 3 has 1"),
        (",a\nu,1\nv,2\n", "column 1 of 2 has none"),
        ("a,,b\n1,,2\n3,x,4\n", "column 2 of 3 has none"),
        ("comment\nnice, good\nbad, ugly\n", "the first line has 1 and the rows below have 2 values"),
    ],
)
def test_what_is_still_refused(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_examples(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('size,price\n5",1\n6,2\n7",3\n8",4\n', [('5"', 1), ("6", 2), ('7"', 3), ('8"', 4)]),
        ('size,price\n5",1\n6,2\n7",3\n8,4\n', [('5"', 1), ("6", 2), ('7"', 3), ("8", 4)]),
        ('note,w\n "a, b",190\n "c",170\n', [("a, b", 190), ("c", 170)]),
        ('note,w\n"a, ""b",190\n"c\n ""d",170\n', [('a, "b', 190), ('c\n "d', 170)]),
    ],
)
def test_quotation_marks_within_fields_and_after_blanks(tmp_path, text, rows):
    (tmp_path / "t.csv").write_text(text)
    assert read_examples(tmp_path / "t.csv").X.rows() == rows
