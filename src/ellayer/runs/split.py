"""Hold rows out to test on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UsageError
from .matching import check_inputs, match_targets, unknown_classes

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
) -> tuple[Examples, Examples | None, list[str]]:
    """Return the rows to train on, those to test on, and messages about the split.

    Parameters
    ----------
    examples : Examples
    test : float or str
        A share of the rows, or a file.
    task : "classes" or "numbers"
    seed : int
    """
    if isinstance(test, str):
        return examples, *read_test(test, examples, task)
    m, rows = examples.m, np.zeros(examples.m, bool)
    if m >= FEWEST_ROWS:
        y = np.asarray(examples.y).astype(str)
        labels = None if task == "numbers" else np.unique(y, return_inverse=True)[1]
        rows = held_out_rows(m, test, labels, seed)
    if not rows.any():
        of = "" if task == "numbers" or m < FEWEST_ROWS else " in each class"
        reason = f": {m} are too few{of}" if test else ""
        message = f"no rows were held out for testing{reason}; the scores are of rows held out in training"
        return examples, None, [message]
    message = f"{int(rows.sum())} of {m} rows were held out for testing"
    message += "" if task == "numbers" else " (stratified)"
    return examples.take(np.flatnonzero(~rows)), examples.take(np.flatnonzero(rows)), [message]


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


def read_test(path: str, examples: Examples, task: str) -> tuple[Examples, list[str]]:
    """Return the examples of a test file, read and checked like the training file, and messages about them.

    Parameters
    ----------
    path : str
    examples : Examples
        The training rows.
    task : "classes" or "numbers"

    Raises
    ------
    EllayerError
        If the file cannot be read, lacks columns, or its targets are not those of training.
    """
    from ..data import read_examples

    option = f"--test {path}"
    test = read_examples(path, target=examples.target, reading=examples.reading, need_target=True)
    features = list(getattr(examples.X, "columns", ()))
    check_inputs(test, option, features, examples.image_shape, "the training file")
    classes = [] if task == "numbers" else np.unique(np.asarray(examples.y)).tolist()
    test = replace(test, y=match_targets(test, classes, option))
    return test, [f"tested on {path}", *unknown_classes(np.asarray(test.y), classes)]
