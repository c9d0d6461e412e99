"""Tables in every kind of file: the same table gives the same examples, and what is no such file one message."""

from __future__ import annotations

import contextlib
import datetime
import os
import sqlite3
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest
import xlsxwriter

from ellayer.data import DataError, read_examples
from ellayer.data.archives import table_suffix
from ellayer.data.file_kinds import FILE_KINDS, kind_of
from table_files import WRITERS, write_duckdb, write_excel, write_ods, write_sqlite, write_zip

FRAME = pl.DataFrame(
    {
        "count": [1, 2, None, -40, 2**53],
        "size": [1.5, None, -2.25, 1e300, 0.1],
        "town": ["Oslo", "Rome, Italy", None, 'the "Hague"', "Zürich\n8000"],
        "code": ["007", "12", "x", "?", "03"],
        "kind": ["cat", "dog", "cat", None, "dog"],
    }
)


def refused(path, words: str, **options) -> None:
    with pytest.raises(DataError, match=words) as error:
        read_examples(path, **options)
    assert "expected" in str(error.value)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("target", ["kind", "count", "size"])
def test_one_table_in_every_kind_of_file(tmp_path, name, target):
    frame = FRAME.with_columns(count=pl.lit(7) + pl.arange(0, 5)) if target == "kind" else FRAME
    WRITERS[name](frame, tmp_path / name)
    WRITERS["a.csv"](frame, tmp_path / "reference.csv")
    examples, reference = (read_examples(tmp_path / file, target=target) for file in (name, "reference.csv"))
    assert examples.X.schema == reference.X.schema
    assert examples.X.equals(reference.X)
    assert (examples.y.tolist(), examples.y.dtype) == (reference.y.tolist(), reference.y.dtype)
    assert (examples.target, examples.m) == (reference.target, 4)
    assert examples.name == name.split(".")[0]


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_recognised_whatever_its_name(tmp_path, name):
    WRITERS[name](FRAME, tmp_path / name)
    (tmp_path / name).rename(tmp_path / "table")
    assert read_examples(tmp_path / "table").X.columns == FRAME.columns
    (tmp_path / "table").rename(tmp_path / "table.csv")
    assert read_examples(tmp_path / "table.csv").X.columns == FRAME.columns


