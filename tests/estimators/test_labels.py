"""Labels as columns of truths, as scikit-learn's LabelBinarizer has them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import LabelBinarizer

from ellayer.estimators.labels import encode

LABELS = {
    "two numbers": [3, 1, 3, 1],
    "three numbers": [2, 0, 1, 2],
    "truths": [True, False, True],
    "whole floats": [1.0, 2.0, 2.0],
    "texts": ["no", "yes", "maybe", "yes"],
    "one class": [7, 7, 7],
    "objects": np.array(["no", "yes", "no"], object),
    "several labels": [[1, 0, 1], [0, 0, 1]],
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_columns_are_those_of_scikit_learn(labels):
    y = np.asarray(labels)
    binarizer = LabelBinarizer().fit(y)
    columns = encode(binarizer, y)
    assert columns.dtype == bool
    assert columns.flags.c_contiguous
    np.testing.assert_array_equal(columns, binarizer.transform(y).astype(bool))


def test_classes_that_are_absent_have_their_columns():
    binarizer = LabelBinarizer().fit(np.array([0, 1, 2], np.int64))
    y = np.array([1, 1, 0], np.int32)
    np.testing.assert_array_equal(encode(binarizer, y), binarizer.transform(y).astype(bool))
