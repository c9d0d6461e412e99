"""A random table in a random dialect, then in another one: equal rows, or one clear refusal."""

from __future__ import annotations

import csv
import datetime
import gzip
import io

import numpy as np
import polars
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ellayer import TabularClassifier
from ellayer.data import DataError, TableStream, read_examples
from ellayer.tables import TablePreparation

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

M = 24
_DAY = datetime.date(2019, 3, 1)


@st.composite
def columns(draw):
    """Return the kind and the values of each column; None is missing."""
    table = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["whole", "number", "date", "truth", "town", "code"]))
        if kind == "whole":
            values = st.integers(-3000, 3000)
        elif kind == "number":
            values = st.integers(-(10**6), 10**6).map(lambda i: i / 1000)
        elif kind == "date":
            values = st.integers(0, 2000).map(lambda i: _DAY + datetime.timedelta(days=i))
        elif kind == "truth":
            values = st.booleans()
        elif kind == "town":
            values = st.sampled_from(
                ["Oslo", "Köln", 'the "old" one', "a, b", "x;y", "1.10", "NaNtes", "two\nlines"]
            )
        else:
            values = st.integers(0, 99).map(lambda i: f"0{i:03d}")
        column = draw(st.lists(values, min_size=M, max_size=M))
        if kind == "date":
            column[:2] = [
                datetime.date(2019, 3, 25),
                datetime.date(2020, 4, 26),
            ]  # day and month are told apart
        if kind == "truth":
            column[:2] = [False, True]
        for i in draw(st.lists(st.integers(2, M - 1), max_size=3)):
            column[i] = None
        table.append((kind, column))
    return table


@st.composite
def dialects(draw):
    decimal, delimiter = draw(st.sampled_from([(".", ","), (".", ";"), (",", ";"), (",", "\t"), (".", "|")]))
    return {
        "decimal": decimal,
        "delimiter": delimiter,
        "missing": draw(st.sampled_from(["", "NA", "?", "null"])),
        "dates": draw(st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"])),
        "truths": draw(st.sampled_from([("false", "true"), ("False", "True"), ("0", "1"), ("no", "yes")])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        "end": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"])),
        "packed": draw(st.booleans()),
        "index": draw(st.booleans()),
        "title": draw(st.booleans()),
        "swapped": draw(st.booleans()),
        "trailing": draw(st.booleans()),
    }


def cell(kind, value, dialect):
    if value is None:
        return dialect["missing"]
    if kind == "number":
        return repr(value).replace(".", dialect["decimal"])
    if kind == "date":
        return value.strftime(dialect["dates"])
    return dialect["truths"][value] if kind == "truth" else str(value)


def write(path, table, dialect):
    named = [(f"c{j}", [cell(kind, v, dialect) for v in column]) for j, (kind, column) in enumerate(table)]
    named.append(("y", ["uv"[i % 2] for i in range(M)]))
    if dialect["swapped"]:
        named.reverse()
    if dialect["index"]:
        named.insert(0, ("", [str(i) for i in range(M)]))
    if dialect["trailing"]:
        named.append(("", [""] * M))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=dialect["delimiter"], lineterminator="\n", quoting=dialect["quoting"])
    if dialect["title"] and len(named) > 2:
        text.write("A table\n\n")
    writer.writerows([[name for name, _ in named], *zip(*(column for _, column in named), strict=True)])
    content = text.getvalue().replace("\n", dialect["end"]).encode(dialect["encoding"])
    path.write_bytes(gzip.compress(content) if dialect["packed"] else content)
    return path


def plain_text(path, dialect):
    """Return the text of a file, unpacked, with line feeds and without its title."""
    content = gzip.decompress(path.read_bytes()) if dialect["packed"] else path.read_bytes()
    text = content.decode(dialect["encoding"]).replace("\r\n", "\n").replace("\r", "\n")
    return text.removeprefix("A table\n\n")


def by_the_csv_module(text, delimiter):
    """Return the texts of the named columns as Python's own reader splits them."""
    names, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns = zip(*rows, strict=True)
    return {
        name: [t.strip() or None for t in column] for name, column in zip(names, columns, strict=True) if name
    }


def by_polars(text, delimiter):
    """Return the texts of the named columns as polars splits them."""
    frame = polars.read_csv(text.encode(), separator=delimiter, infer_schema=False)
    names = [name for name in frame.columns if name and "_duplicated_" not in name]
    return {name: [(t or "").strip() or None for t in frame[name].to_list()] for name in names}


def in_two_dialects(folder, table, first, second):
    """Return the examples of a table in one dialect, and in another one; None for what is refused."""
    given_options = {"encoding": first["encoding"], "header": True}
    examples = read_examples(write(folder / "a.csv", table, first), target="y", **given_options)
    options = {"encoding": second["encoding"], "header": True}
    try:
        later = read_examples(
            write(folder / "b.csv", table, second), target="y", reading=examples.reading, **options
        )
    except DataError as error:
        if "as the file of the training" not in str(error):
            raise
        return examples, None
    return examples, later


quick = settings(
    max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # fmt: skip


@quick
@given(table=columns(), first=dialects(), second=dialects())
def test_another_dialect_gives_the_same_rows_or_a_refusal(tmp_path, table, first, second):
    examples, later = in_two_dialects(tmp_path, table, first, second)
    if later is None:
        return
    assert later.y.tolist() == examples.y.tolist()
    preparation = TablePreparation().fit(examples.X)
    np.testing.assert_array_equal(preparation.transform(later.X), preparation.transform(examples.X))


@quick
@given(table=columns(), dialect=dialects())
def test_a_stream_gives_the_values_notes_and_refusals_of_memory(tmp_path, table, dialect):
    path = write(tmp_path / "a.csv", table, dialect)
    options = {"encoding": dialect["encoding"], "header": True}
    whole = read_examples(path, target="y", **options)
    stream = TableStream(path, "y", block_bytes=150, reading=whole.reading, **options)
    blocks = list(stream.blocks())
    cells = [tuple(row) for X, _ in blocks for row in X.rows()]
    assert cells == whole.X.rows()
    assert [label for _, y in blocks for label in y.tolist()] == whole.y.tolist()
    again = read_examples(path, target="y", reading=whole.reading, **options)
    text = plain_text(path, dialect)
    for columns_of in (by_the_csv_module, by_polars):
        for name, texts in columns_of(text, dialect["delimiter"]).items():
            assert again.raw[name].to_list() == texts
    assert set(stream.notes + stream.odd) == set(again.notes)


@settings(quick, max_examples=5)
@given(table=columns(), first=dialects(), second=dialects())
@pytest.mark.slow
def test_a_model_answers_alike_in_another_dialect(tmp_path, table, first, second):
    examples, later = in_two_dialects(tmp_path, table, first, second)
    if later is None:
        return
    model = TabularClassifier(1, epochs=2, hidden_layer_sizes=4, random_state=0).fit(examples.X, examples.y)
    np.testing.assert_array_equal(model.predict_proba(later.X), model.predict_proba(examples.X))
