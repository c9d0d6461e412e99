"""Hold rows out to test on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UsageError

if TYPE_CHECKING:
    from ..data import Examples

TEST_SHARE = 0.2
FEWEST_ROWS = 20  # below, none are held out for testing


def parse_test(value: object) -> float | str:
    """Return the share of the rows to test on, or the file.

    Parameters
    ----------
    value : float or str

    Raises
    ------
    UsageError
        If a number is no share.

    Examples
    --------
    >>> parse_test("0.2"), parse_test("test.csv")
    (0.2, 'test.csv')
    """
    text = str(value)
    try:
        share = float(text)
    except ValueError:
        return text
    if not 0 <= share < 1:
        raise UsageError(
            f"--test: expected a share from 0 to below 1, or a file, received {text}; try --test 0.2"
        )
    return share


def split(
    examples: Examples, test: float | str, task: str, seed: int
) -> tuple[Examples, Examples | None, str]:
    """Return the rows to train on, those to test on, and a message about the split.

    Parameters
    ----------
    examples : Examples
    test : float or str
        A share of the rows, or a file.
    task : "classes" or "numbers"
    seed : int
    """
    if isinstance(test, str):
        return examples, read_test(test, examples), f"tested on {test}"
    m = examples.m
    if test == 0 or m < FEWEST_ROWS:
        reason = "" if test == 0 else f": {m} are too few"
        return (
            examples,
            None,
            f"no rows were held out for testing{reason}; the scores are of rows held out in training",
        )
    labels = (
        None if task == "numbers" else np.unique(np.asarray(examples.y).astype(str), return_inverse=True)[1]
    )
    rows = held_out_rows(m, test, labels, seed)
    message = f"{int(rows.sum())} of {m} rows were held out for testing"
    message += "" if labels is None else " (stratified)"
    return examples.take(np.flatnonzero(~rows)), examples.take(np.flatnonzero(rows)), message


def held_out_rows(m: int, share: float, labels: np.ndarray | None, seed: int) -> np.ndarray:
    """Return which rows to hold out: a share of them, or of each class but never its only row.

    Parameters
    ----------
    m : int
    share : float
    labels : array of int, shape (m,), or None
        Class numbers to stratify by.
    seed : int

    Examples
    --------
    >>> held_out_rows(6, 0.5, np.array([0, 0, 0, 0, 1, 2]), seed=0).tolist()
    [False, True, True, False, False, False]
    """
    order = np.random.RandomState(seed).permutation(m)
    rows = np.zeros(m, bool)
    if labels is None:
        rows[order[: round(share * m)]] = True
        return rows
    for k in range(labels.max() + 1):
        members = order[labels[order] == k]
        rows[members[: min(round(share * len(members)), len(members) - 1)]] = True
    return rows


def read_test(path: str, examples: Examples) -> Examples:
    """Return the examples of a test file, read like the training file."""
    from ..data import read_examples

    test = read_examples(path, target=examples.target, reading=examples.reading, need_target=True)
    return _with_known_labels(test, examples, path)


def _with_known_labels(test: Examples, examples: Examples, path: str) -> Examples:
    """Drop the full stop that ends each label of UCI's adult.test; refuse other labels unknown from training."""
    y, known = np.asarray(test.y), np.asarray(examples.y)
    labels = set(known.tolist())
    if known.dtype.kind in "biuf" or not labels.isdisjoint(y.tolist()):
        return test
    bare = np.array([*(str(label).removesuffix(".") for label in y), None], dtype=object)[:-1]
    if labels.isdisjoint(bare.tolist()):
        raise UsageError(
            f"--test: expected classes as in training ({', '.join(sorted(map(str, labels))[:8])}), received {y[0]!r} and "
            f"similar in {path}; correct the labels"
        )
    return replace(test, y=bare)
