"""Several files as one table, patterns, folders and standard input."""

from __future__ import annotations

import gzip
import io
import sys

import numpy as np
import polars as pl
import pytest

from ellayer.data import DataError, MissingFileError, TableStream, read_examples, too_large
from table_files import WRITERS, write_excel, write_sqlite

ROWS = [("1.10", "a"), ("2.0", "b"), ("3.0-beta", "a"), ("4", "b"), ("05", "a"), ("?", "b")]
TYPED = pl.DataFrame(
    {"n": range(9), "x": [i / 4 for i in range(9)], "s": [*"abcdefgh", None], "y": [*"uvuvuvuvu"]}
)


def write_parts(folder, sizes, rows=ROWS, header="version,y\n"):
    """Write rows in text as files of some sizes; return the files."""
    folder.mkdir(exist_ok=True)
    lines, files = [",".join(row) + "\n" for row in rows], []
    for i, size in enumerate(sizes):
        files.append(folder / f"part-{i}.csv")
        files[-1].write_text(header + "".join(lines[:size]))
        lines = lines[size:]
    return files


@pytest.mark.parametrize("sizes", [(6,), (1, 5), (3, 2, 1), (1, 1, 1, 1, 1, 1)])
def test_types_do_not_depend_on_how_rows_are_divided(tmp_path, sizes):
    files = write_parts(tmp_path / "parts", sizes)
    whole = read_examples(write_parts(tmp_path / "whole", (6,))[0], target="y")
    for source in (files, tmp_path / "parts", str(tmp_path / "parts/*.csv"), str(tmp_path / "**/part-*.csv")):
        if "**" in str(source):
            (tmp_path / "whole/part-0.csv").unlink(missing_ok=True)
        examples = read_examples(source, target="y")
        assert examples.X.equals(whole.X)
        assert examples.X.schema == whole.X.schema
        assert examples.y.tolist() == whole.y.tolist()
    assert read_examples(tmp_path / "parts").name == "parts"
    assert read_examples(str(tmp_path / "parts/part-*")).name == "part"


def test_how_parts_are_read_and_in_which_order(tmp_path):
    files = write_parts(tmp_path / "parts", (2, 4))
    for name in ("notes.md", "_SUCCESS", ".hidden.csv"):
        (tmp_path / "parts" / name).write_text("x")
    examples = read_examples(tmp_path / "parts")
    assert examples.notes[:2] == (
        "other files ignored: notes.md",
        "2 files are read as one table, from part-0.csv to part-1.csv",
    )
    assert examples.reading["kind"] == "text"
    assert read_examples(files[::-1]).X["version"].to_list()[:2] == ["3.0-beta", "4"]
    assert read_examples(files[0], reading=examples.reading).X["version"].dtype == pl.String


@pytest.mark.parametrize("name", [name for name in WRITERS if "zip" not in name and name != "a.duckdb"])
def test_parts_of_every_kind(tmp_path, name):
    (tmp_path / "parts").mkdir()
    WRITERS[name](TYPED, tmp_path / name)
    for i, rows in enumerate((slice(0, 4), slice(4, 8), slice(8, 9))):
        part = TYPED[rows].select("y", "x", "n", "s") if i == 1 else TYPED[rows]
        WRITERS[name](part, tmp_path / "parts" / f"{i}-{name}")
    examples, whole = (
        read_examples(tmp_path / "parts", target="y"),
        read_examples(tmp_path / name, target="y"),
    )
    assert examples.X.equals(whole.X)
    assert examples.y.tolist() == whole.y.tolist()
    assert {**examples.reading, "sheet": 0, "table": 0} == {**whole.reading, "sheet": 0, "table": 0}


