"""Tables in blocks of rows: every row once, in order, with the types of the first ones, whatever the blocks are."""

from __future__ import annotations

import gzip

import numpy as np
import polars as pl
import pytest

from ellayer.data import DataError, MissingFileError, TableStream, available_memory, read_examples, too_large
from ellayer.data import table_size as sizes
from ellayer.data.table_size import table_bytes


def together(stream):
    """All blocks as one frame with the target last."""
    blocks = list(stream.blocks())
    X = pl.concat([X for X, _ in blocks])
    return X.with_columns(pl.Series(stream.target, np.concatenate([y for _, y in blocks])))


@pytest.fixture
def table():
    random = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "a": random.standard_normal(500),
            "town": random.choice(["Oslo", 'the "old" one', "two\nlines", "a, b"], 500),
            "n": random.integers(0, 100, 500),
            "y": random.choice(["yes", "no"], 500),
        }
    )


@pytest.mark.parametrize("block_bytes", [400, 1000, 1 << 23])
def test_csv_in_blocks_of_any_size(table, tmp_path, block_bytes):
    table.write_csv(tmp_path / "t.csv")
    stream = TableStream(tmp_path / "t.csv", "y", block_bytes=block_bytes)
    assert stream.columns == ["a", "town", "n"]
    assert (len(list(stream.blocks())) > 1) == (block_bytes < 1 << 20)
    for _ in range(2):  # again and again
        found = together(stream)
        assert found["town"].to_list() == table["town"].to_list()
        assert found["y"].to_list() == table["y"].to_list()
        np.testing.assert_array_equal(found["n"], table["n"])
        np.testing.assert_allclose(found["a"], table["a"])


@pytest.mark.parametrize("row_group_size", [7, 100, None])
@pytest.mark.parametrize("block_bytes", [32, 8000, 1 << 23])
def test_parquet_in_blocks_of_any_size(table, tmp_path, row_group_size, block_bytes):
    table.write_parquet(tmp_path / "t.parquet", row_group_size=row_group_size)
    stream = TableStream(tmp_path / "t.parquet", -1, block_bytes=block_bytes)
    assert stream.target == "y"
    assert together(stream).equals(table)
    assert together(stream).equals(table)


def test_a_packed_csv_and_how_it_was_read(table, tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(table.write_csv(separator=";").encode()))
    stream = TableStream(tmp_path / "t.csv.gz", "y", block_bytes=1000)
    assert together(stream)["town"].to_list() == table["town"].to_list()
    assert (stream.name, stream.reading["delimiter"], stream.reading["columns"]) == ("t", ";", 4)
    assert stream.notes == ["uncompressed with gzip", "a semicolon separates the values"]
    again = TableStream(tmp_path / "t.csv.gz", "n", reading=stream.reading)
    assert again.reading == {**stream.reading, "target": "n"}


def test_the_same_as_read_whole(table, tmp_path):
    table = table.with_columns(a=pl.when(pl.col("n") > 90).then(None).otherwise("a"), code=pl.lit("007"))
    table.write_csv(tmp_path / "t.csv", null_value="?")
    whole = read_examples(tmp_path / "t.csv", target="n")
    assert together(TableStream(tmp_path / "t.csv", "n", block_bytes=900))["code"].to_list() == ["007"] * 500
    ((X, y),) = TableStream(tmp_path / "t.csv", "n").blocks()
    assert y.tolist() == whole.y.tolist()
    assert X.schema.names() == whole.X.schema.names()
    assert X["town"].equals(whole.X["town"])


