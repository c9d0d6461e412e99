"""A table looked over: kinds of columns and target, and what is odd, each with its figure and a remedy."""

from __future__ import annotations

import csv
import json
import re
import time

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ellayer.data import DataError, read_examples
from ellayer.tables.survey import survey

m = 200
RANDOM = np.random.RandomState(0)
NOISE = RANDOM.randn(m)
COIN = RANDOM.randint(0, 2, m)


def found(findings: list[str], *words: str) -> bool:
    return any(all(word in finding for word in words) for finding in findings)


def table(**columns) -> pl.DataFrame:
    return pl.DataFrame({"noise": NOISE, **columns}, strict=False)


# The real ones.


@pytest.fixture(scope="module")
def real(shared_data):
    """A function that surveys a real table."""

    def look(file: str, target) -> object:
        examples = read_examples(shared_data / "tabular" / file, target=target)
        return survey(examples.X, examples.y, examples.target)

    return look


@pytest.mark.parametrize(
    ("file", "target", "task", "why"),
    [
        ("titanic.csv", "survived", "classes", "two values: 0 and 1"),
        ("penguins.csv", "species", "classes", "3 values: Adelie, Chinstrap, Gentoo"),
        ("adult-train.csv.gz", -1, "classes", "two values: <=50K and >50K"),
        ("titanic.csv", "pclass", "classes", "3 integers that count from 1 to 3"),
        ("winequality-red.csv", "quality", "numbers", "6 different numbers from 3 to 8 (labels if you say task classes)"),
        ("abalone.csv", -1, "numbers", "28 different numbers from 1 to 29"),
        ("california_housing.csv.gz", "median_house_value", "numbers", "3,842 different numbers from 14999 to 500001"),
    ],
)  # fmt: skip
def test_the_task_of_the_real_tables(real, file, target, task, why):
    seen = real(file, target)
    assert (seen.task, seen.why) == (task, why)


def test_the_columns_of_the_titanic(real):
    seen = real("titanic.csv", "survived")
    kinds = {column.name: column.kind for column in seen.columns}
    assert kinds == {
        "pclass": "numeric", "name": "text", "sex": "categorical", "age": "numeric", "sibsp": "numeric", "parch": "numeric",
        "ticket": "identifier", "fare": "numeric", "cabin": "identifier", "embarked": "categorical",
    }  # fmt: skip
    by_name = {column.name: column for column in seen.columns}
    assert (by_name["age"].missing, by_name["cabin"].missing, by_name["embarked"].missing) == (177, 687, 2)
    assert by_name["sex"].shown == "male 65%; female 35%"
    assert by_name["age"].shown == "0.42 to 80, median 28"
    assert seen.classes == {"0": 549, "1": 342}
    assert found(seen.findings, "'name' looks like free text", "to use it: --kind")


def test_what_is_odd_in_the_real_tables(real):
    assert found(
        real("winequality-red.csv", "quality").findings, "240 rows repeat an earlier one (15%)", "drop them"
    )
    adult = real("adult-train.csv.gz", -1).findings
    assert found(adult, "'x10': 99999 in 159 rows", "may be a placeholder for a missing one")
    assert found(adult, "'x3', 'x4' are identical")
    houses = real("california_housing.csv.gz", "median_house_value").findings
    assert found(houses, "965 rows (5%) have the maximum, 500001")
    assert found(real("penguins.csv", "species").findings, "2 rows miss more than half", "row 3")
    assert real("abalone.csv", -1).findings == []


def test_a_real_table_takes_well_under_two_seconds(shared_data):
    examples = read_examples(shared_data / "tabular" / "adult-train.csv.gz", target=-1)
    begin = time.process_time()
    survey(examples.X, examples.y, examples.target)
    assert time.process_time() - begin < 2


# The task.


@pytest.mark.parametrize(
    ("y", "task", "why"),
    [
        (["a", "b", "c"], "classes", "3 values: a, b, c"),
        ([True, False, True], "classes", "two values: False and True"),
        ([-1.5, 2.5, 2.5], "classes", "two values: -1.5 and 2.5"),
        ([0, 1, 2] * 2, "classes", "3 integers that count from 0 to 2"),
        ([0.0, 1.0, 2.0] * 2, "classes", "3 integers that count from 0 to 2"),
        ([0, 1, 2], "numbers", "3 different numbers from 0 to 2 (labels if you say task classes)"),
        ([0, 1, 3] * 2, "numbers", "3 different numbers from 0 to 3 (labels if you say task classes)"),
        (list(range(21)) * 9, "numbers", "21 different numbers from 0 to 20"),
        ([5, 5, 5], "numbers", "one value: 5"),
        (["a", "a"], "classes", "one value: a"),
    ],
)
def test_the_task_and_why(y, task, why):
    seen = survey(pl.DataFrame({"x": range(len(y))}), y)
    assert (seen.task, seen.why) == (task, why)


