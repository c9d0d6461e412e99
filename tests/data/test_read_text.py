"""Tables in text: every way of writing one comes out as the same rows, in order."""

from __future__ import annotations

import csv
import gzip
import io

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ellayer.data import read_examples

ROWS = [("a", 1.5, 10), ("b", 22.25, 20), ("c, d", -0.5, 30)]


def write(path, text: str, encoding: str = "utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def rows_of(path, **options) -> list[tuple]:
    return read_examples(path, **options).X.rows()


# The real ones.


@pytest.mark.parametrize(
    ("file", "shape", "target", "dtype"),
    [
        ("titanic.csv", (891, 10), "survived", "int64"),
        ("penguins.csv", (344, 6), "species", "object"),
        ("adult-train.csv.gz", (32561, 14), -1, "object"),
        ("adult-test.csv.gz", (16281, 14), "x14", "object"),
        ("california_housing.csv.gz", (20640, 9), "median_house_value", "float64"),
        ("winequality-red.csv", (1599, 11), "quality", "int64"),
        ("abalone.csv", (4177, 8), "-1", "int64"),
    ],
)
def test_the_real_tables(shared_data, file, shape, target, dtype):
    found = read_examples(shared_data / "tabular" / file, target=target, need_target=True)
    assert (found.X.shape, found.y.dtype, len(found.y), found.m) == (shape, dtype, shape[0], shape[0])
    assert found.name == file.split(".")[0]
    assert found.target not in found.X.columns
    assert (
        repr(found)
        == f"Examples({found.name!r}: {shape[0]:,} rows, {shape[1]} columns, target {found.target!r})"
    )


def test_a_real_table_cell_by_cell(shared_data):
    path = shared_data / "tabular" / "titanic.csv"
    with open(path, newline="", encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    found = read_examples(path)
    for name in ("name", "ticket", "cabin", "sex"):
        assert found.X[name].to_list() == [row[name].strip() or None for row in expected]
    assert found.X["age"].to_list() == [float(row["age"]) if row["age"] else None for row in expected]
    assert found.X["survived"].to_list() == [int(row["survived"]) for row in expected]


def test_what_was_found_is_said_and_kept(shared_data):
    adult = read_examples(shared_data / "tabular" / "adult-train.csv.gz", target=-1)
    assert {key: value for key, value in adult.reading.items() if key != "schema"} == {
        "kind": "text", "delimiter": ",", "decimal": ".", "encoding": "utf-8", "header": False,
        "width": 15, "columns": 15, "target": "x14",
    }  # fmt: skip
    assert "uncompressed with gzip" in adult.notes
    assert any("no header detected" in note for note in adult.notes)
    wine = read_examples(shared_data / "tabular" / "winequality-red.csv")
    assert "a semicolon separates the values" in wine.notes


# Ways of writing.


@pytest.mark.parametrize(
    ("delimiter", "decimal"), [(",", "."), (";", "."), (";", ","), ("\t", ","), ("|", ".")]
)
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_dialect_gives_the_same_rows(tmp_path, delimiter, decimal, header, end):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerows(([("name", "size", "count")] if header else []) +
                     [(a, str(b).replace(".", decimal), c) for a, b, c in ROWS])  # fmt: skip
    found = read_examples(write(tmp_path / "a.csv", text.getvalue()))
    assert found.X.rows() == ROWS
    assert found.X.columns == (["name", "size", "count"] if header else ["x0", "x1", "x2"])
    reading = found.reading
    assert (reading["delimiter"], reading["decimal"], reading["header"]) == (delimiter, decimal, header)


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
     ("utf-16-be", "utf-16-be"), ("cp1252", "cp1252")],
)  # fmt: skip
@pytest.mark.parametrize("pack", [False, True])
def test_every_encoding_gives_the_same_rows(tmp_path, encoding, named, pack):
    content = "town,size\nMünster,1\nSão Paulo,2\nParis – Süd,3\n".encode(encoding)
    path = tmp_path / ("a.csv.gz" if pack else "a.csv")
    path.write_bytes(gzip.compress(content) if pack else content)
    found = read_examples(path)
    assert found.X.rows() == [("Münster", 1), ("São Paulo", 2), ("Paris – Süd", 3)]
    assert found.reading["encoding"] == named
    assert found.name == "a"
    assert bool(found.notes) == (encoding != "utf-8" or pack)


