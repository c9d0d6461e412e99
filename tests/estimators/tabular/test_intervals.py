"""Prediction intervals hold the share of new rows that they promise."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from ellayer import EllayerError, TabularRegressor, load, save
from ellayer.estimators.tabular.intervals import MOST, interval_ends, kept_residuals

QUICK = {"epochs": 8, "hidden_layer_sizes": 16}


def draw(seed: int, m: int) -> tuple[pd.DataFrame, np.ndarray]:
    """A table of numbers and a category; the noise is normal, heavy-tailed or skewed, and grows with a column."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "a": random.normal(size=m),
            "b": random.uniform(-1, 1, m),
            "c": random.choice(["u", "v", "w"], m),
            "d": random.exponential(size=m),
        }
    )
    noise = [random.normal(size=m), random.standard_t(3, m), random.exponential(size=m)][seed % 3]
    y = 2 * X["a"] + np.sin(3 * X["b"]) + (X["c"] == "u") + noise * (0.2 + (0.3 * X["d"] if seed % 2 else 0))
    return X, y.to_numpy()


def coverage(model, X, y, share: float = 0.9) -> float:
    low, high = model.predict_interval(X, share).T
    return float(((low <= y) & (y <= high)).mean())


@pytest.mark.parametrize(("n_members", "n_tables"), [(1, 20), pytest.param(5, 8, marks=pytest.mark.slow)])
def test_intervals_cover_what_they_promise_on_many_tables(n_members, n_tables):
    shares = []
    for seed in range(n_tables):
        X, y = draw(seed, 3200)
        model = TabularRegressor(n_members, random_state=seed, **QUICK).fit(X[:1200], y[:1200])
        shares.append(coverage(model, X[1200:], y[1200:]))
    assert abs(np.mean(shares) - 0.9) < 0.02, shares
    assert min(shares) > 0.82  # of 240 rows held out, four standard deviations of one table's coverage


def test_residuals_of_an_eval_set_are_those_of_its_own_numbers():
    """Later numbers exceed the range of the training, to which predictions are clipped."""
    X, y = draw(0, 400)
    inside = y <= np.quantile(y, 0.7)
    later = X[~inside], y[~inside]
    model = TabularRegressor(1, random_state=0, **QUICK).fit(X[inside], y[inside], eval_set=later)
    residuals = later[1] - model.predict(later[0])
    np.testing.assert_allclose(model.residuals_, np.sort(residuals), atol=1e-5)
    assert model.residuals_.max() >= later[1].max() - y[inside].max()
    assert coverage(model, *later) >= 0.9


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_other_shares_are_covered_too(share):
    shares = []
    for seed in range(5):
        X, y = draw(seed, 3000)
        model = TabularRegressor(1, random_state=seed, **QUICK).fit(X[:1500], y[:1500])
        shares.append(coverage(model, X[1500:], y[1500:], share))
    assert abs(np.mean(shares) - share) < 0.03, shares


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "target"),
    [("concrete.csv", "strength"), ("abalone.csv", -1), ("winequality-white.csv", "quality")],
)
def test_real_tables_are_covered(shared_data, file, target):
    table = pd.read_csv(shared_data / "tabular" / file, header=None if target == -1 else "infer")
    table = table.sample(frac=1.0, random_state=0)
    table.columns = table.columns.astype(str)
    y = table.pop(table.columns[target] if target == -1 else target).to_numpy(float)
    half, shares = len(y) // 2, []
    for seed in range(3):
        model = TabularRegressor(1, random_state=seed, epochs=20).fit(table[:half], y[:half])
        shares.append(coverage(model, table[half:], y[half:]))
    assert abs(np.mean(shares) - 0.9) < 0.05, shares  # some 100 to 490 rows are held out


def test_a_saved_model_has_the_same_intervals(tmp_path):
    X, y = draw(0, 300)
    model = TabularRegressor(1, random_state=0, **QUICK).fit(X, y)
    save(model, tmp_path / "m.ellayer")
    again = load(tmp_path / "m.ellayer")
    np.testing.assert_allclose(again.predict_interval(X), model.predict_interval(X))
    low, high = model.predict_interval(X, 0.8).T
    assert ((low < model.predict(X)) & (model.predict(X) < high)).all()


def test_an_eval_set_gives_the_residuals():
    X, y = draw(1, 600)
    model = TabularRegressor(1, random_state=0, **QUICK).fit(X[:300], y[:300], eval_set=(X[300:], y[300:]))
    np.testing.assert_allclose(model.residuals_, np.sort(y[300:] - model.predict(X[300:])), atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_too_few_rows_and_wrong_shares_are_refused():
    X, y = draw(2, 60)
    model = TabularRegressor(1, random_state=0, **QUICK).fit(X, y)
    with pytest.raises(
        EllayerError, match=r"expected at least 39 rows held out in training for 0.95, received 12"
    ):
        model.predict_interval(X, 0.95)
    for wrong in (0.0, 1.0, 90, math.nan):
        with pytest.raises(EllayerError, match="coverage: expected a fraction"):
            model.predict_interval(X, wrong)
    constant = TabularRegressor(1, **QUICK).fit(X, np.ones(60))
    with pytest.raises(EllayerError, match="received 0"):
        constant.predict_interval(X)


def test_many_residuals_are_kept_as_quantiles():
    residuals = np.random.default_rng(0).normal(size=100_000)
    residuals[:10] = np.nan
    kept = kept_residuals(residuals)
    assert len(kept) == MOST
    np.testing.assert_allclose(interval_ends(kept, 0.9), [-1.645, 1.645], atol=0.03)