def test_the_task_as_asked():
    frame, y = pl.DataFrame({"x": range(60)}), [3, 4, 5] * 20
    assert survey(frame, y).task == "numbers"
    seen = survey(frame, y, "grade", task="classes")
    assert (seen.task, seen.why, seen.classes) == (
        "classes",
        "as specified: 3 values: 3, 4, 5",
        {"3": 20, "4": 20, "5": 20},
    )
    assert survey(frame, [0, 1, 2] * 20, task="numbers").task == "numbers"
    with pytest.raises(
        ValueError, match="task: expected numbers in the target, received text such as 'a', 'b'"
    ):
        survey(frame, ["a", "b"] * 30, task="numbers")
    with pytest.raises(ValueError, match="task: expected 'classes', 'numbers' or nothing, received 'class'"):
        survey(frame, y, task="class")


def test_without_a_target():
    seen = survey(table(a=COIN))
    assert (seen.task, seen.target, seen.why, seen.classes, len(seen.columns)) == (None, None, "", {}, 2)


# The target.


def test_a_notebook_shows_missing_values_and_findings():
    text = survey(table(gaps=[None] * 3 + NOISE[3:].tolist(), constant=[1] * m), COIN)._repr_html_()
    cells = re.sub(r"<[^>]*>", " ", text).split()
    assert cells[cells.index("gaps") :][:3] == ["gaps", "numeric", "3"]
    assert "<li>" in text
    assert "No data warnings" not in text
    assert "No data warnings" in survey(table(), COIN)._repr_html_()


def test_a_constant_target():
    for y in (["a"] * m, [7.0] * m):
        assert found(
            survey(table(), y, "kind").findings, "'kind': all 200 rows have the same value", "choose another"
        )


def test_a_class_with_one_example_and_few():
    y = ["a"] * 100 + ["b"] * 94 + ["c"] * 5 + ["d"]
    findings = survey(table(), y, "kind").findings
    assert found(findings, "'kind': 1 class has one row only ('d')", "gather more")
    assert found(findings, "few rows of 1 class (c 5)", "uncertain")


def test_an_imbalance():
    y = ["no"] * 190 + ["yes"] * 10
    assert found(survey(table(), y).findings, "95% of the rows are 'no'", "balanced accuracy")
    assert not found(survey(table(), ["no"] * 120 + ["yes"] * 80).findings, "balanced accuracy")


def test_labels_that_differ_in_case_only():
    y = (["Yes", "yes", "no", "no."] * 50)[:m]
    findings = survey(table(), y).findings
    assert found(findings, "'Yes', 'yes' differ in case")
    assert found(findings, "'no', 'no.' differ in case")


def test_a_target_that_is_an_identifier():
    findings = survey(table(), [f"row {i}" for i in range(m)]).findings
    assert found(findings, "200 classes in 200 rows; is it an identifier")
    assert len([finding for finding in findings if "target" in finding]) == 1


def test_a_target_of_numbers_cut_off_far_spread_or_infinite():
    y = np.minimum(np.exp(RANDOM.randn(2000)), 3.0)
    frame = pl.DataFrame({"noise": RANDOM.randn(2000)})
    assert found(survey(frame, y).findings, "have the maximum, 3")
    assert found(survey(table(), np.exp(4 * NOISE)).findings, "predict its logarithm")
    assert found(survey(table(), np.where(COIN == 1, np.inf, NOISE)).findings, "values infinite or missing")


# A column that leaks the target.


@pytest.mark.parametrize(
    "column",
    [
        COIN,
        np.where(COIN == 1, "yes", "no"),
        -3.5 * COIN,
        np.where(COIN == 1, "x", None),
        COIN * 10 + RANDOM.rand(m),
    ],
)
@pytest.mark.parametrize("target", [COIN, np.where(COIN == 1, "cat", "dog")])
def test_a_column_that_leaks_a_class(column, target):
    findings = survey(table(leak=list(column)), target, "kind").findings
    assert found(findings, "'leak' leaks the target 'kind'", "drop it unless")
    assert not found(findings, "'noise' leaks")