def test_a_named_encoding_is_taken(tmp_path):
    path = write(tmp_path / "a.csv", "town,size\n東京,1\n", "shift_jis")
    found = read_examples(path, encoding="shift-jis")
    assert found.X.rows() == [("東京", 1)]
    assert read_examples(path, reading=found.reading).X.rows() == [("東京", 1)]
    utf = write(tmp_path / "b.csv", "town,size\n東京,1\n")
    assert read_examples(utf, reading=found.reading).X.rows() == [("東京", 1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n\n3,4\n\n\n", [(1, 2), (3, 4)]),
        ("a,b\n1,\n,4", [(1, None), (None, 4)]),
        ('a,b\n1,"x\ny"\n2,z\n', [(1, "x\ny"), (2, "z")]),
        ('a,b\n1,"say ""hi"""\n', [(1, 'say "hi"')]),
        ('a, b\n1, "x, y"\n', [(1, "x, y")]),
        ('a,b\n5" pipe,1\n6 pipe,2\n', [('5" pipe', 1), ("6 pipe", 2)]),
        ("sep=;\na;b\n1;2\n", [(1, 2)]),
        ("a b\n1 2\n 10   20 \n", [(1, 2), (10, 20)]),
        ("a,b\n?,x\n2,?\n", [(None, "x"), (2, None)]),
        ("a,b\nNA,1\nnan,2\n3,3\n", [(None, 1), (None, 2), (3, 3)]),
        ("zip,b\n02139,1\n10001,2\n", [("02139", 1), ("10001", 2)]),
        ("a,b\n1e3,1\n-inf,2\n", [(1000.0, 1), (-np.inf, 2)]),
        ('a,b\n"1,234.5",1\n"12,000",2\n', [(1234.5, 1), (12000.0, 2)]),
        ("a;b\n1.234,5;1\n1.000;2\n", [(1234.5, 1), (1000.0, 2)]),
        ("a;b\n7,123;1\n0,125;2\n", [(7.123, 1), (0.125, 2)]),
        ("a;b\n7,123;1\n2,125;2\n", [(7.123, 1), (2.125, 2)]),
        ('a,b\n"7,123",1\n"2,125",2\n', [(7123.0, 1), (2125.0, 2)]),
        ("a,b\n0.123,1\n1.125,2\n", [(0.123, 1), (1.125, 2)]),
        ("a,b\n99999999999999999999,1\n5,2\n", [(1e20, 1), (5.0, 2)]),
        ("a\n1\n\n3\n", [(1,), (None,), (3,)]),
        ("true,1\nfalse,2\ntrue,3\n", [("true", 1), ("false", 2), ("true", 3)]),
        ("0,1,2\n5,6,7\n", [(5, 6, 7)]),
        ("M,yes\nF,no\nM,no\n", [("M", "yes"), ("F", "no"), ("M", "no")]),
        ("name,town\nAnn,Oslo\nBob,Rome\n", [("Ann", "Oslo"), ("Bob", "Rome")]),
        ("5.1,3.5,a\n", [(5.1, 3.5, "a")]),
        ("a\x0cb,c,d\n1,2,3\n", [(1, 2, 3)]),
        ("a,b\nx\u2028y,2\nz\x0b,3\n", [("x\u2028y", 2), ("z", 3)]),
    ],
)  # fmt: skip
def test_odd_texts(tmp_path, text, expected):
    assert rows_of(write(tmp_path / "a.txt", text)) == expected


@pytest.mark.parametrize("decimal", [",", "."])
def test_a_few_texts_among_many_numbers_are_missing_and_noted(tmp_path, decimal):
    lines = [f"{i}{decimal}5;x" for i in range(30)] + ["unknown;x"]
    examples = read_examples(write(tmp_path / "a.csv", "a;b\n" + "\n".join(lines)))
    assert examples.X["a"].to_list() == [i + 0.5 for i in range(30)] + [None]
    assert "'a': 'unknown' is not a number; treated as missing" in examples.notes


