"""Boosted regression trees as arrays: their prediction on NumPy, and checks of trees from a file.

    Z_k(x) = baseline_k + the sum over the trees t of output k of value[leaf of x in t]

A node is a row of the arrays: ``feature``, ``threshold``, ``left`` and ``right`` (the next node where
x[feature] <= threshold, and where not), ``value``; a leaf is its own ``left`` and ``right``. ``roots`` are the first nodes
of the trees, which take turns for the outputs in ``places``. Children follow their parent, so that every path ends.
"""

from __future__ import annotations

import numpy as np

from ...errors import EllayerError
from ..stored import Arrays, read_array

AT_ONCE = 1 << 20  # rows times trees in one pass
# A tree of one leaf, 0
LEAF: Arrays = {
    **{name: np.zeros(1, np.int32) for name in ("roots", "feature", "left", "right")},
    **{name: np.zeros(1) for name in ("threshold", "value")},
}


def tree_outputs(X: np.ndarray, trees: Arrays) -> np.ndarray:
    """Return the outputs Z (m, n_L) of boosted trees for prepared rows, which have no missing values.

    Parameters
    ----------
    X : ndarray, shape (m, n_x), float64
    trees : dict of arrays

    Examples
    --------
    >>> stump = {"roots": [0], "feature": [0, 0, 0], "threshold": [0.5, 0.0, 0.0], "left": [1, 1, 2], "right": [2, 1, 2],
    ...     "value": [0.0, -1.0, 1.0], "baseline": [10.0], "places": [0]}
    >>> tree_outputs(np.array([[0.0], [1.0]]), {name: np.array(part) for name, part in stump.items()})
    array([[ 9.],
           [11.]])
    """
    step = max(1, AT_ONCE // len(trees["roots"]))
    blocks = [_outputs(X[k : k + step], trees) for k in range(0, max(len(X), 1), step)]
    return np.concatenate(blocks)


def _outputs(X: np.ndarray, trees: Arrays) -> np.ndarray:
    feature, threshold, value = trees["feature"], trees["threshold"], trees["value"]
    children = np.stack([trees["right"], trees["left"]])
    columns = np.arange(len(X))
    node = np.repeat(trees["roots"][:, None], len(X), axis=1)
    while True:
        after = children[(X[columns, feature[node]] <= threshold[node]).astype(np.intp), node]
        if (after == node).all():
            break
        node = after
    Z, places = np.repeat(trees["baseline"][None, :], len(X), axis=0), trees["places"]
    for t, leaves in enumerate(node):  # in the order of the fit: the same sum to the bit
        Z[:, places[t % len(places)]] += value[leaves]
    return Z


def read_trees(arrays: Arrays, inputs: int, outputs: int) -> Arrays:
    """Return the trees of a file after checking that every path ends in a leaf and every number exists.

    Parameters
    ----------
    arrays : dict
    inputs : int
        Columns of the prepared rows.
    outputs : int
        The number of values of ``baseline``.

    Raises
    ------
    EllayerError
    """
    n = len(read_array(arrays, "feature", (None,), "i"))
    trees = {name: read_array(arrays, name, (n,), "i") for name in ("feature", "left", "right")}
    trees |= {name: read_array(arrays, name, (n,), "f") for name in ("threshold", "value")}
    trees |= {name: read_array(arrays, name, (None,), "i") for name in ("roots", "places")}
    trees["baseline"] = read_array(arrays, "baseline", (outputs,), "f")
    roots, at, left, right = trees["roots"], np.arange(n), trees["left"], trees["right"]
    leaf = (left == at) & (right == at)
    if not len(roots) or roots[0] != 0 or (np.diff(roots) <= 0).any() or roots[-1] >= n:
        raise EllayerError("roots: expected ascending numbers of nodes from 0")
    ends = np.append(roots[1:], n)[np.searchsorted(roots, at, side="right") - 1]
    inside = (left > at) & (right > at) & (left < ends) & (right < ends)
    if not (leaf | inside).all():
        raise EllayerError(
            "left, right: expected later nodes of the same tree, or the node itself for a leaf"
        )
    for name, most in (("feature", inputs), ("places", outputs)):
        if not len(trees[name]) or not ((trees[name] >= 0) & (trees[name] < most)).all():
            raise EllayerError(f"{name}: expected numbers from 0 to {most - 1}")
    if not all(np.isfinite(trees[name]).all() for name in ("value", "baseline", "threshold")):
        raise EllayerError("value, baseline, threshold: expected finite numbers")
    return trees
