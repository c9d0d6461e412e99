"""Odd tables: each a sensible model with a warning that names the column, or a clear error."""

from __future__ import annotations

import math
import re
import warnings

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import coo_array, csc_matrix, csr_array, csr_matrix
from sklearn.multioutput import MultiOutputClassifier

from ellayer import TablePreparation, TabularClassifier, TabularRegressor
from ellayer.estimators import FitWarning

QUICK = {"epochs": 8, "hidden_layer_sizes": (16, 16), "random_state": 0}
m = 200
x = np.random.RandomState(0).randn(m)
y = np.where(x > 0, "yes", "no")


def frame(**columns):
    return pd.DataFrame({"x": x, **columns})


def fit(X, y=y, **changes):
    return TabularClassifier(**{"n_members": 1, **QUICK, **changes}).fit(X, y)


@pytest.fixture(scope="module")
def model():
    return fit(frame(z=np.where(x > 0, "a", "b"), n=np.arange(m) % 9))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([None] * m, "'z' is ignored: all values are missing"),
        ([math.nan] * m, "'z' is ignored: all values are missing"),
        (["?"] * m, "'z' is ignored: all values are missing"),
        (3.0, "'z' is ignored: constant value 3"),
        ("same", "'z' is ignored: constant value 'same'"),
        ([f"u{i}" for i in range(m)], "'z' is treated as an identifier"),
        ([f"some words about {i}" for i in range(m)], "'z' is treated as free text"),
        ([*map(str, range(m - 1)), "oops"], "'z'.* numbers[,;].* treated as missing: 'oops'"),
        ([math.inf, -math.inf, *x[2:]], "'z': 2 infinite values"),
        ([f"k{i // 2}" for i in range(m)], "'z' is treated as an identifier"),
        (1e300 * x, None),
        (pd.date_range("2020-01-01", periods=m), None),
        ([1, "a", 2.5, None] * (m // 4), None),
    ],
)
def test_odd_columns_are_named_and_survived(values, told):
    X = frame(z=values)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        model = fit(X)
        P = model.predict_proba(X)
    assert np.isfinite(P).all()
    assert (model.classes_[P.argmax(axis=1)] == y).mean() > 0.85
    messages = [str(w.message) for w in seen]
    assert (not messages) if told is None else [text for text in messages if re.search(told, text)]


def test_numbered_rows_are_an_identifier():
    with pytest.warns(FitWarning, match="'user_id' is treated as an identifier"):
        fit(frame(user_id=np.arange(m) * 7))


def test_a_table_of_nothing_predicts_the_shares():
    with pytest.warns(FitWarning, match="'q' is ignored"):
        model = fit(pd.DataFrame({"q": np.ones(m)}))
    share = (y == "yes").mean()
    np.testing.assert_allclose(model.predict_proba(pd.DataFrame({"q": [1.0, 5.0]}))[:, 1], share, atol=0.08)


def test_a_hundred_thousand_levels():
    levels = [f"k{i // 2}" for i in range(200_000)]
    with pytest.warns(
        FitWarning, match="'k' is treated as an identifier: 100,000 categories, none of them frequent"
    ):
        preparation = TablePreparation().fit(pd.DataFrame({"k": levels, "x": np.arange(2e5)}))
    assert preparation.get_feature_names_out().tolist() == ["x"]


# At prediction


def test_a_new_category_is_none_of_the_known(model):
    with pytest.warns(
        FitWarning, match="column 'z': 1 row has a category not seen in training .'new'.; treated as unknown"
    ):
        P = model.predict_proba(pd.DataFrame({"x": [0.1, 0.1], "z": ["new", None], "n": [1, 1]}))
    np.testing.assert_array_equal(P[0], P[1])


def test_another_type_at_prediction(model):
    with pytest.warns(
        FitWarning, match="column 'x': expected numbers; 1 other value treated as missing: 'zzz'"
    ):
        P = model.predict_proba(pd.DataFrame({"x": ["0.1", "zzz"], "z": ["a", "a"], "n": ["1", "1"]}))
    known = model.predict_proba(pd.DataFrame({"x": [0.1], "z": ["a"], "n": [1]}))
    np.testing.assert_allclose(P[0], known[0], rtol=1e-12)
    with pytest.raises(ValueError, match="column 'x': expected numbers as in training, received 'u', 'v'"):
        model.predict(pd.DataFrame({"x": ["u", "v"], "z": ["a", "b"], "n": [1, 2]}))