def test_what_is_said_wins_over_what_is_seen(tmp_path):
    path = write(tmp_path / "a.csv", "1;2,5\n3;4,5\n")
    assert rows_of(path) == [(1, 2.5), (3, 4.5)]
    assert rows_of(path, decimal=".") == [(1, "2,5"), (3, "4,5")]
    assert rows_of(path, delimiter="comma") == [("1;2", 5), ("3;4", 5)]
    assert rows_of(path, header=True) == [(3, 4.5)]
    assert read_examples(path, header=True).X.columns == ["1", "2,5"]


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(
        st.tuples(
            st.text(
                st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=8
            ).map(lambda text: f"t{text}"),
            st.integers(-(10**9), 10**9),
            st.floats(-1e6, 1e6),
        ),
        min_size=2,
        max_size=30,
    ),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_rows_come_back_in_number_and_order(tmp_path, rows, delimiter, quoting):
    path = tmp_path / "a.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter, quoting=quoting).writerows([("text", "whole", "real"), *rows])
    found = read_examples(path, delimiter=delimiter, decimal=".", header=True)
    assert found.X.rows() == rows


# The target.


def test_rows_without_a_target_are_left_out_and_counted(tmp_path):
    path = write(tmp_path / "a.csv", "a,kind\n1,x\n2,\n3,?\n4,none\n5,NA\n6,y\n")
    found = read_examples(path, target="kind")
    assert (found.X.rows(), found.y.tolist()) == ([(1,), (4,), (6,)], ["x", "none", "y"])
    assert "3 rows have no target (kind; rows 1, 2, 4, counted from 0); dropped" in found.notes
    numbers = read_examples(write(tmp_path / "b.csv", "a,b\n1,2.5\n2,None\n3,\n"), target="b")
    assert (numbers.y.tolist(), numbers.y.dtype) == ([2.5], np.float64)
    assert "2 rows have no target (b; rows 1, 2, counted from 0); dropped" in numbers.notes


def test_without_a_target_every_row_and_column_is_there(tmp_path):
    found = read_examples(write(tmp_path / "a.csv", "a,kind\n1,x\n2,\n"))
    assert (found.X.shape, found.y, found.target) == ((2, 2), None, None)


@pytest.mark.parametrize("place", [0, "0", -2, "-2", "a"])
def test_a_target_by_place(tmp_path, place):
    found = read_examples(write(tmp_path / "a.csv", "a,b\n1,x\n2,y\n"), target=place)
    assert (found.target, found.y.tolist()) == ("a", [1, 2])


def test_a_name_that_is_a_number_is_a_name_first(tmp_path):
    path = write(tmp_path / "a.csv", "town,1,0\nx,5,6\ny,7,8\n")
    assert read_examples(path, target="1", header=True).y.tolist() == [5, 7]


def test_a_further_file_is_read_alike(tmp_path):
    first = read_examples(write(tmp_path / "a.csv", "3;1,5;x\n1;2,5;y\n2;3,5;x\n"), target=0)
    further = read_examples(write(tmp_path / "b.csv", "9;z\n"), reading=first.reading)
    assert (further.X.columns, further.X.rows()) == (["x1", "x2"], [(9, "z")])
    whole = read_examples(write(tmp_path / "c.csv", "5;9;z\n"), reading=first.reading)
    assert whole.X.columns == ["x0", "x1", "x2"]


# Parquet.


def test_parquet_keeps_types_rows_and_order(tmp_path):
    frame = pl.DataFrame({
        "i": [3, 1, None], "f": [0.5, None, 2.5], "t": ["x", None, "y"], "b": [True, False, None],
        "c": pl.Series(["u", "v", "u"], dtype=pl.Categorical),
        "d": pl.Series(["2020-01-01", "2021-06-01", None]).str.to_date(),
        "e": pl.Series([1.5, 2.25, 3.0]).cast(pl.Decimal(10, 2)),
    })  # fmt: skip
    frame.write_parquet(tmp_path / "a.parquet")
    found = read_examples(tmp_path / "a.parquet")
    assert found.X.rows() == [(*row[:6], float(row[6])) for row in frame.rows()]
    assert [column["type"] for column in found.reading["schema"]["columns"]] == [
        "whole", "number", "text", "boolean", "text", "date", "number",
    ]  # fmt: skip
    for name, dtype, expected in (("c", object, ["u", "v", "u"]), ("b", bool, [True, False]), ("i", np.int64, [3, 1]),
                                  ("e", np.float64, [1.5, 2.25, 3.0])):  # fmt: skip
        taken = read_examples(tmp_path / "a.parquet", target=name)
        assert (taken.y.tolist(), taken.y.dtype) == (expected, dtype)


def test_parquet_is_known_by_its_content(tmp_path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.table")
    assert read_examples(tmp_path / "a.table").X.rows() == [(1,)]
