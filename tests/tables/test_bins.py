"""Bins of numbers: where values are known again, and nowhere else."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import ellayer
from ellayer import TabularRegressor
from ellayer.estimators.hold_out import Splitter
from ellayer.estimators.tabular.targets import row_targets
from ellayer.tables import bins
from ellayer.tables.bins import possible_edges
from ellayer.tables.columns import read_table
from ellayer.tables.preparation import TablePreparation

pytestmark = pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
PATIENTS, VISITS = 60, 12


def visits(seed=0):
    """Rows of patients, who have an effect of their own, a column of their own and one that is missing for some."""
    random = np.random.RandomState(seed)
    patient = np.repeat(np.arange(PATIENTS), VISITS)
    weight = random.randn(PATIENTS)[patient]
    x = np.where(random.rand(len(patient)) < 0.1, np.nan, random.randn(len(patient)))
    y = np.nan_to_num(x) + random.randn(PATIENTS)[patient] + 0.3 * random.randn(len(patient))
    return pd.DataFrame({"x": x, "weight": weight, "copy": 2.0 * weight}), y, patient


def prepared(X, y, **by):
    rule = row_targets(np.reshape(y, (-1, 1)).astype(float), ["target"], None, Splitter.by(len(y), **by), 0)
    return TablePreparation(max_one_hot=8).fit_columns(read_table(X), rule)


@pytest.fixture(scope="module")
def fitted():
    X, y, _ = visits()
    new = np.random.RandomState(1).rand(len(X)) < 0.25
    model = TabularRegressor(1, epochs=12, random_state=0).fit(X[~new], y[~new])
    return SimpleNamespace(model=model, X=X, y=y, new=new)


def test_values_that_are_known_again_are_learned(fitted, monkeypatch):
    monkeypatch.setattr(bins, "GAIN", 1.0)
    without = TabularRegressor(1, epochs=12, random_state=0).fit(fitted.X[~fitted.new], fitted.y[~fitted.new])
    assert not without.preparation_.code_levels_
    assert fitted.model.preparation_.code_levels_ == (PATIENTS,)
    X, y = fitted.X[fitted.new], fitted.y[fitted.new]
    assert fitted.model.score(X, y) > without.score(X, y) + 0.1


def test_a_column_that_says_the_same_has_none(fitted):
    names = fitted.model.preparation_.get_feature_names_out().tolist()
    assert [name for name in names if name.endswith(": bin")] == ["weight: bin"]
    assert names[-1] == "weight: bin"
    weight = fitted.model.preparation_.columns_[1]
    assert weight.to_facts()["bins"] == len(weight.code_names) == PATIENTS
    assert weight.code_names[0] == f"up to {weight.edges[0]:.6g}"


@pytest.mark.parametrize("seed", range(4))
def test_noise_has_none(seed):
    random = np.random.RandomState(seed)
    X = np.stack([random.randn(600), random.randint(0, 90, 600), random.exponential(size=600)], axis=1)
    y = np.sin(2 * X[:, 0]) + X[:, 2] + 0.5 * random.randn(600)
    assert not prepared(X, y).code_levels_


def test_new_groups_and_later_times_are_not_known_again():
    X, y, patient = visits()
    assert prepared(X, y).code_levels_ == (PATIENTS,)
    assert not prepared(X, y, groups=patient).code_levels_
    day = np.arange(900) // 3
    walk = np.cumsum(np.random.RandomState(0).randn(300))[day]
    assert prepared(day.reshape(-1, 1), walk).code_levels_
    assert not prepared(day.reshape(-1, 1), walk, time=day).code_levels_


def test_days_of_dates_have_bins_too():
    day = np.arange(900) // 3
    walk = np.cumsum(np.random.RandomState(0).randn(300))[day]
    dates = pd.DataFrame({"day": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, "D")})
    preparation = prepared(dates, walk)
    (encoder,) = preparation.columns_
    days = encoder.export_values(read_table(dates)[0])
    code = (days[:, None] > np.array(encoder.export_plan(0)["edges"])).sum(axis=1)
    np.testing.assert_array_equal(preparation.transform(dates)[:, -1], code)
    assert len(np.unique(code)) == preparation.code_levels_[0]


def test_edges_lie_between_values():
    random = np.random.RandomState(0)
    values = np.where(random.rand(3000) < 0.3, 0.0, random.exponential(size=3000).round(2))
    values[:10] = np.nan
    different = np.unique(values[10:])
    tried = possible_edges(values)
    assert [len(edges) + 1 for edges in tried][-2:] == [128, 64]
    for edges in tried:
        assert not np.isin(edges, different).any()
        assert (np.bincount(np.searchsorted(edges, different)) > 0).all()
    assert possible_edges(np.arange(32.0).repeat(9)) == []
    huge = possible_edges(1.7e308 * np.linspace(-1.0, 1.0, 50).repeat(4))
    assert np.isfinite(huge[0]).all()


def test_a_stored_model_predicts_the_same_and_refuses_other_edges(fitted, tmp_path):
    ellayer.save(fitted.model, tmp_path / "m.ellayer")
    X = pd.concat([fitted.X[:30], pd.DataFrame({"x": [0.0], "weight": [np.nan], "copy": [9.0]})])
    np.testing.assert_array_equal(ellayer.load(tmp_path / "m.ellayer").predict(X), fitted.model.predict(X))
    arrays, facts = fitted.model.preparation_.get_state()
    read = type(fitted.model.preparation_).from_state
    for bad in (arrays["1/edges"][:-1], arrays["1/edges"] * np.nan):
        with pytest.raises(ellayer.EllayerError, match="column 'weight', edges: expected finite numbers"):
            read({**arrays, "1/edges": bad}, facts)
    with pytest.raises(ellayer.EllayerError, match="column 'weight', edges: expected ascending numbers"):
        read({**arrays, "1/edges": arrays["1/edges"][::-1]}, facts)
    with pytest.raises(ellayer.EllayerError, match="column 'x': expected no arrays"):
        read({**arrays, "0/edges": arrays["1/edges"]}, facts)


def test_programs_without_ellayer_find_the_bin(fitted):
    pytest.importorskip("onnxruntime")
    for dtype in ("float32", "float64"):
        ellayer.to_onnx(fitted.model, X=fitted.X, dtype=dtype)  # compares
