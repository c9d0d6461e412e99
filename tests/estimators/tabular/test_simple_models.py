"""The table estimators with scikit-learn's linear model or boosted trees in place of a network."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_info, threadpool_limits

import ellayer
from ellayer import EllayerError, TabularClassifier, TabularRegressor
from ellayer.estimators.tabular.trees import read_trees, tree_outputs
from ellayer.storage import file_format
from ellayer.storage.model_file import ModelFileError, load_with_provenance

REFERENCES = {
    ("linear", "numbers"): Ridge(1e-3), ("boosting", "numbers"): HistGradientBoostingRegressor(random_state=0),
    ("linear", "classes"): LogisticRegression(max_iter=1000),
    ("boosting", "classes"): HistGradientBoostingClassifier(random_state=0),
}  # fmt: skip
CASES = [(kind, K) for kind in ("linear", "boosting") for K in (0, 2, 3)]  # 0 classes: numbers


def table(K: int, m: int = 90) -> tuple[list[list[object]], np.ndarray]:
    """Return rows of two numbers, with gaps, and a text, and targets that depend on them."""
    random = np.random.RandomState(0)
    a, b = random.normal(size=(2, m)).round(2)
    rows = [[a[i], None if i % 7 == 0 else b[i], "uvw"[i % 3]] for i in range(m)]
    z = a + b * (np.arange(m) % 3) + 0.3 * random.normal(size=m)
    if not K:
        return rows, 1000.0 + 20.0 * z
    return rows, np.array(["no", "yes", "zero"])[np.digitize(z, np.quantile(z, np.arange(1, K) / K))]


def fitted(kind: str, K: int, **changes: object) -> TabularClassifier | TabularRegressor:
    estimator = TabularClassifier if K else TabularRegressor
    return estimator(model=kind, random_state=0, **changes).fit(*table(K))


@pytest.mark.parametrize(("kind", "K"), CASES)
@pytest.mark.parametrize("n_members", [1, 5])
def test_predictions_are_those_of_scikit_learn_fitted_on_all_rows(kind, K, n_members):
    model, (rows, y) = fitted(kind, K, n_members=n_members), table(K)
    prepared = model.preparation_.transform(rows)
    reference = REFERENCES[kind, "classes" if K else "numbers"].fit(prepared, y)
    if K:
        np.testing.assert_allclose(
            model.predict_proba(rows), reference.predict_proba(prepared), rtol=0, atol=1e-12
        )
    if kind == "linear" and not K:  # of standardised targets
        np.testing.assert_allclose(model.predict(rows), reference.predict(prepared), rtol=1e-12)
    else:
        np.testing.assert_array_equal(model.predict(rows), reference.predict(prepared))
    assert np.isfinite(model.validation_score_)
    known = np.isfinite(model.oof_prediction_.reshape(len(y), -1)).all(axis=1)
    assert known.mean() == pytest.approx(0.2 if n_members == 1 else 1.0)


def test_boosted_trees_of_a_small_table_take_one_thread(monkeypatch):
    """Threads that wait for each other on a busy machine cost more than they gain."""
    threads, fit = [], HistGradientBoostingRegressor.fit

    def counted(self, *arguments, **changes):
        threads.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp")
        return fit(self, *arguments, **changes)

    monkeypatch.setattr(HistGradientBoostingRegressor, "fit", counted)
    with threadpool_limits(3, user_api="openmp"):
        fitted("boosting", 0)
    assert threads
    assert set(threads) == {1}


@pytest.mark.parametrize(("kind", "K"), CASES)
def test_a_file_predicts_to_the_bit_with_and_without_scikit_learn(kind, K, tmp_path):
    model, (rows, _) = fitted(kind, K), table(K)
    ellayer.save(model, tmp_path / "m.ellayer")
    for stored in (
        ellayer.load(tmp_path / "m.ellayer"),
        load_with_provenance(tmp_path / "m.ellayer", to_predict=True)[0],
    ):
        np.testing.assert_array_equal(stored.predict(rows), model.predict(rows))
        if K:
            np.testing.assert_array_equal(stored.predict_proba(rows), model.predict_proba(rows))


def test_weights_and_costs_act_as_for_a_network():
    rows, y = table(2)
    prepared = fitted("linear", 2).preparation_.transform(rows)
    weighted = TabularClassifier(1, model="linear", class_weight="balanced", random_state=0).fit(rows, y)
    reference = LogisticRegression(max_iter=1000, class_weight="balanced").fit(prepared, y)
    np.testing.assert_allclose(weighted.predict_proba(rows), reference.predict_proba(prepared), atol=1e-4)
    careful = fitted("boosting", 2, cost={"fp": 1, "fn": 20})
    assert (careful.predict(rows) == "yes").sum() > (fitted("boosting", 2).predict(rows) == "yes").sum()


def test_a_linear_model_is_a_network_that_is_explained_exactly():
    model, (rows, _) = fitted("linear", 0), table(0)
    assert list(model.network_.layer_dims) == [len(model.preparation_.get_feature_names_out()), 1]
    explanation = ellayer.explain(model, rows)
    np.testing.assert_allclose(
        explanation.base + explanation.values.sum(axis=1), model.predict(rows), rtol=1e-9
    )
    with pytest.raises(EllayerError, match="boosted trees"):
        ellayer.explain(fitted("boosting", 0), rows)


@pytest.mark.parametrize("kind", ["linear", "boosting"])
def test_a_constant_target_needs_no_model(kind):
    with pytest.warns(UserWarning, match="constant"):
        model = TabularRegressor(1, model=kind).fit(table(0)[0], np.full(90, 7.0))
    assert (model.predict(table(0)[0]) == 7.0).all()


@pytest.mark.parametrize("kind", ["linear", "boosting"])
@pytest.mark.parametrize("early", [2, 1])
def test_the_training_rows_of_a_fold_may_lack_classes(kind, early):
    rows, y = table(3)[0], np.sort(table(3)[1])
    if early == 1:
        y[:80] = y[0]
    model = TabularClassifier(1, model=kind, random_state=0).fit(rows, y, time=np.arange(90))
    assert model.predict_proba(rows).shape == (90, len(set(y)))
    assert model.validation_score_ > 1.0  # a class is not in the training rows of the fold


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("left", lambda a: np.zeros_like(a), "later nodes of the same tree"),  # a cycle
        ("right", lambda a: a + 10**6, "later nodes of the same tree"),
        ("feature", lambda a: a + 99, "feature: expected numbers from 0"),
        ("feature", lambda a: a - 99, "feature: expected numbers from 0"),
        ("feature", lambda a: a[:-1], "expected shape"),
        ("roots", lambda a: a[::-1].copy(), "roots: expected ascending"),
        ("roots", lambda a: a[:0], "roots: expected ascending"),
        ("places", lambda a: a + 7, "places: expected numbers from 0"),
        ("places", lambda a: a[:0], "places: expected numbers from 0"),
        ("value", lambda a: a * np.nan, "expected finite numbers"),
        ("baseline", lambda a: np.append(a, 0.0), "expected shape"),
        ("threshold", lambda a: a.astype(np.int64), "dtype of kind f"),
    ],
)
def test_trees_that_cannot_be_are_refused(name, change, words, tmp_path):
    model = fitted("boosting", 2)
    path = tmp_path / "m.ellayer"
    ellayer.save(model, path)
    kind, content = file_format.read(path, ("TabularClassifier",))
    key = f"member 0/{name}"
    content["arrays"][key] = change(np.array(content["arrays"][key]))
    file_format.write(path, kind, content)
    with pytest.raises(ModelFileError, match=words):
        ellayer.load(path)


def test_trees_are_followed_as_written():
    parts = {"roots": [0, 3], "feature": [1, 0, 0, 0], "threshold": [0.5, 0, 0, 0], "left": [1, 1, 2, 3],
             "right": [2, 1, 2, 3], "value": [9, -1, 1, 4], "baseline": [10, 20], "places": [0, 1]}  # fmt: skip
    floats = ("threshold", "value", "baseline")
    trees = {name: np.array(part, float if name in floats else int) for name, part in parts.items()}
    outputs = tree_outputs(np.array([[0.0, 0.5], [0.0, 0.6]]), read_trees(trees, 2, 2))
    assert outputs.tolist() == [[9.0, 24.0], [11.0, 24.0]]
