"""``ellayer train FILE`` with no options beside scikit-learn's network at its defaults, on the same rows."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, root_mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ellayer.runs.train_run import make_trainer

# File, target, number of splits, and by how much of the score chance may turn the comparison: a standard error of the test rows.
TABLES = {
    "penguins": ("penguins.csv", "species", 1, 0.015),
    "titanic": (
        "titanic.csv",
        "survived",
        3,
        0.017,
    ),  # one split of 178 rows decides nothing: 0.03 over the root of 3
    "red wine": ("winequality-red.csv", "quality", 1, 0.0),
}


def theirs(trainer):
    """Predictions of scikit-learn's network for the test rows, scaled and one-hot."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    labels = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (labels, make_column_selector(dtype_exclude="number")),
    )
    kind = MLPClassifier if trainer.survey.task == "classes" else MLPRegressor
    train, test = (
        pd.DataFrame(part.X.to_dict(as_series=False)).replace({None: np.nan})
        for part in (trainer.source.train, trainer.source.test)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(columns, kind(random_state=1)).fit(train, trainer.source.train.y).predict(test)


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_no_options_are_as_good_as_scikit_learns_network(shared_data, name):
    file, target, splits, chance = TABLES[name]
    pairs = []
    for seed in range(1, 1 + splits):
        trainer = make_trainer(
            {"source": str(shared_data / "tabular" / file), "target": target, "seed": seed}
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the names and tickets, which are ignored
            trainer.source.fit(trainer.model)
        test = trainer.source.test
        score = accuracy_score if trainer.survey.task == "classes" else root_mean_squared_error
        pairs.append([score(test.y, y) for y in (trainer.model.predict(test.X), theirs(trainer))])
    ours, peers = np.mean(pairs, axis=0)
    if trainer.survey.task == "classes":
        assert ours >= peers - chance
    else:
        assert ours / peers <= 1.0 + chance
