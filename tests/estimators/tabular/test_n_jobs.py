"""``n_jobs`` of the table estimators: members and folds elsewhere, the same model to the bit."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import check_estimator

import ellayer
from ellayer import TabularClassifier, TabularRegressor, data
from ellayer.engine import ahead

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(70, 3))
CLASSES = np.where(X[:, 0] + X[:, 1] > 0.3, "yes", "no")
NUMBERS = X[:, 0] - 2 * X[:, 2]
SMALL = {"epochs": 3, "hidden_layer_sizes": 5, "random_state": 0}


@pytest.fixture(autouse=True)
def any_fit_pays(monkeypatch):
    monkeypatch.setattr(ahead, "FEWEST_SECONDS", 0.0)


def fitted(model: object) -> dict[str, np.ndarray]:
    """Return all that a file keeps of a model, as arrays."""
    arrays, facts = model._get_fitted()
    return {**arrays, "facts": np.array(str(facts))}


def assert_same(model, *arguments, **options) -> None:
    one, several = clone(model), clone(model).set_params(n_jobs=2)
    one.fit(*arguments, **options)
    several.fit(*arguments, **options)
    expected, received = fitted(one), fitted(several)
    assert expected.keys() == received.keys()
    for name in expected:
        if not name.endswith("seconds"):
            np.testing.assert_array_equal(expected[name], received[name], err_msg=name)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (TabularClassifier(3, **SMALL), CLASSES),
        (TabularClassifier(2, **SMALL, metric="f1", class_weight="balanced", patience=1), CLASSES),
        (TabularRegressor(2, **SMALL, dtype="float64"), NUMBERS),
        (TabularRegressor(3, **SMALL, model="linear"), NUMBERS),
        (TabularClassifier(3, **SMALL, model="boosting"), CLASSES),
    ],
    ids=["classes", "f1", "numbers", "linear", "boosting"],
)
def test_the_model_is_the_same(model, y, task_counts):
    assert_same(model, X, y, np.linspace(0.1, 2.0, 70) if model.n_members == 3 else None)
    assert task_counts[0] == model.n_members


def test_validation_rows_of_the_user_and_by_time(task_counts):
    assert_same(TabularClassifier(2, **SMALL), X, CLASSES, eval_set=(X[:20], CLASSES[:20]))
    assert_same(TabularRegressor(2, **SMALL), X, NUMBERS, time=np.arange(70))
    assert task_counts


def test_a_stream_and_a_time_limit_stay_in_this_process(tmp_path, task_counts):
    path = tmp_path / "rows.csv"
    path.write_text("a,b,y\n" + "".join(f"{a},{b},{y}\n" for (a, b, _), y in zip(X, CLASSES, strict=True)))
    assert_same(TabularClassifier(2, **SMALL), data.TableStream(path, target="y"))
    TabularClassifier(2, **SMALL, time_limit=60.0, n_jobs=2).fit(X, CLASSES)
    assert not task_counts


def test_callbacks_and_progress_come_from_this_process():
    calls, infos = [], []
    model = TabularClassifier(2, **SMALL, n_jobs=2)
    model.fit(X, CLASSES, callbacks=[lambda info: calls.append(info.epoch)], progress=infos.append)
    assert calls == [1, 2, 3]
    assert infos[-1].iteration == infos[-1].total


def test_the_file_of_a_model_does_not_know_its_jobs(tmp_path):
    model = TabularRegressor(2, **SMALL, n_jobs=2).fit(X, NUMBERS)
    ellayer.save(model, tmp_path / "m.ellayer")
    loaded = ellayer.load(tmp_path / "m.ellayer")
    assert loaded.n_jobs is None
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_fits_within_fits():
    model = TabularClassifier(2, **SMALL, n_jobs=2)
    expected = cross_val_score(clone(model).set_params(n_jobs=None), X, CLASSES, cv=2)
    np.testing.assert_array_equal(cross_val_score(model, X, CLASSES, cv=2, n_jobs=2), expected)
    with joblib.parallel_config("threading", n_jobs=2):
        np.testing.assert_array_equal(cross_val_score(model, X, CLASSES, cv=2), expected)


@pytest.mark.parametrize("value", [0, 1.5, "all"])
def test_an_odd_number_of_jobs(value):
    with pytest.raises(ellayer.EllayerError, match="n_jobs"):
        TabularClassifier(2, n_jobs=value).fit(X, CLASSES)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
def test_scikit_learn_checks():
    """The checks of a model with jobs; those of one without are in test_tabular_checks."""
    names = [
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    ]
    with joblib.parallel_config("threading"):
        check_estimator(
            TabularRegressor(2, model="linear", n_jobs=2),
            expected_failed_checks=dict.fromkeys(names, "as without jobs"),
        )