@pytest.mark.parametrize("kind", FILE_KINDS, ids=lambda kind: kind.name)
def test_a_row_of_the_table_of_kinds(tmp_path, kind):
    assert kind.suffixes
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in kind.suffixes)
    assert all(sum(suffix in other.suffixes for other in FILE_KINDS) == 1 for suffix in kind.suffixes)
    for name in WRITERS:
        if table_suffix(name) in kind.suffixes:
            WRITERS[name](FRAME, tmp_path / name)
            assert kind_of(tmp_path / name) is kind


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_and_foreign_files(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](FRAME, path)
    content = path.read_bytes()
    for part in (b"", b"  ", content[: len(content) // 2], content[:20], content[:1200], content[:-9]):
        path.write_bytes(part)
        with contextlib.suppress(DataError):
            read_examples(path)


@pytest.mark.parametrize("name", WRITERS)
def test_no_rows(tmp_path, name):
    WRITERS[name](FRAME.clear(), tmp_path / name)
    refused(tmp_path / name, "expected (rows|records|a table)")


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet", "a.feather", "a.duckdb", "a.npy", "a.npz", "a.h5"])
def test_a_name_that_promises_another_kind(tmp_path, name):
    (tmp_path / name).write_bytes(b"a,b\n1,2\n")
    refused(tmp_path / name, "by its name, but .* is a text that begins 'a,b'")


def test_an_option_of_another_kind(tmp_path):
    WRITERS["a.csv"](FRAME, tmp_path / "a.csv")
    WRITERS["a.xlsx"](FRAME, tmp_path / "a.xlsx")
    refused(tmp_path / "a.csv", "sheet: expected no such option", sheet="Data")
    refused(tmp_path / "a.xlsx", "query: expected no such option", query="SELECT 1")


@pytest.mark.parametrize(("library", "name"), [("fastexcel", "a.xlsx"), ("duckdb", "a.duckdb")])
def test_a_library_that_is_not_installed(tmp_path, monkeypatch, library, name):
    WRITERS[name](FRAME, tmp_path / name)
    monkeypatch.setitem(sys.modules, library, None)
    refused(tmp_path / name, rf"pip install 'ellayer\[files\]' \(or pip install {library}\)")


# Workbooks


def test_dates_truth_values_and_numbers_of_a_workbook(tmp_path):
    day, moment = datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 13, 30)
    rows = [
        ("day", "moment", "flag", "whole", "mixed"),
        (day, moment, True, 1, "a"),
        (None, None, False, 2.0, 7),
        (day, moment, True, None, 1.5),
    ]
    for path in (write_excel(rows, tmp_path / "a.xlsx"), write_ods(rows, tmp_path / "a.ods")):
        frame = read_examples(path).X
        assert frame.dtypes == [pl.Date, pl.Datetime("us"), pl.Boolean, pl.Int64, pl.String]
        assert frame.row(0) == (day, moment, True, 1, "a")
        assert frame["mixed"].to_list() == ["a", "7", "1.5"]


def test_errors_and_formulas_of_a_workbook(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        page = book.add_worksheet()
        for i, row in enumerate([("a", "b"), (1, "x"), (2, "y"), (3, "z")]):
            page.write_row(i, 0, row)
        page.write_formula(1, 0, "=1+4", None, 5)
        page.write_formula(2, 0, "=NA()", None, "#N/A")
        page.write_formula(3, 0, "=1+1", None, "")
    examples = read_examples(tmp_path / "a.xlsx")
    assert examples.X["a"].to_list() == [5, None, None]
    assert examples.notes == (
        "1 cell with an error such as #N/A; treated as missing",
        "1 formula without a stored result; treated as missing (open the workbook in Excel or LibreOffice and save it)",
    )
    path = write_ods([("a", "b"), (1, "x"), ("#N/A", "y")], tmp_path / "a.ods")
    examples = read_examples(path)
    assert examples.X["a"].to_list() == [1, None]
    assert examples.notes == ("1 cell with an error such as #N/A; treated as missing",)


def test_sheets_are_named_or_placed(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        for name, value in (("first", 1), ("second", 2), ("aside", 3)):
            page = book.add_worksheet(name)
            page.write_row(0, 0, ("a", "b"))
            page.write_row(1, 0, (value, 0))
        page.hide()
        book.add_worksheet("empty")
    for sheet, value in (("second", 2), (1, 2), ("1", 2), ("aside", 3), (0, 1), (-2, 3)):
        assert read_examples(tmp_path / "a.xlsx", sheet=sheet).X["a"].to_list() == [value]
    refused(
        tmp_path / "a.xlsx", "sheet: expected the name of one of the 2 sheets .* there are first, second$"
    )
    refused(tmp_path / "a.xlsx", "sheet: .* received 'secnod'; did you mean 'second'", sheet="secnod")
    refused(tmp_path / "a.xlsx", "sheet: expected a sheet from 0 to 3 .*, received 7", sheet=7)
    refused(tmp_path / "a.xlsx", "expected rows in the sheet 'empty'", sheet="empty")
    reading = read_examples(tmp_path / "a.xlsx", sheet="second").reading
    assert read_examples(tmp_path / "a.xlsx", reading=reading).X["a"].to_list() == [2]
    other = write_excel([("a", "b"), (9, 9)], tmp_path / "b.xlsx", "other")
    assert read_examples(other, reading=reading).X["a"].to_list() == [9]


def test_the_one_sheet_that_is_filled_and_not_hidden(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        book.add_worksheet("empty")
        page = book.add_worksheet("hidden")
        page.write(0, 0, "x")
        page.hide()
        book.add_worksheet("Data").write_column(0, 0, ["a", 1, 2])
    examples = read_examples(tmp_path / "a.xlsx")
    assert examples.X.rows() == [(1,), (2,)]
    assert examples.notes == ("hidden sheets ignored: hidden",)


def test_a_table_that_does_not_begin_in_the_corner(tmp_path):
    rows = [[None] * 5, [None, "Visits 2024"], [None] * 5, [None, "a", "b", "c", None], [None, 1, 2, 3], [None] * 5,
            [None, 4, 5, 6]]  # fmt: skip
    examples = read_examples(write_excel(rows, tmp_path / "a.xlsx"))
    assert examples.X.rows(named=True) == [{"a": 1, "b": 2, "c": 3}, {"a": 4, "b": 5, "c": 6}]
    assert examples.notes == ("title above the table ignored: 'Visits 2024'", "1 empty row skipped")


def test_headers_of_a_workbook(tmp_path):
    path = write_excel([("a", "b", "a"), (1, 2, 3)], tmp_path / "twice.xlsx")
    refused(path, "expected columns of different names .* 'a' more than once")
    with xlsxwriter.Workbook(tmp_path / "merged.xlsx") as book:
        page = book.add_worksheet()
        page.merge_range(0, 0, 0, 1, "both")
        page.write(0, 2, "c")
        page.write_row(1, 0, (1, 2, 3))
    refused(tmp_path / "merged.xlsx", "column 2 of 3 has none; give it one, and split merged cells")
    path = write_excel([(1, 2.5), (3, 4)], tmp_path / "none.xlsx")
    examples = read_examples(path)
    assert examples.X.columns == ["x0", "x1"]
    assert examples.X.rows() == [(1, 2.5), (3, 4.0)]
    assert "no header detected" in examples.notes[0]
    path = write_excel([("a", "b"), ("x", "y")], tmp_path / "words.xlsx")
    assert read_examples(path, header=False).X.rows() == [("a", "b"), ("x", "y")]
    refused(write_excel([("a", "b")], tmp_path / "header.xlsx"), "expected rows below the header")


def test_an_encrypted_workbook_and_other_documents(tmp_path):
    encrypted = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    (tmp_path / "a.xlsx").write_bytes(encrypted)
    refused(tmp_path / "a.xlsx", "expected a workbook without a password, but .* is encrypted")
    (tmp_path / "b.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000))
    refused(tmp_path / "b.xls", "expected a complete workbook, but .* is truncated or damaged")
    write_zip(tmp_path / "c.xlsb", **{"[Content_Types]__xml": b"", "xl/workbook__bin": b""})
    refused(tmp_path / "c.xlsb", "binary Excel workbook .save it as .xlsx")
    write_zip(tmp_path / "c.docx", **{"[Content_Types]__xml": b"", "word/document__xml": b""})
    refused(tmp_path / "c.docx", "an Office document")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs the list of open files")
@pytest.mark.parametrize("name", WRITERS)
def test_a_damaged_file_is_closed_while_its_error_is_kept(tmp_path, name):
    WRITERS[name](FRAME, tmp_path / name)
    content, errors = (tmp_path / name).read_bytes(), []
    for i in range(20):
        place = i * len(content) // 20
        (tmp_path / str(i)).mkdir()
        (tmp_path / str(i) / name).write_bytes(content[:place] + b"\xff\x00\x7f" + content[place + 3 :])
        try:
            read_examples(tmp_path / str(i) / name, target="kind")
        except DataError as error:
            errors.append(error)
    links = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert not [link for link in links if link.startswith(str(tmp_path))]
    assert errors


# Databases


@pytest.mark.parametrize(("name", "write"), [("a.db", write_sqlite), ("a.duckdb", write_duckdb)])
def test_tables_and_queries(tmp_path, name, write):
    path = write(FRAME, tmp_path / name, "visits")
    assert read_examples(path).X.height == 5
    write(FRAME.head(2), path, "my.towns")
    refused(path, "table: expected the name of one of the 2 tables .* there are my.towns, visits")
    assert read_examples(path, table="my.towns").X.height == 2
    refused(path, "table: .* received 'vists'; did you mean 'visits'", table="vists")
    chosen = read_examples(
        path, query="SELECT size, kind FROM visits WHERE size > 0 ORDER BY size;", target="kind"
    )
    assert chosen.X.rows() == [(0.1,), (1.5,)]
    assert read_examples(path, reading=chosen.reading).X.columns == ["size", "kind"]
    refused(path, "query: expected none with table", query="SELECT 1", table="visits")
    refused(path, "expected columns of different names", query="SELECT size, size FROM visits")
    refused(path, "expected rows", query="SELECT * FROM visits WHERE size > 1e301")
    refused(path, "no such column|not found", query="SELECT absent FROM visits")


@pytest.mark.parametrize(("name", "write"), [("a.db", write_sqlite), ("a.duckdb", write_duckdb)])
def test_a_query_only_reads(tmp_path, name, write):
    path = write(FRAME, tmp_path / name)
    before = path.read_bytes()
    for query in (
        "DELETE FROM visits", "DROP TABLE visits", "SELECT 1 AS a; DROP TABLE visits", "CREATE TABLE t (a)", "", "SELEC",
        f"ATTACH '{tmp_path / 'other.db'}' AS other", "PRAGMA journal_mode = DELETE", "VACUUM",
        f"COPY visits TO '{tmp_path / 'copy.csv'}'", "SELECT load_extension('x')",
        f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')", f"SELECT * FROM '{tmp_path / 'secret.csv'}'",
    ):  # fmt: skip
        (tmp_path / "secret.csv").write_text("a\n1\n")
        refused(path, "expected (one statement that reads|SQLite|DuckDB)", query=query)
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == [name, "secret.csv"]


def test_values_of_a_database_that_are_no_table(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as file:
        file.execute("CREATE TABLE t (a, b)")
        file.executemany("INSERT INTO t VALUES (?, ?)", [(1, b"\0"), ("x", None)])
        file.execute("CREATE VIEW v AS SELECT a FROM t")
        file.commit()
    refused(tmp_path / "a.db", "received bytes in 'b'")
    examples = read_examples(tmp_path / "a.db", table="v")
    assert examples.X["a"].to_list() == ["1", "x"]
    assert examples.notes == ("column 'a' mixes texts with other values; read as text",)
    with contextlib.closing(duckdb.connect(str(tmp_path / "a.duckdb"))) as file:
        file.execute("CREATE TABLE t AS SELECT 1::DECIMAL(9, 2) AS a, [1, 2] AS b, 'x'::BLOB AS c")
    refused(tmp_path / "a.duckdb", "received List.* in 'b', 'c'")
    assert read_examples(tmp_path / "a.duckdb", query="SELECT a FROM t").X.dtypes == [pl.Float64]
    with contextlib.closing(sqlite3.connect(tmp_path / "none.db")) as file:
        file.execute("CREATE TABLE t (a)")
        file.execute("DROP TABLE t")
    refused(tmp_path / "none.db", "one of the 0 tables")


# JSON


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[{"a": {"b": 1}}]', "received a record in 'a'"),
        ('[{"a": [1], "c": 2}]', "received a list in 'a'"),
        ('[{"a": 1}, 2]', "received a int among them"),
        ("[[1, 2], [3, 4]]", "received a list among them"),
        ('{"a": [1, 2], "b": [3, 4]}', "received one object with the names 'a', 'b'"),
        ('{"data": [{"a": 1}]}', "received one object with the names 'data'"),
        ('[{"a": 1, "a": 2}]', "each name once in a record, but .* holds 'a' twice"),
        ('[{"a": 1}, {"a": 2}', "truncated or damaged"),
        ('{"a": 1}\n{"a": 2\n', "line 2 of .* is truncated or damaged"),
        ('[{"a": ' + "1" * 5000 + "}]", "truncated or damaged"),
        ("[" * 100_000, "truncated or damaged"),
        ('{"a":' * 100_000, "truncated or damaged"),
        ("[]", "received none"),
        ("[{}]", "received none"),
    ],
)
def test_json_that_is_no_table(tmp_path, content, words):
    (tmp_path / "a.json").write_text(content)
    refused(tmp_path / "a.json", words)


def test_records_of_many_kinds(tmp_path):
    text = """[
      {"a": 1, "b": true, "c": "x", "e": 12345678901234567890123},
      {"a": 2.5, "b": null, "c": 7, "d": NaN, "e": 1},
      {"c": false, "a": null, "b": false}
    ]"""
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    examples = read_examples(tmp_path / "a.json")
    assert examples.X.schema == {
        "a": pl.Float64,
        "b": pl.Boolean,
        "c": pl.String,
        "e": pl.String,
        "d": pl.Float64,
    }
    assert examples.X["a"].to_list() == [1.0, 2.5, None]
    assert examples.X["c"].to_list() == ["x", "7", "false"]
    assert examples.X["e"].to_list() == ["12345678901234567890123", "1", None]
    assert examples.notes[1:] == (
        "column 'c' mixes texts with other values; read as text",
        "2 records without some of the names; missing there",
    )


# Archives


def test_an_archive_with_one_table(tmp_path):
    path = write_zip(
        tmp_path / "a.zip", notes__md=b"# Notes", data__csv=b"a,b\n1,2\n", **{"__MACOSX/._data__csv": b"x"}
    )
    examples = read_examples(path)
    assert (examples.X.rows(), examples.name) == ([(1, 2)], "a")
    assert examples.notes == (f"unpacked data.csv in {path}",)
    refused(
        write_zip(tmp_path / "b.zip", a__csv=b"a\n1\n", b__csv=b"a\n1\n"),
        r"received 2 files \(a.csv, b.csv\)",
    )
    refused(
        write_zip(tmp_path / "c.zip", a__csv=b"a,b\n1,2\n3,4,5\n"),
        "line 3 of a.csv in .*c.zip|a.csv in .*c.zip",
    )
    refused(write_zip(tmp_path / "d.zip"), "received 0 files")
    inner = write_zip(tmp_path / "inner.zip", a__csv=b"a\n1\n").read_bytes()
    refused(write_zip(tmp_path / "e.zip", inner__zip=inner), "received another archive; unpack it first")


def test_an_encrypted_archive(tmp_path):
    path = write_zip(tmp_path / "a.zip", a__csv=b"a,b\n1,2\n")
    content = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1
    path.write_bytes(content)
    refused(path, "expected a file without a password, but .* is encrypted")


@pytest.mark.parametrize("name", WRITERS)
def test_names_that_polars_would_expand_are_names_as_any_other(tmp_path, name):
    names = ["*", "^$^", "^t", "kind"]
    frame = pl.DataFrame(dict(zip(names, [[1, 2, 3, 4], ["x", "y", "z", "u"], ["2024-01-05", "2024-02-01", "2024-03-02", "2024-03-09"],
                                          ["a", "b", "a", "b"]], strict=True)))  # fmt: skip
    WRITERS[name](frame, tmp_path / name)
    examples = read_examples(tmp_path / name, target="kind")
    assert examples.X.columns == names[:3]
    assert examples.X.to_series(0).to_list() == [1, 2, 3, 4]
    assert examples.X.to_series(1).to_list() == ["x", "y", "z", "u"]
    star = read_examples(tmp_path / name, target="*")
    assert (star.y.tolist(), star.X.columns) == ([1, 2, 3, 4], names[1:])
    assert read_examples(tmp_path / name, drop=["*"]).X.columns == names[1:]
    frame.rename({"^t": "^t.*$"}).write_csv(tmp_path / "a.csv")
    refused(tmp_path / "a.csv", r"received '\^t\.\*\$', which .* treats as a pattern.*rename the column")


def test_a_name_in_a_database_that_is_no_utf_8(tmp_path):
    WRITERS["a.sqlite"](FRAME, tmp_path / "a.sqlite")
    content = (tmp_path / "a.sqlite").read_bytes()
    (tmp_path / "a.sqlite").write_bytes(content.replace(b'"town"', b'"to\xffn"'))
    refused(tmp_path / "a.sqlite", "expected SQLite to read")
