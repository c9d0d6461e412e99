"""ONNX of the table estimators, preparation and all: every kind of column, both recipes, one member and three."""

from __future__ import annotations

import json
import warnings
from copy import copy
from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import ellayer
from ellayer import TabularClassifier, TabularRegressor
from ellayer.data.text.cells import MISSING
from ellayer.estimators import FitWarning
from ellayer.estimators.tabular.recipes import RECIPES
from ellayer.storage import ModelFileError
from ellayer.storage.onnx import compare_table
from ellayer.tables.columns import BOOLEANS
from ellayer.tables.encoders import ENCODERS
from ellayer.tables.preparation import TablePreparation
from kinds_of_model import with_members

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

pytestmark = pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
M = 360
QUICK = {"epochs": 3, "hidden_layer_sizes": (12, 8), "random_state": 0}


def make_table(seed=0):
    """Return a table with a column of every kind, each in the ways it comes."""
    random = np.random.RandomState(seed)
    rare = np.where(
        random.rand(M) < 0.6, random.choice(["often", "less"], M), [f"r{i % 150}" for i in range(M)]
    )
    table = pd.DataFrame(
        {
            "age": random.uniform(20, 60, M),
            "income, net": np.exp(random.randn(M) * 4),
            "stamp": 1.7e15 + random.randint(0, 1000, M),
            "slips": [*map(str, random.randn(M - 1).round(3)), "unknown to us"],
            "when": pd.date_range("2019-12-30", periods=M, freq="31h"),
            "day": pd.date_range("1965-01-01", periods=M).strftime("%d.%m.%Y"),
            "flag": random.rand(M) > 0.5,
            "said": random.choice(["true", "FALSE"], M),
            "two": random.choice(["x", "y"], M),
            "city": random.choice(["Bern", "New York", "Ulm", "Łódź"], M),
            "towns": random.choice([f"town {i}" for i in range(12)], M),
            "rare": rare,
            "class": random.choice([1, 2, 3], M),
            "note": [f"a sentence with the number {i} in it" for i in range(M)],
            "code": [f"k{i}" for i in range(M)],
            "same": 1.0,
            "aside": random.randn(M),
        }
    )
    for step, name in enumerate(["age", "when", "day", "said", "two", "city", "towns", "note"], start=5):
        table[name] = table[name].astype(object) if table[name].dtype.kind != "f" else table[name]
        table.loc[::step, name] = None
    return table


TABLE = make_table()
NEW = make_table(1).assign(city=lambda t: t.city.where(t.index % 4 > 0, "Atlantis"))
KINDS_GIVEN = {"class": "categorical", "aside": "ignore", "flag": "boolean"}
SAID = np.where(
    (TABLE.age.fillna(40) > 40) ^ (TABLE.city == "Ulm"), "yes", np.where(TABLE.two == "x", "no", "maybe")
)


@cache
def classifier(recipe="simple", n_members=1):
    return fit(TabularClassifier, SAID, recipe=recipe, n_members=n_members)


def fit(cls, y, X=TABLE, n_members=1, **settings):
    """Return a fitted model with the right number of members."""
    kinds = KINDS_GIVEN if X is TABLE else None
    model = cls(1, **{**QUICK, "column_kinds": kinds, **settings}).fit(X, y)
    return with_members(model, n_members) if n_members > 1 else model


def note(proto, key):
    return {prop.key: prop.value for prop in proto.metadata_props}[f"ellayer.{key}"]


def feed(proto, table):
    """Return the inputs by hand, as the guide tells users to."""
    inputs = {}
    types = {1: np.float32, 11: np.float64}
    for told in json.loads(note(proto, "columns")):
        column = table[told["column"]]
        kind = next(i for i in proto.graph.input if i.name == told["input"]).type.tensor_type.elem_type
        if told["kind"] == "date":
            moments = pd.to_datetime(column, dayfirst=True).to_numpy().astype("datetime64[us]")
            days = moments.astype(np.int64) / 86_400e6
            values = np.where(np.isnat(moments), np.nan, days)
        elif kind == 8:
            values = column.astype(object).where(column.notna(), "").astype(str).to_numpy(object)
        else:
            values = pd.to_numeric(column, errors="coerce").to_numpy()
        inputs[told["input"]] = values.reshape(-1, 1).astype(types.get(kind, object))
    return inputs