def test_columns_that_are_missing_or_new(model):
    with pytest.raises(ValueError, match="Missing: 'x', 'n'; 'x' may be 'x1'"):
        model.predict(pd.DataFrame({"x1": [1.0], "z": ["a"]}))
    with pytest.warns(FitWarning, match="X: ignored, not used in training: 'w'"):
        model.predict(pd.DataFrame({"w": [1], "z": ["a"], "n": [1], "x": [1.0]}))
    with pytest.raises(
        ValueError, match="X has 2 features, but TabularClassifier is expecting 3 features as input"
    ):
        model.predict([[1.0, "a"]])
    with pytest.warns(UserWarning, match="matched by position"):
        model.predict([[1.0, "a", 3]])


def test_infinite_values_at_prediction(model):
    with pytest.warns(FitWarning, match="'x': 1 infinite"):
        P = model.predict_proba(pd.DataFrame({"x": [math.inf, 1e30], "z": ["a", "a"], "n": [1, 1]}))
    np.testing.assert_allclose(P[0], P[1])


# Targets


def test_one_class():
    with pytest.warns(FitWarning, match="one class only, 'a'"):
        model = fit(frame(), ["a"] * m)
    assert set(model.predict(frame())) == {"a"}
    np.testing.assert_array_equal(model.predict_proba(frame()), np.ones((m, 1)))
    assert math.isnan(model.validation_score_)


def test_a_constant_number():
    with pytest.warns(FitWarning, match=r"constant: every prediction will be 3\.5"):
        model = TabularRegressor(1, **QUICK).fit(frame(), [3.5] * m)
    np.testing.assert_array_equal(model.predict(frame()), 3.5)


@pytest.mark.parametrize("n_members", [1, 3])
def test_fewer_rows_than_a_batch_and_than_members_times_classes(n_members):
    labels = np.array(list("abcdef" * 2))
    model = fit(frame()[:12], labels, n_members=n_members)
    assert set(model.predict(frame())) <= set(labels)
    assert len(model.members_) == n_members


def test_too_few_rows_to_hold_any_out():
    with pytest.warns(FitWarning, match=r"too few rows to hold out a validation set: .*received 5;"):
        model = fit(frame()[:5], list("ababa"))
    assert math.isnan(model.validation_score_)
    assert model.best_epochs_ == [8]
    assert fit_two_rows().predict([[1.0]]).tolist() in (["a"], ["b"])


def fit_two_rows():
    with pytest.warns(FitWarning, match="too few"):
        return fit([[1.0], [2.0]], ["a", "b"])


def test_a_class_with_one_example():
    with pytest.warns(FitWarning, match="only one example of 'rare'"):
        model = fit(frame()[:40], ["rare", *y[1:40]])
    assert model.predict_proba(frame()).shape == (m, 3)


def test_targets_far_out():
    target = 2 * x + 1
    with_slips = target.copy()
    with_slips[[7, 9]] = 1e9, -1e9
    with pytest.warns(FitWarning, match=r"y: 2 values up to 1e\+09"):
        model = TabularRegressor(1, **{**QUICK, "epochs": 40}).fit(frame(), with_slips)
    rest = np.delete(np.arange(m), [7, 9])
    assert np.sqrt(np.mean((model.predict(frame())[rest] - target[rest]) ** 2)) < 0.7 * target.std()
    heavy = TabularRegressor(1, **QUICK).fit(frame(), np.exp(3 * x))  # a long tail is no slip
    assert heavy.target_["high"] == np.exp(3 * x).max()


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ([None, *y[1:]], r"1 target is missing \(row 0, counted from 0\); drop these rows"),
        (
            pd.Series([pd.NA, *[1, 2] * 99, 1], dtype="Int64"),
            r"1 target is missing \(row 0, counted from 0\); drop these rows",
        ),
        (None, "requires y to be passed"),
        (x, "Unknown label type"),
        (y[:5], "inconsistent numbers of samples"),
    ],
)
def test_targets_that_cannot_be_learned(target, told):
    with pytest.raises(ValueError, match=told):
        fit(frame(), target)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (y, "use TabularClassifier for labels"),
        ([math.nan, *x[1:]], "contains NaN"),
        ([math.inf, *x[1:]], "infinity"),
    ],
)
def test_numbers_that_cannot_be_learned(target, told):
    with pytest.raises(ValueError, match=told):
        TabularRegressor(1, **QUICK).fit(frame(), target)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"metric": "logloss"}, "'metric' parameter of TabularClassifier must be a str among"),
        ({"recipe": "best"}, "'recipe' parameter"),
        ({"epochs": 0}, "'epochs' parameter"),
        ({"hidden_layer_sizes": (8, 0)}, "hidden_layer_sizes must be > 0"),
        ({"column_kinds": {"y": "numeric"}}, "column_kinds: expected names of columns, received 'y'"),
    ],
)
def test_parameters_that_do_not_fit(changes, told):
    with pytest.raises(ValueError, match=told):
        fit(frame(), **changes)