def test_a_column_finer_than_the_classes():
    hidden = RANDOM.randint(0, 6, m)
    seen = survey(table(leak=[f"v{i}" for i in hidden]), np.where(hidden < 3, "a", "b"))
    assert found(seen.findings, "'leak' leaks", "each of its 6 values occurs in one class only")


@pytest.mark.parametrize(
    ("make", "words"),
    [(lambda y: y, "the same"), (lambda y: 3 - 1.8 * y, "other units"), (np.exp, "in the same order"),
     (lambda y: np.round(y, 3), "other units")],
)  # fmt: skip
def test_a_column_that_leaks_a_number(make, words):
    y = 3 * NOISE
    seen = survey(pl.DataFrame({"leak": make(y), "other": RANDOM.randn(m)}), y)
    assert found(seen.findings, "'leak' leaks the target 'target'", words)
    assert not found(seen.findings, "'other' leaks")


def test_good_columns_are_not_taken_for_leaks():
    y = NOISE + 0.05 * RANDOM.randn(m)
    assert not found(survey(table(), y).findings, "leaks the target")
    assert not found(survey(table(id=[f"id {i}" for i in range(m)]), COIN).findings, "'id' leaks")
    assert not found(
        survey(table(), (NOISE + 0.3 * RANDOM.randn(m) > 0).astype(int)).findings, "leaks the target"
    )


# The columns.


def test_constant_columns():
    findings = survey(table(a=[1] * m, b=["x"] * m, c=[None] * m), COIN).findings
    assert found(findings, "'a', 'b', 'c' hold one value only; ignored")
    assert found(
        survey(pl.DataFrame({"a": [1] * m, "b": ["x"] * m}), COIN).findings,
        "every column",
        "no features to learn from",
    )
    assert found(survey(table(a=[1] * m)).findings, "'a' holds one value only (1.0)")
    assert found(survey(table(a=[None] * m)).findings, "'a' holds no value")


def test_much_missing():
    a = [None if i % 2 else float(i % 7) for i in range(m)]
    assert found(survey(table(a=a), COIN).findings, "much is missing in 1 column: 'a' 100 of 200 (50%)")


def test_identifiers():
    findings = survey(table(id=range(m), code=[f"A{i}" for i in range(m)]), COIN).findings
    assert found(findings, "'id' looks like an identifier")
    assert found(findings, "'code' looks like an identifier")


@pytest.mark.parametrize("mark", [999, -99, 9999, -1, -999])
def test_marks_in_place_of_values(mark):
    values = np.where(RANDOM.rand(m) < 0.1, mark, RANDOM.randint(0, 60, m))
    assert found(survey(table(age=values), COIN).findings, f"'age': {mark} in", "leave these cells empty")


def test_a_zero_that_is_none():
    pressure = np.where(np.arange(m) % 20 == 0, 0, RANDOM.randint(50, 110, m))
    assert found(
        survey(table(pressure=pressure), COIN).findings, "'pressure': 0 in 10 rows (5%) is far from the"
    )


@pytest.mark.parametrize(
    "values",
    [
        RANDOM.randint(-3, 100, m),
        RANDOM.randn(m) * 50,
        RANDOM.randint(0, 1000, m),
        RANDOM.poisson(2, m),
        -RANDOM.rand(m),
    ],
)
def test_plain_numbers_are_not_odd(values):
    assert survey(table(a=values), COIN).findings == []


def test_numbers_far_out_and_infinite():
    values = NOISE.copy()
    values[3] = 1e6
    assert found(
        survey(table(a=values), COIN).findings,
        "'a': 1 outlier, up to 1e+06",
        "check the unit and the decimal point",
    )
    values[3] = np.inf
    assert found(survey(table(a=values), COIN).findings, "'a': 1 value infinite")


def test_mixed_types():
    mixed = [str(i) if i % 4 else f"about {i % 3}" for i in range(m)]
    assert found(survey(table(a=mixed[:100] * 2), COIN).findings, "'a' mixes numbers and text ('about 0'")
    slips = [str(i) if i % 50 else "unknown" for i in range(m)]
    assert found(
        survey(table(a=slips), COIN).findings,
        "'a': some values are not numbers, treated as missing: 'unknown'",
    )


