"""fit_together: every model is the one its own fit gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ellayer import TabularClassifier, TabularRegressor
from ellayer.estimators.tabular import training
from ellayer.estimators.tabular.fit_many import fit_together

QUICK = {"n_members": 1, "epochs": 6, "hidden_layer_sizes": (16, 8), "random_state": 0}
RATES = (0.2, None, 0.005)


def table(m=150):
    random = np.random.RandomState(1)
    X = pd.DataFrame({"x": random.randn(m), "c": random.choice(["a", "b"], m)})
    return X, X["x"] ** 2 + (X["c"] == "a")


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_each_equals_its_own_fit(monkeypatch, kind, compiled):
    monkeypatch.setattr(training, "faster_loop", lambda *_: ("jax" if compiled else "numpy", 0.0))
    X, y = table()
    y = np.where(y > 1, "high", "low") if kind is TabularClassifier else y
    models = [kind(learning_rate=rate, dtype="float64", **QUICK) for rate in RATES]
    together = fit_together(models, X, y)
    for rate, model in zip(RATES, together, strict=True):
        alone = kind(learning_rate=rate, dtype="float64", **QUICK).fit(X, y)
        assert alone.best_epochs_ == model.best_epochs_
        assert model.validation_score_ == pytest.approx(alone.validation_score_, rel=1e-9)
        ours, theirs = (
            m.predict_proba(X) if kind is TabularClassifier else m.predict(X) for m in (model, alone)
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)
    assert ("at once" in models[0].engine_) == compiled


def test_what_cannot_be_trained_together_is_refused():
    X, y = table()
    with pytest.raises(ValueError, match="only in their learning rate"):
        fit_together([TabularRegressor(1, epochs=2), TabularRegressor(1, epochs=3)], X, y)
    with pytest.raises(ValueError, match="n_members='auto'"):
        fit_together([TabularRegressor(), TabularRegressor(learning_rate=0.1)], X, y)
    with pytest.raises(ValueError, match="n_members=2"):
        fit_together([TabularRegressor(2), TabularRegressor(2, learning_rate=0.1)], X, y)