def run(proto, inputs):
    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def test_the_table_has_every_kind_of_column():
    preparation = TablePreparation(KINDS_GIVEN, max_one_hot=8).fit(TABLE)
    assert {column.kind for column in preparation.columns_} == set(ENCODERS)
    assert any(column["other"] for column in preparation.describe())
    assert len(preparation.code_levels_) == 2


@pytest.mark.parametrize("max_one_hot", [None, 8])
def test_the_plan_says_all_that_the_preparation_does(max_one_hot):
    """The matrix, formed from the plan and the raw columns alone."""
    preparation = TablePreparation(KINDS_GIVEN, max_one_hot=max_one_hot).fit(TABLE)
    plan, raw = preparation.export_plan(), preparation.export_values(NEW)
    json.dumps(plan, allow_nan=False)
    numbers, rest, codes = [], [], []
    for column in plan:
        x = raw[column["name"]][:, 0]
        for part in column.get("parts", []):
            value = np.floor(x) if part["whole"] else x
            if part["wave"]:
                value = getattr(np, part["wave"])(2 * np.pi * value / part["period"])
            z = (value - part["center"]) / part["scale"]
            numbers.append(np.nan_to_num(z / np.sqrt(1 + (z / part["spread"]) ** 2)))
        if column.get("missing"):
            rest.append(np.isnan(x))
        for told in column.get("maps", []):
            k = np.array([told["values"].get(text, told["otherwise"]) for text in x])
            each = [k == level for level in range(told["one_hot"])] or [k]
            (codes if told["last"] else rest).extend(each)
    np.testing.assert_allclose(
        np.stack([*numbers, *rest, *codes], axis=1), preparation.transform(NEW), atol=1e-9
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("recipe", RECIPES)
def test_classes(recipe, n_members, dtype):
    model = classifier(recipe, n_members)
    proto = ellayer.to_onnx(model, dtype=dtype, X=NEW)
    assert [output.name for output in proto.graph.output] == ["label", "probabilities"]
    label, probabilities = run(proto, feed(proto, NEW))
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(probabilities, model.predict_proba(NEW), atol=tolerance)
    assert (label == model.predict(NEW)).all()
    assert (label.dtype, label.shape, probabilities.dtype) == (object, (M,), dtype)
    assert 0 < float(note(proto, "max_difference")) < tolerance
    left_out = {"note": False, "code": True, "same": True, "aside": True}
    inputs = {value.name for value in proto.graph.input}
    assert {name: name not in inputs for name in left_out} == left_out


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("recipe", RECIPES)
def test_numbers(recipe, n_members, dtype):
    y = 1e6 + 1e3 * TABLE.age.fillna(30)
    model = fit(TabularRegressor, y, n_members=n_members, recipe=recipe)
    proto = ellayer.to_onnx(model, dtype=dtype, X=NEW)
    received = run(proto, feed(proto, NEW))
    assert [output.name for output in proto.graph.output] == ["variable", "lower", "upper"]
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    expected = np.column_stack([model.predict(NEW), model.predict_interval(NEW, 0.9)])
    for column, values in zip(received, expected.T, strict=True):
        assert (column.shape, column.dtype) == ((M, 1), dtype)
        np.testing.assert_allclose(column[:, 0] / y.std(), values / y.std(), rtol=1e-7, atol=tolerance)
    assert note(proto, "interval") == "0.9"


def test_the_coverage_of_the_intervals():
    model = fit(TabularRegressor, TABLE.age.fillna(30))
    *_, lower, upper = run(
        ellayer.to_onnx(model, dtype="float64", interval=0.5),
        feed(ellayer.to_onnx(model, dtype="float64"), NEW),
    )
    np.testing.assert_allclose(np.column_stack([lower, upper]), model.predict_interval(NEW, 0.5))
    with pytest.raises(ellayer.EllayerError, match="coverage: expected at least 1999 rows held out"):
        ellayer.to_onnx(model, interval=0.999)
    model.residuals_ = model.residuals_[:5]
    assert [output.name for output in ellayer.to_onnx(model).graph.output] == ["variable"]
    network = ellayer.Network([1, 1])
    for other in (classifier(), (network, ellayer.initialize_parameters(network, seed=1))):
        with pytest.raises(ellayer.EllayerError, match="interval: expected"):
            ellayer.to_onnx(other, interval=0.9)


@pytest.mark.parametrize("metric", ["f1", "balanced_accuracy", "accuracy"])
def test_labels_follow_the_decision(metric):
    y = (TABLE.age.fillna(0) > 52).astype(int)
    model = fit(TabularClassifier, y, metric=metric, epochs=10)
    assert (model.decision_ != 1).any() or metric == "accuracy"
    proto = ellayer.to_onnx(model, dtype="float64", X=NEW)
    label, _ = run(proto, feed(proto, NEW))
    assert label.dtype == np.int64
    np.testing.assert_array_equal(label, model.predict(NEW))


def test_the_temperature_goes_along():
    model = copy(classifier())
    model.temperature_ = 3.0
    proto = ellayer.to_onnx(model, dtype="float64")
    np.testing.assert_allclose(run(proto, feed(proto, NEW))[1], model.predict_proba(NEW), atol=1e-12)


def test_values_far_out_and_words_for_nothing():
    X = pd.DataFrame({"x": np.arange(80.0), "t": TABLE["said"][:80], "c": TABLE["rare"][:80]})
    model = fit(TabularClassifier, X.x % 2 > 0, X)
    proto = ellayer.to_onnx(model, dtype="float64")
    odd = [np.inf, -np.inf, 1e300, -1e300, np.nan, 1e-300]
    texts = [
        "",
        " ",
        "?",
        "NaN",
        "<NA>",
        "Null",
        "n/A",
        "#n/a",
        "None",
        "YES",
        "no",
        " True",
        "0",
        "oops",
        "often",
        " less",
    ]
    rows = pd.DataFrame([(x, t, c) for x in odd for t in texts for c in texts], columns=["x", "t", "c"])
    inputs = {name: rows[[name]].to_numpy(object if name != "x" else float) for name in rows}
    np.testing.assert_allclose(run(proto, inputs)[1], model.predict_proba(rows), atol=1e-12)
    assert {text.lower().strip() for text in texts} & {*MISSING} == {*MISSING} & {
        t.lower().strip() for t in texts
    }
    assert "yes" in BOOLEANS


def test_names_that_are_taken_get_a_line_before_them():
    X = pd.DataFrame(
        {"label": TABLE["age"], "_label": TABLE["city"], "W1": TABLE["two"], "ellayer/W1": TABLE["flag"]}
    )
    model = fit(TabularClassifier, SAID, X)
    proto = ellayer.to_onnx(model, X=X)
    names = [value.name for value in proto.graph.input]
    assert names == ["_label", "__label", "W1", "_ellayer/W1"]
    assert [told["column"] for told in json.loads(note(proto, "columns"))] == list(X.columns)
    np.testing.assert_allclose(run(proto, feed(proto, X))[1], model.predict_proba(X), atol=1e-5)


def test_only_what_float32_tells_apart_is_float32():
    proto = ellayer.to_onnx(classifier())
    told = {c["column"]: c["type"] for c in json.loads(note(proto, "columns"))}
    assert (told["age"], told["stamp"], told["when"], told["flag"]) == (
        "float32",
        "float64",
        "float64",
        "text",
    )
    days = next(value for value in proto.graph.input if value.name == "when")
    assert days.doc_string == "date: days since 1970-01-01 (UTC) with fractions, nan if missing"


@pytest.mark.parametrize(
    "convert",
    [lambda X: pl.DataFrame({name: X[name].to_list() for name in X}), lambda X: X.to_numpy()],
    ids=["polars", "array"],
)
def test_frames_of_any_kind_and_arrays(convert):
    X = convert(TABLE[["age", "city", "flag"]])
    model = fit(TabularClassifier, SAID, X)
    proto = ellayer.to_onnx(model, X=X)
    names = [value.name for value in proto.graph.input]
    assert names == (["x0", "x1", "x2"] if isinstance(X, np.ndarray) else ["age", "city", "flag"])


def make_array(width=30):
    """Return numbers without names: a few missing, some columns that say nothing, pixels of 0 to 255 / 255."""
    random = np.random.RandomState(0)
    X = (random.randint(0, 256, (M, width)) / 255.0).astype(np.float32)
    X[random.rand(M) < 0.1, 4] = np.nan
    X[:, [0, 7]] = 1.0, 0.0
    X[:, 9] = np.where(random.rand(M) < 0.4, np.float32(254 / 255), 1.0)  # all but white
    return X


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_an_array_of_numbers_is_one_input(recipe, dtype):
    X = make_array()
    model = fit(
        TabularClassifier, np.where(X[:, 1] > X[:, 2], "left", "right"), X, recipe=recipe, n_members=2
    )
    proto = ellayer.to_onnx(model, X=X, dtype=dtype)
    (told,) = json.loads(note(proto, "columns"))
    assert told == {
        "input": "X",
        "column": "x0 to x29",
        "kind": "numeric",
        "type": dtype,
        "holds": "in the order of the fit, nan if missing",
    }
    assert [d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim] == [0, 30]
    label, probabilities = run(proto, {"X": X.astype(dtype)})
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=tolerance)
    assert (label == model.predict(X)).all()
    other = X.copy()
    other[:, [0, 7]] = np.nan, 55.0  # left out in training, not looked at
    assert (run(proto, {"X": other.astype(dtype)})[1] == probabilities).all()


