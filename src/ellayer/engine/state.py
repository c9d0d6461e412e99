"""TrainState: the state needed to continue a run, as plain arrays and numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import numpy as np

Parameters = dict[str, np.ndarray]
T = TypeVar("T")
NUMBERS_OF_ONE_THREAD = 10_000  # of a product of vectors in OpenBLAS
NUMBERS_OF_THREADS = 1 << 22  # for which a second thread saves a millisecond


@dataclass
class TrainState:
    """The state of a run between two updates.

    Parameters
    ----------
    parameters : dict
        "W1", "b1", ...
    optimizer_state : dict
        The arrays of the update rule, a dict of dicts.
    step : int
        Updates done.
    before : int
        Updates done earlier on other examples: they count for the optimizer, not for the order of the examples.
    seed : int
        Seed of dropout's masks and of the order of the examples; with ``step`` it determines all
        further random numbers.
    rate_scale : float
        The factor of the ``adaptive`` schedule on the learning rate.
    interval : tuple of float
        Sum and number of the losses since the last record.
    best_value, best_step, best_parameters, waited
        The best monitored value so far, its step and parameters, and the number of records since the last
        improvement.
    history : dict of lists
        The columns recorded so far.
    coordinates : dict or None
        For a run in the span of the examples (``wide``): all parameters in the coordinates of that
        loop, and "W0", the initial W1 of these coordinates; ``optimizer_state`` is in them too.
    stopped_by : str or None
        "divergence" or "patience" if the network has ended while others continued: ``train_many`` leaves it as
        it is; ``train`` continues from it.
    """

    parameters: Parameters
    optimizer_state: object  # None before the first update
    step: int = 0
    before: int = 0
    seed: int = 0
    rate_scale: float = 1.0
    interval: tuple[float, float] = (0.0, 0.0)
    best_value: float | None = None
    best_step: int = 0
    best_parameters: Parameters | None = None
    waited: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)
    coordinates: Parameters | None = None
    stopped_by: str | None = None


@dataclass
class FlatState:
    """An optax state in a file: its arrays by their paths, without the classes of the tree.

    Parameters
    ----------
    arrays : dict
        "[0].mu['W1']" and so on.
    """

    arrays: Parameters

    @classmethod
    def of(cls, tree: object) -> FlatState:
        """Return the arrays of a tree by their paths."""
        import jax

        leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
        return cls({jax.tree_util.keystr(path): np.array(leaf) for path, leaf in leaves})

    def into(self, fresh: object) -> object:
        """Return a tree like ``fresh`` with these arrays; the plain dict if its paths differ."""
        import jax

        leaves, structure = jax.tree_util.tree_flatten_with_path(fresh)
        names = [jax.tree_util.keystr(path) for path, _ in leaves]
        if set(names) != set(self.arrays):
            return self.arrays
        return jax.tree_util.tree_unflatten(structure, [self.arrays[name] for name in names])


def copy_tree(tree: T, dtype: str | None = None) -> T:
    """Return the tree of arrays as fresh NumPy arrays with contiguous rows, float arrays in ``dtype`` if given."""
    return cast(T, _copy(tree, dtype))


def _copy(tree: object, dtype: str | None) -> object:
    if isinstance(tree, dict):
        return {key: _copy(value, dtype) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        parts: list[Any] = [_copy(value, dtype) for value in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    if hasattr(tree, "shape"):
        array = np.array(tree, order="C")
        return array.astype(dtype) if dtype and array.dtype.kind == "f" else array
    return tree


def tree_shapes(tree: object) -> object:
    """Return the tree with each array replaced by its shape, for comparing two trees."""
    if isinstance(tree, dict):
        return {key: tree_shapes(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [tree_shapes(value) for value in tree]
    return np.shape(cast(np.ndarray, tree))


def all_finite(parameters: Parameters) -> bool:
    """Return True if every number of the parameters is finite."""
    return all(is_finite(theta) for theta in parameters.values())


def is_finite(theta: np.ndarray) -> bool:
    """Return True if every number of an array is finite.

    nan and inf reach the sum of squares, which needs one pass and no memory; so may an overflow, hence the second look.
    """
    with np.errstate(all="ignore"):
        if theta.flags.forc:
            total = sum_of_squares(theta.ravel(order="K"), theta.size >= NUMBERS_OF_THREADS)
        else:
            total = theta.sum()  # a flat view would be a copy
    return bool(np.isfinite(total)) or bool(np.isfinite(theta).all())


def sum_of_squares(vector: np.ndarray, threads: bool) -> float:
    """Return the sum of squares of a vector, with BLAS's threads or without.

    BLAS wakes its threads for more than ``NUMBERS_OF_ONE_THREAD``. They then wait for more in a busy loop for some 30 ms: a
    core that the compiled loop lacks, to save some microseconds.
    """
    size = NUMBERS_OF_ONE_THREAD
    if threads or len(vector) <= size:
        return float(np.dot(vector, vector))
    end = len(vector) // size * size
    rows, rest = vector[:end].reshape(-1, size), vector[end:]
    return float(np.vecdot(rows, rows).sum() + np.dot(rest, rest))
