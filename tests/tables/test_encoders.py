"""Every kind of column obeys the same laws; a new kind is one class and its row, for ONNX too."""

from __future__ import annotations

import json
import re
import warnings

import numpy as np
import pandas as pd
import pytest

import ellayer
from ellayer import TablePreparation, TabularRegressor
from ellayer.tables.columns import as_numbers, as_texts, read_table
from ellayer.tables.encoders import ENCODERS
from ellayer.tables.kinds import infer_kind
from ellayer.tables.scaled_encoder import ScaledEncoder

pytestmark = pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
M = 120
RANDOM = np.random.RandomState(0)
COLUMNS = {
    "constant": [7.0] * M,
    "boolean": [True, False, None] * (M // 3),
    "numeric": [None, *RANDOM.randn(M - 1)],
    "date": [None, *pd.date_range("2020-01-01", periods=M - 1).strftime("%d.%m.%Y")],
    "identifier": [f"k{i}" for i in range(M - 1)] + [None],
    "text": [f"the sentence number {i}" for i in range(M - 1)] + [None],
    "categorical": ["a", "b", "c", None] * (M // 4),
    "ignore": [1.0, 2.0] * (M // 2),
}


def prepared(kind, **settings):
    X = pd.DataFrame({"c": pd.Series(COLUMNS[kind], dtype=object), "x": np.arange(M) % 7.0})
    kinds = {"c": "ignore"} if kind == "ignore" else None
    return TablePreparation(kinds, **settings).fit(X), X


def test_every_kind_has_a_column_here():
    assert set(COLUMNS) == set(ENCODERS)


@pytest.mark.parametrize("settings", [{}, {"max_one_hot": 2}], ids=str)
@pytest.mark.parametrize("kind", ENCODERS)
def test_laws_of_a_kind(kind, settings):
    preparation, X = prepared(kind, **settings)
    encoder, column = preparation.columns_[0], preparation.match(X)[0]
    assert encoder.kind == kind
    if kind != "ignore":
        assert infer_kind(column).kind == kind
    values, names = encoder.encode(column), encoder.names()
    assert [len(block) for block in values] == [len(block) for block in names]
    assert all(x.shape == (M,) for block in values for x in block)
    plan = encoder.export_plan(0)
    assert (plan is None) == (not any(names))
    if plan is not None:
        json.dumps(plan, allow_nan=False)
        assert plan["reads"] == encoder.reads
        assert len(encoder.export_values(column)) == M
        columns = len(plan["parts"]) + plan["missing"] + sum(told["one_hot"] or 1 for told in plan["maps"])
        assert columns == sum(map(len, names))
    facts = json.loads(json.dumps(encoder.to_facts()))
    assert type(encoder).from_facts(facts).to_facts() == facts
    missing = np.array([value is None for value in COLUMNS[kind]])
    for block in values[1:]:
        assert all(np.isin(x[missing], [-1, 0, 1]).all() for x in block)


class DurationEncoder(ScaledEncoder):
    """Times such as 1:30 as minutes."""

    kind, reads, expected = "duration", "number", "durations such as 1:30"

    @classmethod
    def infer(cls, profile):
        """Recognise hours and minutes with a colon."""
        return "" if profile.levels and all(re.fullmatch(r"\d+:\d\d", t) for t in profile.levels) else None

    @classmethod
    def learn(cls, column, note, settings):
        """Learn the scale."""
        encoder = cls(column.name, note)
        return encoder._learn_parts(encoder.read(column)[0], ["minutes"])

    def read(self, column):
        """Return minutes; numbers are minutes already."""
        if column.values.dtype.kind == "f":
            return as_numbers(column.values)
        texts = [text and re.fullmatch(r"(\d+):(\d\d)", text) for text in as_texts(column.values).tolist()]
        minutes = [60.0 * int(t[1]) + int(t[2]) if t else np.nan for t in texts]
        return np.array(minutes), np.array([text is not None and not text for text in texts])


@pytest.fixture
def duration():
    rows = dict(ENCODERS)
    ENCODERS.clear()
    ENCODERS.update({"duration": DurationEncoder, **rows})
    yield
    ENCODERS.clear()
    ENCODERS.update(rows)


def test_a_new_kind_is_one_class_and_its_row(duration, tmp_path):
    minutes = RANDOM.randint(0, 600, M)
    X = pd.DataFrame({"way": [None, *(f"{t // 60}:{t % 60:02d}" for t in minutes[1:])], "x": RANDOM.randn(M)})
    preparation = TablePreparation().fit(X)
    assert preparation.get_feature_names_out().tolist() == ["way: minutes", "x", "way: missing"]
    assert preparation.columns_[0].center == np.median(minutes[1:])
    model = TabularRegressor(1, epochs=3, hidden_layer_sizes=4, random_state=0).fit(X, minutes)
    ellayer.save(model, tmp_path / "m.ellayer")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = ellayer.load(tmp_path / "m.ellayer")
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    pytest.importorskip("onnxruntime")
    ellayer.to_onnx(model, X=X)
    assert infer_kind(read_table(X)[0]).kind == "duration"
