"""Files that cannot be used: each ends in one message that says what was expected, what came and what to try."""

from __future__ import annotations

import contextlib
import gzip
import os
import pickle
import re
import tracemalloc
import zipfile

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ellayer.data import DataError, MissingFileError, memory, read_examples


def refused(path, words: str, **options) -> str:
    """Read a file that is refused, check the message's form, and return it."""
    with pytest.raises(DataError, match=words) as caught:
        read_examples(path, **options)
    message = str(caught.value)
    assert re.search("expected|declares|needs", message)
    assert len(message) < 700
    assert "\n" not in message
    return message


def write(path, content: str | bytes):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_no_such_file(tmp_path):
    write(tmp_path / "titanic.csv", "a,b\n1,2\n")
    with pytest.raises(MissingFileError, match=r"did you mean '.*titanic\.csv'"):
        read_examples(tmp_path / "titanc.csv")


@pytest.mark.parametrize(
    "content", [b"", b"   \n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", gzip.compress(b"", mtime=0)]
)
def test_an_empty_file(tmp_path, content):
    refused(write(tmp_path / "a.csv", content), "a.csv is empty; download or write the file again")


@pytest.mark.parametrize("content", ["name,size", "name,size\n", "name,size\n\n\n", "name;size\r\n"])
def test_a_header_only(tmp_path, content):
    refused(write(tmp_path / "a.csv", content), r"expected rows below the header.*\(name, size\).*add rows")


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a"])
def test_an_html_page(tmp_path, pack, name):
    page = b"<!DOCTYPE html><html><body>Sign in, please</body></html>"
    content = gzip.compress(page) if pack else page
    refused(write(tmp_path / name, content), "is an HTML page .a web page was saved in place of the file")


@pytest.mark.parametrize("name", ["a.parquet", "a.npz", "a.npy", "a.h5", "a.png"])
def test_an_html_page_under_the_name_of_data(tmp_path, name):
    refused(write(tmp_path / name, "<html>gone</html>"), "is an HTML page")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bytes(range(256)) * 4, "is a binary file"),
        (b"a,b\n1,\x00\n", "is a binary file .the byte 0x00 at place 6"),
        (b"%PDF-1.7 ...", "is a PDF document"),
        (pickle.dumps([1, 2, 3], protocol=4), "is a Python pickle, which is never opened"),
        (b"SQLite format 3\0", "it says: file is not a database"),
        (b"Obj\x01...", "is an Avro file .write it as Parquet"),
        (b"@relation iris\n@attribute a real\n", "is ARFF"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    ],
)
def test_another_kind_of_file(tmp_path, content, words):
    refused(write(tmp_path / "a.csv", content), words)