def test_rows_that_repeat_and_rows_that_contradict():
    frame = pl.concat([table(b=COIN)[:150], table(b=COIN)[:50]])
    same = np.concatenate([COIN[:150], COIN[:50]])
    assert found(survey(frame.select("noise"), same).findings, "50 rows repeat an earlier one (25%)")
    other = np.concatenate([COIN[:150], 1 - COIN[:50]])
    findings = survey(frame, other).findings
    assert found(findings, "100 rows (50%) have the same inputs as a row of another class")
    assert not found(findings, "repeat an earlier")


def test_columns_that_say_the_same():
    letters = [f"k{i}" for i in RANDOM.randint(0, 5, m)]
    frame = table(a=letters, b=[letter.upper() for letter in letters], copy=NOISE)
    findings = survey(frame, COIN).findings
    assert found(findings, "'a', 'b' are identical")
    assert found(findings, "'noise', 'copy' are identical")


def test_few_rows():
    assert found(
        survey(pl.DataFrame({"a": range(9)}), list("ababababa")).findings, "only 9 rows", "gather more"
    )


# The rest.


def test_any_frame_gives_the_same_and_json(real, shared_data):
    frame = table(town=["Oslo", None, "Rome", "?"] * 50, day=pd.date_range("2020-01-01", periods=m).to_list())
    one, other = (
        survey(frame, COIN, "kind"),
        survey(pd.DataFrame(frame.to_dict(as_series=False)), pd.Series(COIN), "kind"),
    )
    assert one == other
    assert [column.kind for column in one.columns] == ["numeric", "categorical", "date"]
    facts = json.loads(one.to_json())
    assert facts["columns"][1]["missing"] == 100
    assert (facts["m"], facts["task"], facts["target"]) == (200, "classes", "kind")


def test_kinds_as_asked():
    seen = survey(table(zip=RANDOM.randint(0, 9, m)), COIN, column_kinds={"zip": "categorical"})
    assert (seen.columns[1].kind, seen.columns[1].note) == ("categorical", "as specified")
    with pytest.raises(ValueError, match="column_kinds: expected names of columns, received 'town'"):
        survey(table(), COIN, column_kinds={"town": "numeric"})
    with pytest.raises(ValueError, match=r"column_kinds\['noise'\]: expected one of .*; received 'number'"):
        survey(table(), COIN, column_kinds={"noise": "number"})


def test_targets_that_do_not_fit():
    with pytest.raises(ValueError, match="y: expected a target for each of 200 rows, received 3"):
        survey(table(), [1, 2, 3])
    with pytest.raises(
        ValueError, match=r"y: expected one target for each row, .* received shape \(200, 1\)"
    ):
        survey(table(), COIN.reshape(-1, 1))


def test_images(shared_data):
    cats = read_examples(shared_data / "cats" / "train_catvnoncat.h5")
    seen = survey(cats.X, cats.y, cats.target)
    assert (seen.m, seen.columns, seen.classes, seen.findings) == (209, [], {"non-cat": 137, "cat": 72}, [])
    X = np.concatenate([cats.X, cats.X[:5], np.zeros((1, cats.X.shape[1]), np.float32)])
    findings = survey(X, np.concatenate([cats.y, cats.y[:6]])).findings
    assert found(findings, "5 images repeat an earlier one")
    assert found(findings, "1 image is of one colour throughout (the first is number 214")


ODD = ["", "?", "NA", "inf", "-inf", "0", "1", "-1", "999", "1e308", "-1e308", "1,5", "1.5", "1.234,5", "01", "0x1", "true",
       "2020-01-01", "9999-99-99", "1e400", "9" * 20, " 7 ", "1_000", "none", "٣", "²", "a b c", "ü", "'"]  # fmt: skip


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), delimiter=st.sampled_from(",;\t|"), target=st.sampled_from([None, 0, -1]))
def test_a_table_of_odd_values_is_surveyed_or_refused_in_words(tmp_path, data, delimiter, target):
    columns = data.draw(
        st.lists(st.lists(st.sampled_from(ODD), min_size=1, max_size=5), min_size=1, max_size=4)
    )
    count = data.draw(st.integers(1, 70))
    rows = [[column[i * (j + 1) % len(column)] for j, column in enumerate(columns)] for i in range(count)]
    with open(tmp_path / "a.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([[f"c{j}" for j in range(len(columns))], *rows])
    try:
        examples = read_examples(tmp_path / "a.csv", target=target, header=True)
    except DataError:
        return
    assert examples.m == count or any("have no target" in note for note in examples.notes)
    seen = survey(examples.X, examples.y, examples.target)
    assert [column.name for column in seen.columns] == examples.X.columns
    assert json.loads(seen.to_json())["m"] == examples.m
