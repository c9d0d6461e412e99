"""Which rows are trained on and which are held out to test on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UsageError

if TYPE_CHECKING:
    from ..data import Examples

TEST_SHARE = 0.2
FEWEST = 20  # rows; below, none are held out for a test


def test_wish(settings: dict[str, Any]) -> float | str:
    """Return what is to be tested on: a share of the rows, or a file.

    Parameters
    ----------
    settings : dict

    Raises
    ------
    BadInput
        For a share that is none.
    """
    wish = str(settings["test"])
    try:
        share = float(wish)
    except ValueError:
        return wish
    if not 0 <= share < 1:
        raise UsageError(
            f"--test: expected a share from 0 to below 1, or a file, received {wish}; try --test 0.2"
        )
    return share


def split(
    examples: Examples, wish: float | str, task: str, seed: int
) -> tuple[Examples, Examples | None, list[str]]:
    """Return the rows to train on, those to test on, and what was done, in words.

    Parameters
    ----------
    examples : Examples
    wish : float or str
    task : "classes" or "numbers"
    seed : int
    """
    if isinstance(wish, str):
        return examples, read_test(wish, examples), [f"tested on {wish}"]
    m = examples.m
    if wish == 0 or m < FEWEST:
        why = "" if wish == 0 else f": {m} are too few"
        return (
            examples,
            None,
            [f"no rows were held out for a test{why}; the scores are of rows held out in training"],
        )
    held = _test_rows(np.asarray(examples.y), wish, task, seed)
    told = f"{int(held.sum())} of {m} rows were held out for the test"
    told += ", every class in its share" if task == "classes" else ""
    return examples.take(np.flatnonzero(~held)), examples.take(np.flatnonzero(held)), [told]


def read_test(path: str, examples: Examples) -> Examples:
    """Return the examples of a file of its own to test on, read as those trained on."""
    from ..data import read_examples

    test = read_examples(path, target=examples.target, reading=examples.reading, need_target=True)
    return _with_known_labels(test, examples, path)


def _with_known_labels(test: Examples, examples: Examples, path: str) -> Examples:
    """Labels of text that end in a full stop, as UCI's adult.test has them, are those without; others are refused."""
    y, known = np.asarray(test.y), np.asarray(examples.y)
    labels = set(known.tolist())
    if known.dtype.kind in "biuf" or not labels.isdisjoint(y.tolist()):
        return test
    bare = np.array([*(str(label).removesuffix(".") for label in y), None], dtype=object)[:-1]
    if labels.isdisjoint(bare.tolist()):
        raise UsageError(
            f"--test: expected classes as in training ({', '.join(sorted(map(str, labels))[:8])}), received {y[0]!r} and its like "
            f"in {path}; mend the labels"
        )
    return replace(test, y=bare)


def _test_rows(y: np.ndarray, share: float, task: str, seed: int) -> np.ndarray:
    """Which rows are held out: of every class its share, and never the only example of one."""
    random = np.random.RandomState(seed)
    order = random.permutation(len(y))
    held = np.zeros(len(y), bool)
    if task == "numbers":
        held[order[: round(share * len(y))]] = True
        return held
    _, numbers = np.unique(y.astype(str), return_inverse=True)
    for k in range(numbers.max() + 1):
        rows = order[numbers[order] == k]
        held[rows[: min(round(share * len(rows)), len(rows) - 1)]] = True
    return held