def test_thousands_of_columns_are_no_more_nodes_than_thirty():
    few, many = make_array(), make_array(5000)
    y = few[:, 1] > few[:, 2]
    models = [fit(TabularClassifier, y, X) for X in (few, many)]
    small, large = map(ellayer.to_onnx, models)
    assert len(large.graph.node) < 40
    assert len(large.graph.node) <= len(small.graph.node) < 60  # which has ramps
    weights = sum(theta.size for theta in models[1].members_[0].values())
    assert (
        large.ByteSize() < 4 * weights + 5000 * 6 * 8 + 10_000
    )  # center, scale, spread, what is picked, in order of the table and of the matrix


def test_numbers_that_float32_loses_make_the_array_float64():
    X = make_array().astype(np.float64)
    X[:, 3] = 1.7e15 + np.arange(M)
    model = fit(TabularRegressor, np.nan_to_num(X[:, 1]), X)
    proto = ellayer.to_onnx(model, X=X)
    assert proto.graph.input[0].type.tensor_type.elem_type == 11
    np.testing.assert_allclose(run(proto, {"X": X})[0][:, 0], model.predict(X), atol=1e-5)


def test_columns_of_an_array_that_are_no_numbers_are_inputs_each():
    X = make_array()[:, :4]
    y = X[:, 1] > X[:, 2]
    for given, names in [
        ({"column_kinds": {"x3": "categorical"}}, ["x1", "x2", "x3"]),
        ({"column_kinds": {"x3": "ignore"}}, ["X"]),
    ]:
        proto = ellayer.to_onnx(fit(TabularClassifier, y, X, **given))
        assert [value.name for value in proto.graph.input] == names
    named = pd.DataFrame(X, columns=list("abcd"))
    proto = ellayer.to_onnx(fit(TabularClassifier, y, named))
    assert [value.name for value in proto.graph.input] == ["b", "c", "d"]


