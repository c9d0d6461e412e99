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

# File, target, and by how much of the score chance may turn the comparison: a standard error of the test rows.
TABLES = {
    "penguins": ("penguins.csv", "species", 0.015),
    "titanic": ("titanic.csv", "survived", 0.05),  # two standard errors of the difference on 178 rows
    "red wine": ("winequality-red.csv", "quality", 0.0),
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
    file, target, chance = TABLES[name]
    path = shared_data / "tabular" / file
    trainer = make_trainer({"source": str(path), "target": target})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the names and tickets, which are ignored
        trainer.source.fit(trainer.model)
    test, prediction = trainer.source.test, theirs(trainer)
    ours = trainer.model.predict(test.X)
    if trainer.survey.task == "classes":
        assert accuracy_score(test.y, ours) >= accuracy_score(test.y, prediction) - chance
    else:
        ratio = root_mean_squared_error(test.y, ours) / root_mean_squared_error(test.y, prediction)
        assert ratio <= 1.0 + chance
