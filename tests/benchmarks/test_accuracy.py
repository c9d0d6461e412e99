"""At the defaults Ellayer predicts no worse than scikit-learn, beyond the noise of seeds and splits."""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
MODULES = ("accuracy", "goals", "workloads")
SEEDS = 6
NOISE = 4.03  # standard errors: 99 % of what six equal pairs give


@pytest.fixture(scope="module")
def accuracy():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("accuracy")
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iris", "wine", "diabetes"])
def test_no_worse_on_scikit_learns_own_sets(accuracy, name):
    _compare(accuracy, accuracy.SETS[name](None))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["penguins", "titanic"])
def test_no_worse_on_tables(accuracy, shared_data, name):
    _compare(accuracy, accuracy.SETS[name](shared_data))


def _compare(accuracy, table) -> None:
    scores = np.array([accuracy.pair(table, seed) for seed in range(SEEDS)])
    ours, theirs = scores.T
    assert accuracy.in_standard_errors(ours - theirs) > -NOISE
    assert ours.mean() > theirs.mean() - 0.03
    assert theirs.mean() > (0.8 if table.classes else 0.3)  # both have learned something


def test_difference_in_standard_errors(accuracy):
    assert accuracy.in_standard_errors(np.array([0.1, 0.3])) == pytest.approx(2.0)
    assert accuracy.in_standard_errors(np.array([-0.1, -0.3])) == pytest.approx(-2.0)
    assert accuracy.in_standard_errors(np.zeros(4)) == 0.0
    assert accuracy.in_standard_errors(np.full(4, -0.5)) == -math.inf
