"""One small file of each kind, as the start of hostile ones."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hostile import Parts, Sample

import ellayer
from ellayer.storage import load_checkpoint, save_checkpoint
from kinds_of_model import with_members


def _samples() -> dict[str, tuple[Any, Callable[[Any], object]]]:
    random = np.random.RandomState(0)
    X, network = random.randn(2, 20), ellayer.Network([2, 3, 1])
    Y = (X[:1] > 0) * 1
    result = ellayer.train(network, X, Y, num_iterations=5, seed=1, record_every=2)

    def resume(state: Any) -> None:
        with contextlib.suppress(ellayer.EllayerError):  # a state of another network or optimizer
            ellayer.train(network, X, Y, num_iterations=2, seed=1, record_every=2, state=state)

    rows = random.randn(40, 2)
    labels = np.where(rows[:, 0] > 0, "a", "b")
    table = pd.DataFrame(
        {"n": rows[:, 0], "c": random.choice(list("uvw"), 40), "d": pd.date_range("2024", periods=40),
         "k": random.choice([f"l{i}" for i in range(12)], 40), "b": random.rand(40) > 0.5}
    )  # fmt: skip
    wide = pd.DataFrame({"n": random.randn(120), "m": random.choice([f"{i}" for i in range(24)], 120),
                         "t": ["".join(letters) for letters in random.choice(list("aab"), (120, 7))]})  # fmt: skip
    worth = wide.m.astype(float) / 8 + 3 * wide.t.str.count("bb")
    small: dict[str, Any] = {"epochs": 2, "hidden_layer_sizes": 3, "random_state": 0}
    classifier = ellayer.MLPClassifier(3, max_iter=3, random_state=0, early_stopping=True)
    regressor = ellayer.MLPRegressor(hidden_layer_sizes=3, max_iter=3, random_state=0, optimizer="lion")
    tables = (
        ellayer.TabularClassifier(1, **small),
        ellayer.TabularRegressor(1, loss="quantile(q=0.3)", **small),
        ellayer.TabularRegressor(1, column_kinds={"m": "categorical", "t": "text"}, **small),
    )
    return {
        "network": (
            (network, result.parameters),
            lambda pair: ellayer.core.L_model_forward(X, pair[1], pair[0]),
        ),
        "result": (result, lambda model: (model.predict(X), model.history)),
        "classifier": (
            classifier.fit(rows, labels),
            lambda model: (model.predict(rows), model.predict_proba(rows)),
        ),
        "regressor": (regressor.fit(rows, rows[:, 0]), lambda model: model.predict(rows)),
        "table classifier": (
            with_members(tables[0].fit(table, labels), 2),
            lambda model: model.predict_proba(table),
        ),
        "table regressor": (tables[1].fit(table, rows[:, 0]), lambda model: model.predict(table)),
        "table of texts": (tables[2].fit(wide, worth), lambda model: model.predict(wide)),
        "checkpoint": (
            result.state,
            resume,
        ),
    }


def samples(folder: Path) -> dict[str, Sample]:
    """Return the files, and how each is read and used.

    Parameters
    ----------
    folder : Path
        To write in.
    """
    result = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (model, use) in _samples().items():
            save, load = (
                (save_checkpoint, load_checkpoint) if name == "checkpoint" else (ellayer.save, ellayer.load)
            )
            save(model, folder / "m.ellayer")
            result[name] = Sample(Parts.of(folder / "m.ellayer"), load, use)
    return result
