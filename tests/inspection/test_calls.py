"""One way to call the inspections: (model, X, y), or (network, parameters, X, Y), a table or one row."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest

import ellayer
from ellayer import (
    EllayerError,
    MLPClassifier,
    Network,
    check_gradients,
    derive,
    diagnose,
    explain,
    precision_audit,
    saliency,
    summary,
    trace,
)

W1 = ("W1", 0, 1)
INSPECTIONS = {
    "trace": (trace, (), lambda t: t["dW1"]),
    "derive": (derive, (W1,), lambda d: d.gradient),
    "check_gradients": (check_gradients, (), lambda c: c.cost),
    "diagnose": (diagnose, (), lambda d: [layer.gradient for layer in d.layers]),
    "saliency": (saliency, (), lambda s: s.integrated),
    "precision_audit": (precision_audit, (), lambda p: p["dW1"].size),
    "summary": (summary, (), lambda s: s.rows[0]["Z"][1]),
    "explain": (explain, (), lambda e: e.values),
}
each = pytest.mark.parametrize("name", INSPECTIONS)


@pytest.fixture(autouse=True)
def without_jax(monkeypatch):
    """Let the audit of precision compute in NumPy alone, which is quicker."""
    monkeypatch.setattr(importlib.import_module("ellayer.inspection.precision"), "DTYPES", ("float32",))


@pytest.fixture(scope="module")
def model():
    """A classifier of three labels by three named columns, and its table."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(30, 3)), columns=["age", "fare", "size"])
    labels = np.array(["low", "mid", "top"])[np.digitize(table["age"], [-0.5, 0.5])]
    return classifier(table), table, labels


def classifier(table):
    """A classifier of three labels with parameters drawn at random."""
    parameters = ellayer.initialize_parameters(Network([3, 4, 3], "tanh"), seed=1)
    names = list(table.columns)
    return MLPClassifier.from_parameters(
        parameters, activation="tanh", classes=["low", "mid", "top"], feature_names=names
    )


@each
def test_all_forms_of_a_call_are_the_same_call(name, worked):
    function, more, value = INSPECTIONS[name]
    network, parameters, X, Y = worked.network, worked.parameters, worked.X, worked.Y
    expected = value(function((network, parameters), X, Y, *more))
    named = {"parameter": more[0]} if more else {}
    for result in (
        function(network, parameters, X, Y, *more),
        function(network, parameters, X=X, Y=Y, **named),
        function((network, parameters), X, y=Y, **named),
        function(model=network, parameters=parameters, X=X, Y=Y, **named),
    ):
        np.testing.assert_array_equal(value(result), expected)


@each
def test_one_row_is_a_table_of_one_row(name, model):
    function, more, value = INSPECTIONS[name]
    fitted, table, labels = model
    expected = value(function(fitted, table[:1], labels[:1], *more))
    first = table.iloc[0]
    for row in (first, first.to_numpy(), first.to_list(), first.to_dict()):
        np.testing.assert_array_equal(value(function(fitted, row, labels[0], *more)), expected)


@each
def test_one_example_of_a_network_is_a_column(name, worked):
    function, more, value = INSPECTIONS[name]
    pair, x, y = (worked.network, worked.parameters), worked.X[:, 0], worked.Y[:, :1]
    expected = value(function(pair, x.reshape(-1, 1), y, *more))
    np.testing.assert_array_equal(value(function(pair, pd.Series(x), y.item(), *more)), expected)
    np.testing.assert_array_equal(value(function(*pair, list(x), y, *more)), expected)


@each
def test_a_wrong_call_says_how_to_call(name, worked, model):
    function, more, _ = INSPECTIONS[name]
    network, parameters, X, Y = worked.network, worked.parameters, worked.X, worked.Y
    result = ellayer.train(network, X, Y, num_iterations=1)
    wrong = {
        r"a TrainingResult; for the model's own parameters try": (result, parameters, X, Y, *more),
        "received the class MLPClassifier; try MLPClassifier": (MLPClassifier, X, Y, *more),
        "expected a model first, received a dict": (parameters, network, X, Y, *more),
        "expected a model first, received data": (X, Y, network, *more),
        "received a tuple of 2 other objects": ((X, Y), X, Y, *more),
        r"expected \(model, X, y\) or \(network, parameters, X, Y\), received 9": (
            network,
            *[parameters] * 8,
        ),
    }
    for message, arguments in wrong.items():
        with pytest.raises(EllayerError, match=f"{name}: .*{message}|{message}"):
            function(*arguments)
    with pytest.raises(TypeError, match="by position and by name"):
        function(result, X, Y, *more, X=X)
    with pytest.raises(TypeError, match="each argument once"):
        function(result, X, Y=Y, y=Y)
    if name not in ("trace", "check_gradients"):  # which pass settings on
        with pytest.raises(TypeError, match="expected settings among"):
            function(result, X, Y, *more, colour="red")


def test_names_of_columns_are_shown(model):
    fitted, table, labels = model
    assert "age" in saliency(fitted, table)._repr_html_()
    assert "fare" in summary(fitted).to_svg()
    row = trace(fitted, table.iloc[0], labels[0])
    assert row.input_names == ("age", "fare", "size")
    assert "fare  " in str(row)
    assert "<th>size</th>" in row._repr_html_()
    assert "the weight of fare" in str(derive(fitted, table, labels, W1))
    uneven = table.assign(blank=0.0, fare=900 * table["fare"])[["blank", "age", "fare"]]
    figure = next(
        f for f in diagnose(classifier(uneven), uneven, labels).findings if f.name == "unscaled_inputs"
    ).figure
    assert figure.startswith("fare has")


def test_labels_choose_what_is_explained(model):
    fitted, table, labels = model
    of_truth = explain(fitted, table, labels)
    assert of_truth.labels == list(labels)
    np.testing.assert_array_equal(of_truth.values[3], explain(fitted, table, label=labels[3]).values[3])
    assert list(saliency(fitted, table, labels).units) == [list(fitted.classes_).index(y) for y in labels]
    assert explain(fitted, rows=table).values.shape == (30, 3)


def test_a_dict_of_lists_is_not_a_row(model):
    fitted, table, _ = model
    with pytest.raises(EllayerError, match=r"becomes a table by pandas.DataFrame\(X\)"):
        trace(fitted, table.to_dict("list"))


def test_the_number_of_examples_of_a_summary():
    network = Network([2, 3, 1])
    assert summary(network, 7).rows[0]["Z"] == summary(network, np.ones((2, 7))).rows[0]["Z"] == (3, 7)
    assert summary(network, m="n").rows[0]["Z"] == (3, "n")
