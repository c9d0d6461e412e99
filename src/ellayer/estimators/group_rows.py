"""Rows of a fit that are spread over a group of processes: what an estimator needs to know of those of the others.

Each function returns the same in every process. In a process that trains alone, which has all rows, they return their
arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from sklearn.preprocessing import LabelBinarizer

from .._sklearn_compat import label_kind
from ..engine.group import Group, current_group, shared_settings
from ..errors import EllayerError
from .examples import Examples
from .labels import labels_from_facts, labels_to_facts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.base import BaseEstimator

T = TypeVar("T")


def shared_group() -> Group | None:
    """Return the group of this process if others have rows too, None if this one has all."""
    group = current_group()
    return None if group is None or group.size == 1 else group


def together() -> AbstractContextManager[None]:
    """Return a context in which an error of one process is raised in all."""
    group = shared_group()
    return nullcontext() if group is None else group.together()


def agree(make: Callable[[], T]) -> T:
    """Return a value that process 0 makes."""
    group = shared_group()
    return make() if group is None else group.agree(make)


def check_same(estimator: BaseEstimator, facts: Callable[[], list[tuple[str, object]]]) -> None:
    """Raise if facts about the rows, or parameters that are plain values, differ between processes."""
    if (group := shared_group()) is None:
        return
    parameters = {**estimator.get_params(deep=False), "verbose": None}  # which may differ
    plain = [(name, value) for name, value in parameters.items() if _is_plain(value)]
    advice = "call the method with the same columns and parameters in every process"
    group.check_equal(shared_settings([*facts(), *plain]), advice)


def _is_plain(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (str, int, float))


def same_random(random: np.random.RandomState) -> np.random.RandomState:
    """Return the generator of process 0."""
    group = shared_group()
    if group is None:
        return random
    kind, keys, *rest = random.get_state()
    first: list[Any] = group.agree(lambda: [kind, np.asarray(keys).tolist(), *rest])
    if group.rank == 0:
        return random
    same = np.random.RandomState()
    same.set_state((first[0], np.array(first[1], np.uint32), *first[2:]))
    return same


# Rows


def count_rows(own: int) -> int:
    """Return the number of rows of all processes."""
    group = shared_group()
    return own if group is None else sum(group.exchange(own))


def join_rows(rows: np.ndarray) -> np.ndarray:
    """Return the rows of all processes, those of process 0 first."""
    group = shared_group()
    return rows if group is None else group.gather(rows)


def own_part(rows: np.ndarray, own: int) -> np.ndarray:
    """Return those of the rows of all processes that belong to this one, which has ``own`` of them."""
    group = shared_group()
    if group is None:
        return rows
    begin = group.offset(own)
    return rows[begin : begin + own]


def own_share(examples: Examples) -> Examples:
    """Return a part of examples that all processes have, so that the parts of all are these examples."""
    group = shared_group()
    return examples if group is None else examples.take(group.share(len(examples)))


def join_examples(examples: Examples) -> Examples:
    """Return the examples of all processes."""
    if shared_group() is None:
        return examples
    return take_examples(examples, np.arange(count_rows(len(examples))), spread=False)


def take_examples(examples: Examples, rows: np.ndarray, spread: bool) -> Examples:
    """Return some examples of all processes by the numbers of their rows.

    Parameters
    ----------
    examples : Examples
        Of this process.
    rows : ndarray of int
        Among those of all, the same in every process.
    spread : bool
        Whether each process gets a part of them; else all get all.
    """
    group = shared_group()
    if group is None:
        return examples.take(rows)
    own = rows[group.share(len(rows))] if spread else rows
    X = (group.take if isinstance(examples.X, np.ndarray) else partial(_take_sparse, group))(examples.X, own)
    weights = None if examples.weights is None else group.take(examples.weights, own)
    return Examples(X, group.take(examples.Y, own), weights)


def _take_sparse(group: Group, X: csr_matrix, numbers: np.ndarray) -> csr_matrix:
    """Return some of the sparse rows of all processes by their numbers."""
    lengths = group.gather(np.diff(X.indptr).astype(np.int64))
    begins = np.cumsum(lengths) - lengths
    ends = np.append(0, np.cumsum(lengths[numbers]))
    stored = np.repeat(begins[numbers] - ends[:-1], lengths[numbers]) + np.arange(ends[-1])
    parts = group.take(X.data, stored), group.take(X.indices.astype(np.int32), stored), ends
    return type(X)(parts, shape=(len(numbers), X.shape[1]))


# Labels


def join_labels(labels: LabelBinarizer) -> LabelBinarizer:
    """Return the labels that any of the processes has."""
    if (group := shared_group()) is None:
        return labels
    with group.together():
        facts: dict[str, Any] = labels_to_facts(labels)
    parts = [labels_from_facts(part) for part in group.exchange(facts)]
    kinds = [(label_kind(part) == "multilabel-indicator", part.classes_.dtype.kind in "OU") for part in parts]
    if len(set(kinds)) > 1:
        raise EllayerError(
            "y: expected labels of one kind in every process of the group, received "
            + ", ".join(f"{part.classes_.dtype} in process {k}" for k, part in enumerate(parts))
            + "; convert those of all in the same way"
        )
    if kinds[0][0]:
        return max(parts, key=lambda part: len(part.classes_))
    return LabelBinarizer().fit(np.unique(np.concatenate([part.classes_ for part in parts])))
