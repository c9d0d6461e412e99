"""Text columns: the n-grams of scikit-learn without it, used only where they help, refused by ONNX at once."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

import ellayer
from ellayer import TabularRegressor
from ellayer.storage import ModelFileError
from ellayer.tables import ngrams
from ellayer.tables.ngrams import LENGTHS, character_ngrams, learn_factors
from ellayer.tables.target_statistics import MOST_TARGETS, RowTargets
from ellayer.tables.text_encoders import FACTORS
from ellayer.tables.text_gain import FOLDS, PENALTIES, held_out_error

pytestmark = pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
WORDS = [
    "apple",
    "banana",
    "chair",
    "table",
    "lamp",
    "sofa",
    "phone",
    "cable",
    "garden",
    "hose",
    "drill",
    "saw",
    "paint",
    "brush",
    "steel",
    "silk",
]
M = 400


@pytest.fixture(scope="module")
def fitted():
    """A model whose target follows from the words of a text, and its table."""
    random = np.random.RandomState(0)
    worth = random.randn(len(WORDS))
    chosen = [random.choice(len(WORDS), 4, replace=False) for _ in range(M)]
    titles = [" ".join(WORDS[k] for k in row) for row in chosen]
    X = pd.DataFrame(
        {"title": titles, "x": random.randn(M), "code": [f"{k:x}" for k in random.randint(0, 10**9, M)]}
    )
    X.loc[:9, "title"] = None
    y = np.array([worth[row].sum() for row in chosen]) + X.x
    return TabularRegressor(epochs=20, random_state=0).fit(X, y), X, y


def test_texts_are_projected_as_scikit_learn_does():
    random = np.random.RandomState(0)
    letters = list("abcd éÉßİ \t  \u2003-1")
    texts = ["".join(random.choice(letters, random.randint(1, 30))) for _ in range(300)]
    tfidf = TfidfVectorizer(analyzer="char_wb", ngram_range=LENGTHS, min_df=3, max_features=2000)
    X = tfidf.fit_transform(texts)
    svd = TruncatedSVD(10, random_state=0).fit(X)
    factors = learn_factors(texts, 10)
    new = [*texts[:50], "x", "", "ab  cd\tab", "unknown 漢字"]
    np.testing.assert_allclose(factors.transform(new), svd.transform(tfidf.transform(new)), atol=1e-12)
    analyze = tfidf.build_analyzer()
    assert all(character_ngrams(text) == analyze(text) for text in new)
    assert not factors.transform([None, ""]).any()


def test_too_little_text_has_no_factors():
    assert learn_factors(["a", "b", None], 5) is None
    assert learn_factors([None, None], 5) is None


def test_text_is_used_where_it_helps(fitted):
    model, X, y = fitted
    kinds = {encoder.name: encoder.kind for encoder in model.preparation_.columns_}
    assert kinds == {"title": "text", "x": "numeric", "code": "identifier"}
    names = model.preparation_.get_feature_names_out().tolist()
    count = len(model.preparation_.columns_[0].factors.components)
    assert names == ["x", *(f"title: text {k}" for k in range(1, count + 1)), "title: missing"]
    assert count <= FACTORS
    assert model.preparation_.n_numbers_ == 1
    assert model.preparation_.columns_[2].factors is None
    assert model.validation_score_ < 0.5 * np.std(y)
    told = TabularRegressor(epochs=2, random_state=0, column_kinds={"title": "identifier"}).fit(X, y)
    assert told.preparation_.get_feature_names_out().tolist() == ["x", "title: missing"]


def test_a_text_that_says_nothing_is_left_out(fitted):
    X = fitted[1]
    with pytest.warns(ellayer.estimators.FitWarning, match="'title' is treated as free text"):
        model = TabularRegressor(epochs=2, random_state=0).fit(X, np.random.RandomState(1).randn(M))
    assert model.preparation_.get_feature_names_out().tolist() == ["x", "title: missing"]


def test_a_stored_model_predicts_one_row_without_scikit_learn(fitted, tmp_path):
    model, X, _ = fitted
    ellayer.save(model, tmp_path / "m.ellayer")
    np.testing.assert_array_equal(ellayer.load(tmp_path / "m.ellayer").predict(X), model.predict(X))
    X[:1].to_csv(tmp_path / "row.csv", index=False)
    code = (
        "import sys; from ellayer.cli.app import app\n"
        "try: app(['predict', 'm.ellayer', 'row.csv', '--json'])\n"
        "except SystemExit as end: print(end.code, sorted({'sklearn', 'scipy', 'pandas'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr
    arrays, facts = model.preparation_.get_state()
    for name in ("0/idf", "0/components"):
        for bad in (arrays[name][:-1], np.inf * arrays[name], arrays[name].astype(np.int8)):
            with pytest.raises(
                ellayer.EllayerError, match=f"column 'title', {name[2:]}: expected finite numbers"
            ):
                type(model.preparation_).from_state({**arrays, name: bad}, facts)
    facts["columns"][0]["factors"]["count"] = 10**9
    with pytest.raises(ellayer.EllayerError, match="as many n-grams as factors"):
        type(model.preparation_).from_state(arrays, facts)


def test_what_onnx_cannot_hold_is_said_first(fitted, monkeypatch):
    with pytest.raises((ModelFileError, ellayer.EllayerError), match="column 'title': expected no text"):
        ellayer.to_onnx(fitted[0])


def test_factors_are_learned_from_a_part_of_many_texts(monkeypatch):
    monkeypatch.setattr(ngrams, "LEARNED_FROM", 20)
    assert learn_factors([f"{word} {k}" for k in range(30) for word in WORDS], 3).transform(
        ["apple 3"]
    ).shape == (1, 3)


@pytest.mark.parametrize("columns", [3, 70])
def test_the_held_out_error_is_that_of_ridge_regression_on_the_most_frequent_targets(columns):
    random = np.random.default_rng(0)
    X = random.normal(size=(60, columns)) * np.geomspace(0.1, 20.0, columns)
    Y = np.concatenate(
        [X @ random.normal(size=(columns, MOST_TARGETS)) + 5.0, 100.0 * random.choice([-1.0, 1.0], (60, 1))],
        axis=1,
    )
    Y[:, -1] -= Y[:, -1].mean()  # a sum of 0
    order = np.arange(60) // 2
    targets = RowTargets(Y, [f"t{k}" for k in range(Y.shape[1])], np.ones(60), order)
    errors = dict.fromkeys(PENALTIES, 0.0)
    for k in range(FOLDS):
        inside, outside = order % FOLDS != k, order % FOLDS == k
        Z = (X - X[inside].mean(axis=0)) / X[inside].std(axis=0)
        for penalty in PENALTIES:
            model = Ridge(penalty).fit(Z[inside], Y[inside, :-1])
            errors[penalty] += ((model.predict(Z[outside]) - Y[outside, :-1]) ** 2).sum()
    assert held_out_error(X, targets) == pytest.approx(min(errors.values()) / 60, rel=1e-9)
