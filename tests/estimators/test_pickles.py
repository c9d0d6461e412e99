"""Pickles of fitted estimators: public classes and plain data only, and the version that wrote them."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ellayer import MLPClassifier, MLPRegressor, TablePreparation, TabularClassifier, TabularRegressor
from ellayer._warn import VersionWarning
from ellayer.estimators import versioned
from ellayer.storage import trusted_types

X, y = load_iris(return_X_y=True)
SMALL = {"epochs": 3, "hidden_layer_sizes": 4, "random_state": 0}
MODELS = [
    MLPClassifier(4, max_iter=25, random_state=0),
    MLPClassifier(
        4, max_iter=25, random_state=0, class_weight="balanced", early_stopping=True, optimizer="lion"
    ),
    MLPRegressor(hidden_layer_sizes=4, max_iter=25, loss="quantile(q=0.9)", random_state=0),
    TabularClassifier(1, metric="f1", **SMALL),
    TabularRegressor(1, loss="quantile(q=0.9)", **SMALL),
    make_pipeline(TablePreparation(), LogisticRegression(max_iter=500)),
]

pytestmark = pytest.mark.filterwarnings(
    "ignore::ellayer.estimators.FitWarning", "ignore:Stochastic Optimizer"
)


def names_in(data: bytes) -> set[str]:
    """Return the names of all classes and functions that a pickle refers to."""
    names = set()

    class Reader(pickle.Unpickler):
        def find_class(self, module, name):
            names.add(f"{module}.{name}")
            return super().find_class(module, name)

    Reader(io.BytesIO(data)).load()
    return names


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model)[:60])
def test_a_pickle_names_classes_and_no_function_of_ours(model):
    model.fit(X, y)
    data = pickle.dumps(model)
    ours = {name for name in names_in(data) if name.startswith("ellayer")}
    assert ours
    assert not [name for name in ours if not name.rpartition(".")[2][0].isupper()]
    assert "functools.partial" not in names_in(data)
    assert ours <= set(trusted_types())
    np.testing.assert_array_equal(pickle.loads(data).predict(X), model.predict(X))


@pytest.mark.parametrize("model", MODELS[:5:2], ids=lambda model: str(model)[:60])
def test_a_pickle_of_another_version_warns(model, monkeypatch):
    model.fit(X, y)
    assert model.__getstate__()["_ellayer_version"] == versioned.__version__
    data = pickle.dumps(model)
    pickle.loads(data)  # warnings are errors here
    monkeypatch.setattr(versioned, "__version__", "9.9")
    with pytest.warns(VersionWarning, match=r"was pickled by ellayer 0\.1.* and is read by 9\.9"):
        again = pickle.loads(data)
    assert not hasattr(again, "_ellayer_version")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