def test_a_quoted_field_that_comes_late(tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n" + "b,1\n" * 50 + '"b,\nc",2\n' * 50)
    found = together(TableStream(tmp_path / "t.csv", "y", block_bytes=70))
    assert found["a"].to_list() == ["b"] * 50 + ["b,\nc"] * 50


def test_parquet_without_its_suffix(table, tmp_path):
    table.write_parquet(tmp_path / "t.bin")
    assert together(TableStream(tmp_path / "t.bin", "y")).equals(table)


def test_the_target_may_stand_anywhere_and_is_what_it_is(tmp_path):
    (tmp_path / "t.csv").write_text("y,a\n1,0.5\n0,1.5\n")
    ((X, y),) = TableStream(tmp_path / "t.csv", 0).blocks()
    assert X.columns == ["a"]
    assert y.dtype == np.int64
    ((_, a),) = TableStream(tmp_path / "t.csv", "a").blocks()
    assert a.tolist() == [0.5, 1.5]


def test_rows_without_a_target_are_left_out(tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n1,2\n2,\n3,NA\n4,?\n5,6\n")
    stream = TableStream(tmp_path / "t.csv", "y")
    ((X, y),) = stream.blocks()
    assert (X["a"].to_list(), y.tolist()) == ([1.0, 5.0], [2, 6])
    assert stream.odd == ["3 rows have no target (y; rows 1, 2, 3, counted from 0); dropped"]
    assert stream.notes == [
        "2 cells are taken as missing: '?' (1), 'NA' (1) (to keep such texts: na_values, --missing)"
    ]
    pl.DataFrame({"a": [1, 2, 3], "y": [1.0, None, float("nan")]}).write_parquet(tmp_path / "t.parquet")
    ((X, y),) = TableStream(tmp_path / "t.parquet", "y").blocks()
    assert (X["a"].to_list(), y.tolist()) == ([1], [1.0])


@pytest.mark.parametrize(
    ("text", "options", "a"),
    [
        ("a;y\n1,5;u\n2,5;v\n", {"decimal": ","}, [1.5, 2.5]),
        ("a\ty\n1\tu\n?\tv\n", {}, [1.0, None]),
        ("a|y\r\n1|u\r\n2|v\r\n", {}, [1.0, 2.0]),
        ("\ufeffa,y\n1,u\n2,v", {}, [1.0, 2.0]),
        ('"a","y"\n1,u\n2,v\n', {}, [1.0, 2.0]),
        ("a,y\n01,u\n02,v\n", {}, ["01", "02"]),
        ("a:y\n1:u\n2:v\n", {"delimiter": ":"}, [1.0, 2.0]),
        ("sep=;\na;y\n1;u\n2;v\n", {}, [1.0, 2.0]),
        ("a  y\n 1  u\n 2  v\n", {}, [1.0, 2.0]),
        ('"a\n",y\n"1,000",u\n"2,500",v\n', {}, [1000.0, 2500.0]),
    ],
)
def test_ways_of_writing(tmp_path, text, options, a):
    (tmp_path / "t.csv").write_bytes(text.encode())
    found = together(TableStream(tmp_path / "t.csv", "y", **options))
    assert found["a"].to_list() == a
    assert found["y"].to_list() == ["u", "v"]


def test_another_encoding_and_no_header(tmp_path):
    (tmp_path / "t.csv").write_bytes("Köln,1\nBärn,2\n".encode("latin-1"))
    found = together(TableStream(tmp_path / "t.csv", "x1", encoding="latin-1", header=False))
    assert found.rows() == [("Köln", 1), ("Bärn", 2)]
    assert together(TableStream(tmp_path / "t.csv", "x1", header=False)).rows() == found.rows()
    (tmp_path / "u.csv").write_bytes(b"Rom,1\n" * 50 + "Köln,1\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"line 51 of .* holds the byte 0xf6 after '.*K'; name the encoding"):
        list(TableStream(tmp_path / "u.csv", "x1", header=False, block_bytes=60).blocks())
    (tmp_path / "w.csv").write_text("Köln,1\n" * 9, encoding="utf-16")
    for size in (20, 1 << 20):
        wide = together(TableStream(tmp_path / "w.csv", "x1", header=False, block_bytes=size))
        assert wide.rows() == [("Köln", 1)] * 9
    with pytest.raises(DataError, match="encoding: expected the name"):
        TableStream(tmp_path / "t.csv", "x1", encoding="klingon", header=False)


def test_a_later_value_that_is_no_number_is_missing_and_told(tmp_path):
    rows = [f"{i},u\n" for i in range(100)]
    rows[90] = "ninety,u\n"
    (tmp_path / "t.csv").write_text("a,y\n" + "".join(rows))
    stream = TableStream(tmp_path / "t.csv", "y", block_bytes=100)
    expected = [float(i) if i != 90 else None for i in range(100)]
    for _ in range(2):
        assert together(stream)["a"].to_list() == expected
    assert stream.odd == [
        "column 'a': 1 value is not a number as in the first rows ('ninety'); treated as missing"
    ]


def test_a_later_target_of_another_kind_is_an_error(tmp_path):
    for odd, message in (
        ("many", "expected integers as in the first rows"),
        ("1.5", "expected integers as in"),
    ):
        (tmp_path / "t.csv").write_text("a,y\n" + "3,1\n" * 90 + f"3,{odd}\n")
        with pytest.raises(DataError, match=message):
            list(TableStream(tmp_path / "t.csv", "y", block_bytes=100).blocks())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a,y\n", "expected rows below the header"),
        (b"<!doctype html><html></html>", "is an HTML page"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "is a PNG picture"),
        (gzip.compress(b"a,y\n1,2\n" * 90, mtime=0)[:-9], "truncated or damaged"),
        (b"a,a,y\n1,2,3\n", "received 'a' more than once"),
        (b"a,,y\n1,2,3\n", "expected a name for each column"),
        (b"y\n1\n", "received 'y' alone"),
        (b"a,Y\n1,2\n", r"received 'y'; "),
        (b"a,y\n1,2\n1,2,3\n", "expected 2 values in every line"),
        (b"PAR1 and not more", "truncated or damaged"),
    ],
)
def test_what_is_no_table(tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(TableStream(tmp_path / "t.csv", "y").blocks())


def test_a_ragged_row_far_down_and_a_mark_left_open(tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n" + "1,2\n" * 200 + "1,2,3\n" + "1,2\n" * 200)
    with pytest.raises(
        DataError, match=r"expected 2 values in every line of .*, as in its first, but line 202 has 3"
    ):
        list(TableStream(tmp_path / "t.csv", "y", block_bytes=100).blocks())
    (tmp_path / "t.csv").write_text("a,y\n" + "1,2\n" * 200 + '"1,2\n' + "1,2\n" * 900)
    with pytest.raises(DataError, match="a quotation mark that is not closed"):
        list(TableStream(tmp_path / "t.csv", "y", block_bytes=100).blocks())


def test_no_file_and_no_such_column(tmp_path, table):
    with pytest.raises(MissingFileError, match="does not exist"):
        TableStream(tmp_path / "t.csv", "y")
    table.write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="received 'twon'; did you mean 'town'"):
        TableStream(tmp_path / "t.parquet", "twon")
    with pytest.raises(DataError, match="target: expected a column"):
        TableStream(tmp_path / "t.parquet", 4)


def test_a_parquet_of_lists_or_of_nothing(tmp_path):
    pl.DataFrame({"a": [[1], [2]], "y": [1, 2]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"received List\(Int64\) in 'a'"):
        TableStream(tmp_path / "t.parquet", "y")
    pl.DataFrame({"a": [], "y": []}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="received a table of 0 rows"):
        TableStream(tmp_path / "t.parquet", "y")


# Too large


def test_sizes_are_those_of_the_numbers(tmp_path, table):
    table = pl.concat([table] * 20)
    table.write_parquet(tmp_path / "t.parquet")
    assert table_bytes(tmp_path / "t.parquet") == 8 * table.height * table.width
    plain = table.with_columns(town=pl.lit("Oslo"))
    plain.write_csv(tmp_path / "t.csv", separator=";")
    assert table_bytes(tmp_path / "t.csv") == pytest.approx(8 * table.height * table.width, rel=0.01)


def test_what_is_too_large_depends_on_what_is_free(tmp_path, table, monkeypatch):
    table.write_csv(tmp_path / "t.csv")
    need = sizes.COPIES * table_bytes(tmp_path / "t.csv")
    assert available_memory() > need
    for free, answer in ((2 * need + 2, False), (2 * need - 2, True), (None, False)):
        monkeypatch.setattr(sizes, "available_memory", lambda free=free: free)
        assert too_large(tmp_path / "t.csv") is answer
    monkeypatch.setattr(sizes, "available_memory", lambda: 1)
    assert not too_large(tmp_path)  # a folder, of images perhaps
    with pytest.raises(MissingFileError):
        too_large(tmp_path / "none.csv")
