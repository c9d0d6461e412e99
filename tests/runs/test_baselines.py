"""The models that a network is compared with."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer.data import Examples
from ellayer.runs.baselines import simple_models

settings = {"seed": 0}


@pytest.mark.parametrize(("shape", "boosted"), [(None, True), ((2, 2), False)])
def test_tables_are_boosted_and_images_are_not(shape, boosted):
    random = np.random.default_rng(0)
    X = random.random((60, 4))
    examples = Examples("a", X, np.where(X[:, 0] > 0.5, "up", "down").astype(object), image_shape=shape)
    models = simple_models(examples, X, "classes", settings, ["down", "up"])
    names = ["logistic regression", *(["gradient boosting"] if boosted else []), "the most frequent class"]
    assert [model.name for model in models] == names
