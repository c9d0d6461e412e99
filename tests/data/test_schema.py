"""The schema of a table: plain data, notes, options, and what a later file may not contradict."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from column_kinds import KINDS, M

from ellayer.data import DataError, TableStream, read_examples
from ellayer.data.schema.column import ColumnSchema
from ellayer.data.schema.infer import InferOptions, infer_column
from ellayer.data.schema.plain_numbers import infer_plain_numbers
from ellayer.data.schema.schema import Schema, schema_for_model
from ellayer.data.text.cells import MISSING


def write(path, text):
    path.write_bytes(text.encode())
    return path


def column_file(path, texts, name="a", delimiter=";"):
    return write(
        path, f"{name}{delimiter}y\n" + "".join(f"{t}{delimiter}{'uv'[i % 2]}\n" for i, t in enumerate(texts))
    )


def schema_of(examples, name="a"):
    return next(c for c in Schema.from_facts(examples.reading["schema"]).columns if c.name == name)


PLAIN = {
    "whole": ["1", "-7", "30", "30"], "rows": list(map(str, range(60))), "truths": ["0", "1", "1", None],
    "points": ["0.5", ".5", "1.", "1e3"], "signs": ["+3", "-0", "0", "8"], "mixed": ["1", "2.5", None, "-3e-2"],
    "below": ["-.5", "-0", None, "-1"], "long": ["9007199254740993", "-9223372036854775809", "12", "1"], "same": ["4", "4", "4", "4"],
}  # fmt: skip
OTHERS = {
    "codes": ["02139", "1", "2", "3"], "nan": ["1.5", "nan", "2", "3"], "inf": ["1", "inf", "1e999", "2"],
    "grouped": ["1,234", "2", "3", "4"], "nothing": [None] * 4, "words": ["1", "one", "2", "3"],
}  # fmt: skip


def test_columns_inferred_at_once_have_the_schema_of_each():
    options = InferOptions(".", MISSING)
    columns = {**PLAIN, **OTHERS, **KINDS}
    for rows in (240, 1_200):  # of more than a thousand rows the first are tried before
        frame = pl.DataFrame(
            {name: pl.Series(texts * 300).head(rows).cast(pl.String) for name, texts in columns.items()}
        )
        frame = frame.select(pl.all().str.strip_chars().replace("", None))
        at_once = infer_plain_numbers(frame, options)
        each = {name: infer_column(frame[name], options)[0] for name in at_once}
        assert repr(at_once) == repr(each)  # 0.0 and -0.0 differ in the schema of a file
        assert at_once == {name: infer_column(frame[name], options, is_target=True)[0] for name in at_once}
        assert set(PLAIN) <= set(at_once)
        assert not set(OTHERS) & set(at_once)
    assert not infer_plain_numbers(frame, InferOptions(",", MISSING))


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "quotes"])
def test_a_target_chosen_later_is_read_as_if_it_was_chosen_at_once(tmp_path, kind):
    file = column_file(tmp_path / "t.csv", KINDS[kind])
    whole = read_examples(file)
    for target in ("a", "y"):
        later = whole.with_target(target)
        if later is None:  # it has to be read again
            continue
        at_once = read_examples(file, target=target)
        assert later.X.equals(at_once.X)
        np.testing.assert_array_equal(later.y, at_once.y)
        assert (later.name, later.target, later.reading) == (at_once.name, at_once.target, at_once.reading)
        assert list(later.reading) == list(at_once.reading)
        assert later.notes == at_once.notes
        assert later.row_names() == at_once.row_names()
    assert whole.with_target("y") is not None
    assert whole.with_target("z") is None


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "quotes"])
def test_a_schema_is_plain_json(tmp_path, kind):
    facts = read_examples(column_file(tmp_path / "t.csv", KINDS[kind]), target="y").reading["schema"]
    again = Schema.from_facts(json.loads(json.dumps(facts)))
    assert again.to_facts() == facts
    assert [row[0] for row in again.rows()] == ["a", "y"]


@pytest.mark.parametrize(
    ("kind", "type_", "note"),
    [
        ("money", "number", "'a': read as numbers in $"),
        ("money behind", "number", "'a': read as numbers in €"),
        ("per cent", "number", "'a': read as numbers in %"),
        ("duration", "duration", "'a': read as seconds"),
        ("days", "duration", "'a': read as seconds"),
        ("number with slips", "number", "'a': 'unknown', '<5' are not numbers; treated as missing"),
        ("date with gaps", "date", "'a': 'soon' is not a date; treated as missing"),
        (
            "day and month alike",
            "date",
            "the order of day and month is ambiguous; read as %d/%m/%Y, the day first",
        ),
        ("category with gaps", "text", "2 cells are taken as missing: '?' (1), 'NA' (1)"),
        ("grouped", "number", "commas group the digits of 'a'"),
        ("whole of 19 digits", "whole", ""),
        ("moment of a day", "datetime", ""),
        ("code", "text", ""),
    ],
)
def test_types_and_notes(tmp_path, kind, type_, note):
    examples = read_examples(column_file(tmp_path / "t.csv", KINDS[kind]), target="y", decimal=".")
    assert schema_of(examples).type == type_
    assert note in "; ".join(examples.notes)


def test_values_of_units_and_durations(tmp_path):
    for texts, values in (
        (["$1,200.50", "-$3", "$0.10"], [1200.5, -3.0, 0.1]),
        (["5 %", "12.5 %", "-1 %"], [5.0, 12.5, -1.0]),
        (["USD 5", "USD 6", "USD 7"], [5.0, 6.0, 7.0]),
        (["0:30", "1:00", "10:05"], [1800.0, 3600.0, 36300.0]),
        (["PT1H", "PT1M30S", "P1DT1S"], [3600.0, 90.0, 86401.0]),
        (["1 days 00:00:01", "0 days", "-1 days"], [86401.0, 0.0, -86400.0]),
    ):
        path = column_file(tmp_path / "t.csv", texts)
        assert read_examples(path, target="y", decimal=".").X["a"].to_list() == values


def test_the_month_first_if_the_user_says_so(tmp_path):
    path = column_file(tmp_path / "t.csv", KINDS["day and month alike"])
    day, month = read_examples(path, target="y"), read_examples(path, target="y", date_order="month")
    assert day.X["a"].dt.day().to_list() == month.X["a"].dt.month().to_list()
    assert not any("ambiguous" in note for note in month.notes)
    with pytest.raises(DataError, match="expected dates with the month first in 'a', received '20/11/2021'"):
        read_examples(column_file(tmp_path / "u.csv", KINDS["day first"]), target="y", date_order="month")
    later = read_examples(
        column_file(tmp_path / "u.csv", ["03/04/2021"]), reading=day.reading, date_order="month"
    )
    assert later.X["a"].to_list()[0].month == 3


@pytest.mark.parametrize(
    ("kind", "texts", "message"),
    [
        (
            "number",
            ["1,5", "2,25"],
            r"'a': expected numbers with a decimal point as in training, received a decimal comma",
        ),
        (
            "number",
            ["1,234"],
            r"digits are grouped, or the decimal separator is another one .* decimal='.' or ','",
        ),
        ("number", ["high", "low"], r"'a': expected numbers as in training, received 'high', 'low'"),
        ("whole", ["$5"], r"expected numbers as in training, received '\$5'"),
        ("money", ["€5"], r"expected numbers in \$ as in training, received '€5'"),
        (
            "day first",
            ["12/25/2021"],
            r"expected dates as %d/%m/%Y, received '12/25/2021', which is %m/%d/%Y",
        ),
        ("date", ["soon"], r"'a': expected dates as in training, received 'soon'"),
    ],
)
def test_a_later_file_that_contradicts_the_schema(tmp_path, kind, texts, message):
    reading = read_examples(column_file(tmp_path / "t.csv", KINDS[kind]), target="y", decimal=".").reading
    path = column_file(tmp_path / "u.csv", texts)
    with pytest.raises(DataError, match=message):
        read_examples(path, reading=reading)
    with pytest.raises(DataError, match=message):
        list(TableStream(path, "y", reading=reading).blocks())


def test_all_contradictions_are_in_one_message_and_an_option_settles_them(tmp_path):
    reading = read_examples(write(tmp_path / "t.csv", "a,b,y\n1.5,0.25,u\n2.5,0.5,v\n"), target="y").reading
    path = write(tmp_path / "u.csv", "a;b;y\n1,5;0,25;u\n2,5;7;v\n")
    with pytest.raises(DataError, match=r"'a': expected numbers .*; 'b': expected numbers .*"):
        read_examples(path, reading=reading)
    later = read_examples(path, reading=reading, decimal=",")
    assert later.X.select("a", "b").rows() == [(1.5, 0.25), (2.5, 7.0)]


def test_values_of_another_type_among_others_are_missing_and_counted(tmp_path):
    reading = read_examples(column_file(tmp_path / "t.csv", KINDS["number"]), target="y").reading
    later = read_examples(column_file(tmp_path / "u.csv", ["1.5", "high", "9999"]), reading=reading)
    assert later.X["a"].to_list() == [1.5, None, 9999.0]
    assert "column 'a': 1 value is not a number as in training ('high'); treated as missing" in later.notes
    assert "column 'a': 1 value far outside the range of training (0 to 5.571), up to 9999" in later.notes


def test_labels_are_compared_as_the_schema_reads_them(tmp_path):
    whole = read_examples(write(tmp_path / "t.csv", "a,y\n1,0\n2,1\n3,1\n"), target="y")
    words = read_examples(write(tmp_path / "w.csv", "a,y\n1,no\n2,yes\n3,yes\n"), target="y")
    pl.DataFrame({"a": [1, 2], "y": [False, True]}).write_parquet(tmp_path / "b.parquet")
    pl.DataFrame({"a": [1, 2], "y": [0.0, 1.0]}).write_parquet(tmp_path / "f.parquet")
    files = [tmp_path / "b.parquet", tmp_path / "f.parquet"]
    for i, (low, high) in enumerate((("0", "1"), ("0.0", "1.0"), ("false", "true"), ("False", "True"))):
        files.append(write(tmp_path / f"{i}.csv", f"a,y\n1,{low}\n2,{high}\n"))
    for path in files:
        assert read_examples(path, target="y", reading=whole.reading).y.tolist() == [0, 1]
        assert read_examples(path, target="y", reading=words.reading).y.tolist() == ["no", "yes"]


# Missing values


def test_texts_that_look_like_marks_can_be_kept(tmp_path):
    path = write(tmp_path / "t.csv", "a,x,y\nNA,1,NA\nEU,,EU\nNA,3,NA\nEU,?,\n")
    usual = read_examples(path, target="y")
    assert usual.y.tolist() == ["EU"]
    assert any("5 cells are taken as missing: 'NA' (4), '?' (1)" in note for note in usual.notes)
    every = read_examples(path, target="y", na_values=[""])
    assert every.y.tolist() == ["NA", "EU", "NA"]
    assert every.X["a"].to_list() == ["NA", "EU", "NA"]
    some = read_examples(path, target="y", na_values=["?"])
    assert some.X["x"].to_list() == [1, None, 3]
    later = read_examples(write(tmp_path / "u.csv", "a,x\nNA,2\n"), reading=some.reading)
    assert later.X["a"].to_list() == ["NA"]


def test_a_kept_mark_is_a_level_of_the_preparation(tmp_path):
    from ellayer.tables import TablePreparation

    path = write(tmp_path / "t.csv", "a,y\n" + "NA,u\nEU,v\nUS,u\n" * 10)
    examples = read_examples(path, target="y", na_values=[""])
    preparation = TablePreparation().fit(examples.X)
    assert sorted(preparation.describe()[0]["levels"]) == ["EU", "NA", "US"]
    alone = read_examples(write(tmp_path / "u.csv", "a\nNA\n"), reading=examples.reading)
    np.testing.assert_array_equal(preparation.transform(alone.X), preparation.transform(examples.X)[:1])


def test_a_number_that_stands_for_a_missing_value(tmp_path):
    path = write(tmp_path / "t.csv", "a,y\n1,u\n-999,v\n3,u\n")
    assert read_examples(path, target="y", na_values=["-999"]).X["a"].to_list() == [1, None, 3]


def test_rows_without_a_target_are_named_for_every_type(tmp_path):
    for values in (
        ["u", None, "v"],
        [1.5, float("nan"), 2.5],
        [1, None, 2],
        [True, None, False],
        ["u", "", "v"],
    ):
        pl.DataFrame({"a": [1, 2, 3], "y": values}).write_parquet(tmp_path / "t.parquet")
        examples = read_examples(tmp_path / "t.parquet", target="y")
        assert examples.m == 2
        assert "1 row has no target (y; row 1, counted from 0); dropped" in examples.notes


# Names and columns


def test_a_name_that_differs_in_case_only(tmp_path):
    reading = read_examples(write(tmp_path / "t.csv", "Age,y\n1.5,u\n2.5,v\n"), target="y").reading
    later = read_examples(write(tmp_path / "u.csv", "AGE,Y\n1,u\n"), target="y", reading=reading)
    assert (later.X.rows(), later.y.tolist()) == ([(1.0,)], ["u"])
    assert "'AGE' is read as 'Age', 'Y' is read as 'y'" in later.notes


def test_columns_to_read_and_to_leave_out(tmp_path):
    path = write(tmp_path / "t.csv", "a,b,c,y\n1,2,3,u\n4,5,6,v\n")
    pl.read_csv(path).write_parquet(tmp_path / "t.parquet")
    for file in (path, tmp_path / "t.parquet"):
        assert read_examples(file, target=-1, columns=["b"]).X.columns == ["b"]
        assert read_examples(file, target="y", drop=["b"]).X.columns == ["a", "c"]
        assert TableStream(file, "y", drop=["b"]).columns == ["a", "c"]
        with pytest.raises(DataError, match=r"drop: expected a column of .* received 'bb'; did you mean 'b'"):
            read_examples(file, target="y", drop=["bb"])
        with pytest.raises(DataError, match="expected columns besides the target"):
            read_examples(file, target="y", drop=["y"])


def test_names_for_a_file_without_a_header(tmp_path):
    path = write(tmp_path / "t.csv", "1,2,u\n3,4,v\n")
    examples = read_examples(path, names=["a", "b", "y"], target="y")
    assert (examples.X.columns, examples.X.rows()) == (["a", "b"], [(1, 2), (3, 4)])
    later = read_examples(write(tmp_path / "u.csv", "5,6\n"), reading=examples.reading)
    assert (later.X.columns, later.X.rows()) == (["a", "b"], [(5, 6)])
    with pytest.raises(DataError, match="names: expected 3 names"):
        read_examples(path, names=["a", "b"], target="b")


def test_a_later_file_may_have_a_header_or_not(tmp_path):
    reading = read_examples(write(tmp_path / "t.csv", "a,y\n1,u\n2,v\n"), target="y", header=True).reading
    assert read_examples(write(tmp_path / "u.csv", "y,a\nu,5\n"), reading=reading).X.columns == ["y", "a"]
    reading = read_examples(write(tmp_path / "t.csv", "1,u\n2,v\n"), target=1).reading
    assert read_examples(write(tmp_path / "u.csv", "x0\n5\n"), reading=reading).X.rows() == [(5,)]


def test_identifiers_as_they_stand_in_the_file(tmp_path):
    train = write(tmp_path / "t.csv", "id,a,y\n0.10,1,u\n0.25,2,v\n")
    reading = read_examples(train, target="y").reading
    later = read_examples(write(tmp_path / "u.csv", "id,a\n0.10,01\n+0.5,2\n"), reading=reading)
    assert later.as_written("id").to_list() == ["0.10", "+0.5"]
    assert later.as_written("a").to_list() == ["01", "2"]
    assert later.take(np.array([1])).as_written("id").to_list() == ["+0.5"]


def test_the_schema_of_a_model_without_one():
    facts = [{"name": "t", "kind": "categorical"}, {"name": "n", "kind": "numeric"},
             {"name": "d", "kind": "date", "date_format": "%d.%m.%Y"}]  # fmt: skip
    schema = Schema.from_facts(schema_for_model(None, facts))
    assert schema.columns == (ColumnSchema("t"), ColumnSchema("d", "date", date_format="%d.%m.%Y"))


def test_anything_may_stand_in_a_column_that_the_model_does_not_use(tmp_path):
    train = write(
        tmp_path / "t.csv",
        "id,key,a,y\n" + "".join(f"{i},{i},{i / 7:.2f},{'uv'[i % 2]}\n" for i in range(30)),
    )
    reading = read_examples(train, target="y").reading
    facts = [{"name": "id", "kind": "identifier"}, {"name": "key", "kind": "identifier", "indicator": True}]
    reading["schema"] = schema_for_model(reading["schema"], facts)
    later = read_examples(write(tmp_path / "u.csv", "id,key,a\nA-1,7,1.5\n"), reading=reading)
    assert later.X.rows() == [("A-1", "7", 1.5)]


def test_schemas_of_blocks_equal_those_of_the_whole(tmp_path):
    for kind in ("number", "category", "day first", "money", "yes and no"):
        path = column_file(tmp_path / "t.csv", KINDS[kind] * 20)
        whole = read_examples(path, target="y", decimal=".")
        stream = TableStream(path, "y", decimal=".", block_bytes=2000)
        X = pl.concat([X for X, _ in stream.blocks()])
        assert X["a"].to_list() == whole.X["a"].to_list()
        assert len(X) == 20 * M
