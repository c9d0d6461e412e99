"""Distributions of columns: every row is in one bar, and the target within the bars adds up."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ellayer.tables.distributions import BINS, CLASSES, distributions, target_distribution
from ellayer.tables.survey import survey

RNG = np.random.RandomState(0)
M = 300
TABLE = pl.DataFrame(
    {
        "number": [None if i % 9 == 0 else float(x) for i, x in enumerate(RNG.lognormal(size=M))],
        "infinite": [float("inf") if i % 50 == 0 else float(i) / 7 for i in range(M)],
        "hour": [i % 24 for i in range(M)],
        "integer": [i % 100 for i in range(M)],
        "flag": [i % 3 == 0 for i in range(M)],
        "town": [f"town {i % 40}" if i % 5 else None for i in range(M)],
        "day": np.datetime64("2024-01-01") + np.arange(M),
        "text": [f"a long text of words {i}" for i in range(M)],
        "one": [1.0] * M,
    }
)


@pytest.mark.parametrize("task", ["classes", "numbers"])
def test_every_row_is_in_one_bar_with_its_target(task):
    y = RNG.randint(0, 8, M) if task == "classes" else RNG.randn(M)
    kinds = [column.kind for column in survey(TABLE).columns]
    for it in distributions(TABLE, y, kinds, task):
        if it["name"] == "text":
            assert it["labels"] == it["rows"] == []
            continue
        assert sum(it["rows"]) == M
        assert len(set(it["labels"])) == len(it["labels"]) == len(it["rows"])
        if task == "classes":
            assert [sum(row) for row in it["rows_by_class"]] == it["rows"]
            assert len(it["classes"]) == CLASSES + 1
            assert np.sum(it["rows_by_class"], axis=0)[0] == np.bincount(y).max()
        else:
            filled = [(mean, rows) for mean, rows in zip(it["target_mean"], it["rows"], strict=True) if rows]
            assert sum(mean * rows for mean, rows in filled) == pytest.approx(y.sum())


def test_bars_suit_the_values():
    columns = {
        it["name"]: it for it in distributions(TABLE, None, [c.kind for c in survey(TABLE).columns], None)
    }
    assert columns["hour"]["labels"] == [str(k) for k in range(24)]
    assert columns["integer"]["rows"][0] == 7 * 3  # seven integers in each bin, three rows of each
    assert len(columns["number"]["labels"]) == BINS + 1
    assert columns["number"]["labels"][-1] == "missing"
    assert columns["number"]["rows"][-1] == 34
    assert columns["town"]["labels"][-2:] == ["20 other", "missing"]
    assert columns["day"]["labels"][0].startswith("2024-01-01 to 2024-01")
    assert target_distribution(np.array(["b", "a", "b"]), "t", "classes")["rows"] == [2, 1]
    numbers = target_distribution(np.linspace(0.0, 1.0, 1000), "t", "numbers")
    assert numbers["ordered"]
    assert len(numbers["rows"]) == BINS
    assert min(numbers["rows"]) > 0