@pytest.mark.parametrize("loss", ["poisson", "no such", "quantile(q=2)"])
def test_losses_that_do_not_fit(loss):
    with pytest.raises(ValueError, match="loss"):
        TabularRegressor(1, loss=loss, **QUICK).fit(frame(), x)


@pytest.mark.parametrize("wrap", [lambda X: X, nw.from_native], ids=["polars", "narwhals"])
def test_columns_are_matched_by_name_in_any_frame(wrap):
    X = pl.DataFrame({"a": x, "b": -5.0 * x[::-1]})
    model = fit(wrap(X))
    assert model.feature_names_in_.tolist() == ["a", "b"]
    np.testing.assert_array_equal(model.predict_proba(wrap(X.select("b", "a"))), model.predict_proba(wrap(X)))
    with pytest.raises(ValueError, match="Missing: 'a', 'b'"):
        model.predict(wrap(X.rename({"a": "c", "b": "d"})))


class Unread:
    """A table that nobody may read."""


@pytest.mark.parametrize("kind", ["Classifier", "Regressor"])
@pytest.mark.parametrize(
    ("targets", "received"),
    [
        (np.stack([x > 0, x > 1], axis=1).astype(int), r"shape \(200, 2\)"),
        (np.stack([x > 0, x > 1], axis=1).tolist(), r"shape \(200, 2\)"),
        (pd.DataFrame({"a": x, "b": x}), r"shape \(200, 2\)"),
        (csr_matrix(np.eye(m, 3)), r"a sparse matrix of shape \(200, 3\)"),
        ([["a", "b"], ["a"]] * (m // 2), "rows of different lengths"),
    ],
    ids=["array", "lists", "frame", "sparse", "sets"],
)
def test_several_targets_are_refused_before_the_table_is_read(kind, targets, received):
    model = {"Classifier": TabularClassifier, "Regressor": TabularRegressor}[kind](**QUICK)
    remedy = rf"received {received}; try sklearn.multioutput.MultiOutput{kind}\(Tabular{kind}"
    with pytest.raises(ValueError, match=remedy):
        model.fit(Unread(), targets)
    with pytest.raises(ValueError, match=remedy):
        model.fit(Unread(), y, eval_set=(Unread(), targets))


def test_the_remedy_for_several_targets_works_on_raw_tables():
    Y = np.stack([x > 0, x > 1], axis=1)
    model = MultiOutputClassifier(TabularClassifier(1, **QUICK)).fit(frame(z=y), Y)
    assert model.predict(frame(z=y)).shape == Y.shape


@pytest.mark.parametrize("kind", ["Classifier", "Regressor"])
def test_partial_fit_is_absent_and_says_what_to_use(kind):
    model = {"Classifier": TabularClassifier, "Regressor": TabularRegressor}[kind]()
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match=rf"TableStream.*MLP{kind}\.partial_fit"):
        model.partial_fit(frame(), x)


@pytest.mark.parametrize("form", [csr_matrix, csc_matrix, csr_array, coo_array])
def test_a_sparse_matrix_is_read_as_the_dense_one(form):
    X = np.random.RandomState(1).poisson(0.5, (m, 4)).astype(float)
    X[:, 2] += x
    dense, sparse = (fit(one, epochs=2) for one in (X, form(X)))
    np.testing.assert_array_equal(sparse.predict_proba(X), dense.predict_proba(form(X)))
    np.testing.assert_array_equal(
        TablePreparation().fit_transform(form(X)), TablePreparation().fit_transform(X)
    )


def test_a_sparse_matrix_too_large_for_memory_is_refused():
    with pytest.raises(ValueError, match=r"which needs 160 TB .*; try MLPClassifier or MLPRegressor"):
        TablePreparation().fit(csr_matrix((10**7, 10**6)))


def test_arrow_tables_and_labels():
    pa = pytest.importorskip("pyarrow")
    X = pa.table({"x": x, "z": np.arange(m) % 5})
    model = fit(X, pa.array(y))
    for frame in (X.to_batches()[0], X.to_pandas()):
        np.testing.assert_array_equal(model.predict_proba(frame), model.predict_proba(X))


@pytest.mark.parametrize("mark", [None, pd.NA, float("nan"), "", "nan"])
@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_a_missing_target_is_named_by_its_row(kind, mark):
    if kind is TabularClassifier and isinstance(mark, str) and mark:
        pytest.skip("a label like any other")
    y = np.array([0.5, 1.5, 2.5, 0.5, 1.5, 2.5], dtype=object)
    if isinstance(mark, str):
        y = np.array([str(value) for value in y], dtype=object)
    y[3] = mark
    with pytest.raises(
        ValueError, match=r"Input y contains NaN: 1 target is missing \(row 3, counted from 0\)"
    ):
        kind(epochs=1, hidden_layer_sizes=2).fit(np.arange(6.0).reshape(-1, 1), y)
