"""Encoders at their edges: parts of dates by hand, plans that say what is encoded, states that are refused."""

from __future__ import annotations

import math
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest

from ellayer import TablePreparation
from ellayer.errors import EllayerError
from ellayer.tables import fitted_encoders
from ellayer.tables.columns import read_table
from ellayer.tables.encoders import ENCODERS
from ellayer.tables.kinds import infer_kind

pytestmark = pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
SMALL = pd.DataFrame(
    {
        "two": ["x", "y"] * 12,
        "few": ["a", "b", "c", "d"] * 5 + ["e", "f", "g", "h"],
        "size": np.arange(24) % 5 / 2.0,
        "same": "s",
    }
)


def test_the_parts_of_a_date_by_hand():
    part, days = ENCODERS["date"]("when", "").part, np.array([0.0, 1.75, 3.25])
    np.testing.assert_array_equal(part(days, "days"), days)
    turns = {"week": np.array([0, 1, 3]) / 7, "day": np.array([0, 0.75, 0.25]), "year": days / 365.2425}
    for period, turn in turns.items():
        np.testing.assert_allclose(part(days, f"{period} (sin)"), np.sin(2 * math.pi * turn), atol=1e-15)
        np.testing.assert_allclose(part(days, f"{period} (cos)"), np.cos(2 * math.pi * turn), atol=1e-15)


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ([7.0] * 3, "constant value 7"),
        (["7.50"] * 3, "constant value 7.5"),
        (["x"] * 3, "constant value 'x'"),
        ([True, None, True], "constant value 'True'"),
        ([None] * 3, "all values are missing"),
    ],
)
def test_a_constant_column_says_its_value(values, note):
    encoder = infer_kind(read_table(pd.DataFrame({"c": pd.Series(values, dtype=object)}))[0])
    assert (encoder.kind, encoder.note) == ("constant", note)


@pytest.mark.parametrize("values", [[7.0, 7.0, None], ["x", "x", None]])
def test_one_value_and_missing_ones_are_not_constant(values):
    assert infer_kind(read_table(pd.DataFrame({"c": values}))[0]).kind != "constant"


def test_a_column_of_one_row_is_constant():
    assert infer_kind(read_table(pd.DataFrame({"c": [3]}))[0]).note == "constant value 3"


def planned(plan, texts):
    """Return the columns that a program without Ellayer makes of texts, "" where one is missing."""
    columns = []
    for rule in plan["maps"]:
        numbers = np.array([rule["values"].get(text, rule["otherwise"]) for text in texts])
        columns += [numbers == k for k in range(rule["one_hot"])] if rule["one_hot"] else [numbers]
    return np.array(columns, float)


@pytest.mark.parametrize("max_levels", [4, 20])
@pytest.mark.parametrize("name", ["two", "few"])
def test_the_plan_of_categories_is_their_encoding(name, max_levels):
    preparation = TablePreparation(max_levels=max_levels).fit(SMALL)
    encoder = preparation.columns_[list(SMALL).index(name)]
    texts = ["x", "y", "a", "d", "h", " a", "new", None, "?"]
    column = read_table(pd.DataFrame({name: pd.Series(texts, dtype=object)}))[0]
    blocks = encoder.encode(column)
    assert not blocks.numbers
    assert not blocks.codes
    plan = encoder.export_plan(0)
    np.testing.assert_array_equal(planned(plan, [text or "" for text in texts]), np.array(blocks.flags))
    if name == "two":
        assert blocks.flags[0].tolist() == [-1, 1, 0, 0, 0, 0, 0, 0, 0]


def changed_states():
    arrays, facts = TablePreparation().fit(SMALL).get_state()
    finite = r"expected a finite center and a scale above 0 for each of 1 numbers"
    for key in ("center", "scale"):
        yield {**arrays, key: np.zeros(0)}, facts, finite
        yield {**arrays, key: np.ones(2)}, facts, finite
        yield {**arrays, key: np.ones(1, int)}, facts, finite
        yield {**arrays, key: np.full(1, np.inf)}, facts, finite
        yield {**arrays, key: np.full(1, np.nan)}, facts, finite
    yield {**arrays, "scale": np.zeros(1)}, facts, finite
    four = r"expected {} columns and as many names, received 4"
    yield arrays, {**facts, "n_features_in": 5}, four.format(5)
    yield arrays, {**facts, "n_features_in": 3, "feature_names": None}, four.format(3)
    yield arrays, {**facts, "feature_names": ["two", "few", "size"]}, four.format(4)


def test_a_changed_state_is_refused():
    for arrays, facts, words in changed_states():
        with pytest.raises(EllayerError, match=words):
            TablePreparation.from_state(arrays, deepcopy(facts))


def test_a_state_without_names_is_whole():
    fitted = TablePreparation().fit(SMALL)
    arrays, facts = fitted.get_state()
    again = TablePreparation.from_state(arrays, {**facts, "feature_names": None})
    assert not hasattr(again, "feature_names_in_")
    np.testing.assert_array_equal(again.columns_[2].center, fitted.columns_[2].center)


def test_the_parts_of_a_date_are_known_ones():
    dates = pd.DataFrame({"when": pd.date_range("2020-01-01", periods=40, freq="D")})
    arrays, facts = TablePreparation().fit(dates).get_state()
    again = TablePreparation.from_state(arrays, deepcopy(facts))
    assert again.columns_[0].parts == ["days", "year (sin)", "year (cos)", "week (sin)", "week (cos)"]
    (column,) = deepcopy(facts["columns"])
    column["parts"] = ["days", "moon (sin)", *column["parts"][2:]]
    with pytest.raises(EllayerError, match="parts: expected some of days, year"):
        TablePreparation.from_state(arrays, {**facts, "columns": [column]})


class Sliced(list):
    """A list that notes the lengths of its parts."""

    lengths: tuple[int, ...] = ()

    def __getitem__(self, place):
        part = super().__getitem__(place)
        if isinstance(place, slice):
            self.lengths += (len(part),)
        return part


@pytest.mark.parametrize(
    ("columns", "numbers", "lengths"), [(4, 99, (4, 3)), (4, 15, (3, 3, 1)), (4, 4, (1,) * 7), (99, 99, (7,))]
)
def test_columns_are_encoded_some_at_once_fewer_of_many_rows(monkeypatch, columns, numbers, lengths):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(5, 7)))
    preparation = TablePreparation().fit(frame)
    expected = preparation.transform(frame)
    monkeypatch.setattr(fitted_encoders, "AT_ONCE", columns)
    monkeypatch.setattr(fitted_encoders, "NUMBERS_AT_ONCE", numbers)
    table = Sliced(read_table(frame))
    np.testing.assert_array_equal(preparation.transform_columns(table), expected)
    assert table.lengths == lengths