def test_a_pickle_is_never_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    np.save(tmp_path / "a.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    refused(tmp_path / "a.npy", "Python objects, which are never opened")
    np.savez(tmp_path / "a.npz", x=np.array([Evil()], dtype=object), allow_pickle=True)
    refused(tmp_path / "a.npz", "Python objects, which are never opened")
    assert not (tmp_path / "ran").exists()


def test_a_wrong_delimiter(tmp_path):
    path = write(tmp_path / "a.csv", "a,b\n1,2\n3,4\n")
    refused(path, r"received ';', which leaves each line whole \('a,b'\); try ','", delimiter=";")
    refused(path, "delimiter: expected one character", delimiter=",,")
    refused(path, "decimal: expected '.' or ','", decimal=";")
    refused(path, "decimal: expected another character than the delimiter", decimal=",", delimiter=",")
    refused(
        write(tmp_path / "b.csv", "kind\na\nb\n"),
        "columns besides the target.*name the delimiter",
        target="kind",
    )


@pytest.mark.parametrize(
    "text", ['""b""",,\n"', '11"1aa1\na",,a\n', 'a"\na\n\t\t\n\'a\'\'\t\t\n."\t\'"""1a.a.\t"1\'a\t']
)
def test_quotation_marks_that_do_not_fit(tmp_path, text):
    refused(write(tmp_path / "a.csv", text), "a value with a quotation mark has no end")


pieces = st.sampled_from([*'",;\t\n a1.', "\r\n", '""', "'", "\\", "#"])


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(text=st.lists(pieces, max_size=24).map("".join), header=st.sampled_from([None, True, False]))
def test_any_marks_are_read_or_refused(tmp_path_factory, text, header):
    path = tmp_path_factory.getbasetemp() / "marks.csv"
    path.write_text(text, newline="")
    with contextlib.suppress(DataError):
        read_examples(path, header=header)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a,b\n1,2\n3,4,5\n6,7\n", 3, "has 3: '3,4,5'"),
        ("a,b\n1,2\n\n3\n6,7\n", 4, "has 1: '3'"),
        ('a,b\n"x\ny",2\n3,4,5\n', 4, "has 3"),
        ("sep=;\na;b\n1;2\n3;4;5\n", 4, "has 3"),
        ("a,b\r\n1,2\r\n3\r\n4\r\n5,6\r\n7,8\r\n", 3, "has 1 and 1 more line so"),
    ],
)
def test_ragged_rows_by_their_line(tmp_path, text, line, words):
    refused(
        write(tmp_path / "a.csv", text),
        f"expected 2 values in every line.* line {line} {words}.*correct the line",
    )


def test_ragged_rows_beyond_the_first_block(tmp_path):
    lines = ["a,b", *[f"{i},{'x' * 90}" for i in range(100_000)], "1,2,3", *["4,5"] * 9]
    refused(write(tmp_path / "a.csv", "\n".join(lines)), r"line 100002 has 3: '1,2,3'")


def test_a_header_with_a_name_too_few(tmp_path):
    refused(
        write(tmp_path / "a.csv", "a,b\n1,2,3\n4,5,6\n"),
        "the first line has 2 and the rows below have 3 values",
    )


def test_a_quotation_that_is_not_closed(tmp_path):
    text = 'a,b\n1,x\n2,"y\n3,z,\n4,u\n'
    refused(write(tmp_path / "a.csv", text), "one is left open from line 3.*close it")


def test_duplicate_and_empty_names(tmp_path):
    refused(
        write(tmp_path / "a.csv", "a,b,a\n1,2,3\n"), r"received 'a' more than once \(columns 1, 3\); rename"
    )
    refused(write(tmp_path / "b.csv", "a,,c\n1,2,3\n"), "column 2 of 3 has none; give it one")
    refused(write(tmp_path / "c.csv", ",a,b\nu,2,x\nv,4,y\n"), "column 1 of 3 has none.*often an index")


def test_an_encoding_error(tmp_path):
    path = write(tmp_path / "a.csv", "town,n\nOslo,1\nMünchen,2\n".encode("latin-1"))
    refused(path, "line 3 of .* holds the byte 0xfc after '.*M'; name the encoding", encoding="utf-8")
    refused(path, "the name of an encoding such as utf-8", encoding="utf-9")
    refused(write(tmp_path / "b.csv", b"a,b\n\x81\x8d,1\n"), "expected text in UTF-8 or cp1252, but line 2")
    refused(write(tmp_path / "c.csv", "a,b\n1,2\n".encode("utf-16")[:-1]), "expected text in UTF-8 or utf-16")


def test_a_target_that_is_not_there(tmp_path):
    path = write(tmp_path / "a.csv", "age,survived\n1,2\n")
    refused(path, "received 'survivd'; did you mean 'survived'", target="survivd")
    refused(path, "received 'Survived'; did you mean 'survived'", target="Survived")
    refused(path, "received 'zzz'; the columns are age, survived", target="zzz")
    refused(path, r"a column from 0 to 1 \(or -1 for the last\).* received 2", target=2)
    refused(path, "received -3", target="-3")
    refused(path, "received True", target=True)
    refused(path, "received none; the columns of .* are age, survived; name one", need_target=True)


