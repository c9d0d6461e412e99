"""skops: models in its file format, with only public classes to trust."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ellayer import MLPClassifier, MLPRegressor, TablePreparation, TabularClassifier, TabularRegressor

skops = pytest.importorskip("skops.io")

SMALL = {"epochs": 20, "hidden_layer_sizes": 16, "random_state": 0}

MODELS = [
    MLPClassifier(8, max_iter=20, random_state=0),
    MLPRegressor(hidden_layer_sizes=8, max_iter=20, loss="quantile(q=0.9)", random_state=0),
    TabularClassifier(1, **SMALL),
    TabularRegressor(1, loss="quantile(q=0.9)", **SMALL),
    make_pipeline(TablePreparation(), LogisticRegression(max_iter=500)),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model)[:40])
def test_a_model(model, table, labels, amounts):
    is_mlp = isinstance(model, MLPClassifier | MLPRegressor)
    X = np.nan_to_num(table[["age"]].to_numpy()) if is_mlp else table
    y = amounts if "Regressor" in type(model).__name__ else labels
    data = skops.dumps(model.fit(X, y))
    types = skops.get_untrusted_types(data=data)
    functions = [
        name for name in types if not name.rpartition(".")[2][0].isupper() and name.startswith("ellayer")
    ]
    assert not functions
    again = skops.loads(data, trusted=types)
    assert np.array_equal(again.predict(X), model.predict(X))