def test_the_part_that_differs_is_named(tmp_path):
    a, b = write_parts(tmp_path / "parts", (2, 4))
    b.write_text("version,z,w\n1,2,3\n")
    with pytest.raises(
        DataError, match=r"but .*part-1.csv lacks 'y' and has also 'z', 'w', unlike .*part-0.csv"
    ):
        read_examples([a, b])
    b.write_text("version,y\n1,2,3\n")
    with pytest.raises(DataError, match=r"part-1.csv"):
        read_examples([a, b])
    b.write_text("")
    with pytest.raises(DataError, match=r"part-1.csv is empty"):
        read_examples([a, b])
    TYPED.write_parquet(tmp_path / "parts" / "c.parquet")
    with pytest.raises(
        DataError, match=r"all of one kind, but .*part-0.csv is a table in text and .*c.parquet is a Par"
    ):
        read_examples([a, tmp_path / "parts" / "c.parquet"])
    TYPED.with_columns(pl.col("n").cast(pl.String)).write_parquet(tmp_path / "parts" / "d.parquet")
    with pytest.raises(
        DataError, match=r"expected Int64 in the column 'n' of .*d.parquet, as in .*c.parquet, received Str"
    ):
        read_examples(str(tmp_path / "parts" / "*.parquet"))
    np.save(tmp_path / "e.npy", np.ones((2, 2)))
    with pytest.raises(DataError, match="expected parts of one table"):
        read_examples([tmp_path / "e.npy", tmp_path / "e.npy"])


def test_a_training_and_a_test_table_are_not_one(tmp_path):
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    with pytest.raises(
        DataError, match=r"received test.csv, train.csv, whose names are those of different sets"
    ):
        read_examples(tmp_path)


def test_patterns(tmp_path):
    with pytest.raises(MissingFileError, match=r"expected files for the pattern .*, received none"):
        read_examples(str(tmp_path / "*.csv"))
    (tmp_path / "a[1].csv").write_text("a,b\n1,2\n")
    assert read_examples(tmp_path / "a[1].csv").m == 1
    assert read_examples(str(tmp_path / "a*.csv")).notes == ()
    with pytest.raises(DataError, match="received an empty list"):
        read_examples([])
    with pytest.raises(MissingFileError, match="expected a part of a table"):
        read_examples([tmp_path / "a[1].csv", tmp_path / "b.csv"])


class Piped(io.TextIOWrapper):
    def __init__(self, content: bytes):
        super().__init__(io.BytesIO(content))


@pytest.mark.parametrize(
    "name", ["a.csv", "a.csv.gz", "a.parquet", "a.xlsx", "a.json", "a.jsonl", "a.sqlite", "a.zip"]
)
def test_standard_input(tmp_path, monkeypatch, name):
    WRITERS[name](TYPED, tmp_path / name)
    monkeypatch.setattr(sys, "stdin", Piped((tmp_path / name).read_bytes()))
    examples, expected = read_examples("-", target="y"), read_examples(tmp_path / name, target="y")
    assert examples.X.equals(expected.X)
    assert (examples.name, examples.y.tolist()) == ("stdin", expected.y.tolist())


def test_standard_input_that_is_no_table(monkeypatch):
    for content in (b"", b"a,b\n1,2\n3\n", gzip.compress(b"x")[:15], b"PK\x03\x04", b"%PDF-"):
        monkeypatch.setattr(sys, "stdin", Piped(content))
        with pytest.raises(DataError, match=r"expected .*standard input") as error:
            read_examples("-")
        assert "/stdin" not in str(error.value)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(DataError, match="received a terminal"):
        read_examples("-")


def test_what_is_read_in_memory_only(tmp_path):
    path = write_excel([("a", "b"), (1, 2)], tmp_path / "a.xlsx")
    with pytest.raises(
        DataError, match=r"read in blocks, CSV or Parquet, but .* is a workbook, which is read in memory"
    ):
        TableStream(path, "a")
    write_sqlite(TYPED, tmp_path / "a.db")
    for source in (path, tmp_path / "a.db", tmp_path, "-", str(tmp_path / "*.csv"), [path, path]):
        assert not too_large(source)
    for source in (tmp_path, "-", str(tmp_path / "*.xlsx")):
        with pytest.raises(DataError, match="read in memory"):
            TableStream(source, "a")
