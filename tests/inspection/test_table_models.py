"""Looking inside the estimators of tables: the table's own rows go in, the first member is looked at."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ellayer import (
    MLPClassifier,
    TabularClassifier,
    TabularRegressor,
    check_gradients,
    computation_graph,
    derive,
    diagnose,
    load,
    precision_audit,
    saliency,
    save,
    summary,
    trace,
)
from ellayer.estimators import FitWarning
from kinds_of_model import with_members

RNG = np.random.default_rng(0)
M = 120
TABLE = pd.DataFrame(
    {
        "size": RNG.normal(50.0, 10.0, M),
        "weight": np.where(np.arange(M) % 10 == 0, np.nan, RNG.normal(2.0, 1.0, M)),
        "town": RNG.choice([f"town {k}" for k in range(12)], M),
    }
)
HEIGHT = 3.0 * TABLE["size"] + RNG.normal(0.0, 1.0, M)
KIND = np.where(HEIGHT.gt(HEIGHT.median()), "tall", "short")
SMALL = {"epochs": 8, "hidden_layer_sizes": (16, 8), "random_state": 0}


@pytest.fixture(scope="module", params=["classes", "numbers"])
def fitted(request):
    kind, y = (TabularClassifier, KIND) if request.param == "classes" else (TabularRegressor, HEIGHT)
    return with_members(kind(1, **SMALL).fit(TABLE, y), 2), y


def test_every_way_of_looking_takes_a_table(fitted):
    model, y = fitted
    step = trace(model, TABLE[:5], y[:5])
    assert step["W1"].shape == model.members_[0]["W1"].shape
    check = check_gradients(model, TABLE, y)
    assert check.passed, str(check)
    assert {row.name[1:] for row in check.rows} == set(model.network_.shapes)
    whole = trace(model, TABLE, y)
    for name, shape in model.network_.shapes.items():
        d = derive(model, TABLE, y, (name, *(0 for _ in shape)))
        assert d.gradient == pytest.approx(float(whole[f"d{name}"].flat[0]), rel=1e-9, abs=1e-15)
    assert "input" in str(summary(model))
    assert saliency(model, TABLE[:2]).gradients.shape == (model.network_.layer_dims[0], 2)
    assert precision_audit(model, TABLE[:5], y[:5]).rows
    assert "J" in str(computation_graph(model, TABLE[:5], y[:5])._repr_html_())


def test_the_forward_pass_is_the_members_own(fitted):
    model, y = fitted
    for k, member in enumerate(model.members_):
        output = trace(model, TABLE[:7], y[:7], member)[f"Z{model.network_.L}"]
        np.testing.assert_allclose(output.T, model._member_outputs(TABLE[:7])[k], rtol=1e-10)


def test_a_model_that_was_stored(fitted, tmp_path):
    model, y = fitted
    save(model, tmp_path / "m.ellayer")
    again = trace(load(tmp_path / "m.ellayer"), TABLE[:5], y[:5])
    np.testing.assert_array_equal(again["J"], trace(model, TABLE[:5], y[:5])["J"])


def test_diagnose_reads_an_estimators_history(fitted):
    model, y = fitted
    alone = diagnose(model)
    assert "learning_rate_too_high" not in alone.not_looked_at
    assert "overfitting" not in alone.not_looked_at
    assert "class_imbalance" not in diagnose(model, TABLE, y).not_looked_at


def test_an_estimator_that_overfits_and_one_that_gave_its_best_back():
    """Labels at random: what is learned of them helps with no others."""
    X = RNG.standard_normal((80, 10))
    y, held_out = RNG.integers(0, 2, 80), (RNG.standard_normal((80, 10)), RNG.integers(0, 2, 80))
    settings = {"learning_rate_init": 0.01, "n_iter_no_change": None, "validation_data": held_out}
    with_last = MLPClassifier((64,), **settings, random_state=0).fit(X, y)
    found = diagnose(with_last)
    assert "overfitting" in found
    assert "at record" in str(found)
    stopped = MLPClassifier(
        (64,), **{**settings, "n_iter_no_change": 10}, early_stopping=True, monitor="loss", random_state=0
    ).fit(X, y)
    assert "overfitting" not in diagnose(stopped)


def test_a_table_whose_target_was_constant():
    with pytest.warns(FitWarning, match="constant"):
        model = TabularRegressor(1, **SMALL).fit(TABLE, np.ones(M))
    with pytest.raises(ValueError, match="one with a constant target"):
        trace(model, TABLE, np.ones(M))


def test_columns_that_are_missing_are_named(fitted):
    model, y = fitted
    with pytest.raises(ValueError, match="town"):
        trace(model, TABLE[["size", "weight"]], y)
