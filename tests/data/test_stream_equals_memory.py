"""A table has the same cells, notes and refusals whether it is read whole or in blocks."""

from __future__ import annotations

import csv
import gzip
import io

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ellayer.data import DataError, TableStream, read_examples

LETTERS = "abzÄß é,;|\"'\t\n"


def number(kind, decimal, draw_int, draw_float):
    """Return a number as the kind of column writes it."""
    if kind == "whole":
        return str(draw_int)
    text = f"{draw_float:,.3f}" if kind == "grouped" else repr(draw_float)
    return text.translate(str.maketrans(".,", ",.")) if decimal == "," else text


@st.composite
def tables(draw):
    """Return rows of texts with a header, and how they are written."""
    dialect = {
        "delimiter": draw(st.sampled_from([",", ";", "\t", "|"])),
        "decimal": draw(st.sampled_from([".", ","])),
    }
    if dialect["delimiter"] == dialect["decimal"]:
        dialect["decimal"] = "."
    kinds = draw(
        st.lists(st.sampled_from(["whole", "real", "grouped", "text", "code"]), min_size=1, max_size=4)
    )
    rows = []
    for i in range(draw(st.integers(1, 30))):
        row = []
        for kind in kinds:
            value = "t" + draw(st.text(LETTERS, max_size=6)) + "."
            if kind == "code":
                value = f"0{draw(st.integers(0, 9999))}"
            elif kind != "text":
                value = number(kind, dialect["decimal"], draw(st.integers(-(10**6), 10**6)),
                               draw(st.floats(-1e6, 1e6).map(lambda x: round(x, 3))))  # fmt: skip
            if i and draw(st.integers(0, 9)) == 0:  # the first row shows the kinds
                value = draw(st.sampled_from(["", "NA", "?", " nan", "None "]))
            row.append(value)
        rows.append([*row, draw(st.sampled_from(["yes", "no", "no ", ""] if i else ["yes"]))])
    return [f"c{j}" for j in range(len(kinds))], rows, dialect


def write(path, names, rows, dialect, *, end, quoting, encoding, packed, blanks):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=dialect["delimiter"], lineterminator="\n", quoting=quoting)
    for i, row in enumerate([[*names, "y"], *rows]):
        if blanks and i % 7 == 3:
            text.write("\n")
        writer.writerow(row)
    content = text.getvalue().replace("\n", end).encode(encoding)
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


def cells(frame):
    """Return the rows, numbers as floats: a stream does not know that later ones are integers, or none."""
    return frame.with_columns(pl.selectors.numeric().cast(pl.Float64)).rows()


@settings(
    max_examples=35,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    table=tables(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    packed=st.booleans(),
    blanks=st.booleans(),
    block=st.integers(200, 900),
)
def test_blocks_have_the_cells_of_the_whole(tmp_path, table, end, quoting, encoding, packed, blanks, block):
    names, rows, dialect = table
    path = write(tmp_path / "t.csv", names, rows, dialect, end=end, quoting=quoting, encoding=encoding,
                 packed=packed, blanks=blanks)  # fmt: skip
    options = {**dialect, "header": True, "encoding": encoding}
    whole = read_examples(path, target="y", **options)
    stream = TableStream(path, "y", block_bytes=block, **options)
    for _ in range(2):
        blocks = list(stream.blocks())
        X = pl.concat([X for X, _ in blocks], how="vertical_relaxed")
        assert X.columns == whole.X.columns
        assert cells(X) == cells(whole.X)
        assert [label for _, y in blocks for label in y.tolist()] == whole.y.tolist()
    # a wider range may come later
    assert stream.reading | {"schema": {}} == whole.reading | {"schema": {}}
    dropped = [note for note in whole.notes if "dropped" in note]
    assert [note for note in stream.odd if "dropped" in note] == dropped
    assert [note for note in stream.odd if "blank" in note] == [n for n in whole.notes if "blank" in n]


@pytest.mark.parametrize(
    ("text", "a"),
    [
        ("a;y\n1.234,5;u\n2000;v\n1.500;u\n", [1234.5, 2000.0, 1500.0]),
        ("a;y\n0,5;u\n1.500;v\n2000;u\n", [0.5, 1500.0, 2000.0]),
        ("a;y\n0.5;u\n1,5;v\n22,25;u\n1.125;u\n", [0.5, 1.5, 22.25, 1.125]),
        ('a,y\n999,u\n"1,234",v\n1234.5,u\n', [999.0, 1234.0, 1234.5]),
        ("a,y\r1,u\r2,v\r3,u\r", [1.0, 2.0, 3.0]),
    ],
)
def test_numbers_with_groups_and_line_ends(tmp_path, text, a):
    (tmp_path / "t.csv").write_bytes(text.encode())
    whole = read_examples(tmp_path / "t.csv", target="y")
    assert [float(x) for x in whole.X["a"]] == a
    for size in (24, 40, 1 << 20):
        stream = TableStream(tmp_path / "t.csv", "y", block_bytes=size, reading=whole.reading)
        assert [x for X, _ in stream.blocks() for x in X["a"]] == a


@pytest.mark.parametrize("line", ["1,2,3", "1"])
@pytest.mark.parametrize("place", [3, 300])
def test_the_same_refusals(tmp_path, line, place):
    lines = ["a,y", *["1,2"] * 400]
    lines[place] = line
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as whole:
        read_examples(tmp_path / "t.csv", target="y")
    with pytest.raises(DataError) as stream:
        list(TableStream(tmp_path / "t.csv", "y", block_bytes=1 << 10).blocks())
    assert str(stream.value) == str(whole.value)


def test_long_integers_keep_their_digits(tmp_path):
    ids = [10**18 + i for i in range(300)]
    (tmp_path / "t.csv").write_text("id,y\n" + "".join(f"{n},{n % 2}\n" for n in ids))
    stream = TableStream(tmp_path / "t.csv", "y", block_bytes=1 << 10)
    blocks = [X["id"] for X, _ in stream.blocks()]
    assert len(blocks) > 2
    assert (
        pl.concat(blocks).to_list() == read_examples(tmp_path / "t.csv", target="y").X["id"].to_list() == ids
    )


def test_integers_before_a_later_fraction(tmp_path):
    numbers = [str(i) for i in range(300)] + ["0.5"]
    (tmp_path / "t.csv").write_text("a,y\n" + "".join(f"{n},1\n" for n in numbers))
    stream = TableStream(tmp_path / "t.csv", "y", block_bytes=1 << 10)
    assert [x for X, _ in stream.blocks() for x in X["a"]] == [float(n) for n in numbers]
