"""Tables: how a row is asked for."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ellayer.core.activations import ACTIVATIONS, Activation, relu_backward, relu_forward
from ellayer.core.initializers import INITIALIZERS
from ellayer.core.losses import LOSSES
from ellayer.core.optimizers import OPTIMIZERS
from ellayer.core.registry import Registry
from ellayer.core.schedules import SCHEDULES

TABLES = [ACTIVATIONS, LOSSES, INITIALIZERS, OPTIMIZERS, SCHEDULES]
EVERY_NAME = [(table, name) for table in TABLES for name in [*table, *table.aliases]]


@pytest.mark.parametrize(
    ("table", "name"), EVERY_NAME, ids=lambda x: x.kind if isinstance(x, Registry) else x
)
def test_every_name_and_alias_gives_its_row(table, name):
    row = table[name]
    assert row.name == table.aliases.get(name, name) == table.canonical(name)
    assert name in table
    assert table[row.name].name == row.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_aliases_hide_no_row(table):
    assert not set(table.aliases) & set(table)
    assert set(table.aliases.values()) <= set(table)


@pytest.mark.parametrize(
    ("spec", "canonical"),
    [
        ("leaky_relu", "leaky_relu"),
        ("leaky_relu()", "leaky_relu"),
        ("leaky_relu(0.01)", "leaky_relu"),
        ("leaky_relu(0.1)", "leaky_relu(slope=0.1)"),
        (" leaky_relu ( slope = 1e-1 ) ", "leaky_relu(slope=0.1)"),
        ("leakyrelu(0.1)", "leaky_relu(slope=0.1)"),
        ("leaky_relu(-2)", "leaky_relu(slope=-2)"),
        ("leaky_relu(0.123456789012345)", "leaky_relu(slope=0.123456789012345)"),
        ("elu(alpha=2)", "elu(alpha=2)"),
        ("logistic", "sigmoid"),
        ("relu()", "relu"),
    ],
)
def test_one_spelling_per_spec(spec, canonical):
    assert ACTIVATIONS.canonical(spec) == ACTIVATIONS[spec].name == canonical


def test_one_object_per_row_however_it_is_spelled():
    """Rows go into JAX as static arguments: a second object would compile a second time."""
    assert ACTIVATIONS["leaky_relu(0.1)"] is ACTIVATIONS["leakyrelu(slope=1e-1)"]
    assert ACTIVATIONS["logistic"] is ACTIVATIONS["sigmoid"]


def test_several_numbers_by_place_and_by_name():
    assert OPTIMIZERS.canonical("adam(0.8, epsilon=1e-6)") == "adam(beta1=0.8, epsilon=1e-06)"
    assert OPTIMIZERS.canonical("adam(0.8, 0.99)") == "adam(beta1=0.8, beta2=0.99)"
    assert INITIALIZERS.canonical("randn(0.05)") == "randn(scale=0.05)"
    assert INITIALIZERS["randn/sqrt(n)"].name == "randn_over_sqrt"


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(deadline=None, derandomize=True)
def test_a_number_survives_its_spelling_to_the_last_digit(slope):
    row = ACTIVATIONS[f"leaky_relu({slope!r})"]
    assert dict(row.numbers)["slope"] == slope
    assert dict(ACTIVATIONS[row.name].numbers) == dict(row.numbers)


@pytest.mark.parametrize(
    ("table", "spec", "message"),
    [
        (
            ACTIVATIONS,
            "rleu",
            r"unknown activation: expected one of .*relu.*; received 'rleu'; did you mean 'relu'",
        ),
        (ACTIVATIONS, "", "unknown activation"),
        (ACTIVATIONS, None, "received None"),
        (ACTIVATIONS, 5, "received 5"),
        (ACTIVATIONS, ["relu"], r"received \['relu'\]"),
        (ACTIVATIONS, "relu(0.1)", r"the activation 'relu' takes no numbers; received '0.1'"),
        (ACTIVATIONS, "leaky_relu(0.1, 0.2)", "takes slope=0.01; received '0.2'"),
        (ACTIVATIONS, "leaky_relu(alpha=1)", "takes slope=0.01; received 'alpha=1'"),
        (ACTIVATIONS, "leaky_relu(0.1, slope=0.2)", "expected slope once"),
        (ACTIVATIONS, "leaky_relu(a lot)", "expected a finite number .* received 'a lot'"),
        (ACTIVATIONS, "leaky_relu(nan)", "expected a finite number .* received 'nan'"),
        (ACTIVATIONS, "leaky_relu(inf)", "expected a finite number"),
        (ACTIVATIONS, "leaky_relu(0.1", "unknown activation"),
        (ACTIVATIONS, "__import__('os')", "unknown activation"),
        (LOSSES, "hinge", "unknown loss: expected one of absolute_error, .*received 'hinge'"),
        (INITIALIZERS, "xaver", "did you mean 'xavier'"),
        (OPTIMIZERS, "Adams", "did you mean 'adam'"),
        (SCHEDULES, "cosin", "unknown schedule.*did you mean 'cosine'"),
    ],
)
def test_a_wrong_spec_is_told_what_was_expected(table, spec, message):
    for ask in (table.canonical, table.__getitem__):
        if isinstance(spec, list) and ask == table.__getitem__:
            continue
        with pytest.raises(ValueError, match=message):
            ask(spec)
    assert spec not in table


def test_a_row_of_ones_own_can_be_added_and_removed():
    table: Registry[Activation] = Registry("activation", aliases={"r": "mine"})

    def make(name, k):
        return Activation(name, relu_forward, relu_backward, gain=k)

    table.add("mine", make, k=1.0)
    assert table["mine(2)"].gain == table["r(k=2)"].gain == 2
    assert table.numbers("mine") == table.numbers("r") == {"k": 1.0}
    assert list(table) == ["mine"]
    assert len(table) == 1
    with pytest.raises(ValueError, match="'mine' exists already"):
        table.add("mine", make, k=1.0)
    table.remove("mine")
    assert "mine(2)" not in table
    for spec in ("mine(2)", "r(k=2)"):
        with pytest.raises(ValueError, match="unknown"):
            table[spec]


@pytest.mark.parametrize(
    ("table", "name"), EVERY_NAME, ids=lambda x: x.kind if isinstance(x, Registry) else x
)
def test_rows_can_be_hashed_compared_and_pickled(table, name):
    """JAX takes rows as static arguments; estimators that hold one are pickled by their users."""
    row = table[name]
    assert table[name] is row
    assert hash(row) == hash(table[name])
    assert pickle.loads(pickle.dumps(row)).name == row.name