def test_many_numbers_of_a_table_are_prepared_at_once():
    X = pd.DataFrame(make_array(60)).rename(columns=str)
    X.iloc[::7] = np.nan
    y = np.arange(M) % 2
    proto = ellayer.to_onnx(fit(TabularClassifier, y, X), X=X)
    assert len(proto.graph.input) == 60
    assert len(proto.graph.node) < 50


@pytest.mark.parametrize("rows", [1, 2, 500])
def test_any_number_of_rows(rows):
    proto = ellayer.to_onnx(classifier())
    inputs = {name: np.repeat(values[:1], rows, axis=0) for name, values in feed(proto, NEW).items()}
    label, probabilities = run(proto, inputs)
    assert (label.shape, probabilities.shape) == ((rows,), (rows, 3))


def test_nothing_to_learn_is_a_constant():
    X = TABLE[["city", "age"]]
    one = ellayer.to_onnx(fit(TabularClassifier, np.full(M, "only"), X), X=X)
    label, probabilities = run(one, feed(one, X))
    assert (set(label), probabilities.shape) == ({"only"}, (M, 1))
    number = ellayer.to_onnx(fit(TabularRegressor, np.full(M, 7.5), X))
    np.testing.assert_array_equal(run(number, feed(number, X))[0], np.full((M, 1), 7.5))
    number = ellayer.to_onnx(fit(TabularRegressor, np.full(M, 7.5), make_array()))
    np.testing.assert_array_equal(run(number, {"X": make_array()})[0], np.full((M, 1), 7.5))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dicts_of_probabilities(dtype):
    model = classifier()
    proto = ellayer.to_onnx(model, zipmap=True, dtype=dtype)
    label, dicts = run(proto, feed(proto, NEW))
    assert [output.name for output in proto.graph.output] == ["output_label", "output_probability"]
    P = [[row[name] for name in model.classes_] for row in dicts]
    np.testing.assert_allclose(P, model.predict_proba(NEW), atol=1e-5)
    assert label[0] in model.classes_