def test_a_target_without_values(tmp_path):
    refused(
        write(tmp_path / "a.csv", "a,b\n1,\n2,?\n"),
        "values in 'b' .* all 2 are missing; name another",
        target="b",
    )


def test_an_option_that_means_nothing_for_the_file(tmp_path):
    path = write(tmp_path / "a.csv", "a,b\n1,2\n")
    refused(path, "size: expected no such option for .* a table in text; omit it", size=32)
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "delimiter: expected no such option", delimiter=";")


# Parquet.


def test_a_damaged_parquet_file(tmp_path):
    pl.DataFrame({"a": range(1000), "b": ["x"] * 1000}).write_parquet(tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    refused(write(tmp_path / "cut.parquet", whole[:300]), "cut.parquet is truncated or damaged")
    refused(
        write(tmp_path / "end.parquet", whole[:4] + whole[-200:]),
        "end.parquet is truncated or damaged|expected",
    )


def test_parquet_of_lists_and_without_rows(tmp_path):
    pl.DataFrame({"a": [1], "b": [[1, 2]]}).write_parquet(tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", r"received List\(Int64\) in 'b'; take them apart")
    pl.DataFrame({"a": []}, schema={"a": pl.Int64}).write_parquet(tmp_path / "b.parquet")
    refused(tmp_path / "b.parquet", "received a table of 0 rows and 1 columns")


def test_a_parquet_file_larger_than_memory(tmp_path, monkeypatch):
    pl.DataFrame({"a": [0] * 200_000}).write_parquet(tmp_path / "a.parquet")
    monkeypatch.setattr(memory, "machine_memory", lambda: 10**6)
    refused(tmp_path / "a.parquet", "200,000 rows of 1 columns, needs 1.6 MB .* but this machine has 1 MB")


# Sizes that cannot be.


def test_a_gzip_bomb_takes_no_memory(tmp_path):
    path = tmp_path / "a.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"a,b\n")
        for _ in range(150):
            file.write(b"1,2\n" * 250_000)
    tracemalloc.start()
    refused(path, "unpacks to more than .*: no table compresses that well, so it is not read")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5e8


def test_a_text_larger_than_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("ellayer.data.memory.machine_memory", lambda: 1000)
    path = write(tmp_path / "a.csv", "a,b\n" + "1,2\n" * 500)
    refused(
        path,
        "expected a table that fits into memory, received 2.004 kB of text in .*, but this machine has 1 kB",
    )


@pytest.mark.parametrize(
    "content", [gzip.compress(bytes(range(32, 127)) * 20, mtime=0)[:80], b"\x1f\x8b\x08\x00junk"]
)
def test_a_damaged_gzip_file(tmp_path, content):
    refused(
        write(tmp_path / "a.csv.gz", content), "expected a complete gzip file, but .* is truncated or damaged"
    )


def _npy(shape: str) -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(64)


@pytest.mark.parametrize("shape", ["(1000000000000, 10)", "(10**3, 10)", "(9,)", "(-1, 8)", "(4,) "])
def test_an_absurd_declared_shape_takes_no_memory(tmp_path, shape):
    tracemalloc.start()
    refused(write(tmp_path / "a.npy", _npy(shape)), "a.npy.*(declares the shape|is truncated or damaged)")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", _npy(shape))
    refused(tmp_path / "a.npz", "a.npz.*(declares the shape|is truncated or damaged)")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e7


def test_a_zip_bomb_of_arrays(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.npy", _npy("(2000000,)")[:-64] + bytes(16_000_000))
    refused(tmp_path / "a.npz", "x.npy of .* declares 16 MB packed into .*: no file compresses that well")


def test_no_message_holds_what_would_steer_a_terminal(tmp_path):
    path = write(tmp_path / "a.csv", b"a,b\n1,2\n\x1b[2J3\n")
    assert not re.search("[\x00-\x1f]", refused(path, "line 3 has 1"))
