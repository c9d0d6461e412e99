"""The edges of the survey's and the encoders' rules: one value more or less decides."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from ellayer.tables.category_encoder import CategoryEncoder
from ellayer.tables.coding import CodedColumn, code_column
from ellayer.tables.columns import Column, as_texts
from ellayer.tables.encoders import ENCODERS
from ellayer.tables.kinds import ColumnKind
from ellayer.tables.row_order import (
    _distances,
    distinguish,
    group_column,
    order_drift,
    separability,
    time_column,
)
from ellayer.tables.scaling import quantile_places
from ellayer.tables.survey_columns import _empty_rows, _mark_of_missing, _mixture_finding, _numeric
from ellayer.tables.survey_duplicates import _leak
from ellayer.tables.survey_leaks import _separation, counter_findings, pair_findings
from ellayer.tables.survey_target import class_findings, number_findings


def coded(values: object, kind: str = "numeric", name: str = "x") -> CodedColumn:
    array = np.asarray(values)
    return code_column(
        Column(name, array if array.dtype.kind != "i" else array.astype(float)), ColumnKind(kind)
    )


def texts(values: list[str | None]) -> np.ndarray:
    return np.array([*values, None], dtype=object)[:-1]


# Numbers


def test_a_column_that_is_mostly_one_value_has_no_outliers():
    assert _numeric(coded([0.0] * 30 + [1.0, 2.0]), 32) == []


def test_outliers_are_counted_from_the_middle_half():
    values = [*np.linspace(0.0, 1.0, 40), 1e6]
    (finding,) = _numeric(coded(values), 41)
    assert finding.startswith("'x': 1 outlier, up to 1e+06, where half of the values lie from 0.25")
    low, high = np.quantile(values, [0.25, 0.75])
    assert f"from {low:g} to {high:g}" in finding


@pytest.mark.parametrize(("mark", "is_mark"), [(999.0, True), (99.0, False)])
def test_nines_are_a_mark_if_they_are_more_than_half_the_range_away(mark, is_mark):
    values = [*np.linspace(0.0, 80.0, 40), mark, mark]
    assert (_mark_of_missing(coded(values)) == (mark, 2)) == is_mark
    near = [*np.linspace(0.0, 1000.0, 40), 9999.0, 9999.0]
    assert _mark_of_missing(coded(near)) == (9999.0, 2)
    assert _mark_of_missing(coded([*np.linspace(0.0, 600.0, 40), 999.0, 999.0])) == (999.0, 2)


def test_nines_below_are_compared_with_the_next_value():
    assert _mark_of_missing(coded([-99.0, -99.0, -95.0, -10.0, 60.0])) is None
    assert _mark_of_missing(coded([-99.0, -99.0, -10.0, 60.0])) == (-99.0, 2)


def test_three_values_are_enough_for_a_mark():
    assert _numeric(coded([1.0, 5.0, 999.0, 999.0]), 4)[0].startswith("'x': 999 in 2 rows")
    assert _numeric(coded([5.0, 5.0, 999.0, 999.0]), 4) == []


def test_a_zero_in_more_than_half_of_the_rows_is_no_mark():
    others = np.arange(50.0, 80.0)
    assert _mark_of_missing(coded([*[0.0] * 30, *others])) == (0.0, 30)
    assert _mark_of_missing(coded([*[0.0] * 31, *others])) is None


def test_a_zero_is_odd_if_the_next_value_is_far_from_it():
    assert _mark_of_missing(coded([0.0, 0.0, 0.0, *np.arange(50.0, 80.0)])) == (0.0, 3)
    near = [0.0, 0.0, 0.0, 11.0, *np.arange(150.0, 180.0)]  # 11 is less than a tenth of the others
    assert _mark_of_missing(coded(near)) is None


def test_rows_are_empty_by_at_least_three_columns():
    gap = [1.0, np.nan, 2.0, 3.0, 4.0]
    assert len(_empty_rows([coded(gap)] * 3, 5)) == 1
    assert _empty_rows([coded(gap)] * 2, 5) == []
    assert _empty_rows([*[coded(gap)] * 2, coded(gap, "identifier")], 5) == []
    mostly = [1.0, np.nan, 2.0, np.nan, np.nan]
    assert _empty_rows([*[coded(gap)] * 2, coded(mostly)], 5) == []


# Target


@pytest.mark.parametrize(
    ("count", "m", "identifier"), [(50, 200, False), (51, 200, True), (60, 300, False), (61, 300, True)]
)
def test_many_classes_may_be_an_identifier(count, m, identifier):
    counts = {f"c{k}": 2 for k in range(count - 1)} | {"most": m - 2 * (count - 1)}
    findings = " ".join(class_findings("y", counts))
    assert ("is it an identifier" in findings) == identifier
    assert ("few rows of" in findings) != identifier


@pytest.mark.parametrize(
    ("values", "usual", "at_end", "censored"),
    [(60, 2, 20, True), (60, 2, 19, False), (60, 3, 30, True), (60, 3, 29, False),
     (1490, 2, 31, True), (1490, 2, 30, False), (50, 1, 20, True), (49, 1, 20, False)],
)  # fmt: skip
def test_a_heap_at_the_maximum(values, usual, at_end, censored):
    """More than 50 values, and at the end 20 rows, a hundredth of all and ten times as many as usual."""
    y = np.concatenate([np.repeat(np.arange(float(values)), usual), np.full(at_end, float(values))])
    assert any("have the maximum" in finding for finding in number_findings("y", y)) == censored


# Leaks


@pytest.mark.parametrize(("rows", "leaks"), [(10, True), (9, False)])
def test_a_threshold_that_parts_two_classes_has_ten_rows_of_each(rows, leaks):
    target = coded(texts(["a"] * rows + ["b"] * 30), "categorical", "y")
    x = [*np.linspace(5.0, 6.0, rows), *np.linspace(1.0, 2.0, 30)]
    assert ("all of one class" in _leak(coded(x), target, "classes")) == leaks


def test_a_column_with_a_value_per_class_leaks_up_to_half_of_the_rows():
    names = texts([f"c{k}" for k in range(10) for _ in range(2)])
    target = coded(texts([f"y{k}" for k in range(10) for _ in range(2)]), "categorical", "y")
    assert "one to one" in _leak(coded(names, "categorical"), target, "classes")
    once = coded(texts([f"c{k}" for k in range(20)]), "categorical")
    each = coded(texts([f"y{k}" for k in range(20)]), "categorical", "y")
    assert _leak(once, each, "classes") == ""


def test_gaps_in_one_class_leak():
    target = coded(texts(["a", "b"] * 20), "categorical", "y")
    gaps = [np.nan if k % 2 else float(k % 14) for k in range(40)]
    assert "missing in all rows of one class" in _leak(coded(gaps), target, "classes")
    gaps[1] = 3.0
    assert "missing in all rows" not in _leak(coded(gaps), target, "classes")


def test_three_values_can_be_the_target_in_other_units():
    y = np.tile([1.0, 2.0, 4.0], 20)
    target = coded(y, name="y")
    assert _leak(coded(y), target, "numbers") == "it is the same"
    assert "in other units" in _leak(coded(3.0 * y), target, "numbers")


def test_a_column_separates_two_classes_as_far_as_its_auc_is_from_a_half():
    random = np.random.RandomState(0)
    x = random.randint(0, 9, 200).astype(float)
    y = (x + 3.0 * random.randn(200) > 4.0).astype(float)
    expected = 2.0 * abs(roc_auc_score(y, x) - 0.5)
    assert _separation(x, y) == pytest.approx(expected)
    assert _separation(-x, y) == pytest.approx(expected)
    assert _separation(x, np.zeros(200)) == 0.0
    for gaps, rest in ((100, True), (101, False)):
        some = np.where(np.arange(200) < gaps, np.nan, x)
        assert (_separation(some, y) > 0.0) == rest


def test_a_sum_of_two_columns_leaks_numbers_in_other_units_and_classes_by_a_threshold():
    random = np.random.RandomState(0)
    x, y = random.randn(60), random.randn(60)
    columns = [coded(x, name="x"), coded(y, name="y")]
    (numbers,) = pair_findings(columns, coded(3.0 * (x + y), name="t"), "numbers", [])
    assert numbers.startswith("'x' + 'y' is the target in other units")
    labels = texts(np.where(x + y > 0.0, "a", "b").tolist())
    (classes,) = pair_findings(columns, coded(labels, "categorical", "t"), "classes", [])
    assert classes.startswith("'x' + 'y' parts the classes without an error")
    assert pair_findings(columns, coded(texts(["a", "b", "c"] * 20), "categorical", "t"), "classes", []) == []


@pytest.mark.parametrize(
    ("values", "counts"),
    [(np.arange(5.0, 65.0), True), (np.arange(60.0) + 0.5, False), (np.arange(60.0)[::-1], False)],
)
def test_a_column_of_ascending_integers_counts_the_rows(values, counts):
    assert bool(counter_findings([coded(values)])) == counts


@pytest.mark.parametrize(("numbers", "mixes"), [(11, True), (10, False)])
def test_a_column_mixes_numbers_and_text_from_eleven_numbers_on(numbers, mixes):
    column = coded(texts([*map(str, range(numbers)), "unknown"]), "categorical")
    assert bool(_mixture_finding(column)) == mixes


# Order of the rows


def test_times_within_a_day_in_any_order_are_not_ordered():
    hours = np.random.RandomState(0).permutation(200)
    moments = np.datetime64("2024-01-01T00:00", "us") + hours.astype("timedelta64[m]")
    assert time_column([coded(moments, "date")]) is None
    assert time_column([coded(np.sort(moments), "date")]) is not None
    assert time_column([coded(np.sort(moments)[::-1].copy(), "date")]) is not None


def drifting(late: np.ndarray, name: str = "x") -> CodedColumn:
    """A column whose values are larger where it is late, in no order within."""
    return coded(5.0 * late + np.random.RandomState(0).rand(len(late)), name=name)


def test_rows_drift_along_times_by_a_column_that_is_no_other_form_of_the_time():
    day = np.random.RandomState(0).permutation(200)
    date = coded(np.datetime64("2024-01-01", "us") + day.astype("timedelta64[D]"), "date", "day")
    assert time_column([date, coded(day // 10, name="decade")]) is None
    name, why = time_column([date, drifting(day >= 100)])
    assert name == "day"
    assert why.startswith("rows early and late in 'day' differ")


def test_rows_of_a_file_that_is_sorted_by_its_target_do_not_drift():
    column = drifting(np.arange(200) >= 100)
    mixed, ordered = (
        coded(texts(labels), "categorical", "y") for labels in (["a", "b"] * 100, ["a"] * 100 + ["b"] * 100)
    )
    assert order_drift([column], mixed).endswith("most by 'x')")
    assert order_drift([column], ordered) is None


@pytest.mark.parametrize(("kind", "distance"), [("numeric", 0.4), ("categorical", 0.6)])
def test_the_distance_of_two_sets_of_rows_by_hand(kind, distance):
    """First 0, 0, 1, 2, 2 and then 1, 1, 1, 2, 3, of which shares of 2/5, 1/5, 2/5, 0 and 0, 3/5, 1/5, 1/5 are compared."""
    column = coded([0.0, 0.0, 1.0, 2.0, 2.0, 1.0, 1.0, 1.0, 2.0, 3.0], kind)
    second = np.arange(10) >= 5
    assert _distances([column], second) == {"x": pytest.approx(distance)}


@pytest.mark.parametrize(
    ("values", "repeats"),
    [(np.repeat(np.arange(100.0), 2), True), (np.append(np.repeat(np.arange(99.0), 2), [99.0, 100.0]), False),
     (np.repeat(np.arange(50.0), 4), True), (np.repeat(np.arange(50.0), 4) + 0.5, False),
     (texts([f"k{k // 4}" for k in range(200)]), True)],
)  # fmt: skip
def test_identifiers_by_name_are_texts_or_integers(values, repeats):
    assert (group_column([coded(values, "numeric", "customer_id")]) is not None) == repeats


def test_two_tables_of_unequal_length_are_distinguished():
    random = np.random.default_rng(0)
    first, second = (
        pl.DataFrame({"same": random.normal(size=m), "x": random.normal(size=m) + shift})
        for m, shift in ((60, 0.0), (100, 9.0))
    )
    auc, names = distinguish(first, second, [])
    assert auc > 0.99
    assert names == ["x", "same"]


def test_an_identifier_may_have_a_tenth_of_gaps():
    keys = texts([f"k{k // 4}" for k in range(180)] + [None] * 20)
    assert group_column([coded(keys, "identifier", "customer_id")]) is not None
    more = texts([f"k{k // 4}" for k in range(179)] + [None] * 21)
    assert group_column([coded(more, "identifier", "customer_id")]) is None


def test_sets_that_are_too_small_are_not_told_apart():
    second = np.array([True, *[False] * 199])
    assert separability([coded(np.arange(200.0))], second, np.ones(200, bool)) == 0.5
    assert separability([], second, np.ones(200, bool)) == 0.5


# Encoders


def test_as_many_values_as_quantiles_are_all_of_them():
    assert quantile_places(np.array([1, 1, 96]), 2).tolist() == [0, 1, 2]
    assert quantile_places(np.array([1, 1, 1, 96]), 2).tolist() == [0, 3, 3]


@pytest.mark.parametrize(
    ("note", "wrong"), [("", [False, True, False]), ("some values are not numbers, ...", [False] * 3)]
)
def test_wrong_values_that_the_training_rows_had_as_well_are_no_news(note, wrong):
    column = Column("x", texts(["1", "unknown", None]))
    numbers, unreadable = ENCODERS["numeric"]("x", note).read(column)
    assert numbers[0] == 1.0
    assert unreadable.tolist() == wrong


def test_as_many_levels_as_are_allowed_are_all_kept():
    from ellayer.tables.column_encoder import EncoderSettings

    column = Column("c", texts([f"l{k}" for k in range(6)] * 5))
    for most, other in ((6, False), (5, True)):
        encoder = CategoryEncoder.learn(column, "", EncoderSettings(max_levels=most, max_one_hot=12))
        assert (encoder.other, len(encoder.levels)) == (other, most)


def test_export_values_are_texts_without_gaps():
    column = Column("c", texts(["a", None, "b", "a"]))
    encoder = CategoryEncoder("c", "", ["a", "b"])
    assert encoder.export_values(column).tolist() == ["a", "", "b", "a"]
    assert as_texts(np.array([1.0, np.nan, 2.5])).tolist() == ["1", None, "2.5"]