def test_from_the_model_file_to_a_file(tmp_path):
    model = classifier("full")
    ellayer.save(model, tmp_path / "m.ellayer")
    proto = ellayer.to_onnx(ellayer.load(tmp_path / "m.ellayer"), tmp_path / "m.onnx")
    assert onnx.load(tmp_path / "m.onnx").SerializeToString() == proto.SerializeToString()
    assert proto.SerializeToString() == ellayer.to_onnx(model).SerializeToString()
    assert ellayer.Network.from_json(note(proto, "network")) == model.network_


def test_a_preparation_that_the_plan_does_not_tell_is_noticed(monkeypatch):
    model = fit(TabularClassifier, SAID, epochs=20)
    plan = model.preparation_.export_plan()
    plan[0]["parts"][0]["center"] += 30.0
    monkeypatch.setattr(TablePreparation, "export_plan", lambda self: plan)
    with pytest.raises(ModelFileError, match=r"to within 0.001, received a difference of .*ellayer.save"):
        ellayer.to_onnx(model)


def test_a_wrong_label_is_noticed(monkeypatch):
    model = fit(TabularClassifier, SAID, epochs=20)
    proto = ellayer.to_onnx(model)
    honest = compare_table.run
    turned = lambda *a: [np.roll(honest(*a)[0], 1), honest(*a)[1]]  # noqa: E731
    monkeypatch.setattr(compare_table, "run", turned)
    with pytest.raises(ModelFileError, match="received a difference of inf"):
        ellayer.to_onnx(model)
    assert proto


def test_what_cannot_be_exported_says_why():
    with pytest.warns(FitWarning):
        model = fit(TabularClassifier, SAID, pd.DataFrame({"code": TABLE["code"], "same": 1.0}))
    with pytest.raises(ModelFileError, match=r"expected a table with a column that is used.*all are ignored"):
        ellayer.to_onnx(model)
    inside = make_pipeline(FunctionTransformer(), TabularClassifier(1, **QUICK)).fit(TABLE[["age"]], SAID)
    with pytest.raises(
        ModelFileError, match=r"includes the preparation of a table.*alone to ellayer.to_onnx"
    ):
        ellayer.to_onnx(inside, X=TABLE[["age"]])
    model = fit(TabularClassifier, TABLE["age"].fillna(0) > 40)
    model.classes_, model.positive_ = np.array([0.5, 1.5]), 1.5
    with pytest.raises(ModelFileError, match="all strings or all integers"):
        ellayer.to_onnx(model)
    with pytest.raises(Exception, match="not fitted"):
        ellayer.to_onnx(TabularClassifier())


def test_nothing_is_told_while_comparing():
    model = classifier()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ellayer.to_onnx(model)
