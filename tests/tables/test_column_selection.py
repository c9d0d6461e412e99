"""Columns without a relation to the target are left out of wide tables, and only if held-out rows confirm it."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer import TabularClassifier, TabularRegressor, load, save
from ellayer._warn import SelectionWarning
from ellayer.runs.messages import collect_messages
from ellayer.tables.column_selection import FEWEST, drop_unrelated, related_columns
from ellayer.tables.columns import read_table
from ellayer.tables.encoders import NumericEncoder
from ellayer.tables.ridge import PENALTIES
from ellayer.tables.target_statistics import RowTargets
from ellayer.tables.text_gain import held_out_error


def kept_columns(model) -> list[str]:
    return [encoder.name for encoder in model.preparation_.columns_ if encoder.kind != "ignore"]


def targets_of(y) -> RowTargets:
    return RowTargets(y[:, None], ["target"], np.ones(len(y)), np.arange(len(y)))


@pytest.mark.parametrize(
    ("effect", "related"),
    [
        (lambda X: X[:, 3], [3]),
        (lambda X: X[:, 3] ** 2, [3]),
        (lambda X: np.sign(X[:, 3] * X[:, 7]), [3, 7]),
        (lambda X: 3 * X[:, 1] + X[:, 3] * X[:, 7], [1, 3, 7]),
        (lambda X: np.zeros(len(X)), []),
    ],
)
def test_linear_quadratic_and_product_relations_are_found(effect, related):
    random = np.random.default_rng(1)
    X = random.standard_normal((800, 60))
    Y = effect(X)[:, None] + 0.5 * random.standard_normal((800, 1))
    numbers = set(np.flatnonzero(related_columns(X, Y)))
    assert set(related) <= numbers
    assert len(numbers) <= len(related) + 3  # of 60
    flags = np.where(X > 0, 1.0, 0.0)  # two values, of which the square says no more
    assert len(set(np.flatnonzero(related_columns(flags, Y))) - set(related)) <= 3


def test_constant_columns_have_no_relation():
    X = np.c_[np.ones(100), np.zeros(100)]
    assert not related_columns(X, np.linspace(-1, 1, 100)[:, None]).any()


def test_the_messages_of_a_run_name_columns_that_no_survey_lists():
    random = np.random.default_rng(0)
    X = random.standard_normal((300, FEWEST))
    y = 2 * X[:, 0] + X[:, 1] ** 2 + 0.3 * random.standard_normal(300)
    with collect_messages(columns=False) as messages:
        TabularRegressor(preset="fast", epochs=1, random_state=0).fit(X, y)
    assert any("of 100 columns are left out" in text and "--kind x2=numeric" in text for text in messages), (
        messages
    )


def test_noise_is_left_out_and_the_model_works_without_it(tmp_path):
    random = np.random.default_rng(0)
    X = random.standard_normal((300, FEWEST))
    y = 2 * X[:, 0] + X[:, 1] ** 2 + 0.3 * random.standard_normal(300)
    with pytest.warns(
        SelectionWarning, match=r"98 of 100 columns are left out.*'x2'.*column_kinds=\{'x2': 'numeric'\}"
    ):
        model = TabularRegressor(preset="fast", epochs=2, random_state=0).fit(X, y)
    assert kept_columns(model) == ["x0", "x1"]
    other = X.copy()
    other[:, 2:] = 0.0
    np.testing.assert_array_equal(model.predict(X), model.predict(other))
    save(model, tmp_path / "model.ellayer")
    np.testing.assert_array_equal(load(tmp_path / "model.ellayer").predict(X), model.predict(X))
    with pytest.warns(SelectionWarning, match="97 of 100"):
        model = TabularClassifier(preset="fast", epochs=2, column_kinds={"x9": "numeric"}).fit(X, y > 1)
    assert kept_columns(model) == ["x0", "x1", "x9"]


@pytest.mark.parametrize("n", [FEWEST - 1, FEWEST])
def test_few_columns_and_many_weak_ones_stay(n):
    random = np.random.default_rng(2)
    X = random.standard_normal((300, n))
    y = X[:, 0] if n < FEWEST else X @ random.standard_normal(n) + X[:, 0]
    table = read_table(X)
    encoders = [NumericEncoder.learn(column, "", None) for column in table]
    assert drop_unrelated(encoders, table, targets_of(y)) == encoders
    assert drop_unrelated(encoders, table, None) == encoders


def test_ridge_regression_is_the_same_by_rows_as_by_columns():
    random = np.random.default_rng(3)
    X, y = random.standard_normal((40, 60)), random.standard_normal(40)
    errors = np.zeros(len(PENALTIES))
    for k in range(5):
        inside = np.arange(40) % 5 != k
        Z = (X - X[inside].mean(axis=0)) / X[inside].std(axis=0)
        for j, penalty in enumerate(PENALTIES):
            A = Z[inside].T @ Z[inside] + penalty * np.eye(60)
            w = np.linalg.solve(A, Z[inside].T @ (y[inside] - y[inside].mean()))
            errors[j] += ((y[inside].mean() + Z[~inside] @ w - y[~inside]) ** 2).sum()
    assert held_out_error(X, targets_of(y)) == pytest.approx(errors.min() / 40)
    assert held_out_error(X, targets_of(y), lambda X, Y: np.zeros(60, bool)) == pytest.approx(
        y.var(), rel=0.2
    )
