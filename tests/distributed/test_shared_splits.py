"""Rows held out by time or group in a group of processes are those of one process, however they are divided."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thread_groups import group_of_thread, run_threads

from ellayer import EllayerError
from ellayer.estimators.hold_out import Splitter
from ellayer.estimators.tabular import split_group
from ellayer.estimators.tabular.split_group import shared_splitter

DAYS = np.array(["2024-01-03", "2024-01-01", "NaT", "2023-05-01", "2024-02-01"], "datetime64[us]")
VALUES = {
    "numbers": np.array([3.0, -1.0, np.nan, 2.0, 7.0]),
    "integers beyond 2^53": np.array([3, 2**60 + 1, 2**60, 5, 4]),
    "texts": np.array(["b", "a", None, "c", "?"], dtype=object),
    "mixed": np.array(["b", 2, 2.0, None, "2"], dtype=object),
    "dates": DAYS,
    "truth": np.array([True, False, True, True, False]),
    "dates as texts": np.array(["13.01.2024", "01.02.2023", None, "02.01.2023", "1.1.2024"], dtype=object),
}
TIMES = ("numbers", "dates", "dates as texts")
CASES = [("group", name) for name in VALUES] + [("time", name) for name in TIMES]


@pytest.fixture
def threads(monkeypatch):
    with group_of_thread(monkeypatch, split_group):
        yield


def divide(m: int, cuts: list[int]) -> list[slice]:
    """Return the rows of each process, which may have none."""
    ends = sorted(min(cut, m) for cut in cuts)
    return [slice(*pair) for pair in zip([0, *ends], [*ends, m], strict=True)]


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize(("kind", "name"), CASES)
@given(
    places=st.lists(st.integers(0, 4), min_size=5, max_size=30).filter(lambda p: len(set(p)) > 3),
    cuts=st.lists(st.integers(0, 30), min_size=1, max_size=2),
)  # fmt: skip
@settings(max_examples=10, deadline=None)
def test_rows_are_held_out_as_in_one_process(kind, name, places, cuts):
    values, m = VALUES[name][places], len(places)
    option = {"time" if kind == "time" else "groups": values}
    whole = Splitter.by(m, **option)
    parts = divide(m, cuts)

    def work(rank: int) -> tuple[Splitter, np.ndarray, list[np.ndarray]]:
        rows = parts[rank]
        own = shared_splitter(len(values[rows]), **{key: value[rows] for key, value in option.items()})
        held_out = own.hold_out(m, 0.3, np.random.RandomState(1))
        return own, held_out, [test for _, test in own.folds(m, 2, np.random.RandomState(2))]

    splitters, held_out, folds = zip(*run_threads(work, len(parts)), strict=True)
    assert np.array_equal(np.concatenate([own.keys for own in splitters]), whole.keys)
    assert all(own.rows == m and own.count == whole.count for own in splitters)
    assert np.array_equal(np.concatenate(held_out), whole.hold_out(m, 0.3, np.random.RandomState(1)))
    for one, (_, test) in zip(
        zip(*folds, strict=True), whole.folds(m, 2, np.random.RandomState(2)), strict=True
    ):
        assert np.array_equal(np.concatenate(one), test)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize(
    ("of_process", "text"),
    [
        (lambda rank: {"time": ["a", "b"]}, "expected dates or numbers, received text"),
        (lambda rank: {"groups": [rank]}, "expected one value for each of 2 rows, received shape"),
        (lambda rank: {"groups": [1, 1]}, "received the same one in all 4 rows"),
        (lambda rank: {"groups": [1, 1], "time": [1, 2]}, "received both"),
    ],
)
def test_values_that_do_not_divide_the_rows(of_process, text):
    def work(rank: int) -> str:
        with pytest.raises(EllayerError) as error:
            shared_splitter(2, **of_process(rank))
        return str(error.value)

    assert all(text in message for message in run_threads(work, 2))
